import numpy as np
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS
from plasmonbench.catalogue import find_problem, problem_names
from simulators.optics.ensemble import SpheroidOptics
from simulators.optics.plates import TRIANGLE

HARDER = ["silver-prisms-hard", "silver-prisms-far-550", "silver-prisms-far-720"]
EDGES = {550: 27.5, 720: 72.7}


def test_they_are_there():
    assert set(HARDER) <= set(problem_names())


def test_the_hard_one_is_as_it_says():
    problem = find_problem("silver-prisms-hard")
    assert problem.lab.noise == "harsh"
    assert (problem.batch_size, problem.replicates) == (5, 5)
    assert problem.recipe_budget == find_problem("silver-prisms").recipe_budget
    assert problem.headline_level.name == "1 in 100,000"
    assert problem.growth is None
    # The campaign's final bounds, as the growing problem has them at its end.
    final = find_problem("silver-prisms-paper").space
    assert problem.space.lower.tolist() == final.lower.tolist() == [0.5, 10, 0.5, 0.5, 100]
    assert problem.space.upper.tolist() == final.upper.tolist() == [80, 40, 80, 80, 1000]


@pytest.mark.parametrize("peak", EDGES)
def test_far_targets_are_what_narrow_triangles_show(peak):
    problem = find_problem(f"silver-prisms-far-{peak}")
    target = problem.loss.target
    optics = SpheroidOptics(CAMPAIGN_WAVELENGTHS)
    triangles = optics.plate_population(
        TRIANGLE, np.array([EDGES[peak]]), np.array([10.0]), np.array([0.05])
    )[0]
    assert target == pytest.approx(triangles / triangles.max(), abs=1e-6)
    assert CAMPAIGN_WAVELENGTHS[target.argmax()] == peak
    # Narrower in energy than the campaign's target, whose band is 80 nm wide at 642 nm: .24 eV.
    above_half = CAMPAIGN_WAVELENGTHS[target >= target.max() / 2]
    assert 1239.84 / above_half[0] - 1239.84 / above_half[-1] < 0.2


def test_harsh_noise_is_harsher(rng):
    hard = find_problem("silver-prisms-hard")
    recipes = hard.space.sample(60, rng)
    spreads = {
        noise: np.median(
            find_problem(f"silver-prisms-hard[noise={noise}]")
            .measure(recipes, 0, 0)
            .losses.std(axis=1)
        )
        for noise in ("real", "harsh")
    }
    assert spreads["harsh"] > 1.5 * spreads["real"]


@pytest.mark.parametrize("peak", EDGES)
def test_the_best_of_a_far_target_peaks_near_it(peak):
    problem = find_problem(f"silver-prisms-far-{peak}")
    best = problem.lab.truth(problem.optimum.recipe[None])[0]
    campaign = find_problem("silver-prisms")
    other = campaign.lab.truth(campaign.optimum.recipe[None])[0]
    plates = CAMPAIGN_WAVELENGTHS > 480
    found = CAMPAIGN_WAVELENGTHS[plates][best[plates].argmax()]
    usual = CAMPAIGN_WAVELENGTHS[plates][other[plates].argmax()]
    assert abs(found - peak) < 0.5 * abs(usual - peak)
