import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from plasmonbench import History, PlasmonbenchError
from strategies.gp_lcb import GpLcb
from strategies.models.gp import GaussianProcess
from strategies.models.hallucination import hallucinated
from strategies.models.marginal_likelihood import fit_by_likelihood


def bowl(points):
    return ((points - [0.3, 0.7]) ** 2 / [0.02, 2]).sum(axis=1)


@pytest.fixture
def fitted(rng):
    points = rng.random((20, 2))
    return points, fit_by_likelihood(points, bowl(points))


def test_posterior_is_that_of_scikit_learn(fitted, rng):
    points, model = fitted
    values = bowl(points)
    height = model.scale / values.std()
    # The same hyperparameters in scikit-learn's own posterior.
    kernel = ConstantKernel(height**2) * Matern(model.lengthscales.numpy(), nu=2.5)
    reference = GaussianProcessRegressor(
        kernel, alpha=model.noise.numpy() * height**2, optimizer=None
    ).fit(points, (values - values.mean()) / values.std())
    probes = rng.random((50, 2))
    mean, deviation = reference.predict(probes, return_std=True)
    ours = model.mean_and_deviation(torch.tensor(probes))
    np.testing.assert_allclose(ours[0], values.mean() + values.std() * mean, atol=1e-7)
    np.testing.assert_allclose(ours[1], values.std() * deviation, atol=1e-5)


def test_length_scales_tell_the_axis_that_matters(fitted):
    _, model = fitted
    assert model.lengthscales[0] < 0.5 * model.lengthscales[1]


def test_known_noise_is_kept(rng):
    points = rng.random((20, 2))
    model = fit_by_likelihood(points, bowl(points), np.full(20, 0.04))
    np.testing.assert_allclose(model.noise * model.scale**2, 0.04, rtol=1e-9)


def test_hallucination_moves_no_mean_and_takes_the_variance_of_real_readings(fitted, rng):
    points, model = fitted
    pending, probes = rng.random((3, 2)), torch.tensor(rng.random((50, 2)))
    believed = hallucinated(model, pending)
    # Measured for good, wherever it was expected, the posterior is the same.
    x = torch.tensor(np.concatenate([points, pending]))
    y = (model.mean(x) - model.centre) / model.scale  # values themselves have no say in variance
    measured = GaussianProcess.conditioned(
        x, y, model.lengthscales, model.noise[:1].expand(23), model.constant, 0.0, model.scale
    )
    np.testing.assert_allclose(believed.mean(probes), model.mean(probes), atol=1e-12)
    deviation = believed.mean_and_deviation(probes)[1]
    np.testing.assert_allclose(deviation, measured.mean_and_deviation(probes)[1], atol=1e-8)
    assert (deviation <= model.mean_and_deviation(probes)[1] + 1e-12).all()
    assert hallucinated(model, np.empty((0, 2))) is model


def test_the_lowest_bound_is_proposed_first(lab):
    history = lab.history((15,))
    strategy = GpLcb(space=lab.space, loss=lab.loss, seed=1, kappa=1.0)
    first = strategy.propose(history, 1)
    model = fit_by_likelihood(lab.space.to_unit(history.recipes), history.median_loss)

    def bound(recipes):
        mean, deviation = model.mean_and_deviation(torch.tensor(lab.space.to_unit(recipes)))
        return (mean - deviation).numpy()

    sampled = lab.space.sample(20_000, np.random.default_rng(5))
    assert bound(first)[0] <= bound(sampled).min()


def test_without_credit_for_the_unknown_it_exploits(lab):
    history = lab.history((20,))
    bold, shy = (
        GpLcb(space=lab.space, loss=lab.loss, seed=1, kappa=kappa).propose(history, 1)
        for kappa in (20.0, 0.0)
    )
    model = fit_by_likelihood(lab.space.to_unit(history.recipes), history.median_loss)
    mean, deviation = model.mean_and_deviation(
        torch.tensor(lab.space.to_unit(np.concatenate([bold, shy])))
    )
    assert mean[1] < mean[0]
    assert deviation[1] < deviation[0]


@pytest.mark.parametrize("n", [1, 15, 96])
def test_batches_keep_their_distance(lab, n):
    strategy = GpLcb(space=lab.space, loss=lab.loss, seed=3)
    for history in (lab.history(()), lab.history((6, 6))):
        batch = strategy.propose(history, n)
        assert batch.shape == (n, 5)
        assert lab.space.contains(batch).all()
    if n > 1:
        assert pdist(lab.space.to_unit(batch)).min() > 0.01


def test_rounds_of_one(lab):
    single = GpLcb(space=lab.space, loss=lab.loss, batch="single")
    assert single.round_size(lab.history(()), 15) == 15
    assert single.round_size(lab.history((5,)), 15) == 1
    assert GpLcb(space=lab.space, loss=lab.loss).round_size(lab.history((5,)), 15) == 15


@pytest.mark.parametrize("knobs", [{}, {"fit": "priors"}, {"noise": "replicates"}])
def test_odd_histories(lab, knobs):
    strategy = GpLcb(space=lab.space, loss=lab.loss, seed=3, **knobs)
    one_recipe = lab.space.sample(1, np.random.default_rng(0))
    spectra, losses = lab.measure(np.repeat(one_recipe, 10, axis=0), np.random.default_rng(1))
    history = History.empty(5, 4, 421)
    for odd in (
        lab.history((1,)),
        history.append(np.repeat(one_recipe, 10, axis=0), losses, spectra),
        history.append(np.repeat(one_recipe, 10, axis=0), np.full_like(losses, 0.3), spectra),
        history.append(np.repeat(one_recipe, 10, axis=0), np.full_like(losses, np.nan), spectra),
    ):
        assert lab.space.contains(strategy.propose(odd, 4)).all()


def test_unknown_settings_are_refused(lab):
    with pytest.raises(PlasmonbenchError, match="kappa"):
        GpLcb(space=lab.space, loss=lab.loss, kappa=-1.0)
