import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, cli
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.pools import (
    acceleration_factor,
    as_record,
    enhancement_factors,
    found_curve,
    recipes_until,
    score_pools,
)

POOL = {
    "finite": True,
    "pool_size": 40,
    "recipe_budget": 10,
    "rounds": 10,
    "headline": "best 5% of the pool",
    "levels": [{"name": "best 5% of the pool", "loss": 0.2}],
}


def campaign(losses, *, strategy="s", seed=0, failure=None, problem="p"):
    return StoredCampaign(
        problem=problem,
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(range(1, len(losses) + 1)),
        true_loss=tuple(np.minimum.accumulate(losses)),
        planner_wall_seconds=(1.0,) * len(losses),
        planner_cpu_seconds=(1.0,) * len(losses),
        recipe_true_losses=tuple(losses),
        stop_reason=None,
        failure=failure,
    )


def test_curve_by_hand():
    # Two are wanted; found with the second and the fourth recipe; it stopped after five of six.
    curve = found_curve([0.5, 0.2, 0.3, 0.1, 0.9], 0.2, 2, 6)
    assert curve.tolist() == [0, 0.5, 0.5, 1, 1, 1]
    # Three at the threshold where two are wanted make no more than all.
    assert found_curve([0.2, 0.2, 0.2], 0.2, 2, 3).tolist() == [0.5, 1, 1]


def test_recipes_until_by_hand():
    curve = np.array([0.0, 0.5, 0.5, 1.0])
    assert recipes_until(curve, 0.5) == 2
    assert recipes_until(curve, 0.25) == 1.5
    assert recipes_until(curve, 0.8) == pytest.approx(3.6)  # 3 + (.8 - .5) / (1 - .5)
    assert recipes_until(curve[:3], 0.8) is None
    assert recipes_until(np.array([0.4]), 0.2) == 0.5


def test_factors_by_hand():
    # Of 82 recipes random search needs 65.6 to find 80 % of the best; these 16.4: 4 times less.
    curve = np.zeros(20)
    curve[16:] = 1.0
    curve[15] = 0.6
    curve[16] = 1.1  # not a share, but makes the crossing lie at 16.4
    assert acceleration_factor(curve, 82, 0.8) == pytest.approx(4.0)
    # Half of the best after 2 of 40 recipes is 10 times what random search finds.
    assert enhancement_factors(np.array([0.0, 0.5, 0.5, 1.0]), 40) == pytest.approx(
        [0, 10, 20 / 3, 10]
    )


@given(st.integers(2, 300), st.floats(0.01, 1.0))
def test_random_search_is_its_own_measure(pool_size, share):
    expected = np.arange(1, pool_size + 1) / pool_size
    assert enhancement_factors(expected, pool_size) == pytest.approx(1)
    assert acceleration_factor(expected, pool_size, share) == pytest.approx(1)


@given(st.permutations(range(40)))
def test_bounds_of_the_factors(order):
    curve = found_curve(np.array(order) / 40, 1 / 40, 2, 40)
    # Nobody finds the 2 best of 40 in less than 2 recipes, nor needs more than 40.
    factor = acceleration_factor(curve, 40, 1.0)
    assert 1 <= factor <= 20
    assert enhancement_factors(curve, 40).max() <= 20
    assert (np.diff(curve) >= 0).all()
    assert curve[-1] == 1


def test_mean_of_simulated_random_campaigns_has_factors_of_one(rng):
    order = np.array([rng.permutation(40) for _ in range(4000)])
    curves = np.array([found_curve(row / 40, 1 / 40, 2, 40) for row in order])
    mean = curves.mean(axis=0)
    # Standard error of the share found at half the pool: sqrt(.5 * .5 / 2 / 4000) = .006.
    assert acceleration_factor(mean, 40, 0.5) == pytest.approx(1, abs=0.05)
    assert acceleration_factor(mean, 40, 0.8) == pytest.approx(1, abs=0.05)


def test_scores_by_hand():
    half = [0.5, 0.1] + [0.5] * 8  # one of two after 2 recipes
    whole = [0.5, 0.1, 0.5, 0.2] + [0.5] * 6  # both after 4
    (score,) = score_pools(
        [campaign(half), campaign(whole, seed=1)], {"p": POOL}, np.random.default_rng(0)
    )
    assert (score.wanted, score.campaigns, score.failed) == (2, 2, 0)
    assert score.found == (0, 0.5, 0.5, 0.75, *[0.75] * 6)
    assert score.acceleration[0.5].value == pytest.approx(0.5 * 40 / 2)
    assert score.acceleration[0.8].value is None  # three quarters are found on average
    assert (score.enhancement.value, score.enhancement_at) == (pytest.approx(0.5 * 40 / 2), 2)
    assert score.enhancement.low is None  # two campaigns have no interval


def test_one_lucky_first_recipe_is_no_enhancement():
    # One of two with the first recipe would be 20 times random search; from two on it is 10.
    lucky = [campaign([0.1] + [0.5] * 9, seed=k) for k in range(2)]
    (score,) = score_pools(lucky, {"p": POOL}, np.random.default_rng(0))
    assert (score.enhancement.value, score.enhancement_at) == (pytest.approx(10), 2)


def test_a_resample_that_never_gets_there_is_the_worst_there_is():
    # Five of six find both of the best with two recipes, 83 %: more than 80. Resamples with four of
    # them or fewer, a quarter of all, never do.
    runs = [campaign([0.1, 0.2], seed=k) for k in range(5)] + [campaign([0.5, 0.5], seed=5)]
    (score,) = score_pools(runs, {"p": POOL}, np.random.default_rng(0))
    factor = score.acceleration[0.8]
    assert factor.value == pytest.approx(0.8 * 40 / (1 + (0.8 - 5 / 12) / (5 / 12)))
    assert factor.low == 0
    assert factor.high > factor.value


def test_a_failed_campaign_found_nothing():
    whole = [0.1, 0.2]
    ok, failed = campaign(whole), campaign(whole, seed=1, failure="round 3: it broke")
    (score,) = score_pools([ok, failed], {"p": POOL}, np.random.default_rng(0))
    assert score.failed == 1
    assert score.found[-1] == 0.5


def test_the_fastest_first_and_intervals_from_five_campaigns_on():
    slow = [campaign([0.5] * 5 + [0.1, 0.1], strategy="slow", seed=k) for k in range(5)]
    fast = [campaign([0.5] * (k % 3) + [0.1, 0.1], strategy="fast", seed=k) for k in range(6)]
    scores = score_pools(slow + fast, {"p": POOL}, np.random.default_rng(0))
    assert [score.strategy for score in scores] == ["fast", "slow"]
    # Without spread between campaigns the interval is a point.
    same = scores[1].acceleration[0.8]
    assert same.low == same.high == same.value == pytest.approx(0.8 * 40 / 6.6)
    spread = scores[0].acceleration[0.8]
    assert spread.low < spread.value < spread.high
    record = json.loads(json.dumps(as_record(scores), allow_nan=False))
    assert record["rows"][1]["acceleration"]["0.8"]["value"] == same.value
    assert len(record["rows"][0]["found_share"]) == 10


def test_bad_input_is_refused():
    with pytest.raises(PlasmonbenchError, match="0 wanted"):
        found_curve([0.1], 0.2, 0, 3)
    with pytest.raises(PlasmonbenchError, match="4 recipes in a budget of 3"):
        found_curve([0.1] * 4, 0.2, 1, 3)
    with pytest.raises(PlasmonbenchError, match="no campaign of this run was on a recorded pool"):
        score_pools([campaign([0.1])], {"p": POOL | {"finite": False}}, np.random.default_rng(0))


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["plasmonbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


@pytest.fixture
def pool(tmp_path, rng):
    """Write a recorded campaign of 40 recipes whose loss is a bowl in AgNO3 and seed."""
    lines = ["recipe,droplet,q_agno3_pct,q_pva_pct,q_tsc_pct,q_seed_pct,q_total_ul_min,loss"]
    for k, (a, s) in enumerate(rng.random((40, 2))):
        loss = 0.1 + (a - 0.6) ** 2 + (s - 0.3) ** 2
        lines.append(f"{k},1,{4 + 40 * a},20,{5 + k % 3},{1 + 18 * s},{500 + k},{loss}")
    path = tmp_path / "losses.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_command(monkeypatch, capsys, pool, toy, tmp_path):
    folder = tmp_path / "run"
    problem = f"recorded:{pool}[batch_size=2,rounds=8,replicates=1]"
    strategies = ["-s", "gp-lcb[batch=single]", "-s", "random"]
    code, _, err = run(
        monkeypatch, capsys, "run", "-p", problem, *strategies, "--seeds", 5, "--out", folder
    )
    assert code == 0, err
    code, out, _ = run(monkeypatch, capsys, "pool", folder, "--json")
    assert code == 0
    best, worst = json.loads(out)["rows"]
    assert (best["strategy"], worst["strategy"]) == ("gp-lcb[batch=single]", "random")
    assert best["acceleration"]["0.8"]["value"] > 2
    assert len(best["found_share"]) == 16
    code, out, _ = run(monkeypatch, capsys, "pool", folder)
    assert code == 0
    assert "The best 2 of 40 recipes are wanted." in out
    assert "all 164 silver recipes" in out
    run(
        monkeypatch, capsys, "run", "-p", toy, "-s", "random", "--seeds", 1, "--out", tmp_path / "t"
    )
    code, _, err = run(monkeypatch, capsys, "pool", tmp_path / "t")
    assert code == 2
    assert "no campaign of this run was on a recorded pool" in err


@pytest.mark.slow
def test_lower_confidence_bound_is_four_times_faster_than_random_on_the_campaign(
    monkeypatch, capsys, campaign_data, tmp_path
):
    # Liang et al. (2021) on the whole pool; here on the half of it that is public beside the tests.
    problem = f"recorded:{campaign_data / 'agnp_losses.csv'}[batch_size=2,rounds=14]"
    arguments = ["-p", problem, "-s", "gp-lcb[batch=single]", "--seeds", 20]
    assert run(monkeypatch, capsys, "run", *arguments, "--out", tmp_path / "r")[0] == 0
    _, out, _ = run(monkeypatch, capsys, "pool", tmp_path / "r", "--json")
    (row,) = json.loads(out)["rows"]
    assert row["failed"] == 0
    assert row["acceleration"]["0.8"]["value"] >= 4
