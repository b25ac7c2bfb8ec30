import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import GrowthOfBounds, History, PlasmonbenchError, RecipeSpace, Strategy
from plasmonbench.campaign import run_campaign
from plasmonbench.campaign_file import METADATA_KEY, write_campaign
from plasmonbench.catalogue import find_problem

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


def after(history, batch_size):
    return box(RULE.space_after(SPACE, history, batch_size))


def test_without_rounds_the_initial_box_holds():
    assert after(rounds(), 4) == ([10, 10], [20, 30])


def test_half_of_a_round_at_a_bound_moves_it_by_half_the_width():
    assert after(rounds([[20, 15], [19.9, 16], [15, 17], [15, 18]]), 4) == ([10, 10], [25, 30])


def test_fewer_do_not():
    assert after(rounds([[20, 15], [19, 16], [15, 17], [15, 18]]), 4) == ([10, 10], [20, 30])


def test_it_goes_on_from_round_to_round_and_ends_at_the_hard_bound():
    at_lower = [[10, 15], [10, 16]]
    assert after(rounds(at_lower), 2)[0] == [5, 10]
    assert after(rounds(at_lower, [[5, 15], [5, 16]]), 2)[0] == [0, 10]


def test_rounds_of_one_recipe_count_together():
    first = [[15, 15], [15, 16]]
    assert after(rounds(first, [[20, 15]]), 2)[1] == [20, 30]
    assert after(rounds(first, [[20, 15]], [[20, 15]]), 2)[1] == [25, 30]


def test_one_recipe_moves_no_bound_even_as_the_first_round():
    assert after(rounds([[20, 15]]), 2)[1] == [20, 30]
    assert after(rounds([[20, 15]], [[20, 15]]), 2)[1] == [25, 30]


def test_a_batch_ends_with_a_round():
    # Two rounds of 2 fill a batch of 3 with 4 recipes: 2 of 4 press, which is half.
    assert after(rounds([[20, 15], [15, 16]], [[20, 17], [15, 18]]), 3)[1] == [25, 30]
    # What was proposed before the bound moved does not press on the new one.
    more = rounds([[20, 15], [15, 16]], [[20, 17], [15, 18]], [[20, 15], [20, 16], [20, 17]])
    assert after(more, 3)[1] == [25, 30]


recipe = st.tuples(st.floats(0, 100), st.floats(0, 100))
many_rounds = st.lists(st.lists(recipe, min_size=1, max_size=5), max_size=6)


@given(many_rounds, st.integers(1, 6))
def test_bounds_only_widen_and_never_pass_the_hard_ones(blocks, batch_size):
    lower, upper = np.array([10, 10]), np.array([20, 30])
    for k in range(len(blocks) + 1):
        grown = RULE.space_after(SPACE, rounds(*blocks[:k]), batch_size)
        assert (grown.lower <= lower).all()
        assert (grown.upper >= upper).all()
        lower, upper = grown.lower, grown.upper
    assert (lower >= SPACE.lower).all()
    assert (upper <= SPACE.upper).all()


@given(many_rounds, st.integers(1, 6), st.randoms())
def test_order_inside_a_round_does_not_matter(blocks, batch_size, random):
    shuffled = [random.sample(block, len(block)) for block in blocks]
    assert after(rounds(*blocks), batch_size) == after(rounds(*shuffled), batch_size)


def test_senseless_rules_are_refused():
    with pytest.raises(PlasmonbenchError):
        GrowthOfBounds(share=0)


class AtTheUpperBound(Strategy):
    """Everything as high on the first axis as is allowed now."""

    size: int = 4

    def round_size(self, history, n):
        return min(self.size, n)

    def propose(self, history, n):
        recipes = self.space.sample(n, self.rng(history))
        recipes[:, 0] = self.space.upper[0]
        return recipes


@pytest.fixture
def growing(toy):
    text = toy.read_text().replace(
        "bounds = [0, 10] },", "bounds = [0, 10], initial = [2, 4] },", 1
    )
    toy.write_text(text + "growth = { share = 0.5, margin = 0.02, step = 0.5 }\n")
    return find_problem(str(toy))


@pytest.mark.parametrize("size", [4, 2, 1])
def test_the_same_rule_whatever_a_strategy_makes_of_its_rounds(growing, size, tmp_path):
    campaign = run_campaign(
        growing,
        "s",
        lambda space, problem, seed: AtTheUpperBound(
            space=space, loss=problem.loss, seed=seed, size=size
        ),
        0,
    )
    assert campaign.failure is None
    write_campaign(tmp_path / "c.parquet", campaign)
    table = pq.read_table(tmp_path / "c.parquet")
    kept = json.loads(table.schema.metadata[METADATA_KEY])["rounds"]
    # A batch of 4, however many rounds it takes: 2 wide, then 3, then 4.5.
    upper = [entry["upper"][0] for entry in kept]
    assert upper == [bound for bound in (4, 5, 6.5) for _ in range(4 // size)]
    assert all(entry["lower"] == [2, 0] for entry in kept)
    # What was proposed lay within the bounds that the file says held.
    made = table["a"].to_numpy()
    assert (made == np.array(upper)[table["round"].to_numpy()]).all()
