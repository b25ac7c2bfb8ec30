import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import kstest

from plasmonbench import PlasmonbenchError, RecipeSpace
from plasmonbench.polytope import chebyshev_centre, hit_and_run, nearest_feasible


def unit_square(**more):
    return RecipeSpace.of([("a", "%", 0, 1), ("b", "%", 0, 1)], **more)


def test_sampling_is_uniform_over_the_feasible_part(rng):
    # Below the diagonal of a square the density of a is 2 (1 - a), its distribution a (2 - a).
    triangle = unit_square(sum_limit=(["a", "b"], 1.0))
    a = triangle.sample(4000, rng)[:, 0]
    assert kstest(a, lambda x: x * (2 - x)).pvalue > 1e-3


def test_feasible_share_of_the_box_is_the_published_one(flow_space, rng):
    # 79 % of the box of silver-prisms keeps the sum at or below 90 %.
    points = flow_space.from_unit(rng.random((20_000, 5)))
    assert flow_space.contains(points).mean() == pytest.approx(0.79, abs=0.01)


def test_latin_hypercube_uses_every_stratum_once_and_is_feasible(flow_space, rng):
    design = flow_space.latin_hypercube(15, rng)
    strata = np.floor(flow_space.to_unit(design) * 15).astype(int)
    assert flow_space.contains(design).all()
    for axis in strata.T:
        assert sorted(axis) == list(range(15))


def test_latin_hypercube_under_a_tight_constraint_is_still_feasible(rng):
    tight = RecipeSpace.of([(n, "%", 0, 1) for n in "abcde"], sum_limit=("abcde", 0.4))
    design = tight.latin_hypercube(20, rng)
    assert tight.contains(design).all()
    assert len(np.unique(design, axis=0)) == 20


def test_a_sliver_is_sampled_by_the_markov_chain(rng):
    sliver = RecipeSpace.of([(n, "%", 0, 1) for n in "abcde"], sum_limit=("abcde", 0.1))
    points = sliver.sample(500, rng)
    assert sliver.contains(points).all()
    # Each axis of a uniform simplex scaled by 0.1 has the mean 0.1/6.
    assert np.allclose(points.mean(axis=0), 0.1 / 6, rtol=0.15)


def test_hit_and_run_covers_a_simplex_uniformly(rng):
    points = hit_and_run(np.ones((1, 2)), np.array([1.0]), 3000, rng)
    assert kstest(points[:, 0], lambda x: x * (2 - x)).pvalue > 1e-3


def test_chebyshev_centre_of_a_right_triangle_is_its_incentre():
    r = 1 - 1 / np.sqrt(2)
    assert chebyshev_centre(np.ones((1, 2)), np.array([1.0])) == pytest.approx([r, r])


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 1.0, 1.0, 1.0]],
        [[1.0, -0.4, 0.0, 2.0]],
        [[1.0, 1.0, 1.0, 1.0], [0.5, -0.2, 1.0, 0.0]],
    ],
)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4), st.floats(0.3, 3.0))
@example([0.0, 0.0, 0.0, 1.5], 0.5)  # Dykstra's points rest here long before they are right
def test_projection_is_the_nearest_feasible_point(matrix, point, limit):
    matrix = np.array(matrix)
    limits = np.array([limit, 0.8])[: len(matrix)]
    start = np.array([point])
    found = nearest_feasible(start, matrix, limits)[0]
    assert (matrix @ found <= limits).all()
    assert ((found >= 0) & (found <= 1)).all()
    reference = minimize(
        lambda x: ((x - start[0]) ** 2).sum(),
        np.full(4, 0.05),
        jac=lambda x: 2 * (x - start[0]),
        bounds=[(0, 1)] * 4,
        constraints={"type": "ineq", "fun": lambda x: limits - matrix @ x},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert ((found - start[0]) ** 2).sum() <= reference.fun + 1e-7


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_projection_leaves_feasible_recipes_alone(flow_space, seed, n):
    recipes = flow_space.sample(n, np.random.default_rng(seed))
    assert np.array_equal(flow_space.project(recipes), recipes)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_unit_cube_transform_is_its_own_inverse(flow_space, seed):
    unit = np.random.default_rng(seed).random((7, 5))
    assert np.allclose(flow_space.to_unit(flow_space.from_unit(unit)), unit, atol=1e-14)


def test_unit_cube_corners_are_the_bounds_exactly(flow_space):
    corners = flow_space.from_unit(np.array([np.zeros(5), np.ones(5)]))
    assert np.array_equal(corners, np.array([flow_space.lower, flow_space.upper]))


def test_sobol_fills_more_evenly_than_chance(flow_space, rng):
    points = flow_space.to_unit(flow_space.sobol(4096, rng))
    assert flow_space.contains(flow_space.from_unit(points)).all()
    # Total flow is free of the constraint: 64 bins hold about 64 points each.
    counts = np.histogram(points[:, 4], bins=64, range=(0, 1))[0]
    assert counts.var() < 64 / 4  # chance would give 64


def test_finite_set_is_drawn_without_replacement(rng):
    candidates = rng.random((12, 2))
    finite = RecipeSpace(("a", "b"), ("%", "%"), np.zeros(2), np.ones(2), candidates=candidates)
    drawn = finite.sample(12, rng)
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, candidates))
    left = finite.without(drawn[:5])
    assert sorted(map(tuple, left.candidates)) == sorted(map(tuple, drawn[5:]))
    with pytest.raises(PlasmonbenchError, match="7 left"):
        left.sample(8, rng)
    with pytest.raises(PlasmonbenchError, match="none is left"):
        finite.without(candidates)


def test_projection_on_a_finite_set_gives_different_candidates(rng):
    candidates = rng.random((6, 2))
    finite = RecipeSpace(("a", "b"), ("%", "%"), np.zeros(2), np.ones(2), candidates=candidates)
    chosen = finite.project(np.tile(candidates[3], (6, 1)))
    assert np.array_equal(chosen[0], candidates[3])
    assert len(np.unique(chosen, axis=0)) == 6


def test_violations_name_the_axis_and_the_rule(flow_space):
    recipes = np.array(
        [[20, 20, 5, 5, 500], [60, 20, 5, 5, 500], [45, 40, 5, 5, 500], [20, np.nan, 5, 5, 500.0]]
    )
    assert flow_space.contains(recipes).tolist() == [True, False, False, False]
    first, second, third = flow_space.violations(recipes)
    assert "q_agno3 must lie in 4 to 45 %" in first
    assert "q_agno3 + q_pva + q_tsc + q_seed is 95, must not exceed 90" in second
    assert "q_pva is not a number" in third


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lower": [0, np.nan]}, "must be finite"),
        ({"lower": [0, 2]}, "lower bound of b must be below"),
        ({"upper": [1, 1, 1]}, "there are 2 axes"),
        ({"constraint_matrix": [[1, 1]], "constraint_limits": [-1]}, "no recipe satisfies"),
        ({"constraint_matrix": [[1, np.inf]], "constraint_limits": [1]}, "constraints must be"),
        ({"constraint_matrix": [[1, 1]], "constraint_limits": [1, 2]}, "1 constraint rows"),
        ({"initial_upper": [1, 2]}, "initial box must lie inside"),
        ({"candidates": [[0.5, 0.5], [0.5, 0.5]]}, "the same recipe twice"),
        ({"candidates": [[0.5, 1.5]]}, "candidate b must lie"),
    ],
)
def test_bad_definitions_are_refused_with_the_reason(changes, message):
    fields = {"lower": np.zeros(2), "upper": np.ones(2), **changes}
    with pytest.raises(PlasmonbenchError, match=message):
        RecipeSpace(("a", "b"), ("%", "%"), **{k: np.array(v) for k, v in fields.items()})


def test_arrays_cannot_be_written_to(flow_space):
    with pytest.raises(ValueError, match="read-only"):
        flow_space.lower[0] = 0
