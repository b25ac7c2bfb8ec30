"""Maps show the losses of the recipes that they say, and of no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, RecipeSpace
from plasmonbench.catalogue import find_problem
from plasmonbench.loss_map import loss_map, plane_through


@pytest.fixture(scope="module")
def problem():
    return find_problem("silver-prisms")


def test_every_cell_is_the_true_loss_of_its_recipe(problem):
    anchor = problem.optimum.recipe
    found = loss_map(problem.true_loss, plane_through(problem.space, anchor), 7)
    assert found.plane.names == ("q_seed", "q_agno3")
    assert found.plane.units == ("%", "%")
    seed, agno3 = problem.space.names.index("q_seed"), problem.space.names.index("q_agno3")
    for row, up in enumerate(found.up):
        for column, across in enumerate(found.across):
            recipe = np.array(anchor)
            recipe[seed], recipe[agno3] = across, up
            if problem.space.contains(recipe[None])[0]:
                expected = problem.true_loss(recipe[None])[0]
                assert found.loss[row, column] == pytest.approx(expected, abs=1e-12)
            else:
                assert np.isnan(found.loss[row, column])


def test_the_map_reaches_from_bound_to_bound(problem):
    plane = plane_through(problem.space, problem.optimum.recipe, ["q_total", "q_tsc"])
    found = loss_map(problem.true_loss, plane, 5)
    assert (found.across[0], found.across[-1]) == (200, 1000)
    assert (found.up[0], found.up[-1]) == (0.5, 30)
    assert set(plane.held) == {"q_agno3", "q_pva", "q_seed"}


def test_the_infeasible_part_is_never_asked():
    space = RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 10)], sum_limit=(["a", "b"], 10))
    asked = []

    def loss(recipes):
        asked.append(recipes)
        return recipes.sum(axis=1)

    found = loss_map(loss, plane_through(space, [1, 1]), 11)
    np.testing.assert_array_equal(np.isnan(found.loss), np.add.outer(range(11), range(11)) > 10)
    assert np.concatenate(asked).sum(axis=1).max() == 10
    assert found.lowest == (0, 0, 0)


def test_the_lowest_cell_is_found():
    space = RecipeSpace.of([("a", "%", 0, 10), ("b", "s", 0, 20)])
    found = loss_map(
        lambda r: (r[:, 0] - 3) ** 2 + (r[:, 1] - 8) ** 2 + 1, plane_through(space, [0, 0]), 11
    )
    assert found.lowest == (1, 3, 8)


@given(
    anchor=st.tuples(*[st.floats(0, 1)] * 3),
    moved=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_distance_is_that_of_the_flows_that_are_held(anchor, moved):
    space = RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 4), ("c", "%", 0, 100)])
    plane = plane_through(space, space.from_unit(anchor), ["c", "a"])
    distance = plane.distance(space.from_unit(moved)[None])
    np.testing.assert_allclose(distance, abs(anchor[1] - moved[1]), atol=1e-12)


def test_a_space_of_other_flows_is_mapped_over_its_first_two():
    assert plane_through(find_problem("gold-rods").space, [0.5, 0.1, 1, 50, 1]).names == (
        "haucl4",
        "agno3",
    )


@pytest.mark.parametrize(
    ("axes", "message"),
    [(["q_seed", "q_gold"], "q_gold"), (["q_seed", "q_seed"], "two different flows")],
)
def test_wrong_axes_are_told(problem, axes, message):
    with pytest.raises(PlasmonbenchError, match=message):
        plane_through(problem.space, problem.optimum.recipe, axes)


def test_what_has_no_map_says_so(problem):
    one = RecipeSpace.of([("a", "%", 0, 1)])
    with pytest.raises(PlasmonbenchError, match="two flows"):
        plane_through(one, [0.5])
    far = RecipeSpace.of(
        [("a", "%", 0, 10), ("b", "%", 0, 10), ("c", "%", 0, 99)],
        sum_limit=(["a", "b", "c"], 20),
    )
    with pytest.raises(PlasmonbenchError, match="no recipe of the map"):
        loss_map(lambda r: r[:, 0], plane_through(far, [0, 0, 50]))
