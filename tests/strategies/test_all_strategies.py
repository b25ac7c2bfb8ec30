"""What every planner must keep, whatever its idea."""

import hashlib
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from plasmonbench import History, PlasmonbenchError, Strategy
from strategies.dnn_grid import DnnGrid
from strategies.lhs import LatinHypercube
from strategies.local_penalization import LocalPenalization
from strategies.models.network import forget_networks
from strategies.random import RandomSearch
from strategies.sequential_ei import SequentialEI
from strategies.two_step import TwoStep

QUICK = {
    "random": (RandomSearch, {}),
    "lhs": (LatinHypercube, {}),
    "sequential-ei": (SequentialEI, {"restarts": 0}),
    "constant-liar": (SequentialEI, {"batch": "constant-liar", "restarts": 0}),
    "local-penalization": (LocalPenalization, {}),
    "replicates": (LocalPenalization, {"noise": "replicates", "incumbent": "measured", "xi": 0.1}),
    "dnn-grid": (DnnGrid, {"epochs": 30, "samples": 2000, "beam": 20}),
    "two-step": (TwoStep, {"switch_round": 2}),
}
LEARNING = sorted(set(QUICK) - {"random", "lhs"})
FROM_SPECTRA = ["dnn-grid", "two-step"]


def build(name: str, lab, **changes) -> Strategy:
    cls, knobs = QUICK[name]
    return cls(**({"space": lab.space, "loss": lab.loss, "seed": 3} | knobs | changes))


def check(strategy: Strategy, recipes, n: int) -> None:
    assert recipes.shape == (n, strategy.space.dimension)
    assert recipes.dtype == np.float64
    assert strategy.space.contains(recipes).all()
    unit = strategy.space.to_unit(recipes)
    gaps = np.linalg.norm(unit[:, None] - unit, axis=2)[np.triu_indices(n, 1)]
    assert gaps.min(initial=np.inf) > 1e-6


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("n", [1, 15])
def test_batches_are_feasible_and_without_duplicates(lab, name, n):
    strategy = build(name, lab)
    for history in (lab.history(()), lab.history((6, 6))):
        check(strategy, strategy.propose(history, n), n)


@pytest.mark.parametrize("name", sorted(set(QUICK) - {"constant-liar", "replicates"}))
def test_a_batch_of_96(lab, name):
    strategy = build(name, lab)
    check(strategy, strategy.propose(lab.history((6, 6)), 96), 96)


@pytest.mark.parametrize("name", sorted(set(QUICK) - {"random"}))
def test_first_round_is_the_design_that_all_share(lab, name):
    strategy = build(name, lab)
    np.testing.assert_array_equal(strategy.propose(lab.history(()), 7), strategy.initial_design(7))


@pytest.mark.parametrize("name", QUICK)
def test_same_inputs_same_batch_other_seed_other_batch(lab, name):
    history = lab.history((6, 6))
    first = build(name, lab).propose(history, 3)
    forget_networks()
    np.testing.assert_array_equal(build(name, lab).propose(history, 3), first)
    assert not np.array_equal(build(name, lab, seed=4).propose(history, 3), first)


SCRIPT = """
import hashlib, sys
sys.path[:0] = sys.argv[1:3]
from conftest import make_lab
from test_all_strategies import QUICK, build
lab = make_lab()
history = lab.history((6, 6))
for name in QUICK:
    print(hashlib.sha256(build(name, lab).propose(history, 3).tobytes()).hexdigest())
"""


def test_same_batch_in_another_process(lab):
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(here), str(here.parents[1])],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    history = lab.history((6, 6))
    proposals = [build(name, lab).propose(history, 3).tobytes() for name in QUICK]
    assert done.stdout.split() == [hashlib.sha256(data).hexdigest() for data in proposals]


@pytest.mark.parametrize("name", QUICK)
def test_global_random_states_stay_untouched(lab, name):
    forget_networks()

    def states():
        _, keys, position, *_ = np.random.get_state()  # noqa: NPY002 - it is what we guard
        return random.getstate(), keys.tobytes(), position, torch.get_rng_state().tolist()

    before = states(), torch.get_default_dtype()
    build(name, lab).propose(lab.history((6, 6)), 3)
    assert (states(), torch.get_default_dtype()) == before


@pytest.mark.parametrize("name", QUICK)
def test_global_random_states_have_no_say(lab, name):
    history = lab.history((6, 6))
    first = build(name, lab).propose(history, 3)
    forget_networks()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        random.seed(123)
        np.random.seed(123)  # noqa: NPY002
        torch.manual_seed(123)
        again = build(name, lab).propose(history, 3)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("name", QUICK)
def test_inputs_are_left_alone(lab, name):
    history = lab.history((6, 6))
    before = [history.recipes.copy(), history.losses.copy(), history.spectra.copy()]
    build(name, lab).propose(history, 3)
    for kept, array in zip(before, (history.recipes, history.losses, history.spectra), strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("name", QUICK)
def test_finite_set_is_used_up_to_its_last_recipe(lab, name):
    pool = lab.space.sample(20, np.random.default_rng(8))
    space = replace(lab.space, candidates=pool)
    spectra, losses = lab.measure(pool[:6], np.random.default_rng(9))
    history = History.empty(5, 4, 421).append(pool[:3], losses[:3], spectra[:3])
    history = history.append(pool[3:6], losses[3:], spectra[3:])
    strategy = build(name, lab, space=space.without(history.recipes))
    for n in (5, 14):
        batch = strategy.propose(history, n)
        check(strategy, batch, n)
    assert {tuple(row) for row in batch} == {tuple(row) for row in pool[6:]}
    with pytest.raises(PlasmonbenchError):
        strategy.propose(history, 15)


def same_loss(history: History) -> History:
    return replace(
        history,
        losses=np.full_like(history.losses, 0.3),
        spectra=np.full_like(history.spectra, 0.1),
    )


def partly_unreadable(history: History) -> History:
    losses, spectra = history.losses.copy(), history.spectra.copy()
    losses[1], spectra[1] = np.nan, np.nan
    losses[2, 1:], spectra[2, 1:] = np.nan, np.nan
    return replace(history, losses=losses, spectra=spectra)


def unreadable(history: History) -> History:
    return replace(
        history,
        losses=np.full_like(history.losses, np.nan),
        spectra=np.full_like(history.spectra, np.nan),
    )


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("change", [same_loss, partly_unreadable, unreadable])
def test_hard_histories(lab, name, change):
    strategy = build(name, lab)
    check(strategy, strategy.propose(change(lab.history((4, 4))), 4), 4)


@pytest.mark.parametrize("name", QUICK)
def test_one_observation(lab, name):
    strategy = build(name, lab)
    check(strategy, strategy.propose(lab.history((1,)), 4), 4)


@pytest.mark.parametrize("name", LEARNING)
def test_unreadable_recipes_have_no_say(lab, name):
    history = lab.history((5, 1))
    strategy = build(name, lab)
    spectra, losses = lab.measure(
        lab.space.sample(1, np.random.default_rng(0)), np.random.default_rng(1)
    )
    other = lab.space.sample(2, np.random.default_rng(2))
    unread = np.full((1, *losses.shape[1:]), np.nan)
    batches = [
        strategy.propose(history.append(row[None], unread, np.full_like(spectra, np.nan)), 3)
        for row in other
    ]
    np.testing.assert_array_equal(*batches)


@pytest.mark.parametrize("name", FROM_SPECTRA)
def test_refuses_a_lab_that_records_losses_alone(lab, name):
    history = replace(lab.history((4, 4)), spectra=None)
    assert QUICK[name][0].needs_spectra
    with pytest.raises(PlasmonbenchError, match="losses alone"):
        build(name, lab).propose(history, 2)


@pytest.mark.parametrize("name", sorted(set(QUICK) - set(FROM_SPECTRA)))
def test_does_without_spectra(lab, name):
    history = replace(lab.history((4, 4)), spectra=None)
    strategy = build(name, lab, loss=None)
    check(strategy, strategy.propose(history, 2), 2)


def test_rounds_of_sequential_ei(lab):
    single, liar = build("sequential-ei", lab), build("constant-liar", lab)
    assert single.round_size(lab.history(()), 15) == 15
    assert single.round_size(lab.history((5,)), 15) == 1
    assert liar.round_size(lab.history((5,)), 15) == 15


@pytest.mark.parametrize("name", LEARNING)
def test_bounds_that_grow(lab, name):
    """A round in a wider space than its history was made in uses the new room's rules."""
    small = lab.space.with_bounds([4, 10, 4, 4, 200], [20, 40, 20, 20, 1000])
    recipes = small.sample(8, np.random.default_rng(0))
    spectra, losses = lab.measure(recipes, np.random.default_rng(1))
    history = History.empty(5, 4, 421).append(recipes[:4], losses[:4], spectra[:4])
    history = history.append(recipes[4:], losses[4:], spectra[4:])
    strategy = build(name, lab)
    batch = strategy.propose(history, 5)
    check(strategy, batch, 5)
    assert not small.contains(batch).all()
