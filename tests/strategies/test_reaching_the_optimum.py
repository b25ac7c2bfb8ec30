"""Planners that learn reach the tiny lab's optimum, and random search does not."""

import numpy as np
import pytest

from strategies.dnn_grid import DnnGrid
from strategies.lhs import LatinHypercube
from strategies.local_penalization import LocalPenalization
from strategies.random import RandomSearch
from strategies.sequential_ei import SequentialEI
from strategies.two_step import TwoStep

LOWEST = 0.0179  # of 200,000 random recipes; half of all lie above 0.52


def truth_by_round(lab, cls, seed, rounds, n, **knobs):
    """Return the true loss of what is recommended after each round, shape (rounds,)."""
    strategy = cls(space=lab.space, loss=lab.loss, seed=seed, **knobs)
    history = lab.history(())
    rng = np.random.default_rng(seed)
    reached = []
    for _ in range(rounds):
        recipes = strategy.propose(history, strategy.round_size(history, n))
        spectra, losses = lab.measure(recipes, rng)
        history = history.append(recipes, losses, spectra)
        reached.append(float(lab.loss(lab.truth(strategy.recommend(history)[None]))[0]))
    return np.array(reached)


def test_local_penalization_reaches_the_optimum_and_beats_random(lab):
    planned = [truth_by_round(lab, LocalPenalization, seed, 5, 15)[-1] for seed in range(3)]
    at_random = [truth_by_round(lab, RandomSearch, seed, 5, 15)[-1] for seed in range(3)]
    assert max(planned) < LOWEST + 0.02  # better than 99 % of all recipes
    assert max(planned) < min(at_random)


def test_sequential_ei_reaches_the_optimum(lab):
    assert truth_by_round(lab, SequentialEI, 0, 30, 10)[-1] < LOWEST + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("cls", [LocalPenalization, DnnGrid, TwoStep])
def test_learning_planners_beat_designs_without_learning(lab, cls):
    knobs = {"switch_round": 2} if cls is TwoStep else {}
    seeds = range(3)
    planned = [truth_by_round(lab, cls, seed, 6, 15, **knobs)[-1] - LOWEST for seed in seeds]
    for blind in (RandomSearch, LatinHypercube):
        others = [truth_by_round(lab, blind, seed, 6, 15)[-1] - LOWEST for seed in seeds]
        assert np.median(planned) < 0.3 * np.median(others)
    assert max(planned) < 0.003


@pytest.mark.slow
def test_constant_liar_reaches_the_optimum(lab):
    reached = truth_by_round(lab, SequentialEI, 0, 6, 15, batch="constant-liar")
    assert reached[-1] < LOWEST + 0.01
