"""The Gaussian process against scikit-learn, finite differences and BoTorch's own posterior."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from plasmonbench import PlasmonbenchError
from strategies.models import gp
from strategies.models.gp import GaussianProcess
from strategies.models.readings import median_variances


def function(x):
    return np.sin(4 * x[:, 0]) + x[:, 1] ** 2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    points = rng.random((40, 5))
    return points, function(points) + 0.05 * rng.standard_normal(40)


def noise_variances(model: GaussianProcess) -> np.ndarray:
    """Read the noise of the standardised values back from the factor of K."""
    gram = np.linalg.inv((model.whitener.T @ model.whitener).numpy())
    return np.diag(gram) - 1


@pytest.mark.parametrize("known", [None, 0.003])
def test_posterior_is_that_of_scikit_learn(data, known):
    points, values = data
    variances = None if known is None else np.linspace(known, 2 * known, len(values))
    model = GaussianProcess.fit(points, values, variances)
    noise = noise_variances(model)
    if known is not None:
        np.testing.assert_allclose(noise, variances / values.var(ddof=1), rtol=1e-9)
    reference = GaussianProcessRegressor(
        Matern(model.lengthscales.numpy(), nu=2.5), alpha=noise, optimizer=None
    )
    constant = float(model.constant)
    standardised = (values - values.mean()) / values.std(ddof=1)
    reference.fit(points, standardised - constant)
    x = np.random.default_rng(1).random((30, 5))
    mean, deviation = reference.predict(x, return_std=True)
    got_mean, got_deviation = model.mean_and_deviation(torch.tensor(x))
    scale = values.std(ddof=1)
    np.testing.assert_allclose(got_mean, values.mean() + scale * (mean + constant), atol=1e-9)
    np.testing.assert_allclose(got_deviation, scale * deviation, rtol=1e-7)
    np.testing.assert_array_equal(model.mean(torch.tensor(x)), got_mean)


def test_hyperparameters_are_those_of_botorch(data):
    """Our posterior of BoTorch's fit is BoTorch's posterior of it."""
    points, values = data
    model = GaussianProcess.fit(points, values)
    standardised = torch.tensor((values - values.mean()) / values.std(ddof=1))
    theirs, _ = gp._fitted(torch.tensor(points), standardised, None, 1e-4)
    x = torch.rand(20, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        posterior = theirs.posterior(x)
        mean, variance = posterior.mean.reshape(-1), posterior.variance.reshape(-1)
    got_mean, got_deviation = model.mean_and_deviation(x)
    np.testing.assert_allclose(
        got_mean, values.mean() + values.std(ddof=1) * mean.numpy(), atol=1e-8
    )
    np.testing.assert_allclose(got_deviation, values.std(ddof=1) * variance.sqrt(), rtol=1e-6)


def test_learns_function_relevance_and_noise(data):
    points, values = data
    model = GaussianProcess.fit(points, values)
    x = np.random.default_rng(2).random((200, 5))
    error = model.mean(torch.tensor(x)).numpy() - function(x)
    assert np.sqrt(np.mean(error**2)) < 0.08  # SD of the function: 0.6
    assert model.lengthscales[:2].max() < 0.3 * model.lengthscales[2:].min()
    noise = np.sqrt(noise_variances(model).mean()) * model.scale
    assert 0.02 < noise < 0.1  # it was 0.05


def test_gradient_of_the_mean(data):
    model = GaussianProcess.fit(*data)
    x = np.random.default_rng(3).random((10, 5))
    x[0] = data[0][0]  # the root in the distance has no slope there
    gradient = model.mean_gradient(torch.tensor(x)).numpy()
    for axis in range(5):
        step = 1e-5 * np.eye(5)[axis]
        ahead, back = model.mean(torch.tensor(x + step)), model.mean(torch.tensor(x - step))
        np.testing.assert_allclose(gradient[:, axis], (ahead - back) / 2e-5, atol=1e-6)
    point = torch.tensor(x, requires_grad=True)
    (by_autograd,) = torch.autograd.grad(model.mean(point).sum(), point)
    np.testing.assert_allclose(gradient, by_autograd, atol=1e-9)


def test_gradient_of_the_deviation(data):
    model = GaussianProcess.fit(*data)
    x = np.random.default_rng(4).random((6, 5))
    point = torch.tensor(x, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.mean_and_deviation(point)[1].sum(), point)
    step = 1e-5 * np.eye(5)[0]
    ahead = model.mean_and_deviation(torch.tensor(x + step))[1]
    back = model.mean_and_deviation(torch.tensor(x - step))[1]
    np.testing.assert_allclose(gradient[:, 0], (ahead - back) / 2e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1, 5])
def test_constant_values_give_a_constant_mean(size):
    points = np.random.default_rng(0).random((size, 5))
    model = GaussianProcess.fit(points, np.full(size, 0.3))
    mean, deviation = model.mean_and_deviation(torch.tensor(points[:1] * 0.5))
    np.testing.assert_allclose(mean, 0.3, atol=1e-12)
    assert float(deviation) > 0


def test_repeated_points_are_no_trouble(data):
    points = np.repeat(data[0][:10], 4, axis=0)
    model = GaussianProcess.fit(points, function(points))
    np.testing.assert_allclose(model.mean(torch.tensor(points)), function(points), atol=0.05)


def test_failed_fit_tries_higher_floors_and_then_raises(data, monkeypatch):
    floors = []

    def failing(x, y, known, floor):
        floors.append(floor)
        raise gp.ModelFittingError

    monkeypatch.setattr(gp, "_fitted", failing)
    with pytest.raises(gp.ModelFittingError):
        GaussianProcess.fit(*data)
    assert floors == [1e-4, 1e-3, 1e-2]


def test_fit_that_fails_once_gets_the_next_floor(data, monkeypatch):
    fitted = gp._fitted

    def failing_once(x, y, known, floor):
        if floor == gp.NOISE_FLOORS[0]:
            raise gp.ModelFittingError
        return fitted(x, y, known, floor)

    monkeypatch.setattr(gp, "_fitted", failing_once)
    assert noise_variances(GaussianProcess.fit(*data)).min() >= 1e-3 - 1e-12


def test_variance_of_a_median_from_replicates(lab):
    """Simulated: the spread of medians over many repetitions of 25 normal droplets."""
    rng = np.random.default_rng(0)
    losses = 0.4 + 0.02 * rng.standard_normal((4000, 25))
    history = lab.history((2,))
    many = type(history)(
        recipes=np.tile(history.recipes[:1], (4000, 1)), losses=losses, round=np.zeros(4000)
    )
    estimated = median_variances(many).mean()
    assert estimated == pytest.approx(np.median(losses, axis=1).var(), rel=0.08)


def test_variances_of_recipes_with_missing_droplets(lab):
    history = lab.history((3,))
    losses = np.array([[0.1, 0.3, np.nan], [np.nan, 0.2, np.nan], [np.nan] * 3])
    some = type(history)(recipes=history.recipes, losses=losses, round=np.zeros(3))
    np.testing.assert_allclose(median_variances(some), np.full(2, np.pi / 2 * 0.02 / 2))
    single = type(history)(recipes=history.recipes, losses=losses[:, 1:2], round=np.zeros(3))
    with pytest.raises(PlasmonbenchError, match="two readable droplets"):
        median_variances(single)
