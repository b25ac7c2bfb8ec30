"""What surrogates believe of the loss, where they were taught and where they were not."""

from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from strategies.dnn_grid import DnnGrid
from strategies.gp_lcb import GpLcb
from strategies.lhs import LatinHypercube
from strategies.local_penalization import LocalPenalization
from strategies.paper_bo import PaperBO
from strategies.qlogei import QLogEI
from strategies.rf_lcb import RandomForestLCB
from strategies.sequential_ei import SequentialEI
from strategies.spectral import Spectral
from strategies.thompson import Thompson
from strategies.turbo import Turbo
from strategies.two_step import TwoStep

ERRORS = {
    LocalPenalization: 0.12,
    PaperBO: 0.97,
    GpLcb: 0.12,
    Thompson: 0.12,
    Turbo: 0.12,
    QLogEI: 0.12,
    SequentialEI: 0.12,
    RandomForestLCB: 0.4,
    DnnGrid: 0.22,
    TwoStep: 0.22,
    Spectral: 0.23,
}
"""What each may miss unseen losses by, as a share of their standard deviation.

Raw units with one length scale (paper-bo) learn hardly anything from 60 recipes: the flow in
uL/min, which does nothing here, drowns the others.
"""


def build(cls, lab, **knobs):
    return cls(space=lab.space, loss=lab.loss, seed=3, **knobs)


@pytest.fixture(scope="module")
def taught(lab):
    return lab.history((30, 30))


@pytest.mark.parametrize("cls", ERRORS)
def test_unseen_losses_are_told_better_than_by_their_mean(lab, taught, cls):
    recipes = lab.space.sample(300, np.random.default_rng(5))
    losses = lab.loss(lab.truth(recipes))
    predicted = build(cls, lab).predicted_loss(taught)(recipes)
    error = np.sqrt(np.mean((predicted - losses) ** 2)) / losses.std()
    assert error < ERRORS[cls]


def test_a_network_s_loss_is_that_of_the_spectra_it_predicts(lab, taught):
    strategy = build(DnnGrid, lab, epochs=20)
    recipes = lab.space.sample(5, np.random.default_rng(6))
    spectra = strategy.train(taught)(lab.space.to_unit(recipes))
    np.testing.assert_array_equal(strategy.predicted_loss(taught)(recipes), lab.loss(spectra))


def test_a_process_without_noise_goes_through_what_it_was_taught(lab, taught):
    """Noise of a median of four readings with 2 % gain is far below the losses' spread."""
    predicted = build(LocalPenalization, lab).predicted_loss(taught)(taught.recipes)
    assert np.corrcoef(predicted, taught.median_loss)[0, 1] > 0.99


@pytest.mark.parametrize("cls", ERRORS)
def test_nothing_learnt_nothing_believed(lab, cls):
    empty = lab.history(())
    blank = lab.history((4,))
    blank = replace(
        blank,
        losses=np.full_like(blank.losses, np.nan),
        spectra=np.full_like(blank.spectra, np.nan),
    )
    for history in (empty, blank):
        assert build(cls, lab).predicted_loss(history) is None


def test_floors_believe_nothing(lab, taught):
    assert build(LatinHypercube, lab).predicted_loss(taught) is None
    assert LatinHypercube.surrogate == ""


def test_unreadable_recipes_teach_nothing(lab):
    history = lab.history((10, 1))
    losses, spectra = history.losses.copy(), history.spectra.copy()
    losses[10], spectra[10] = np.nan, np.nan
    unread = replace(history, losses=losses, spectra=spectra)
    recipes = lab.space.sample(4, np.random.default_rng(7))
    predicted = [
        build(LocalPenalization, lab).predicted_loss(one)(recipes)
        for one in (unread, history.until(1))
    ]
    np.testing.assert_array_equal(*predicted)


def test_a_network_needs_spectra(lab):
    history = replace(lab.history((4,)), spectra=None)
    with pytest.raises(PlasmonbenchError, match="learns from spectra"):
        build(DnnGrid, lab).predicted_loss(history)
