"""Shapley values against what can be worked out by hand, and against their own axioms."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, RecipeSpace
from plasmonbench.catalogue import find_problem
from plasmonbench.shap_values import shap_sample, shap_values

SPACE = RecipeSpace.of([("a", "%", 0, 1), ("b", "%", 0, 1), ("c", "%", 0, 1)])


def by_definition(loss, recipes, background):
    """Average each flow's contribution over all orders in which flows become known."""

    def known(recipe, flows):
        mixed = background.copy()
        mixed[:, flows] = recipe[flows]
        return loss(mixed).mean()

    values = np.zeros(recipes.shape)
    orders = list(permutations(range(recipes.shape[1])))
    for row, recipe in enumerate(recipes):
        for order in orders:
            for place, flow in enumerate(order):
                before = known(recipe, list(order[:place]))
                values[row, flow] += known(recipe, list(order[: place + 1])) - before
    return values / len(orders)


def curved(recipes):
    a, b, c = recipes.T
    return np.sin(3 * a) * b + (a + c) ** 2 * b - 0.3 * c


def test_values_are_those_of_the_definition(rng):
    recipes, background = rng.random((6, 3)), rng.random((9, 3))
    found = shap_values(curved, recipes, background, SPACE)
    np.testing.assert_allclose(found.values, by_definition(curved, recipes, background), atol=1e-12)
    assert found.base == pytest.approx(curved(background).mean(), abs=1e-12)


def test_of_a_linear_loss_each_flow_has_its_own_share(rng):
    """Namely w (x - mean x), whatever the other flows do."""
    weights = np.array([0.5, -2, 0])
    recipes, background = rng.random((7, 3)), rng.random((11, 3))
    found = shap_values(lambda r: 1 + r @ weights, recipes, background, SPACE)
    expected = weights * (recipes - background.mean(axis=0))
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    np.testing.assert_allclose(found.mean_absolute, np.abs(expected).mean(axis=0), atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    weights=st.tuples(*[st.floats(-3, 3)] * 4),
    seed=st.integers(0, 1000),
)
def test_values_add_up_to_the_loss(weights, seed):
    rng = np.random.default_rng(seed)
    recipes, background = rng.random((4, 3)), rng.random((5, 3))

    def loss(r):
        return weights[0] * r[:, 0] * r[:, 1] + weights[1] * np.exp(r[:, 2] * weights[2] * r[:, 0])

    found = shap_values(loss, recipes, background, SPACE)
    np.testing.assert_allclose(
        found.base + found.values.sum(axis=1), loss(recipes), rtol=1e-10, atol=1e-10
    )


def test_of_the_true_loss_they_add_up_too():
    problem = find_problem("silver-prisms")
    recipes, background = shap_sample(problem.space, np.random.default_rng(0))
    found = shap_values(problem.true_loss, recipes[:5], background[:6], problem.space)
    np.testing.assert_allclose(
        found.base + found.values.sum(axis=1), problem.true_loss(recipes[:5]), atol=1e-12
    )


def test_luck_and_the_global_generator_have_no_part(rng):
    recipes, background = rng.random((3, 3)), rng.random((4, 3))
    first = shap_values(curved, recipes, background, SPACE)
    before = np.random.get_state()  # noqa: NPY002 - that it is left alone is the point
    again = shap_values(curved, recipes, background, SPACE)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(before[1], after[1])


@pytest.mark.parametrize("dimension", [1, 2, 6])
def test_any_number_of_flows(dimension, rng):
    space = RecipeSpace.of([(f"x{k}", "%", 0, 1) for k in range(dimension)])
    recipes, background = rng.random((2, dimension)), rng.random((3, dimension))

    def loss(r):
        return np.prod(r + 0.5, axis=1)

    found = shap_values(loss, recipes, background, space)
    assert found.values.shape == (2, dimension)
    np.testing.assert_allclose(
        found.values, by_definition(loss, recipes, background), rtol=0, atol=1e-12
    )


def test_hybrids_that_nobody_can_mix_are_counted():
    """Of two recipes on the limit one of the two hybrids lies beyond it."""
    space = RecipeSpace.of([("a", "%", 0, 1), ("b", "%", 0, 1)], sum_limit=(["a", "b"], 1))
    found = shap_values(
        lambda r: r.sum(axis=1), np.array([[0.9, 0.1]]), np.array([[0.1, 0.9]]), space
    )
    # Asked: the background, the recipe itself, and the hybrids (0.9, 0.9) and (0.1, 0.1).
    assert 0 < found.infeasible_share < 0.5


def test_the_sample_is_feasible_and_repeats():
    space = find_problem("silver-prisms").space
    one = shap_sample(space, np.random.default_rng(4))
    other = shap_sample(space, np.random.default_rng(4))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert space.contains(a).all()


def test_what_cannot_be_explained_says_so(rng):
    wide = RecipeSpace.of([(f"x{k}", "%", 0, 1) for k in range(11)])
    with pytest.raises(PlasmonbenchError, match="at most 10 flows"):
        shap_values(lambda r: r[:, 0], rng.random((1, 11)), rng.random((1, 11)), wide)
    with pytest.raises(PlasmonbenchError, match="no finite loss"):
        shap_values(
            lambda r: np.full(len(r), np.nan), rng.random((1, 3)), rng.random((2, 3)), SPACE
        )
