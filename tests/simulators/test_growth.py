import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.silver_prisms import SilverPrisms
from simulators.stages.growth import REFERENCE, SeededGrowth

GROWTH = SeededGrowth()
LAB = SilverPrisms(noise="none")
BASE = np.array([32.5, 20.0, 2.5, 6.5, 850.0])
SILVER, PVA, CITRATE, SEEDS, TOTAL = range(5)


def sweep(axis, values):
    recipes = np.tile(BASE, (len(values), 1))
    recipes[:, axis] = values
    return recipes


def plate_peaks(recipes):
    """Peak positions, nm, of the plates: above 490 nm, where spheres absorb little."""
    spectra = LAB.truth(recipes)
    return LAB.wavelengths[110 + spectra[:, 110:].argmax(axis=1)]


def amplitudes(recipes):
    return LAB.truth(recipes).max(axis=1)


def centroids(recipes):
    spectra = LAB.truth(recipes)
    return spectra @ LAB.wavelengths / spectra.sum(axis=1)


recipes_in_bounds = st.tuples(
    st.floats(0.5, 80), st.floats(10, 40), st.floats(0.5, 80), st.floats(0.5, 80),
    st.floats(100, 1000),
).map(lambda r: np.array([r]))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(recipes_in_bounds)
def test_silver_is_neither_made_nor_lost(recipe):
    particles = GROWTH.grow(recipe)
    silver, _, _, seeds = recipe[0, :4] / REFERENCE
    brought = silver * particles.conversion + GROWTH.parameters.seed_silver * seeds
    grown = particles.plate_silver + particles.compact_silver + particles.sphere_silver
    assert grown == pytest.approx(brought, rel=1e-12)
    assert 0 < particles.conversion[0] <= 1


@settings(max_examples=100, deadline=None)
@given(recipes_in_bounds)
def test_every_recipe_gives_a_finite_spectrum_between_dark_and_stray_light(recipe):
    spectrum = LAB.truth(recipe)[0]
    assert np.isfinite(spectrum).all()
    assert (spectrum >= LAB.spectrometer.parameters.offset).all()


def test_recipes_do_not_influence_each_other(rng):
    recipes = LAB.space.sample(7, rng)
    alone = np.concatenate([LAB.truth(recipe[None]) for recipe in recipes])
    assert np.allclose(LAB.truth(recipes), alone, rtol=1e-12, atol=0)


def test_twice_the_seeds_make_about_half_the_volume():
    volumes = GROWTH.grow(sweep(SEEDS, [5.0, 10.0])).plate_volume
    assert volumes[0] / volumes[1] == pytest.approx(2, rel=0.25)


# -- what each reactant does in the campaign (one at a time around BASE) -------------------------


def test_seeds_shift_the_plates_to_the_blue():
    peaks = plate_peaks(sweep(SEEDS, [2, 4, 8, 13, 19]))
    assert (np.diff(peaks) < 0).all()
    first, last = plate_peaks(sweep(SEEDS, [0.5, 19]))
    assert first == pytest.approx(775, abs=30)
    assert last == pytest.approx(531, abs=20)


def test_more_seeds_make_more_light_near_430_nm():
    spectra = LAB.truth(sweep(SEEDS, [2, 6.5, 19]))
    assert (np.diff(spectra[:, 50]) > 0).all()


def test_silver_raises_the_amplitude_and_shifts_slightly_to_the_red():
    recipes = sweep(SILVER, [10, 20, 30, 40])
    # About linear: the double silver gives 1.4 to 2 times the absorbance.
    assert 1.4 < amplitudes(recipes)[3] / amplitudes(recipes)[1] < 2
    shift = np.diff(plate_peaks(recipes))
    assert (shift > 0).all()
    assert (shift < 60).all()


def test_citrate_shifts_to_the_blue_and_lowers_the_amplitude():
    recipes = sweep(CITRATE, [0.5, 30])
    peaks, heights = plate_peaks(recipes), amplitudes(recipes)
    assert peaks[0] == pytest.approx(620, abs=25)
    assert peaks[1] == pytest.approx(534, abs=25)
    assert heights[0] == pytest.approx(0.76, abs=0.1)
    assert heights[1] == pytest.approx(0.43, abs=0.12)


def test_pva_is_nearly_inert():
    recipes = sweep(PVA, [10, 25, 40])
    assert np.ptp(plate_peaks(recipes)) < 25
    assert np.ptp(amplitudes(recipes)) < 0.1


def test_total_flow_hardly_moves_the_peak():
    # The campaign's network has 593 -> 618 nm for 200 -> 980 uL/min. Its amplitude, 1.12 -> .72,
    # is not tested: the real spectra do not show such a fall, and no fit to them has it.
    peaks = plate_peaks(sweep(TOTAL, [200, 980]))
    assert abs(peaks[0] - 593) < 20
    assert abs(peaks[1] - 618) < 25


def test_ratio_of_silver_to_seeds_orders_plates_against_spheres(rng):
    # Spearman .96 between Q_agno3/Q_seed and A600/A435 in the real first run.
    low, high = np.array([4, 10, 4, 4, 200]), np.array([20, 40, 20, 20, 1000])
    recipes = low + (high - low) * rng.random((200, 5))
    spectra = LAB.truth(recipes)
    ratio = recipes[:, SILVER] / recipes[:, SEEDS]
    order = np.corrcoef(
        np.argsort(np.argsort(ratio)), np.argsort(np.argsort(spectra[:, 220] / spectra[:, 55]))
    )[0, 1]
    assert order > 0.85
    centroid_order = np.corrcoef(recipes[:, SEEDS], centroids(recipes))[0, 1]
    assert centroid_order < -0.6


def test_slower_growth_leaves_silver_unreduced():
    fast, slow = GROWTH.grow(BASE[None]), GROWTH.grow(BASE[None], 0.4)
    assert slow.conversion < fast.conversion
    assert slow.plate_volume < fast.plate_volume
