"""Regret curves, the area under them, and how many times better than random search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.factors import _interval, acceleration_factors, enhancement_factors
from plasmonbench.scoring.regret import area_under_regret, regret_after, regret_curves

PROBLEM = {
    "rounds": 4,
    "recipe_budget": 8,
    "batch_size": 2,
    "replicates": 1,
    "levels": [{"name": "easy", "loss": 0.5}, {"name": "hard", "loss": 0.2}],
    "headline": "hard",
    "optimum_loss": 0.1,
    "finite": False,
    "pool_size": None,
}


def campaign(losses, *, strategy="s", seed=0, failure=None, size=2, problem="p"):
    n = len(losses)
    return StoredCampaign(
        problem=problem,
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(size * (k + 1) for k in range(n)),
        true_loss=tuple(losses),
        planner_wall_seconds=(0.5,) * n,
        planner_cpu_seconds=(0.5,) * n,
        recipe_true_losses=(),
        stop_reason=None,
        failure=failure,
    )


def several(rows, strategy):
    return [campaign(row, strategy=strategy, seed=seed) for seed, row in enumerate(rows)]


def row_of(frame, strategy, recipes):
    own = frame[(frame["strategy"] == strategy) & (frame["recipes"] == recipes)]
    assert len(own) == 1
    return own.iloc[0]


loss_rows = st.lists(st.lists(st.floats(0.1, 1.0), min_size=4, max_size=4), min_size=1, max_size=9)


# -- regret ---------------------------------------------------------------------------------------


def test_regret_of_a_campaign_by_hand():
    made = np.array([1, 2, 3, 4, 8])
    # Nothing is recommended before 2 recipes; it rises again at 4; stopped there, it stands.
    found = regret_after(campaign([0.3, 0.5]), PROBLEM, made)
    assert found == pytest.approx([np.inf, 0.2, 0.2, 0.4, 0.4])
    failed = regret_after(campaign([0.1, 0.1], failure="broke"), PROBLEM, made)
    assert (failed == np.inf).all()


def test_curves_by_hand(rng):
    rows = [[0.5, 0.3, 0.2, 0.2], [0.7, 0.4, 0.4, 0.1], [0.9, 0.8, 0.7, 0.6], [0.3] * 4, [1.0] * 4]
    frame = regret_curves(several(rows, "a"), PROBLEM, rng)
    assert frame["recipes"].tolist() == [2, 4, 6, 8]
    # Sorted regrets at 4: .2 .2 .3 .7 .9; the quartiles of five are the second and the fourth.
    row = row_of(frame, "a", 4)
    assert (row["regret"], row["low"], row["high"]) == pytest.approx((0.3, 0.2, 0.7))
    assert row["median_low"] <= row["regret"] <= row["median_high"]
    assert (row["campaigns"], row["failed"]) == (5, 0)


def test_strategies_of_other_round_sizes_compare(rng):
    one_by_one = [
        campaign([0.9, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], strategy="one", size=1, seed=0),
        campaign([0.9, 0.9, 0.8, 0.7], strategy="one", size=1, seed=1),
    ]
    frame = regret_curves([*one_by_one, campaign([0.5] * 4, strategy="two")], PROBLEM, rng)
    assert frame.loc[frame["strategy"] == "one", "recipes"].tolist() == list(range(1, 9))
    assert row_of(frame, "one", 8)["regret"] == pytest.approx((0.2 + 0.6) / 2)
    assert frame.loc[frame["strategy"] == "two", "recipes"].tolist() == [2, 4, 6, 8]


def test_a_curve_begins_where_all_have_recommended_something(rng):
    late = campaign([0.4] * 2, size=4, seed=1)
    frame = regret_curves([campaign([0.3] * 4), late], PROBLEM, rng)
    assert frame["recipes"].tolist() == [4, 6, 8]


def test_failures_push_the_band_up_and_are_told(rng):
    rows = several([[0.2] * 4, [0.3] * 4, [0.4] * 4], "a")
    rows.append(campaign([0.1] * 4, strategy="a", seed=3, failure="broke"))
    last = row_of(regret_curves(rows, PROBLEM, rng), "a", 8)
    assert (last["regret"], last["low"]) == pytest.approx((0.25, 0.15))
    assert np.isnan(last["high"])
    assert (last["campaigns"], last["failed"]) == (4, 1)
    broken = [campaign([0.1], strategy="b", seed=k, failure="broke") for k in range(6)]
    frame = regret_curves(broken, PROBLEM, rng)
    assert frame["recipes"].tolist() == [8]
    assert frame[["regret", "low", "high", "median_low", "median_high"]].isna().all(axis=None)


@settings(deadline=None)
@given(loss_rows, st.integers(0, 3))
def test_curves_lie_within_their_bands(rows, seed):
    frame = regret_curves(several(rows, "a"), PROBLEM, np.random.default_rng(seed))
    assert (frame["low"] <= frame["regret"]).all()
    assert (frame["regret"] <= frame["high"]).all()
    assert frame["regret"].to_numpy() == pytest.approx(np.median(rows, axis=0) - 0.1)
    if len(rows) < 5:
        assert frame["median_low"].isna().all()
    else:
        assert (frame["median_low"] <= frame["regret"] + 1e-12).all()
        assert (frame["regret"] <= frame["median_high"] + 1e-12).all()


def test_the_median_band_covers_the_median(rng):
    # 200 experiments of 21 campaigns with uniform losses, whose median is .5.
    covered = 0
    for _ in range(200):
        rows = rng.uniform(0, 1, (21, 1))
        band = regret_curves(several(rows, "a"), PROBLEM | {"recipe_budget": 2}, rng).iloc[0]
        covered += band["median_low"] <= 0.4 <= band["median_high"]
    assert covered >= 180


def test_area_by_hand(rng):
    # Regrets .4 .2 .1 .1 stand for recipes 2-3, 4-5, 6-7 and 8: (.8 + .4 + .2 + .1) / 7.
    (area,) = area_under_regret([campaign([0.5, 0.3, 0.2, 0.2])], PROBLEM, rng).values()
    assert area == Estimate(pytest.approx(1.5 / 7), None, None)
    (area,) = area_under_regret([campaign([0.1], failure="broke")], PROBLEM, rng).values()
    assert area == Estimate(None, None, None)
    one_round = PROBLEM | {"recipe_budget": 2}
    (area,) = area_under_regret([campaign([0.5])], one_round, rng).values()
    assert area.value == pytest.approx(0.4)


@settings(deadline=None)
@given(loss_rows, st.integers(0, 3))
def test_area_is_between_the_least_and_the_largest_regret(rows, seed):
    (area,) = area_under_regret(several(rows, "a"), PROBLEM, np.random.default_rng(seed)).values()
    assert np.min(rows) - 0.1 - 1e-12 <= area.value <= np.max(rows) - 0.1 + 1e-12
    if len(rows) >= 5:
        assert area.low <= area.value <= area.high


def test_what_has_no_regret_is_refused(rng):
    with pytest.raises(PlasmonbenchError, match="landscape 'p' --write"):
        regret_curves([campaign([0.5])], PROBLEM | {"optimum_loss": None}, rng)
    with pytest.raises(PlasmonbenchError, match="one problem at a time"):
        area_under_regret([campaign([0.5]), campaign([0.5], problem="q")], PROBLEM, rng)
    with pytest.raises(PlasmonbenchError, match="one problem at a time"):
        regret_curves([], PROBLEM, rng)


# -- factors --------------------------------------------------------------------------------------


def arriving(strategy, rounds):
    """Campaigns that arrive in so many rounds each, seed by seed; 0: never."""
    losses = [[0.2 if at and k + 1 >= at else 0.6 for k in range(4)] for at in rounds]
    return several(losses, strategy)


def test_acceleration_by_hand(rng):
    runs = [*arriving("fast", [1, 2, 1]), *arriving("random", [3, 4, 0])]
    (found,) = acceleration_factors(runs, PROBLEM, rng).items()
    # Random search: 6 + 8 + 8 recipes for 2 successes; fast: 2 + 4 + 2 for 3.
    assert found == ("fast", Estimate(pytest.approx((22 / 2) / (8 / 3)), None, None))


def test_acceleration_of_random_search_is_one(rng):
    runs = []
    for name in ("other", "random"):
        when = np.ceil(rng.geometric(0.2, size=200) / 2).astype(int)
        runs += arriving(name, [at if at <= 4 else 0 for at in when])
    found = acceleration_factors(runs, PROBLEM, rng)["other"]
    assert found.low < 1 < found.high
    assert found.value == pytest.approx(1, abs=0.35)
    assert found.high - found.low < 0.8


def test_acceleration_where_random_search_never_arrived(rng):
    runs = [*arriving("fast", [1] * 10), *arriving("random", [0] * 10)]
    found = acceleration_factors(runs, PROBLEM, rng)["fast"]
    # Wilson: at most z2 / (10 + z2) of random campaigns arrive, so 8 * 10 / z2 recipes at least.
    assert (found.value, found.high) == (None, None)
    # All of fast arrived with 2, though at the 2.5 % quantile of Beta(10.5, .5) some would not.
    p = 0.7827
    assert found.low == pytest.approx(8 * 10 / 1.959964**2 / (2 + 8 * (1 - p) / p), rel=0.06)
    # The other way round there is a largest factor that may be; of two who never did, none.
    turned = acceleration_factors(runs, PROBLEM, rng, against="fast")["random"]
    assert (turned.value, turned.low) == (None, None)
    assert turned.high == pytest.approx(1 / found.low, rel=0.06)
    never = [*arriving("slow", [0] * 10), *arriving("random", [0] * 10)]
    assert acceleration_factors(never, PROBLEM, rng)["slow"] == Estimate(None, None, None)


def test_an_acceleration_does_not_take_it_as_certain_that_all_arrive(rng):
    runs = [*arriving("fast", [1] * 6), *arriving("random", [2] * 6)]
    found = acceleration_factors(runs, PROBLEM, rng)["fast"]
    assert found.value == 2
    # Of six who all arrived 2 in 10 may be misses; that is two recipes either way.
    assert found.low < 1.3
    assert found.high > 3


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=5, max_size=12),
    st.lists(st.integers(0, 4), min_size=5, max_size=12),
    st.integers(0, 3),
)
def test_interval_of_the_acceleration(fast, slow, seed):
    runs = [*arriving("fast", fast), *arriving("random", slow)]
    found = acceleration_factors(runs, PROBLEM, np.random.default_rng(seed))["fast"]
    if any(fast) and any(slow):
        assert found.value > 0
        assert 0 <= (found.low or 0) <= (np.inf if found.high is None else found.high)
        if all(slow):
            assert found.high is not None, "random search arrives in every resample"
    else:
        assert found.value is None


def test_enhancement_by_hand(rng):
    # Median regrets after 4 recipes: .1 (of .1 .1 .3) against .4; in the end .05 against .2.
    fast = several([[0.5, 0.2, 0.2, 0.15], [0.5, 0.2, 0.2, 0.15], [0.5, 0.4, 0.4, 0.4]], "fast")
    slow = several([[0.9, 0.5, 0.4, 0.3]] * 3, "random")
    early = enhancement_factors([*fast, *slow], PROBLEM, rng, recipes=4)
    assert early == {"fast": Estimate(pytest.approx(4), None, None)}
    assert enhancement_factors([*fast, *slow], PROBLEM, rng)["fast"].value == pytest.approx(4)


def test_enhancement_of_the_same_is_one(rng):
    rows = [[loss] * 4 for loss in rng.uniform(0.2, 1, 40)]
    found = enhancement_factors([*several(rows, "a"), *several(rows, "random")], PROBLEM, rng)["a"]
    assert found.value == 1
    assert found.low < 1 < found.high


def test_interval_of_a_large_enhancement(rng):
    fast = several([[loss] * 4 for loss in rng.uniform(0.11, 0.13, 30)], "fast")
    slow = several([[loss] * 4 for loss in rng.uniform(0.5, 0.7, 30)], "random")
    found = enhancement_factors([*fast, *slow], PROBLEM, rng)["fast"]
    # Regrets of .4 to .6 over .01 to .03, medians near .5 and .02.
    assert 0.4 / 0.03 < found.low < found.value < found.high < 0.6 / 0.01


def test_resamples_without_a_ratio_widen_the_interval_on_both_sides():
    above, below = np.full(1000, 3.0), np.full(1000, 1.0)
    assert _interval(3.0, above, below) == Estimate(3, 3, 3)
    above[:30] = below[:30] = np.inf  # 3 % of them: neither arrived
    assert _interval(3.0, above, below) == Estimate(3, 0, None)
    above[:30] = below[:30] = 0.0  # neither has a regret
    assert _interval(3.0, above, below) == Estimate(3, 0, None)


def test_enhancement_without_anything_to_divide_by(rng):
    perfect = several([[0.1] * 4] * 6, "perfect")
    broken = [campaign([0.1], strategy="broken", seed=k, failure="broke") for k in range(6)]
    runs = [*perfect, *broken, *several([[0.3] * 4] * 6, "random")]
    found = enhancement_factors(runs, PROBLEM, rng)
    assert found["perfect"] == found["broken"] == Estimate(None, None, None)
    # Random search that failed: infinitely bad, but that is no figure.
    assert enhancement_factors(runs, PROBLEM, rng, against="broken")["random"].value is None


def test_factors_that_cannot_be_given_are_refused(rng):
    runs = [*arriving("fast", [1]), *arriving("random", [3])]
    with pytest.raises(PlasmonbenchError, match="no campaigns of nobody"):
        acceleration_factors(runs, PROBLEM, rng, against="nobody")
    with pytest.raises(PlasmonbenchError, match="easy, hard"):
        acceleration_factors(runs, PROBLEM, rng, level="medium")
    for recipes in (1, 9):
        with pytest.raises(PlasmonbenchError, match="after 2 to 8 recipes"):
            enhancement_factors(runs, PROBLEM, rng, recipes=recipes)
