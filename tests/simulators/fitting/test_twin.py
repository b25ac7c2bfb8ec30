"""The growth model that planners are handed: it fits, it is honest, and wrong where it says so."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError, RecipeSpace
from simulators.fitting.linearised import Model, settled
from simulators.fitting.twin import FARTHEST, mechanism
from simulators.fitting.twin_forms import FORMS, PRIORS
from simulators.silver_prisms import SilverPrisms
from simulators.stages import parameters
from simulators.stages.parameters import SilverParameters, fitted_numbers, to_vector

BOX = RecipeSpace.of(
    [
        ("q_agno3", "%", 4, 45),
        ("q_pva", "%", 10, 40),
        ("q_tsc", "%", 0.5, 30),
        ("q_seed", "%", 0.5, 20),
        ("q_total", "uL/min", 200, 1000),
    ],
    sum_limit=(["q_agno3", "q_pva", "q_tsc", "q_seed"], 90),
)


def recipes_of(n, seed=0):
    return BOX.latin_hypercube(n, np.random.default_rng(seed))


def made_by_chance(form, seed):
    """Return a twin whose numbers are drawn from the priors, a spread apart from their means."""
    model = FORMS[form].model()
    priors = [number.prior for number in model.numbers]
    centre = np.array([np.log(p.mean) if p.log else p.mean for p in priors])
    spread = np.array([p.spread for p in priors])
    luck = np.random.default_rng(seed).uniform(-0.5, 0.5, len(centre))
    few = mechanism(form).fit(recipes_of(1), np.full((1, 1, 421), 0.5), np.random.default_rng(0))
    return dataclasses.replace(few, vector=centre + luck * spread)


@pytest.mark.parametrize("form", FORMS)
def test_finds_a_lab_of_its_own_form(form):
    lab = made_by_chance(form, 3)
    recipes, unseen = recipes_of(40), recipes_of(100, 1)
    droplets = lab.spectra(recipes)[:, None].repeat(20, axis=1)
    twin = mechanism(form).fit(recipes, droplets, np.random.default_rng(0))
    truth = lab.spectra(unseen)
    error = np.sqrt(np.mean((twin.spectra(unseen) - truth) ** 2))
    assert error < 0.02 * truth.std()


def test_forms_are_wrong_about_the_lab_where_they_say_so():
    lab, recipes = SilverPrisms(), recipes_of(40)
    droplets = lab.truth(recipes)[:, None].repeat(20, axis=1)
    errors = {
        form: mechanism(form).fit(recipes, droplets, np.random.default_rng(0)).error
        for form in FORMS
    }
    assert mechanism("exact").misspecified == ""
    assert all(mechanism(form).misspecified for form in FORMS if form != "exact")
    assert all(errors[form] > 1.5 * errors["exact"] for form in FORMS if form != "exact")
    # What is left out of a form on top of another shows.
    assert errors["textbook"] < min(errors["no-nucleation"], errors["all-reduced"])


def test_nothing_is_read_off_a_fit_of_the_lab(monkeypatch):
    """Neither the shipped file nor the priors that `calibrate` starts from have a say."""
    recipes = recipes_of(6)
    droplets = SilverPrisms().truth(recipes)[:, None].repeat(4, axis=1)
    before = mechanism("textbook").fit(recipes, droplets, np.random.default_rng(0))

    def unreadable(*_):
        raise AssertionError("a twin read a parameter file")

    monkeypatch.setattr(parameters, "_read", unreadable)
    # Every number that the lab fits is either fixed in a form or begins at one of `PRIORS`.
    for form in FORMS.values():
        model = form.model()
        fitted = {number.field for number in model.numbers}
        assert {number.field for number in fitted_numbers()} <= fitted | set(form.fixed)
        assert all(number.prior is PRIORS[number.field] for number in model.numbers)
    after = mechanism("textbook").fit(recipes, droplets, np.random.default_rng(0))
    np.testing.assert_array_equal(after.vector, before.vector)


def test_priors_are_not_the_ones_that_a_fit_gave():
    """The lab's own come from a prototype; none that is no order of magnitude is shared."""
    own = {number.field: number.prior for number in fitted_numbers()}
    told = {name for name, prior in PRIORS.items() if prior.mean == own[name].mean}
    told -= {name for name in told if PRIORS[name].mean == 0}
    assert not told
    narrower = [name for name, prior in PRIORS.items() if prior.spread < own[name].spread]
    assert not narrower


def test_unreadable_droplets_have_no_say():
    recipes = recipes_of(6)
    droplets = SilverPrisms().measure(recipes, 5, np.random.default_rng(0))
    holed = droplets.copy()
    holed[:, 4] = np.nan
    holed[5] = np.nan
    holed[3, 0, 200] = np.nan
    twin = mechanism("textbook").fit(recipes, holed, np.random.default_rng(0))
    rest = np.arange(5)
    same = mechanism("textbook").fit(recipes[rest], holed[rest], np.random.default_rng(0))
    np.testing.assert_allclose(twin.vector, same.vector)
    assert np.isfinite(twin.spectra(recipes)).all()
    with pytest.raises(PlasmonbenchError, match="no readable droplet"):
        mechanism("textbook").fit(recipes, np.full_like(droplets, np.nan), np.random.default_rng(0))


def test_refuses_what_does_not_fit():
    with pytest.raises(PlasmonbenchError, match="no form 'magic'; choose one of textbook"):
        mechanism("magic")
    with pytest.raises(PlasmonbenchError, match=r"must be \(3, droplets, 421\)"):
        mechanism("exact").fit(recipes_of(3), np.ones((3, 421)), np.random.default_rng(0))


def test_draws_are_as_uncertain_as_the_measurements_leave_them():
    recipes = recipes_of(40)
    droplets = SilverPrisms().measure(recipes, 20, np.random.default_rng(0))
    few = mechanism("textbook").fit(recipes[:10], droplets[:10], np.random.default_rng(0))
    many = mechanism("textbook").fit(recipes, droplets, np.random.default_rng(0))
    spreads = [np.linalg.norm(twin.root, axis=1) / twin.error for twin in (few, many)]
    prior = np.array([number.prior.spread for number in FORMS["textbook"].model().numbers])
    assert np.all(spreads[0] * few.error <= prior * (1 + 1e-9))
    assert np.mean(spreads[1] < spreads[0]) > 0.9
    drawn = np.array([twin.vector for twin in many.draws(4000, np.random.default_rng(1))])
    np.testing.assert_allclose(
        np.cov(drawn.T), many.root @ many.root.T, atol=0.08 * np.square(prior).max()
    )
    np.testing.assert_allclose(drawn.std(axis=0), spreads[1] * many.error, rtol=0.05)


@settings(max_examples=6, deadline=None)
@given(
    value=st.floats(-0.1, 3.0),
    n=st.integers(1, 4),
    form=st.sampled_from(sorted(FORMS)),
)
def test_anything_can_be_fitted(value, n, form):
    """Spectra that no particle makes give a finite twin within reach of the priors."""
    recipes = recipes_of(n)
    twin = mechanism(form).fit(recipes, np.full((n, 2, 421), value), np.random.default_rng(n))
    model = FORMS[form].model()
    priors = [number.prior for number in model.numbers]
    centre = np.array([np.log(p.mean) if p.log else p.mean for p in priors])
    away = np.abs(twin.vector - centre) / np.array([p.spread for p in priors])
    assert away.max() <= FARTHEST
    assert np.isfinite(twin.spectra(recipes_of(20, 1))).all()


def test_every_seventh_wavelength_is_every_seventh_wavelength():
    """A model on a coarse grid reads, and slopes, as the full one does there."""
    coarse, full = (
        Model(SilverParameters(), (), grid)
        for grid in (CAMPAIGN_WAVELENGTHS[::7], CAMPAIGN_WAVELENGTHS)
    )
    vector = to_vector(SilverParameters(), full.numbers)
    droplets = settled(recipes_of(4))
    np.testing.assert_allclose(
        coarse.readings(vector, droplets), full.readings(vector, droplets)[:, ::7], rtol=1e-10
    )
    slopes = [model.linearised(vector, droplets).jacobian(np.arange(4)) for model in (coarse, full)]
    np.testing.assert_allclose(slopes[0], slopes[1][:, ::7], rtol=1e-6, atol=1e-8)
    twin = made_by_chance("textbook", 0)
    recipes = recipes_of(5)
    np.testing.assert_allclose(twin.spectra(recipes, 4), twin.spectra(recipes)[:, ::4], rtol=1e-10)
