import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, cli
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.scores import Median, kaplan_meier_median, score_campaigns
from plasmonbench.tables import campaign_records, score_record

LEVELS = [{"name": "easy", "loss": 0.5}, {"name": "hard", "loss": 0.2}]
PROBLEM = {
    "rounds": 4,
    "recipe_budget": 8,
    "batch_size": 2,
    "replicates": 1,
    "levels": LEVELS,
    "headline": "hard",
    "optimum_loss": 0.1,
    "finite": False,
    "pool_size": None,
}


def campaign(losses, *, strategy="s", seed=0, failure=None, recipe_losses=(), problem="p"):
    n = len(losses)
    return StoredCampaign(
        problem=problem,
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(2 * (k + 1) for k in range(n)),
        true_loss=tuple(losses),
        planner_wall_seconds=(0.5,) * n,
        planner_cpu_seconds=(0.5,) * n,
        recipe_true_losses=tuple(recipe_losses),
        stop_reason=None,
        failure=failure,
    )


def test_kaplan_meier_on_the_leukaemia_trial():
    # Freireich et al. 1963 as in the textbooks; medians and log-log intervals as SAS prints them.
    drug = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    assert kaplan_meier_median(drug, event) == Median(23, 13, None)
    assert kaplan_meier_median(placebo, [1] * 21) == Median(8, 4, 11)


def test_not_reached_by_half_is_none_not_the_budget():
    assert kaplan_meier_median([9.0] * 10, [False] * 10) == Median(None, None, None)
    few = kaplan_meier_median([2.0, 3.0] + [9.0] * 8, [True, True] + [False] * 8)
    assert few.value is None
    assert few.high is None


def test_all_at_once():
    assert kaplan_meier_median([3.0] * 5, [True] * 5) == Median(3, 3, 3)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_without_censoring_it_is_the_lower_sample_median(times):
    found = kaplan_meier_median([float(t) for t in times], [True] * len(times))
    assert found.value == sorted(times)[(len(times) - 1) // 2]
    if len(times) < 5:
        assert found.low is None
        assert found.high is None
    else:
        assert found.low <= found.value
        assert found.high is None or found.high >= found.value


def test_bad_input_is_refused():
    with pytest.raises(PlasmonbenchError):
        kaplan_meier_median([], [])
    with pytest.raises(PlasmonbenchError):
        kaplan_meier_median([1.0], [True, False])


def test_a_hand_computed_score():
    runs = [
        campaign([0.9, 0.4, 0.2, 0.3], seed=0),  # round 3, although it was lost again
        campaign([0.15, 0.15, 0.15, 0.15], seed=1),  # round 1
        campaign([0.9, 0.8, 0.7, 0.6], seed=2),  # never
        campaign([0.1], seed=3, failure="it broke"),  # reached, then failed: not reached
    ]
    (score,) = score_campaigns(runs, {"p": PROBLEM})
    assert (score.campaigns, score.failed, score.reached) == (4, 1, 2)
    assert score.rounds_to_target.value == 3
    assert score.recipes_to_target.value == 6
    assert score.best_true_loss_median == pytest.approx((0.2 + 0.6) / 2)
    assert score.planner_seconds_per_round == pytest.approx(0.5)
    (easy,) = score_campaigns(runs, {"p": PROBLEM}, level="easy")
    assert easy.reached == 2
    assert easy.rounds_to_target.value == 2


def test_when_most_campaigns_fail_there_is_no_best_loss():
    runs = [campaign([0.1], seed=k, failure="x") for k in range(3)]
    (score,) = score_campaigns(runs, {"p": PROBLEM})
    assert score.best_true_loss_median is None
    assert score.rounds_to_target.value is None


def test_a_failure_before_the_first_round_is_scored():
    (score,) = score_campaigns([campaign([], failure="at once")], {"p": PROBLEM})
    assert score.planner_seconds_per_round is None
    assert score.failed == 1


def test_best_strategy_first_and_problems_in_their_order():
    runs = [
        campaign([0.9] * 4, strategy="never"),
        campaign([0.9, 0.1, 0.1, 0.1], strategy="second"),
        campaign([0.1] * 4, strategy="first"),
        campaign([0.9] * 4, strategy="other", problem="q"),
    ]
    scores = score_campaigns(runs, {"q": PROBLEM, "p": PROBLEM})
    assert [s.strategy for s in scores] == ["other", "first", "second", "never"]


def test_recipes_until_most_of_a_pools_best_are_found():
    pool = {
        **PROBLEM,
        "finite": True,
        "pool_size": 100,  # its best 5 % are 5 recipes, 80 % of them 4
        "levels": [{"name": "best 5% of the pool", "loss": 0.2}],
        "headline": "best 5% of the pool",
    }
    losses = [0.1, 0.9, 0.2, 0.15, 0.5, 0.19, 0.05, 0.9]
    (score,) = score_campaigns([campaign([0.1] * 4, recipe_losses=losses)], {"p": pool})
    assert score.pool_recipes.value == 6
    (score,) = score_campaigns([campaign([0.1] * 4, recipe_losses=losses[:5])], {"p": pool})
    assert score.pool_recipes.value is None


def test_the_record_has_the_promised_keys():
    record = score_record(score_campaigns([campaign([0.9])], {"p": PROBLEM}), {"p": PROBLEM}, None)
    assert record["target_level"] == 0.2
    (row,) = record["rows"]
    promised = {
        "strategy", "problem", "campaigns", "failed", "reached", "rounds_to_target_median",
        "recipes_to_target_median", "best_true_loss_median", "planner_seconds_per_round",
    }  # fmt: skip
    assert promised <= set(row)
    assert row["rounds_to_target_median"] is None


def test_what_the_record_says_of_arrivals(rng):
    runs = [campaign([0.9, 0.2], seed=k) for k in range(6)]
    runs += [campaign([0.9] * 4, seed=k) for k in range(6, 9)]
    runs.append(campaign([0.1], seed=9, failure="broke"))
    record = score_record(score_campaigns(runs, {"p": PROBLEM}, rng=rng), {"p": PROBLEM}, None)
    (row,) = record["rows"]
    assert row["success_share"] == 0.6
    # Wilson by hand: (.6 + 1.9207/10 -+ 1.96 sqrt(.24/10 + .9604/100)) / (1 + 3.8415/10).
    assert row["success_share_interval"] == pytest.approx([0.3127, 0.8318], abs=1e-4)
    # Six spent 4 recipes, four the budget of 8, the one that broke as well.
    assert row["expected_recipes"] == pytest.approx((6 * 4 + 4 * 8) / 6)
    low, high = row["expected_recipes_interval"]
    assert 4 <= low < row["expected_recipes"] < high
    assert row["restricted_mean_recipes"] == pytest.approx((6 * 4 + 4 * 8) / 10)
    reach = 2.262157 * 4 * (0.24 / 9) ** 0.5
    assert row["restricted_mean_recipes_interval"] == pytest.approx([5.6 - reach, 5.6 + reach])


def test_without_a_generator_running_times_have_no_interval():
    (score,) = score_campaigns([campaign([0.2] * 4, seed=k) for k in range(6)], {"p": PROBLEM})
    assert score.expected_recipes == Estimate(2, None, None)


def test_campaigns_round_by_round():
    runs = [
        campaign([0.4, 0.3], strategy="t", seed=1),
        campaign([], strategy="s", failure="at once"),
        campaign([0.4], strategy="t", seed=0),
    ]
    records = campaign_records(runs)
    assert [(one["strategy"], one["seed"]) for one in records] == [("s", 0), ("t", 0), ("t", 1)]
    assert records[0] == {
        "problem": "p", "strategy": "s", "seed": 0, "recipes": [], "true_loss": [],
        "planner_seconds": [], "planner_cpu_seconds": [], "stop_reason": None, "failure": "at once",
    }  # fmt: skip
    assert records[2]["recipes"] == [2, 4]
    assert records[2]["true_loss"] == [0.4, 0.3]


def test_the_command_tells_of_every_campaign_on_request(tmp_path):
    runner = CliRunner()
    folder = str(tmp_path / "run")
    asked = ["-p", "silver-prisms[rounds=2,batch_size=3,replicates=2]", "-s", "random"]
    done = runner.invoke(cli.cli, ["run", *asked, "--seeds", "2", "--out", folder])
    assert done.exit_code == 0, done.output
    plain = json.loads(runner.invoke(cli.cli, ["compare", folder, "--json"]).stdout)
    assert "campaigns" not in plain
    asked = ["compare", folder, "--json", "--campaigns", "--level", "1 in 100"]
    full = json.loads(runner.invoke(cli.cli, asked).stdout)
    assert [one["recipes"] for one in full["campaigns"]] == [[3, 6], [3, 6]]
    best = np.median([min(one["true_loss"]) for one in full["campaigns"]])
    assert full["rows"][0]["best_true_loss_median"] == pytest.approx(best)
    hits = [any(x <= full["target_level"] for x in one["true_loss"]) for one in full["campaigns"]]
    assert full["rows"][0]["success_share"] == np.mean(hits)
    with pytest.raises(PlasmonbenchError, match="give --json"):
        runner.invoke(cli.cli, ["compare", folder, "--campaigns"], catch_exceptions=False)


def test_unknown_level_is_answered_with_those_that_exist():
    with pytest.raises(PlasmonbenchError, match="easy, hard"):
        score_campaigns([campaign([0.1])], {"p": PROBLEM}, level="medium")


def test_interval_of_the_median_covers_it(rng):
    # 200 experiments of 30 geometric times, half censored at 6: the 95 % interval holds the true
    # median, 3, in at least 90 % of them.
    covered = 0
    for _ in range(200):
        times = rng.geometric(0.25, size=30).astype(float)
        found = kaplan_meier_median(list(np.minimum(times, 6)), list(times <= 6))
        covered += found.low <= 3 <= (np.inf if found.high is None else found.high)
    assert covered >= 180


def test_planner_seconds_of_a_recipe_do_not_depend_on_the_size_of_rounds():
    """Two recipes a round at .5 s and one a round at .25 s cost the same."""
    whole = campaign([0.5] * 4)
    single = replace(
        campaign([0.5] * 8),
        strategy="single",
        recipes_by_round=tuple(range(1, 9)),
        planner_cpu_seconds=(0.25,) * 8,
    )
    scores = {one.strategy: one for one in score_campaigns([whole, single], {"p": PROBLEM})}
    assert scores["s"].planner_cpu_seconds_per_round == 0.5
    assert scores["single"].planner_cpu_seconds_per_round == 0.25
    assert [one.planner_cpu_seconds_per_batch for one in scores.values()] == [0.5, 0.5]
