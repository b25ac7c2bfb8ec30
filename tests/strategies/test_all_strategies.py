"""What the planners here keep beyond what `plasmonbench check` asks of any (test_conformance)."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plasmonbench import History, PlasmonbenchError, Strategy
from strategies.dnn_grid import DnnGrid
from strategies.lhs import LatinHypercube
from strategies.local_penalization import LocalPenalization
from strategies.models.network import forget_networks
from strategies.paper_bo import PaperBO
from strategies.qlogei import QLogEI
from strategies.qlognei import QLogNEI
from strategies.random import RandomSearch
from strategies.rf_lcb import RandomForestLCB
from strategies.sequential_ei import SequentialEI
from strategies.spectral import Spectral
from strategies.thompson import Thompson
from strategies.turbo import Turbo
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
    "paper-bo": (PaperBO, {}),
    "thompson": (Thompson, {"samples": 300, "features": 128}),
    "turbo": (Turbo, {"samples": 300}),
    "rf-lcb": (RandomForestLCB, {"trees": 10, "samples": 200, "starts": 2}),
    "qlogei": (QLogEI, {"samples": 64, "restarts": 1, "steps": 3, "draws": 16}),
    "qlognei": (QLogNEI, {"samples": 64, "restarts": 1, "steps": 3, "draws": 16}),
    "spectral": (Spectral, {"samples": 16}),
}
LEARNING = sorted(set(QUICK) - {"random", "lhs"})


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
