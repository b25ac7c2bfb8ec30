import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from plasmonbench.reference_models import GaussianProcessReference, RandomForestReference


def smooth(x):
    return np.sin(3 * x[:, 0]) + x[:, 1] ** 2


def test_gaussian_process_finds_a_smooth_function_and_the_axis_that_is_inert(rng):
    points, unseen = rng.random((60, 3)), rng.random((200, 3))
    fitted = GaussianProcessReference(restarts=2).fit(points, smooth(points))
    assert np.abs(fitted.predict(unseen) - smooth(unseen)).max() < 0.05  # measured .02
    lengths = fitted.regressor.kernel_.k1.k2.length_scale
    assert lengths[2] > 10 * lengths[:2].max()


def test_gaussian_process_with_given_hyperparameters_is_kriging(rng):
    # Posterior mean written out: K(x, X) (K + noise I)^-1 y, on standardised data.
    points, unseen = rng.random((25, 2)), rng.random((10, 2))
    values = smooth(points) + 0.1 * rng.normal(size=25)
    fitted = GaussianProcessReference(restarts=0).fit(points, values)
    kernel = fitted.regressor.kernel_
    amplitude, lengths = kernel.k1.k1.constant_value, kernel.k1.k2.length_scale
    scale = points.std(axis=0)

    def matern(a, b):
        r = np.sqrt(5 * (((a[:, None] - b) / scale / lengths) ** 2).sum(axis=2))
        return amplitude * (1 + r + r**2 / 3) * np.exp(-r)

    y = (values - values.mean()) / values.std()
    weights = np.linalg.solve(matern(points, points) + kernel.k2.noise_level * np.eye(25), y)
    expected = values.mean() + values.std() * matern(unseen, points) @ weights
    np.testing.assert_allclose(fitted.predict(unseen), expected, atol=1e-6)


@pytest.mark.parametrize("model", [GaussianProcessReference(1), RandomForestReference(20)])
def test_reference_models_know_no_units(model, rng):
    points, unseen = rng.random((30, 3)), rng.random((10, 3))
    # Powers of two, so that no rounding decides between equally good splits of a tree.
    scale = np.array([1024, 2**-10, 8])
    plain = model.fit(points, smooth(points)).predict(unseen)
    scaled = model.fit(points * scale, 4 * smooth(points)).predict(unseen * scale)
    np.testing.assert_allclose(scaled / 4, plain, rtol=1e-12)


def test_gaussian_process_knows_no_origins(rng):
    points, unseen = rng.random((30, 3)), rng.random((10, 3))
    model, shift = GaussianProcessReference(1), np.array([5, 0, -2])
    plain = model.fit(points, smooth(points)).predict(unseen)
    moved = model.fit(points + shift, smooth(points) - 1).predict(unseen + shift)
    np.testing.assert_allclose(moved + 1, plain, atol=1e-4)


@pytest.mark.parametrize("model", [GaussianProcessReference(0), RandomForestReference(5)])
def test_an_axis_or_a_loss_that_never_varied(model, rng):
    points = np.column_stack([rng.random(12), np.full(12, 0.1)])
    assert np.isfinite(model.fit(points, points[:, 0]).predict(points)).all()
    flat = model.fit(points, np.full(12, 0.3)).predict(points)
    assert flat == pytest.approx(np.full(12, 0.3), abs=1e-6)


def test_a_forest_never_leaves_the_range_it_has_seen(rng):
    points = rng.random((30, 2))
    predicted = RandomForestReference(20).fit(points, smooth(points)).predict(10 * points)
    assert predicted.min() >= smooth(points).min() - 1e-12
    assert predicted.max() <= smooth(points).max() + 1e-12


@pytest.mark.parametrize("shapes", [((5, 2), (4,)), ((1, 2), (1,)), ((5,), (5,))])
def test_reference_models_refuse_what_does_not_fit(shapes):
    with pytest.raises(PlasmonbenchError, match="needs recipes"):
        GaussianProcessReference().fit(np.ones(shapes[0]), np.ones(shapes[1]))
