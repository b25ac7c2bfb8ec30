"""The acquisition against expected improvement in closed form and batches worked by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import norm

from plasmonbench import PlasmonbenchError, RecipeSpace
from strategies.models.composite_ei import _soft_gain, greedy_batch, noisy_ei_batch

SQUARE = RecipeSpace.of([("a", "%", 0, 1), ("b", "%", 0, 1)], sum_limit=(("a", "b"), 1.5))
NOTHING = np.empty((0, 2))


@dataclass
class Bowl:
    """Every sample's loss is a bowl around a centre of its own, (count, 2)."""

    centres: np.ndarray

    def draw(self, count, rng):
        assert len(self.centres) == count
        return self

    def losses(self, points, loss):
        return loss(((points - self.centres[:, None]) ** 2).sum(axis=2, keepdims=True))


def first_value(spectra):
    return spectra[..., 0]


def batch(centres, n, space=SQUARE, **settings):
    measured = np.array([[0.0, 0.0]])
    settings = {"measured": measured, "pending": NOTHING, "min_distance": 0.01} | settings
    centres = np.array(centres)
    rng = np.random.default_rng(0)
    return noisy_ei_batch(
        Bowl(centres), first_value, space, n, rng, samples=len(centres), **settings
    )


def test_gain_is_expected_improvement():
    rng = np.random.default_rng(0)
    losses = rng.normal(0.3, 0.2, size=100_000)
    u = (0.25 - 0.3) / 0.2
    expected = 0.2 * (norm.pdf(u) + u * norm.cdf(u))
    # The standard error of the sample is 0.0004, the rounding off adds 0.00001.
    np.testing.assert_allclose(_soft_gain(0.25 - losses).mean(), expected, atol=0.0012)


def test_one_lab_is_searched_down_to_its_optimum():
    found = batch([[0.3, 0.6]], 1)
    np.testing.assert_allclose(found[0], [0.3, 0.6], atol=0.02)


def test_an_optimum_outside_is_approached_along_the_constraint():
    found = batch([[1.2, 0.8]], 1)
    # The nearest point of a + b <= 1.5 in the square.
    np.testing.assert_allclose(found[0], [0.95, 0.55], atol=0.05)


def test_two_equally_likely_labs_are_both_tried():
    """The first recipe is a compromise, since a half gain in both is safer; then each its own."""
    found = batch([[0.2, 0.7], [0.8, 0.3]] * 4, 3)
    np.testing.assert_allclose(found[0], [0.5, 0.5], atol=0.04)
    found = found[1:][np.argsort(found[1:, 0])]
    np.testing.assert_allclose(found, [[0.2, 0.7], [0.8, 0.3]], atol=0.04)


def test_greedy_batch_by_hand():
    points = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    # The first recipe gains 3 and 0, the second 2 and 2, the third 0 and 3.
    losses = np.array([[7.0, 8.0, 10.0], [10.0, 8.0, 7.0]])
    reached = np.array([10.0, 10.0])
    # After the second, the others gain 1 each; the first of equals comes first.
    assert greedy_batch(points, losses, reached, 3, NOTHING, 0.1).tolist() == [1, 0, 2]
    near = np.array([[0.5, 0.05]])
    assert greedy_batch(points, losses, reached, 2, near, 0.1).tolist() == [0, 2]
    # With no other left the distance is halved.
    assert greedy_batch(points, losses, reached, 3, near, 0.1).tolist() == [0, 2, 1]


def test_hopeless_points_are_still_ranked():
    points = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    losses = np.array([[3.0, 2.0, 4.0]])
    assert greedy_batch(points, losses, np.array([1.0]), 3, NOTHING, 0.1).tolist() == [1, 0, 2]


def test_more_points_than_there_are():
    points = np.array([[0.0, 0.0], [0.5, 0.0]])
    with pytest.raises(PlasmonbenchError, match="more recipes asked"):
        greedy_batch(points, np.zeros((1, 2)), np.ones(1), 3, NOTHING, 0.1)


def test_pending_recipes_count_as_chosen():
    centres = [[0.2, 0.7], [0.8, 0.3]] * 4
    found = batch(centres, 1, pending=np.array([[0.2, 0.7]]))
    np.testing.assert_allclose(found[0], [0.8, 0.3], atol=0.04)


def test_finite_set_is_its_own_pool():
    candidates = SQUARE.sample(30, np.random.default_rng(1))
    space = replace(SQUARE, candidates=candidates)
    found = batch([[0.3, 0.6]], 30, space)
    assert {tuple(row) for row in found} == {tuple(row) for row in candidates}
    nearest = np.linalg.norm(candidates - [0.3, 0.6], axis=1).argmin()
    np.testing.assert_array_equal(found[0], candidates[nearest])


def test_batches_are_feasible_and_apart():
    found = batch([[0.3, 0.6]], 20, min_distance=0.05)
    assert SQUARE.contains(found).all()
    gaps = np.linalg.norm(found[:, None] - found, axis=2)[np.triu_indices(20, 1)]
    assert gaps.min() > 0.05
