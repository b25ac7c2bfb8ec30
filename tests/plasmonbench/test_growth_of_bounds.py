import numpy as np
import pytest

from plasmonbench import GrowthOfBounds, History, PlasmonbenchError, RecipeSpace

SPACE = RecipeSpace.of([("a", "%", 0, 100), ("b", "%", 0, 100)]).with_initial_box(
    [10, 10], [20, 30]
)
RULE = GrowthOfBounds(share=0.5, margin=0.02, step=0.5)


def rounds(*blocks):
    history = History.empty(2, 1, None)
    for block in blocks:
        recipes = np.array(block, dtype=float)
        history = history.append(recipes, np.zeros((len(recipes), 1)))
    return history


def box(space):
    return space.lower.tolist(), space.upper.tolist()


def test_without_rounds_the_initial_box_holds():
    assert box(RULE.space_after(SPACE, rounds())) == ([10, 10], [20, 30])


def test_half_of_a_round_at_a_bound_moves_it_by_half_the_width():
    history = rounds([[20, 15], [19.9, 16], [15, 17], [15, 18]])
    assert box(RULE.space_after(SPACE, history)) == ([10, 10], [25, 30])


def test_fewer_do_not():
    history = rounds([[20, 15], [19, 16], [15, 17], [15, 18]])
    assert box(RULE.space_after(SPACE, history)) == ([10, 10], [20, 30])


def test_it_goes_on_from_round_to_round_and_ends_at_the_hard_bound():
    at_lower = [[10, 15], [10, 16]]
    assert box(RULE.space_after(SPACE, rounds(at_lower)))[0] == [5, 10]
    again = rounds(at_lower, [[5, 15], [5, 16]])
    assert box(RULE.space_after(SPACE, again))[0] == [0, 10]


def test_rounds_of_one_recipe_count_together():
    first = [[15, 15], [15, 16]]
    assert box(RULE.space_after(SPACE, rounds(first, [[20, 15]])))[1] == [20, 30]
    assert box(RULE.space_after(SPACE, rounds(first, [[20, 15]], [[20, 15]])))[1] == [25, 30]


def test_senseless_rules_are_refused():
    with pytest.raises(PlasmonbenchError):
        GrowthOfBounds(share=0)
