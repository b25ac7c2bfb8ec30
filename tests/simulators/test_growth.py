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


def plate_heights(recipes):
    """Absorbance of the plates' band."""
    return LAB.truth(recipes)[:, 110:].max(axis=1)


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


def test_plates_hold_on_average_the_silver_of_a_seed(rng):
    # Mean volumes as the optics takes them, over all recipes of the pumps' bounds.
    recipes = LAB.space.sample(200, rng)
    particles = GROWTH.grow(recipes)
    size = np.sqrt(6 * particles.plate_volume / (np.pi * particles.plate_thickness))
    mean = LAB.extinction.optics.oblate_mean_volume(
        size, particles.plate_thickness, particles.plate_spread
    )
    seeds = recipes[:, SEEDS] / REFERENCE[SEEDS]
    per_seed = (particles.plate_silver + particles.compact_silver) / seeds
    assert mean == pytest.approx(GROWTH.parameters.grown_volume * per_seed, rel=1e-9)


@pytest.mark.parametrize(("axis", "sign"), [(TOTAL, -1), (SILVER, -1), (CITRATE, -1), (SEEDS, +1)])
def test_conversion_goes_the_way_of_the_rate(axis, sign):
    values = [200, 600, 1000] if axis == TOTAL else [3, 8, 20]
    conversion = GROWTH.grow(sweep(axis, values)).conversion
    assert (sign * np.diff(conversion) > 0).all()


def test_more_silver_a_seed_makes_more_plates_and_larger_ones():
    few, many = (GROWTH.grow(sweep(SEEDS, [seeds])) for seeds in (3.0, 12.0))
    for particles in (few, many):
        assert particles.plate_silver > 0
    share = [p.plate_silver / (p.plate_silver + p.compact_silver) for p in (few, many)]
    assert share[0] > share[1]
    assert few.plate_volume > many.plate_volume
    assert few.compact_volume > many.compact_volume


def test_secondary_spheres_take_a_larger_share_of_more_silver():
    particles = GROWTH.grow(sweep(SILVER, [8.0, 40.0]))
    all_silver = particles.plate_silver + particles.compact_silver + particles.sphere_silver
    share = particles.sphere_silver / all_silver
    assert share[1] > share[0] + 0.1


# -- what each reactant does in the campaign (one at a time around BASE) -------------------------


def test_seeds_shift_the_plates_to_the_blue():
    # The campaign's network: 775 -> 531 nm for .5 -> 19 %. At .5 % the simulated peak lies beyond
    # the window, so that 1 % is the first to be looked at.
    peaks = plate_peaks(sweep(SEEDS, [1, 2, 4, 8, 13, 19]))
    assert (np.diff(peaks) < 0).all()
    assert peaks[0] < 799
    assert peaks[-1] == pytest.approx(531, abs=15)


def test_more_seeds_make_more_light_near_430_nm():
    spectra = LAB.truth(sweep(SEEDS, [2, 6.5, 19]))
    assert (np.diff(spectra[:, 50]) > 0).all()


def test_silver_raises_the_amplitude_and_shifts_to_the_red():
    recipes = sweep(SILVER, [20, 40])
    heights, peaks = plate_heights(recipes), plate_peaks(recipes)
    # Less than linear: the double silver gives one and a half times the absorbance.
    assert heights[1] / heights[0] == pytest.approx(1.5, abs=0.1)
    assert 10 < peaks[1] - peaks[0] < 45


def test_citrate_shifts_to_the_blue_and_lowers_the_amplitude():
    recipes = sweep(CITRATE, [0.5, 30])
    peaks, heights = plate_peaks(recipes), plate_heights(recipes)
    assert peaks[0] == pytest.approx(620, abs=25)
    assert peaks[1] == pytest.approx(534, abs=25)
    assert heights[0] == pytest.approx(0.76, abs=0.06)
    assert heights[1] == pytest.approx(0.43, abs=0.1)


def test_pva_is_nearly_inert():
    recipes = sweep(PVA, [10, 25, 40])
    assert np.ptp(plate_peaks(recipes)) < 10  # the campaign's network: 603 to 609 nm
    assert np.ptp(plate_heights(recipes)) < 0.06


def test_total_flow_lowers_the_amplitude_where_growth_is_slow():
    # With much citrate growth is cut short at fast flow, as in the campaign. At BASE, with little,
    # it is nearly complete at any flow: there the network's fall, 1.12 -> .72, is not seen, nor
    # its shift of 25 nm (docs/simulator.md says why).
    recipes = sweep(TOTAL, [200, 980])
    slow = recipes.copy()
    slow[:, CITRATE] = 15
    assert plate_heights(slow)[1] < 0.92 * plate_heights(slow)[0]
    heights = plate_heights(recipes)
    assert 0.97 * heights[0] < heights[1] < heights[0]


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
