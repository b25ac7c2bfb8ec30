import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, landscape
from plasmonbench.catalogue import find_problem, find_problem_without_landscape, landscape_file
from simulators.gold_rods import GoldRods
from simulators.optics.materials import GOLD_DATASETS
from simulators.optics.rods import GoldOptics
from simulators.stages.rod_droplets import RodDropletParameters, draw_rod_droplets
from simulators.stages.rod_growth import RodGrowth

LAB = GoldRods()
GROWTH = RodGrowth()
STANDARD = np.array([0.5, 0.08, 0.55, 100.0, 0.6])
"""As published: 0.5 mM gold, 0.08 mM silver, 1.1 equivalents of ascorbic acid, 0.1 M CTAB."""
GOLD, SILVER, ACID, CTAB, SEED = range(5)
BOUNDS = [st.floats(low, high) for low, high in zip(LAB.space.lower, LAB.space.upper, strict=True)]
recipes_in_bounds = st.tuples(*BOUNDS).map(lambda recipe: np.array([recipe]))


def sweep(axis, values):
    recipes = np.tile(STANDARD, (len(values), 1))
    recipes[:, axis] = values
    return recipes


def rod_peaks(recipes):
    """Peak positions, nm, of the band along the rods."""
    red = LAB.wavelengths > 560
    return LAB.wavelengths[red][LAB.truth(recipes)[:, red].argmax(axis=1)]


# -- what is conserved ------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(recipes_in_bounds)
def test_gold_is_neither_made_nor_lost(recipe):
    particles = GROWTH.grow(recipe)
    total = particles.rod_gold + particles.sphere_gold + particles.unreduced_gold
    assert total == pytest.approx(recipe[:, GOLD] + 1e-3 * recipe[:, SEED], rel=1e-12)
    for share in (particles.rod_gold, particles.sphere_gold, particles.unreduced_gold):
        assert share >= 0


@settings(max_examples=200, deadline=None)
@given(recipes_in_bounds)
def test_every_seed_becomes_one_particle(recipe):
    particles = GROWTH.grow(recipe)
    rods = particles.rod_gold / LAB.optics.rod_mean_volume(
        particles.rod_length, particles.rod_diameter, particles.rod_spread
    )
    spheres = particles.sphere_gold / particles.mean_volume
    seeds = 1e-3 * recipe[:, SEED] / (np.pi / 6 * GROWTH.parameters.seed_diameter**3)
    # Rods shorter than their diameter are counted as round, so that near an aspect ratio of 1 the
    # mean rod is larger: by 9 % at most.
    assert rods + spheres == pytest.approx(seeds, rel=0.1)
    if particles.rod_length > 1.6 * particles.rod_diameter:
        assert rods + spheres == pytest.approx(seeds, rel=2e-3)


@settings(max_examples=100, deadline=None)
@given(recipes_in_bounds)
def test_every_recipe_gives_a_finite_spectrum(recipe):
    spectrum = LAB.truth(recipe)[0]
    assert np.isfinite(spectrum).all()
    assert (spectrum > 0).all()


def test_ascorbic_acid_makes_no_more_metal_than_it_has_electrons():
    equivalents = np.linspace(0.1, 6, 60)
    share = GROWTH.conversion(equivalents, np.full(60, 5.0), np.full(60, 4.0))
    # Two electrons each: one equivalent for Au(III) -> Au(I), half a one for Au(I) -> Au(0). The
    # rounded onset gives away .07 at most.
    assert (share <= np.clip(2 * (equivalents - 1), 0, 1) + 0.07).all()
    assert (np.diff(share) > -1e-12).all()


# -- what was published -----------------------------------------------------------------------


def test_the_standard_recipe_gives_rods_as_published():
    (row,) = LAB.populations(STANDARD[None]).to_dict("records")
    assert row["gold_unreduced"] == pytest.approx(0.85, abs=0.04)  # 15 % reduced (Orendorff 2006)
    assert 3.3 < row["aspect_ratio"] < 4.5
    assert 9 < row["rod_diameter_nm"] < 15
    assert 40 < row["rod_length_nm"] < 60
    assert row["gold_in_spheres"] < 0.1 * row["gold_in_rods"]
    assert 760 < rod_peaks(STANDARD[None])[0] < 850


def test_silver_lengthens_rods_up_to_a_fifth_of_the_gold():
    ratio = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.6])
    recipes = sweep(SILVER, ratio * STANDARD[GOLD])
    aspect = LAB.populations(recipes)["aspect_ratio"].to_numpy()
    assert aspect.argmax() == 3
    assert (np.diff(aspect[:4]) > 0).all()
    assert (np.diff(aspect[3:]) < 0).all()
    peaks = rod_peaks(recipes)
    assert peaks.argmax() == 3
    assert peaks[3] - peaks[1] > 80


def test_without_silver_most_particles_are_spheres():
    (row,) = LAB.populations(sweep(SILVER, [0.005])).to_dict("records")
    assert row["gold_in_spheres"] > 2 * row["gold_in_rods"]


def test_fewer_seeds_make_larger_rods_by_mass_balance():
    # Along one conversion: the same gold on fewer seeds.
    seeds = np.array([3.0, 1.0, 0.3])
    particles = GROWTH.grow(sweep(SEED, seeds))
    assert (np.diff(particles.rod_diameter) > 0).all()
    assert (np.diff(particles.rod_length) > 0).all()
    metal = particles.rod_gold + particles.sphere_gold
    assert particles.mean_volume * seeds / metal == pytest.approx(
        np.full(3, particles.mean_volume[0] * seeds[0] / metal[0]), rel=1e-12
    )


def test_excess_ascorbic_acid_shortens_rods_and_leaves_spheres():
    recipes = sweep(ACID, STANDARD[GOLD] * np.array([1.1, 1.3, 1.6, 2.0, 3.0]))
    found = LAB.populations(recipes)
    assert (np.diff(found["aspect_ratio"]) < 0).all()
    spheres = found["gold_in_spheres"] / (found["gold_in_spheres"] + found["gold_in_rods"])
    assert (np.diff(spheres) > 0).all()
    assert spheres.iloc[0] < 0.1
    assert spheres.iloc[-1] > 0.6
    peaks = rod_peaks(recipes[:4])
    assert (np.diff(peaks) < 0).all()


def test_too_little_ascorbic_acid_leaves_the_gold_in_solution():
    found = LAB.populations(sweep(ACID, STANDARD[GOLD] * np.array([0.8, 1.0, 1.1, 1.5])))
    unreduced = found["gold_unreduced"].to_numpy()
    assert (np.diff(unreduced) < 0).all()
    assert unreduced[0] > 0.99
    assert unreduced[1] > 0.9
    assert unreduced[3] < 0.3


def test_little_ctab_makes_spheres():
    found = LAB.populations(sweep(CTAB, [10, 25, 50, 100]))
    spheres = found["gold_in_spheres"] / (found["gold_in_spheres"] + found["gold_in_rods"])
    assert (np.diff(spheres) < 0).all()
    assert spheres.iloc[0] > 0.6
    assert (np.diff(found["aspect_ratio"]) > 0).all()
    spectrum = LAB.truth(sweep(CTAB, [10]))[0]
    assert LAB.wavelengths[spectrum.argmax()] == pytest.approx(523, abs=6)  # colloidal gold


# -- droplets ---------------------------------------------------------------------------------


def test_without_noise_every_droplet_is_the_truth(rng):
    recipes = LAB.space.sample(3, rng)
    measured = GoldRods(noise="none").measure(recipes, 4, rng)
    assert np.array_equal(measured, np.repeat(LAB.truth(recipes)[:, None], 4, axis=1))


def test_recipes_do_not_influence_each_other(rng):
    recipes = LAB.space.sample(7, rng)
    alone = np.concatenate([LAB.truth(recipe[None]) for recipe in recipes])
    assert np.allclose(LAB.truth(recipes), alone, rtol=1e-12, atol=0)


def test_luck_of_a_slot_does_not_depend_on_the_other_slots(rng):
    recipes = LAB.space.sample(4, rng)
    whole = LAB.measure(recipes, 5, np.random.default_rng(1))
    part = LAB.measure(recipes[:3], 5, np.random.default_rng(1))
    assert np.allclose(whole[:3], part, rtol=1e-12, atol=1e-14)
    other = LAB.measure(np.concatenate([recipes[1:2], recipes[1:]]), 5, np.random.default_rng(1))
    assert np.allclose(whole[1:], other[1:], rtol=1e-12, atol=1e-14)


def test_many_droplets_scatter_about_the_truth(rng):
    recipes = np.tile(sweep(ACID, [0.8]), (150, 1))
    measured = LAB.measure(recipes, 20, rng).reshape(3000, -1)
    truth = LAB.truth(recipes[:1])[0]
    peak = truth.max()
    assert np.allclose(measured.mean(axis=0), truth, atol=0.004 * peak)
    relative = measured[:, truth.argmax()].std() / peak
    assert 0.02 < relative < 0.06  # 1 to 5.5 % in settled droplets of the silver campaign


def test_jitter_has_the_size_and_the_memory_that_it_states():
    parameters = RodDropletParameters()
    recipes = np.tile(STANDARD, (300, 1))
    rngs = np.random.default_rng(0).spawn(300)
    jitter = np.log(draw_rod_droplets(recipes, 30, rngs).recipes / STANDARD)
    # The first droplet is as scattered as the last: the series is stationary.
    assert jitter[:, 0].std() == pytest.approx(parameters.flow_jitter, rel=0.08)
    assert jitter[:, -1].std() == pytest.approx(parameters.flow_jitter, rel=0.08)
    lagged = np.corrcoef(jitter[:, :-1, 2].ravel(), jitter[:, 1:, 2].ravel())[0, 1]
    assert lagged == pytest.approx(parameters.jitter_memory, abs=0.03)


# -- parameters and problem -------------------------------------------------------------------


@pytest.mark.parametrize("gold", GOLD_DATASETS)
def test_every_gold_gives_spectra(gold, rng):
    lab = GoldRods(gold=gold)
    assert np.isfinite(lab.measure(lab.space.sample(10, rng), 2, rng)).all()


@pytest.mark.parametrize("wrong", [{"noise": "harsh"}, {"noise": "loud"}, {"gold": "Silver"}])
def test_unknown_parameters_are_refused(wrong):
    with pytest.raises(PlasmonbenchError):
        GoldRods(**wrong)


def test_the_target_is_the_rod_that_its_file_states():
    problem = find_problem("gold-rods")
    expected = GoldOptics(LAB.wavelengths).rod_extinction(44.0, 12.0, 0.1)[0]
    assert problem.loss.target == pytest.approx(expected / expected.max(), abs=1e-6)
    assert LAB.wavelengths[problem.loss.target.argmax()] == 774


def test_the_stated_optimum_is_attained_and_not_beaten(rng):
    problem = find_problem("gold-rods")
    optimum = problem.optimum
    assert problem.space.contains(optimum.recipe[None])[0]
    assert problem.true_loss(optimum.recipe[None])[0] == pytest.approx(optimum.loss, abs=1e-9)
    assert problem.true_loss(problem.space.sample(20_000, rng)).min() >= optimum.loss
    unit = problem.space.to_unit(optimum.recipe)
    steps = np.clip(unit + rng.normal(scale=0.01, size=(2000, 5)), 0, 1)
    nearby = problem.space.project(problem.space.from_unit(steps))
    assert problem.true_loss(nearby).min() >= optimum.loss - 1e-9


def test_levels_are_as_rare_as_they_say(rng):
    problem = find_problem("gold-rods")
    losses = problem.true_loss(problem.space.sample(60_000, rng))
    for level, rarity in zip(problem.levels, landscape.RARITIES, strict=False):
        expected = 60_000 / rarity
        found = (losses <= level.loss).sum()
        assert abs(found - expected) < 4.5 * np.sqrt(expected), level.name


@pytest.mark.slow
def test_the_kept_landscape_is_what_the_command_finds():
    kept = landscape.load(*landscape_file("gold-rods"))
    found = landscape.explore(find_problem_without_landscape("gold-rods"))
    assert found.levels == pytest.approx(kept.levels, abs=1e-9)
    assert found.optimum_loss == pytest.approx(kept.optimum_loss, abs=1e-7)
