"""Data profiles, and time to target on the clock."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.data_profiles import data_profiles
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.scores import times_to_target
from plasmonbench.scoring.wall_clock import seconds_to_target, time_to_target

PROBLEM = {
    "rounds": 4,
    "recipe_budget": 8,
    "batch_size": 2,
    "replicates": 10,
    "levels": [{"name": "easy", "loss": 0.5}, {"name": "hard", "loss": 0.2}],
    "headline": "hard",
}
BARE = PROBLEM | {"levels": [], "headline": None}


def campaign(losses, *, strategy="s", seed=0, failure=None, problem="p", planner=0.5, stopped=None):
    n = len(losses)
    return StoredCampaign(
        problem=problem,
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(2 * (k + 1) for k in range(n)),
        true_loss=tuple(losses),
        planner_wall_seconds=(planner,) * n,
        planner_cpu_seconds=(0.1,) * n,
        recipe_true_losses=(),
        stop_reason=stopped,
        failure=failure,
    )


def steps(frame, strategy):
    own = frame[frame["strategy"] == strategy]
    return list(zip(own["recipes"], own["share"], strict=True))


campaigns = st.lists(
    st.tuples(st.lists(st.floats(0.1, 1), min_size=1, max_size=4), st.booleans()),
    min_size=1,
    max_size=8,
).map(
    lambda rows: [
        campaign(losses, seed=seed, failure="broke" if failed else None)
        for seed, (losses, failed) in enumerate(rows)
    ]
)


# -- times ----------------------------------------------------------------------------------------


def test_who_gives_up_is_held_to_the_budget():
    runs = [
        campaign([0.9, 0.2]),
        campaign([0.9, 0.6], stopped="nothing to gain"),
        campaign([0.1], failure="broke"),
        campaign([0.9, 0.15], stopped="done"),
    ]
    times, reached = times_to_target(runs, PROBLEM)
    assert times.tolist() == [4, 8, 8, 4]
    assert reached.tolist() == [True, False, False, True]
    rounds, _ = times_to_target(runs, PROBLEM, unit="rounds")
    assert rounds.tolist() == [2, 4, 4, 2]
    easy, _ = times_to_target(runs, PROBLEM, "easy")
    assert easy.tolist() == [4, 8, 8, 4]
    assert not times_to_target(runs, BARE)[1].any()


# -- data profiles --------------------------------------------------------------------------------


def test_a_profile_by_hand():
    runs = [
        campaign([0.4, 0.4, 0.2, 0.2]),  # easy at 2, hard at 6
        campaign([0.9, 0.2, 0.2, 0.2], seed=1),  # both at 4
        campaign([0.1, 0.1], seed=2, failure="broke"),  # none, although it was there
        campaign([0.9] * 4, strategy="never"),
    ]
    frame = data_profiles(runs, {"p": PROBLEM})
    assert steps(frame, "s") == [
        (0, 0), (2, pytest.approx(1 / 6)), (4, pytest.approx(3 / 6)), (6, pytest.approx(4 / 6)),
        (8, pytest.approx(4 / 6)),
    ]  # fmt: skip
    assert steps(frame, "never") == [(0, 0), (8, 0)]
    assert frame["pairs"].tolist() == [6] * 5 + [2] * 2
    assert set(frame["problems"]) == {1}


def test_problems_weigh_the_same_and_only_common_ones_count():
    runs = [
        campaign([0.1] * 4, seed=0),
        campaign([0.1] * 4, seed=1),
        campaign([0.1] * 4, seed=2),
        campaign([0.9] * 4, problem="q"),
        campaign([0.1] * 4, problem="mine"),
        campaign([0.9] * 4, strategy="other"),
        campaign([0.1] * 4, strategy="other", problem="q"),
        campaign([0.1] * 4, strategy="other", problem="bare"),
    ]
    longer = PROBLEM | {"recipe_budget": 20}
    problems = {"p": PROBLEM, "q": longer, "mine": PROBLEM, "bare": BARE}
    frame = data_profiles(runs, problems)
    # p solved by all three seeds, q not: a half, not three quarters.
    assert steps(frame, "s") == [(0, 0), (2, 0.5), (20, 0.5)]
    assert steps(frame, "other") == [(0, 0), (2, 0.5), (20, 0.5)]
    assert set(frame["problems"]) == {2}


def test_a_profile_of_nothing_common_is_refused():
    with pytest.raises(PlasmonbenchError, match="every strategy"):
        data_profiles([], {})
    with pytest.raises(PlasmonbenchError, match="every strategy"):
        data_profiles([campaign([0.1])], {"p": BARE})
    apart = [campaign([0.1]), campaign([0.1], strategy="other", problem="q")]
    with pytest.raises(PlasmonbenchError, match="every strategy"):
        data_profiles(apart, {"p": PROBLEM, "q": PROBLEM})


@given(campaigns)
def test_a_profile_counts_pairs(runs):
    frame = data_profiles(runs, {"p": PROBLEM})
    share = frame["share"].to_numpy()
    assert (np.diff(share) >= 0).all()
    assert (np.diff(frame["recipes"]) > 0).all()
    assert share[0] == 0
    # Its end is the mean of the success shares at all levels.
    reached = [times_to_target(runs, PROBLEM, level)[1].mean() for level in ("easy", "hard")]
    assert share[-1] == pytest.approx(np.mean(reached))
    for made, height in zip(frame["recipes"], share, strict=True):
        solved = 0
        for run in runs:
            for loss in (0.5, 0.2):
                before = [x for x, n in zip(run.true_loss, run.recipes_by_round, strict=True)
                          if n <= made]  # fmt: skip
                solved += run.failure is None and any(x <= loss for x in before)
        assert height == pytest.approx(solved / (2 * len(runs)))


# -- on the clock ---------------------------------------------------------------------------------


def test_seconds_by_hand():
    runs = [
        campaign([0.9, 0.2, 0.2, 0.2], planner=3.0),
        campaign([0.9] * 4, planner=1.0),
        campaign([0.1], failure="broke", planner=100.0),
    ]
    seconds, reached = seconds_to_target(runs, PROBLEM, 2.0)
    # 4 recipes of 10 droplets of 2 s, and two rounds of planning; the others as long as the
    # longest could take: 8 recipes, and the 100 s that one planned before it broke.
    assert seconds.tolist() == [4 * 20 + 6, 260, 260]
    assert reached.tolist() == [True, False, False]
    planning, _ = seconds_to_target(runs[:2], PROBLEM, 0.0)
    assert planning.tolist() == [6, 12]
    early, _ = seconds_to_target(runs, PROBLEM, 2.0, "easy")
    assert early.tolist() == [86, 260, 260]


def test_medians_on_the_clock():
    quick = [campaign([0.2] * 4, planner=float(k), seed=k) for k in range(5)]
    never = [replace(campaign([0.9] * 4, seed=k), strategy="never") for k in range(5)]
    found = time_to_target([*quick, *never], PROBLEM, 2.0)
    # 2 recipes of 10 droplets of 2 s, and 0 to 4 s of planning.
    assert (found["s"].value, found["s"].low, found["s"].high) == (42, 40, 44)
    assert found["never"] == Estimate(None, None, None)


@given(campaigns, st.floats(0, 100))
def test_who_arrived_took_no_longer_than_who_never_did(runs, each):
    seconds, reached = seconds_to_target(runs, PROBLEM, each)
    recipes, same = times_to_target(runs, PROBLEM)
    assert (reached == same).all()
    planned = seconds[reached] - recipes[reached] * 10 * each
    assert planned == pytest.approx(recipes[reached] / 2 * 0.5, abs=1e-6)
    if not reached.all():
        assert len(set(seconds[~reached])) == 1
        assert (seconds[reached] <= seconds[~reached][0] + 1e-9).all()


@pytest.mark.parametrize("each", [-1.0, np.nan, np.inf])
def test_no_time_per_droplet_is_refused(each):
    with pytest.raises(PlasmonbenchError, match="seconds per droplet"):
        seconds_to_target([campaign([0.1])], PROBLEM, each)


def test_times_of_several_problems_are_refused():
    with pytest.raises(PlasmonbenchError, match="one problem"):
        time_to_target([campaign([0.1]), campaign([0.1], problem="q")], PROBLEM, 1.0)
