import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.stages.corrections import BUMPS, LOWER, UPPER, bump_features


def inside(shape, rng):
    """Draw recipes in the box, evenly in the logarithm of each flow."""
    return LOWER * (UPPER / LOWER) ** rng.random((*shape, len(LOWER)))


def test_draws_have_a_standard_deviation_near_one_in_the_box(rng):
    features = bump_features(inside((20_000,), rng))
    assert features.shape == (20_000, BUMPS)
    # Of independent standard normal weights, exactly: the length of the row of features.
    spread = np.linalg.norm(features, axis=1)
    assert np.median(spread) == pytest.approx(0.945, abs=0.01)  # measured .9447
    assert np.quantile(spread, 0.05) > 0.8  # measured .815
    assert spread.min() > 0.5  # measured .57, in a corner
    assert spread.max() <= 1, "never more than at a centre"
    drawn = features @ rng.standard_normal((BUMPS, 500))
    assert drawn.std() == pytest.approx(np.sqrt(np.mean(spread**2)), rel=0.05)
    assert abs(drawn.mean()) < 0.1


def test_the_covariance_is_that_of_a_gaussian_process_on_its_centres(rng):
    """Features f of x and y: f(x) f(y) = k(x, C) k(C, C)^-1 k(C, y), k a Gaussian of width .7.

    The process conditioned on the centres (Quinonero-Candela & Rasmussen, J. Mach. Learn. Res. 6,
    1939 (2005)), with the radical inverses of Halton's centres written out by hand.
    """

    def radical_inverse(number, base):
        value, scale = 0.0, 1.0 / base
        while number:
            number, digit = divmod(number, base)
            value, scale = value + digit * scale, scale / base
        return value

    centres = np.array(
        [[radical_inverse(k, base) for base in (2, 3, 5, 7, 11)] for k in range(1, BUMPS + 1)]
    )

    def kernel(a, b):
        return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=2) / (2 * 0.7**2))

    recipes = inside((30,), rng)
    unit = np.log(recipes / LOWER) / np.log(UPPER / LOWER)
    across = kernel(unit, centres)
    expected = across @ np.linalg.solve(kernel(centres, centres), across.T)
    features = bump_features(recipes)
    # Measured: off by 4e-7, from the 1e-8 that is added to the diagonal.
    assert np.abs(features @ features.T - expected).max() < 1e-6


def test_far_outside_of_the_data_nothing_is_corrected():
    span = np.log(UPPER / LOWER)
    # Half a box beyond two opposite corners and a whole one; measured .084 and 6.2e-4.
    for boxes, bound in ((0.5, 0.09), (1.0, 7e-4)):
        far = np.stack([UPPER * np.exp(boxes * span), LOWER * np.exp(-boxes * span)])
        assert np.linalg.norm(bump_features(far), axis=1).max() < bound
    one_flow_too_fast = np.array([20.0, 20.0, 5.0, 5.0, 1e12])
    assert np.linalg.norm(bump_features(one_flow_too_fast[None])) < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_features_depend_on_the_recipe_alone(seed, count):
    recipes = inside((count,), np.random.default_rng(seed))
    features = bump_features(recipes)
    assert np.array_equal(features, bump_features(recipes))
    one_by_one = np.concatenate([bump_features(recipe[None]) for recipe in recipes])
    assert np.allclose(features, one_by_one, rtol=0, atol=1e-9)
    assert np.isfinite(features).all()
