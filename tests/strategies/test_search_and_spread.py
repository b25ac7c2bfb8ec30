"""Searches find known maxima, also on a constraint; batches keep their distance."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from plasmonbench import PlasmonbenchError, RecipeSpace
from strategies.models.grid import search_grid
from strategies.models.search import ascend, perturb, starting_points
from strategies.models.spread import apart, best_apart, nearest_gap


@pytest.fixture(scope="module")
def triangle():
    """Return the part of the unit square with x + y <= 1."""
    axes = [("x", "1", 0, 1), ("y", "1", 0, 1)]
    return RecipeSpace.of(axes, sum_limit=(["x", "y"], 1))


@pytest.mark.parametrize(
    ("peak", "reached"),
    [((0.3, 0.4), (0.3, 0.4)), ((0.9, 0.5), (0.7, 0.3)), ((-0.5, 0.2), (0, 0.2))],
)
def test_climbs_reach_the_feasible_maximum(triangle, peak, reached):
    rng = np.random.default_rng(0)
    starts = starting_points(triangle, 8, rng)

    def distance(x):
        return -((x - np.array(peak)) ** 2).sum(axis=1)

    target = torch.tensor(peak)
    climbed = ascend(lambda x: -(x - target).square().sum(dim=1), starts, triangle, steps=60)
    np.testing.assert_allclose(climbed, np.tile(reached, (8, 1)), atol=1e-6)
    assert triangle.contains(climbed).all()
    climbed = perturb(distance, starts, triangle, rng, steps=20, children=20)
    np.testing.assert_allclose(climbed[distance(climbed).argmax()], reached, atol=5e-3)
    assert triangle.contains(climbed).all()


def test_climbs_never_end_lower_than_they_began(triangle):
    rng = np.random.default_rng(1)
    starts = starting_points(triangle, 20, rng)

    def rough(x):
        return torch.sin(60 * x).sum(dim=1)

    before = rough(torch.tensor(starts))
    after = rough(torch.tensor(ascend(rough, starts, triangle, steps=5)))
    assert (after >= before - 1e-9).all()
    score = lambda x: rough(torch.tensor(x)).numpy()  # noqa: E731
    assert (
        score(perturb(score, starts, triangle, rng, steps=3, children=2)) >= before.numpy()
    ).all()


def test_starts_of_a_finite_set_are_all_of_it(triangle):
    pool = triangle.sample(5, np.random.default_rng(0))
    finite = replace(triangle, candidates=pool)
    np.testing.assert_array_equal(starting_points(finite, 2, np.random.default_rng(0)), pool)


def grid_loss(x):
    return -((x - 0.37) ** 2).sum(axis=1) + 0.05 * np.cos(9 * x[:, 0])


@pytest.mark.parametrize("samples", [None, 60])
def test_grid_search_finds_the_best_of_the_whole_grid(lab, samples):
    levels = 7
    index = np.array(list(itertools.product(range(levels), repeat=5)))
    everything = index / (levels - 1)
    everything = everything[lab.space.contains(lab.space.from_unit(everything))]
    points, scores = search_grid(
        grid_loss, lab.space, np.random.default_rng(0), levels=levels, samples=samples, beam=20
    )
    assert scores.max() == grid_loss(everything).max()
    np.testing.assert_array_equal(scores, grid_loss(points))
    assert lab.space.contains(lab.space.from_unit(points)).all()
    assert len(np.unique(points, axis=0)) == len(points)
    if samples is None:
        assert len(points) == len(everything)
    else:
        assert len(points) < 0.2 * len(everything)
        order = np.sort(grid_loss(everything))[::-1]
        np.testing.assert_array_equal(np.sort(scores)[::-1][:20], order[:20])


def test_apart_halves_its_distance_only_where_it_must():
    points = np.array([[0.0], [0.1], [0.3], [1.0]])
    taken = np.array([[0.0]])
    assert apart(points, taken, 0.5).tolist() == [False, False, False, True]
    assert apart(points, taken, 2.0).tolist() == [False, False, False, True]
    assert apart(points, np.array([[0.0], [1.0]]), 0.5).tolist() == [False, False, True, False]
    assert apart(points, np.empty((0, 1)), 0.5).all()
    with pytest.raises(PlasmonbenchError, match="different"):
        apart(points, points, 0.5)


def test_nearest_gap():
    points, taken = np.random.default_rng(0).random((2, 9, 3))
    reference = np.linalg.norm(points[:, None] - taken, axis=2).min(axis=1)
    np.testing.assert_allclose(nearest_gap(points, taken), reference)


def test_best_apart_takes_the_best_that_keep_their_distance():
    points = np.array([[0.0], [0.05], [0.5], [0.9], [1.0]])
    scores = np.array([5.0, 4, 1, 2, 3])
    np.testing.assert_array_equal(best_apart(points, scores, 3, 0.2)[:, 0], [0, 1, 0.5])
    # Nothing is 0.2 away from the first three: 0.1 is asked, then 0.05, which 0.9 keeps.
    np.testing.assert_array_equal(best_apart(points, scores, 5, 0.2)[3:, 0], [0.9, 0.05])
    with pytest.raises(PlasmonbenchError, match="different"):
        best_apart(np.zeros((3, 1)), np.zeros(3), 2, 0.2)
