"""Whole rounds and campaigns: how long a planner takes, what the harness adds, how good it was.

Quality (true losses, regret, rounds to target) goes into ``extra_info`` of the benchmark's record,
next to its seconds; ``--benchmark-json=FILE`` writes it down.
"""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest

from . import interleaved, references, setups

ROUNDS = {
    # Plain searches (see `plain_search`) that take at least as long as planning one round.
    "random": 1 / 500,
    "lhs": 1 / 5,
    "local-penalization": 15,
    "sequential-ei[batch=constant-liar]": 8,
    "dnn-grid": 25,
    "two-step[switch_round=1]": 25,
    "thompson": 15,
    "spectral": 30,
    "digital-twin": 40,
}
CAMPAIGN_ROUNDS = 4


@pytest.fixture(scope="module")
def plain_search():
    """Return the yardstick of rounds: SLSQP on the plain acquisition, for two recipes."""
    case, space = setups.acquisition_case(), setups.problem().space
    acquisition = references.PlainAcquisition(case)

    def search():
        first = acquisition.best_of(space, case.points, np.empty((0, space.dimension)))
        return acquisition.best_of(space, case.points, first[None])

    return search


@pytest.mark.benchmark(group="round")
@pytest.mark.parametrize("strategy", list(ROUNDS))
def test_round(benchmark, plain_search, strategy):
    planner, history = setups.planner(strategy), setups.random_history()
    task = setups.problem()

    def plan():
        return setups.planned_round(planner, history)

    proposed = benchmark.pedantic(plan, rounds=3)
    assert task.space.contains(proposed).all()
    enough = 1 / ROUNDS[strategy]
    ratio = interleaved.speedup(plan, plain_search, enough=enough, turns=1, most_turns=10)
    true_losses = task.true_loss(proposed)
    benchmark.extra_info |= {
        "speedup": ratio,
        "speedup_at_least": enough,
        "best_true_loss": true_losses.min(),
        "median_true_loss": np.median(true_losses),
        "best_true_loss_before": task.true_loss(history.recipes).min(),
    }
    assert ratio >= enough, f"a round takes {1 / ratio:.2g} plain searches"


@pytest.mark.benchmark(group="campaign")
def test_harness_adds_little(faster_than):
    task = setups.problem().with_budget(rounds=CAMPAIGN_ROUNDS)

    def harness():
        return setups.campaign("random", CAMPAIGN_ROUNDS, 0).history

    def plainly():
        return references.campaign(task, setups.planner("random"), 0)

    np.testing.assert_array_equal(harness().losses, plainly().losses)
    # Below 1: the harness also judges every recipe by its truth, which costs milliseconds.
    faster_than(harness, plainly, 0.4)


@pytest.fixture(scope="module")
def chance():
    """Return how good random search is with the same budget and luck."""
    return setups.quality(setups.campaign("random", CAMPAIGN_ROUNDS, 0))


@pytest.mark.benchmark(group="campaign")
@pytest.mark.parametrize("strategy", ["lhs", "local-penalization"])
def test_campaign(benchmark, chance, strategy):
    played = benchmark.pedantic(setups.campaign, (strategy, CAMPAIGN_ROUNDS, 0), rounds=1)
    assert played.failure is None
    quality = setups.quality(played)
    # JSON knows no NaN: null where the target was not reached.
    benchmark.extra_info |= {k: None if math.isnan(v) else v for k, v in asdict(quality).items()}
    benchmark.extra_info["regret_of_chance"] = chance.regret
    benchmark.extra_info["planner_seconds"] = [r.planner_wall_seconds for r in played.rounds]
    assert quality.regret >= 0
    if strategy != "lhs":  # what learns must show it
        assert quality.regret < 0.8 * chance.regret
