"""The recommended recipe against optima known in closed form."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import RecipeSpace
from strategies.models.inferred_best import inferred_best

SQUARE = RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 1)], sum_limit=(("a", "b"), 10.0))


@dataclass
class Bowls:
    """In each of several possible labs the loss is a bowl around a centre of its own."""

    centres: np.ndarray
    steepness: np.ndarray

    def expected_loss(self, points, loss, normals):
        squares = ((points - self.centres[:, None]) ** 2).sum(axis=2)
        return loss((self.steepness[:, None] * squares)[..., None]).mean(axis=0)


def first_value(spectra):
    return spectra[..., 0]


def best(centres, steepness=None, measured=((10.0, 0.0),), space=SQUARE, seed=0):
    centres = np.array(centres, dtype=float)
    steep = np.ones(len(centres)) if steepness is None else np.array(steepness, dtype=float)
    found = inferred_best(
        Bowls(centres, steep),
        first_value,
        space,
        np.random.default_rng(seed),
        measured=np.array(measured),
    )
    assert space.contains(found[None])[0]
    return space.to_unit(found[None])[0]


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.85), st.floats(0, 1), st.integers(0, 1000))
def test_the_optimum_of_one_lab_is_found_though_it_was_never_made(a, b, seed):
    np.testing.assert_allclose(best([[a, b]], seed=seed), [a, b], atol=0.002)


def test_between_labs_the_mean_loss_decides():
    """Bowls of steepness k_i around c_i have their mean lowest at sum k_i c_i / sum k_i."""
    found = best([[0.2, 0.8], [0.6, 0.2]], [3.0, 1.0])
    np.testing.assert_allclose(found, [0.3, 0.65], atol=0.002)


def test_an_optimum_outside_gives_the_nearest_feasible_recipe():
    # In the unit cube the limit is a + b / 10 <= 1; the foot of (1.2, .5) lies on that line.
    slope = np.array([1, 0.1])
    foot = np.array([1.2, 0.5]) - slope * (np.array([1.2, 0.5]) @ slope - 1) / (slope @ slope)
    np.testing.assert_allclose(best([[1.2, 0.5]]), foot, atol=0.002)


def test_a_recipe_already_made_is_returned_to_the_last_digit():
    made = np.array([[3.0000000001, 0.25]])
    centre = SQUARE.to_unit(made)[0]
    found = inferred_best(
        Bowls(centre[None], np.ones(1)),
        first_value,
        SQUARE,
        np.random.default_rng(0),
        measured=made,
    )
    np.testing.assert_array_equal(found, made[0])


@pytest.mark.parametrize(
    ("centre", "chosen"), [([0.31, 0.5], (3.0, 0.5)), ([0.9, 0.5], (9.0, 0.4))]
)
def test_in_a_finite_set_only_what_can_be_or_was_made(centre, chosen):
    finite = replace(SQUARE, candidates=np.array([[9.0, 0.4], [6.0, 0.1]]))
    found = inferred_best(
        Bowls(np.array([centre]), np.ones(1)),
        first_value,
        finite,
        np.random.default_rng(0),
        measured=np.array([[3.0, 0.5]]),
    )
    np.testing.assert_array_equal(found, chosen)
