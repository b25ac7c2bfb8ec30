"""The campaign's own planners: GPyOpt's model on raw units, and what that does to the flow."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from plasmonbench import PlasmonbenchError
from strategies.local_penalization import LocalPenalization
from strategies.models.gp import GaussianProcess
from strategies.models.isotropic_gp import fit_isotropic
from strategies.models.network import CAMPAIGN_TRAINING
from strategies.models.penalized_ei import PenalizedEI, lipschitz_constant
from strategies.paper_bo import PaperBO
from strategies.paper_two_step import PaperTwoStep

WIDTHS = np.array([41.0, 30.0, 29.5, 19.5, 800.0])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    points = rng.random((40, 5))
    values = np.sin(12 * points[:, 4]) + 0.3 * points[:, 0] + 0.05 * rng.standard_normal(40)
    return points, values


def test_fit_is_the_most_likely_that_scikit_learn_finds(data):
    points, values = data
    model = fit_isotropic(points, values, WIDTHS, predictive=True)
    standardised = (values - values.mean()) / values.std()
    reference = GaussianProcessRegressor(
        ConstantKernel(1.0, (1e-2, 1e2)) * Matern(300.0, (1.0, 8000.0), nu=2.5)
        + WhiteKernel(1e-2, (1e-6, 10)),
        n_restarts_optimizer=4,
        random_state=0,
    ).fit(points * WIDTHS, standardised)
    length = (model.lengthscales.numpy() * WIDTHS).tolist()
    np.testing.assert_allclose(length, length[0])
    signal = (model.scale / values.std()) ** 2
    logs = np.log([signal, length[0], model.added_variance * signal])
    assert reference.log_marginal_likelihood(logs) > reference.log_marginal_likelihood_value_ - 1e-3
    x = np.random.default_rng(1).random((20, 5))
    fixed = GaussianProcessRegressor(reference.kernel_.clone_with_theta(logs), optimizer=None)
    mean, deviation = fixed.fit(points * WIDTHS, standardised).predict(x * WIDTHS, return_std=True)
    got_mean, got_deviation = model.mean_and_deviation(torch.tensor(x))
    np.testing.assert_allclose(got_mean, values.mean() + values.std() * mean, atol=1e-9)
    # scikit-learn's deviation holds its white noise too, as GPyOpt's does.
    np.testing.assert_allclose(got_deviation, values.std() * deviation, rtol=1e-7)


def test_units_of_all_axes_alike_do_not_matter(data):
    points, values = data
    x = torch.tensor(np.random.default_rng(1).random((20, 5)))
    small, large = (fit_isotropic(points, values, WIDTHS * factor) for factor in (1, 1000))
    np.testing.assert_allclose(small.mean(x), large.mean(x), rtol=1e-9)


def test_known_noise_is_taken_as_it_is(data):
    points, values = data
    known = np.linspace(0.001, 0.01, len(values))
    model = fit_isotropic(points, values, WIDTHS, variances=known)
    np.testing.assert_allclose(model.noise * model.scale**2, known, rtol=1e-9)
    assert model.added_variance == 0


def test_penalty_and_steepest_slope_in_raw_units(lab, data):
    model = GaussianProcess.fit(*data)
    widths = torch.tensor(WIDTHS)
    rng = np.random.default_rng(2)
    x, chosen = torch.tensor(rng.random((7, 5))), torch.tensor(rng.random((3, 5)))
    acquisition = PenalizedEI(model, best=-0.2, lipschitz=0.01, widths=widths)
    mean, deviation = model.mean_and_deviation(chosen)
    raw = torch.cdist(x * widths, chosen * widths)
    expected = torch.special.log_ndtr((0.01 * raw - (mean + 0.2)) / deviation).sum(dim=1)
    np.testing.assert_allclose(acquisition.log_penalty(x, chosen), expected, rtol=1e-6)
    steepest = lipschitz_constant(model, lab.space, np.random.default_rng(3), widths=widths)
    slopes = (model.mean_gradient(torch.tensor(rng.random((4000, 5)))) / widths).norm(dim=1)
    assert 0.95 * float(slopes.max()) < steepest


def test_paper_bo_is_a_setting_of_local_penalization(lab):
    history = lab.history((8, 8))
    same = {
        "kernel": "isotropic",
        "inputs": "raw",
        "jitter": 0.1,
        "predictive": True,
        "min_distance": 0.01,
    }
    common = {"space": lab.space, "loss": lab.loss, "seed": 1}
    np.testing.assert_array_equal(
        PaperBO(**common).propose(history, 4),
        LocalPenalization(**common, **same).propose(history, 4),
    )


def test_jitter_is_in_standard_deviations(lab):
    history = lab.history((8, 8))
    common = {"space": lab.space, "loss": lab.loss, "seed": 1}
    spread = float(history.median_loss.std())
    np.testing.assert_array_equal(
        LocalPenalization(**common, jitter=0.5).propose(history, 4),
        LocalPenalization(**common, xi=0.5 * spread).propose(history, 4),
    )


def test_predictive_goes_with_the_isotropic_kernel(lab):
    with pytest.raises(PlasmonbenchError, match="isotropic"):
        LocalPenalization(space=lab.space, predictive=True)


def flow_gap(lab, cls):
    """Return how far (median, uL/min) the last of five rounds goes from flows tried before."""
    history = lab.history(())
    strategy = cls(space=lab.space, loss=lab.loss, seed=0)
    rng = np.random.default_rng(0)
    for _ in range(5):
        flows = history.recipes[:, 4]
        recipes = strategy.propose(history, 8)
        spectra, losses = lab.measure(recipes, rng)
        history = history.append(recipes, losses, spectra)
    return float(np.median(np.abs(recipes[:, 4][:, None] - flows).min(axis=1)))


def test_raw_units_freeze_the_flow(lab):
    assert flow_gap(lab, PaperBO) < 0.5 * flow_gap(lab, LocalPenalization)


def test_two_steps_of_the_paper(lab):
    common = {"space": lab.space, "loss": lab.loss, "seed": 1}
    history = lab.history((8, 8))
    strategy = PaperTwoStep(**common)
    np.testing.assert_array_equal(
        strategy.propose(history, 3), PaperBO(**common).propose(history, 3)
    )
    assert strategy.dnn().lesson(history)[3] == CAMPAIGN_TRAINING
    assert (CAMPAIGN_TRAINING.epochs, CAMPAIGN_TRAINING.batch_size) == (1000, 39)
    assert CAMPAIGN_TRAINING.rate(0.0) == CAMPAIGN_TRAINING.rate(0.7) == 1e-3
