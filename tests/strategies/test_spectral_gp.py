"""The surrogate of spectra against scikit-learn, finite differences and cases worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from plasmonbench import PlasmonbenchError, RecipeSpace
from strategies.models.component_gps import ComponentProcesses, _Evidence
from strategies.models.recipe_inputs import different_views, input_view
from strategies.models.spectral_gp import FLOOR, SpectralModel, log_spectra, score_variances


@pytest.fixture(scope="module")
def table():
    """Two functions of three axes, the third of them inert, at 40 points."""
    rng = np.random.default_rng(0)
    points = rng.random((40, 3))
    values = np.stack([np.sin(4 * points[:, 0]), 5 + 3 * points[:, 0] * points[:, 1]], axis=1)
    return points, values + 0.02 * rng.standard_normal(values.shape)


@pytest.fixture(scope="module")
def processes(table):
    points, values = table
    return ComponentProcesses.fit(points, values, np.full_like(values, 4e-4))


def references(processes):
    """Return scikit-learn's process of each column, at our hyperparameters."""
    for j, lengthscales in enumerate(processes.lengthscales):
        kernel = ConstantKernel(processes.signal[j] ** 2) * Matern(lengthscales, nu=2.5)
        reference = GaussianProcessRegressor(kernel, alpha=processes.noise[j], optimizer=None)
        yield reference.fit(processes.points, processes.values[:, j] - processes.centres[j])


def test_means_and_evidence_are_those_of_scikit_learn(processes):
    x = np.random.default_rng(1).random((30, 3))
    for j, reference in enumerate(references(processes)):
        mean = processes.centres[j] + reference.predict(x)
        np.testing.assert_allclose(processes.mean(x)[:, j], mean, atol=1e-8)
        evidence = reference.log_marginal_likelihood_value_
        np.testing.assert_allclose(processes.log_evidence[j], evidence, rtol=1e-8)


def test_known_noise_is_never_fallen_short_of(processes):
    assert (processes.noise >= 4e-4).all()


def test_inert_axes_get_long_length_scales(processes):
    first, second = processes.lengthscales
    assert min(first[1:]) > 5 * first[0]
    assert second[2] > 5 * max(second[:2])


@pytest.mark.parametrize("known", [0.0, 0.01])
def test_gradient_of_the_evidence(known):
    rng = np.random.default_rng(3)
    points, values = rng.random((20, 4)), rng.standard_normal(20)
    gaps = np.square(points[:, None] - points).reshape(-1, 4)
    evidence = _Evidence(gaps, values, np.full(20, known))
    for _ in range(3):
        logs = rng.normal(size=6)
        _, gradient = evidence.negative_log_posterior(logs)
        step = 1e-5
        numeric = [
            (
                evidence.negative_log_posterior(logs + step * axis)[0]
                - evidence.negative_log_posterior(logs - step * axis)[0]
            )
            / (2 * step)
            for axis in np.eye(6)
        ]
        np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6)


def test_draws_have_the_mean_and_covariance_of_scikit_learn(processes):
    x = np.random.default_rng(1).random((6, 3))
    drawn = processes.draw(20_000, np.random.default_rng(2))
    # In two calls, so that the second has to agree with the first.
    values = np.concatenate([drawn(x[:3]), drawn(x[3:])], axis=1)
    for j, reference in enumerate(references(processes)):
        mean, covariance = reference.predict(x, return_cov=True)
        sample = values[:, :, j] - processes.centres[j] - mean
        size = np.sqrt(np.diag(covariance))
        scaled = sample / size
        # Standard errors of 20,000 draws are 0.007 and 0.01.
        np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=0.03)
        expected = covariance / np.outer(size, size)
        np.testing.assert_allclose(scaled.T @ scaled / len(scaled), expected, atol=0.04)


def test_a_draw_asked_twice_answers_the_same(processes):
    x = np.random.default_rng(1).random((5, 3))
    drawn = processes.draw(50, np.random.default_rng(2))
    first = drawn(x)
    again = drawn(x)
    # The jitter of a draw has a standard deviation of 3e-4 signals.
    np.testing.assert_allclose(again / processes.signal, first / processes.signal, atol=3e-3)


def test_constant_values_and_a_single_point():
    points = np.random.default_rng(0).random((4, 2))
    for m in (1, 4):
        flat = ComponentProcesses.fit(points[:m], np.full((m, 1), 7.0))
        np.testing.assert_allclose(flat.mean(points), 7.0, atol=1e-9)
        assert np.isfinite(flat.draw(5, np.random.default_rng(0))(points)).all()


# -- spectra ----------------------------------------------------------------------------------


def test_unseen_spectra_of_the_tiny_lab(lab):
    rng = np.random.default_rng(0)
    recipes = lab.space.sample(60, rng)
    spectra, _ = lab.measure(recipes, rng)
    points = lab.space.to_unit(recipes)
    model = SpectralModel.fit(points, np.median(spectra, axis=1), spectra)
    unseen = lab.space.sample(200, rng)
    truth = lab.truth(unseen)
    error = np.sqrt(np.mean((model.mean(lab.space.to_unit(unseen)) - truth) ** 2))
    blind = np.sqrt(np.mean((truth - truth.mean(axis=0)) ** 2))
    assert error < 0.2 * blind
    assert 0.99 < model.explained.sum() <= 1
    np.testing.assert_allclose(
        model.components @ model.components.T, np.eye(len(model.components)), atol=1e-12
    )


def test_a_prior_that_is_right_leaves_nothing_to_learn(lab):
    rng = np.random.default_rng(0)
    points = lab.space.to_unit(lab.space.sample(12, rng))

    def prior(x):
        return lab.truth(lab.space.from_unit(x))

    model = SpectralModel.fit(points, prior(points), mean=prior)
    unseen = lab.space.to_unit(lab.space.sample(50, rng))
    np.testing.assert_allclose(model.mean(unseen), np.maximum(prior(unseen), FLOOR), rtol=1e-9)
    drawn = model.sample(unseen, 3, rng)
    assert drawn.shape == (3, 50, 421)


def test_a_prior_of_the_wrong_height_is_put_right(lab):
    """A factor on all spectra is a constant of their logarithms."""
    rng = np.random.default_rng(0)
    points = lab.space.to_unit(lab.space.sample(12, rng))

    def prior(x):
        return 1.5 * lab.truth(lab.space.from_unit(x))

    model = SpectralModel.fit(points, prior(points) / 1.5, mean=prior)
    unseen = lab.space.to_unit(lab.space.sample(50, rng))
    np.testing.assert_allclose(model.mean(unseen), prior(unseen) / 1.5, rtol=1e-9)


def test_losses_of_draws_are_the_losses_of_their_spectra(lab):
    rng = np.random.default_rng(0)
    recipes = lab.space.sample(20, rng)
    model = SpectralModel.fit(lab.space.to_unit(recipes), lab.truth(recipes))
    x = lab.space.to_unit(lab.space.sample(70, rng))
    spectra = model.draw(9, np.random.default_rng(5))(x)
    losses = model.draw(9, np.random.default_rng(5)).losses(x, lab.loss)
    np.testing.assert_allclose(losses, lab.loss(spectra), atol=1e-12)


def test_noise_of_medians_is_that_of_many_repetitions():
    """Log-spectra of normal gain noise: the variance of the median of 21 draws, by simulation."""
    rng = np.random.default_rng(0)
    gain = 0.05 * rng.standard_normal((400, 21, 1))
    droplets = 0.5 * np.exp(gain) * np.ones(50)
    component = np.full((1, 50), 1 / np.sqrt(50))
    predicted = score_variances(droplets, component)[:, 0]
    scores = log_spectra(np.median(droplets, axis=1)) @ component[0]
    # 400 medians tell their variance to 7 %, and pi/2 is 3 % too much for 21 draws.
    np.testing.assert_allclose(predicted.mean(), scores.var(ddof=1), rtol=0.2)


def test_noise_does_without_duds_and_missing_droplets():
    rng = np.random.default_rng(0)
    droplets = 0.5 * np.exp(0.02 * rng.standard_normal((6, 20, 1))) * np.ones(30)
    component = np.full((1, 30), 1 / np.sqrt(30))
    clean = score_variances(droplets, component)
    spoilt = droplets.copy()
    spoilt[:, 3] *= 0.6
    np.testing.assert_allclose(score_variances(spoilt, component), clean, rtol=0.5)
    spoilt[:, 3] = np.nan
    np.testing.assert_allclose(score_variances(spoilt, component), clean, rtol=0.5)
    spoilt[2, 1:] = np.nan  # a single droplet leans on the other recipes
    single = score_variances(spoilt, component)[2, 0]
    assert single > 5 * np.median(clean)


def test_no_repeated_droplets_no_known_noise():
    droplets = np.full((3, 1, 30), 0.5)
    assert not score_variances(droplets, np.ones((1, 30))).any()


# -- inputs -----------------------------------------------------------------------------------

SPACE = RecipeSpace.of(
    [("a", "%", 1, 100), ("b", "%", 2, 8), ("t", "C", -5, 5), ("q", "uL", 1, 10)]
)


def test_views_by_hand():
    recipe = np.array([[10.0, 4.0, 0.0, 10.0]])
    point = SPACE.to_unit(recipe)
    np.testing.assert_array_equal(input_view(SPACE, "linear")(point), point)
    # log(10 / 1) / log(100 / 1), log(4 / 2) / log(8 / 2), as it is, log(10 / 1) / log(10 / 1)
    np.testing.assert_allclose(input_view(SPACE, "log")(point), [[0.5, 0.5, 0.5, 1]])
    # b / a lies between 2 / 100 and 8 / 1, and is 4 / 10.
    ratio = np.log(0.4 / 0.02) / np.log(8 / 0.02)
    np.testing.assert_allclose(input_view(SPACE, "log-ratio")(point), [[0.5, ratio, 0.5, 1]])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.sampled_from(["log", "log-ratio"]))
def test_views_stay_in_the_unit_cube(point, inputs):
    seen = input_view(SPACE, inputs)(np.array([point]))
    assert ((seen >= -1e-12) & (seen <= 1 + 1e-12)).all()


def test_views_that_differ():
    assert different_views(SPACE) == ("linear", "log", "log-ratio")
    axes = [("a", "%", 1, 2), ("b", "C", 1, 2)]
    assert different_views(RecipeSpace.of(axes)) == ("linear", "log")
    assert different_views(RecipeSpace.of([("t", "C", -5, 5)])) == ("linear",)


def test_unknown_view():
    with pytest.raises(PlasmonbenchError, match="inputs must be one of linear, log, log-ratio"):
        input_view(SPACE, "cubic")
