"""Derivatives of the fit against central differences of what it minimises."""

import dataclasses

import numpy as np
import pytest

from plasmonbench import silver_prism_loss
from simulators.fitting.fit import Task
from simulators.fitting.linearised import TRIANGLES, Droplet, Model
from simulators.fitting.objective import Campaign
from simulators.fitting.structures import UNSUPPORTED, Structure
from simulators.stages.parameters import SilverParameters, fitted_numbers, to_vector

STEP = 1e-5
"""Of the differences here: small, since the loss has a kink where a spectrum's highest point
passes from one wavelength to the next."""
CASES = [("disk", 1), ("triangle", 1), ("spheroid", 2), ("mixed", 1), ("truncated", 1)]
"""Shapes of plates with seeds whose campaigns have no such kink within a step."""


@pytest.fixture
def objective_of(campaign_of):
    """Return what a fit of a small campaign minimises, and a place away from its minimum."""

    def objective_of(plates, seed):
        rng = np.random.default_rng(seed)
        default = SilverParameters()
        optics = dataclasses.replace(default.extinction, plates=plates)
        _, losses, spectra = campaign_of(
            dataclasses.replace(default, extinction=optics), rng, recipes=12, spectra=2
        )
        # Pure shapes have no share of triangles.
        pure = plates not in ("mixed", "truncated")
        freed = tuple(name for name in UNSUPPORTED if name != TRIANGLES or not pure)
        structure = Structure(plates, {"extinction.plates": plates}, freed=freed)
        objective = Task(structure, Campaign.of(losses, spectra)).objective()
        place = objective.spread * rng.standard_normal(len(objective.centre))
        return objective, objective.centre + 0.1 * place

    return objective_of


def differences(function, place, step):
    columns = []
    for k in range(len(place)):
        move = np.zeros(len(place))
        move[k] = step
        columns.append((function(place + move) - function(place - move)) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize(("plates", "seed"), CASES)
def test_the_jacobian_is_the_slope_of_the_residuals(objective_of, plates, seed):
    """Measured, of the largest entry of its column: 1.7e-6, from rounding in the differences."""
    objective, place = objective_of(plates, seed)
    jacobian = objective.jacobian(place)
    expected = differences(objective.residuals, place, STEP)
    assert jacobian.shape == expected.shape
    assert jacobian.shape[1] == len(fitted_numbers()) - (plates in ("disk", "triangle", "spheroid"))
    losses = len(objective._scale)
    assert losses == 3 * 12
    for rows in (slice(losses), slice(losses, None)):
        height = np.abs(expected[rows]).max(axis=0)
        off = np.abs(jacobian[rows] - expected[rows]).max(axis=0)
        assert (off <= 2.5e-6 * height + 1e-8).all()
        assert (height > 0).any()
    # Each number moves something of what was measured: nothing was forgotten.
    assert (np.abs(jacobian[: -len(place)]).max(axis=0) > 0.1).all()


@pytest.mark.parametrize(("plates", "seed"), CASES)
def test_slopes_of_readings_and_of_what_is_made_of_them(objective_of, plates, seed):
    objective, place = objective_of(plates, seed)
    model, loss = objective.model, silver_prism_loss()
    droplets = Droplet(objective.droplets.recipes[:5], np.array([0.0, 2.5, 9.0, 30.0, np.inf]))
    here = model.linearised(place, droplets)
    assert np.allclose(here.readings, model.readings(place, droplets), rtol=1e-12)
    rows = np.array([4, 0, 3])
    found = here.jacobian(rows)
    expected = differences(lambda v: model.readings(v, droplets), place, STEP)[rows]
    assert found.shape == (3, 421, len(place))
    # Measured: 1.9e-6, of entries up to 3.
    assert np.abs(found - expected).max() < 3e-6
    assert np.abs(found).max() > 0.1
    gradient = loss.gradient(here.readings[rows])
    along = np.einsum("rw,rwk->rk", gradient, found)
    assert np.allclose(here.projected(rows, gradient), along, rtol=1e-9, atol=1e-12)


def test_numbers_that_are_frozen_have_no_column(campaign_of, rng):
    _, losses, spectra = campaign_of(SilverParameters(), rng, recipes=10, spectra=1)
    frozen = {"spectrometer.log_gain", "growth.secondary_radius", "growth.rate"}
    structure = Structure("some", {name: getattr(SilverParameters(), name.split(".")[0]).__dict__[
        name.split(".")[1]] for name in frozen}, freed=UNSUPPORTED)  # fmt: skip
    whole = Task(Structure("all", freed=UNSUPPORTED), Campaign.of(losses, spectra)).objective()
    part = Task(structure, Campaign.of(losses, spectra)).objective()
    kept = [k for k, n in enumerate(whole.model.numbers) if n.field not in frozen]
    assert len(kept) == len(whole.model.numbers) - 17
    data = slice(-len(whole.centre))
    expected = whole.jacobian(whole.centre)[data][:, kept]
    found = part.jacobian(part.centre)[: len(expected)]
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_residuals_are_zero_where_the_lab_is_the_campaign():
    """Data that the model itself predicts, at the priors' means: nothing is left to explain."""
    default = SilverParameters()
    model = Model(default)
    place = to_vector(default, model.numbers)
    recipes = np.array([[25.0, 25, 5, 5, 700], [10, 15, 3, 8, 400], [30, 30, 2, 3, 900]])
    loss = silver_prism_loss()

    def after(droplet):
        return loss(model.readings(place, Droplet(recipes, np.full(3, droplet))))

    campaign = Campaign(
        recipes=recipes,
        median_loss=after(9.5),
        middle=np.full(3, 9.5),
        long=np.array([0, 2]),
        start_excess=(after(0.5) - after(17.0))[[0, 2]],
        later_excess=(after(5.0) - after(17.0))[[0, 2]],
        spectrum_recipes=recipes[:1],
        spectra=model.readings(place, Droplet(recipes[:1], np.array([14.0]))),
        spectrum_middle=np.array([14.0]),
    )
    objective = Task(Structure("all", freed=UNSUPPORTED), campaign).objective()
    residuals = objective.residuals(place)
    assert residuals.shape == (3 + 2 + 2 + 421 + len(place),)
    assert np.abs(residuals).max() < 1e-12
    # One standard error of each kind by hand: .03 of a median loss, .06 of the start; a spectrum
    # that is .03 off everywhere counts as 12 such errors.
    off = dataclasses.replace(
        campaign,
        median_loss=campaign.median_loss - 0.03,
        start_excess=campaign.start_excess - 0.06,
        spectra=campaign.spectra - 0.03,
    )
    residuals = Task(Structure("all", freed=UNSUPPORTED), off).objective().residuals(place)
    assert residuals[:5] == pytest.approx(1.0)
    assert residuals[5:7] == pytest.approx(0.0, abs=1e-12)
    assert np.sum(residuals[7:428] ** 2) == pytest.approx(12.0)


def test_weights_multiply_squares_and_a_centre_stands_for_the_priors(campaign_of, rng):
    _, losses, spectra = campaign_of(SilverParameters(), rng, recipes=10, spectra=2)
    campaign = Campaign.of(losses, spectra)
    task = Task(Structure("chosen"), campaign)
    plain = task.objective()
    place = plain.centre + 0.1 * plain.spread
    weights, by_spectrum = rng.exponential(size=10), rng.exponential(size=2)
    weighted = dataclasses.replace(
        task, weights=weights, spectrum_weights=by_spectrum, centre=place
    ).objective()
    k, squares, expected = len(place), weighted.residuals(place) ** 2, plain.residuals(place) ** 2
    assert (squares[-k:] == 0).all()
    assert expected[-k:] == pytest.approx(0.01)
    factor = [np.tile(weights, 3), np.repeat(by_spectrum, 421)]
    assert squares[:-k] == pytest.approx(expected[:-k] * np.concatenate(factor), rel=1e-9)
    slopes, before = weighted.jacobian(place), plain.jacobian(place)
    root = np.sqrt(np.concatenate(factor))[:, None]
    assert np.allclose(slopes[:-k], before[:-k] * root, rtol=1e-9, atol=1e-12)


def test_a_step_to_impossible_particles_counts_as_far_worse(campaign_of, rng):
    _, losses, spectra = campaign_of(SilverParameters(), rng, recipes=10, spectra=1)
    objective = Task(Structure("chosen"), Campaign.of(losses, spectra)).objective()
    place = objective.centre.copy()
    place[objective.model.labels.index("growth.grown_volume")] = 2000.0
    residuals = objective.residuals(place)
    assert residuals.shape == objective.residuals(objective.centre).shape
    assert np.isfinite(residuals).all()
    assert np.sum(residuals**2) > 1e3 * np.sum(objective.residuals(objective.centre) ** 2)
