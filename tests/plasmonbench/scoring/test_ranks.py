"""Friedman ranks, critical differences, and who is told apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from plasmonbench import PlasmonbenchError
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.ranks import critical_difference, friedman_ranks, rank_blocks

PROBLEM = {
    "rounds": 4,
    "recipe_budget": 8,
    "levels": [{"name": "easy", "loss": 0.5}, {"name": "hard", "loss": 0.2}],
    "headline": "hard",
}


def arriving(strategy, rounds, problem="p", failed=()):
    """Campaigns that arrive in so many rounds each, seed by seed; 0: never."""
    return [
        StoredCampaign(
            problem=problem,
            strategy=strategy,
            seed=seed,
            recipes_by_round=(2, 4, 6, 8),
            true_loss=tuple(0.2 if at and k + 1 >= at else 0.6 for k in range(4)),
            planner_wall_seconds=(0.5,) * 4,
            planner_cpu_seconds=(0.5,) * 4,
            recipe_true_losses=(),
            stop_reason=None,
            failure="broke" if seed in failed else None,
        )
        for seed, at in enumerate(rounds)
    ]


# Ranks of four classifiers on 14 data sets: Demšar, J. Mach. Learn. Res. 7, 1 (2006), table 6.
CLASSIFIERS = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
DEMSAR = [
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5],
    [3, 2, 4, 1], [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5],
    [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
]  # fmt: skip


# -- published ------------------------------------------------------------------------------------


def test_demsars_example():
    found = rank_blocks(CLASSIFIERS, DEMSAR)
    assert list(found.mean_ranks) == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    published = [1.964, 2.000, 2.893, 3.143]
    assert list(found.mean_ranks.values()) == pytest.approx(published, abs=5.1e-4)
    assert found.blocks == 14
    # He prints 9.28, without the correction for ties: 5 of the 14 sets have some, which take
    # 3 * 6 + 60 of the 14 * 4 (16 - 1) = 840.
    assert found.statistic * (1 - 78 / 840) == pytest.approx(9.28, abs=5.1e-3)
    assert found.critical_difference == pytest.approx(1.25, abs=5.1e-3)
    # By his text no two of them differ by more than that.
    assert found.cliques == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),)


def test_critical_values_as_published():
    # Demšar's table 5a, q at 5 % of Nemenyi's test for 2 to 10 classifiers.
    published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    found = [critical_difference(k, 1) / np.sqrt(k * (k + 1) / 6) for k in range(2, 11)]
    assert found == pytest.approx(published, abs=1.1e-3)


def test_friedmans_example_of_conover():
    # Twelve homeowners rank four grasses: Conover, Practical Nonparametric Statistics (1999),
    # section 5.8; T1 = 8.097 with the correction for ties, rank sums 38, 23.5, 24.5, 34.
    ranks = [
        [4, 3, 2, 1], [4, 2, 3, 1], [3, 1.5, 1.5, 4], [3, 1, 2, 4], [4, 2, 1, 3], [2, 2, 2, 4],
        [1, 3, 2, 4], [2, 4, 1, 3], [3.5, 1, 2, 3.5], [4, 1, 3, 2], [4, 2, 3, 1], [3.5, 1, 2, 3.5],
    ]  # fmt: skip
    found = rank_blocks(["1", "2", "3", "4"], ranks)
    sums = {name: 12 * mean for name, mean in found.mean_ranks.items()}
    assert sums == pytest.approx({"2": 23.5, "3": 24.5, "4": 34, "1": 38})
    assert found.statistic == pytest.approx(8.097, abs=5.1e-4)
    assert found.p == pytest.approx(stats.chi2.sf(8.097, 3), abs=5e-5)


# -- by hand --------------------------------------------------------------------------------------


def test_ranks_of_campaigns_by_hand():
    runs = [
        *arriving("fast", [1, 2, 1]),
        *arriving("slow", [3, 2, 0]),
        # Arrived first, but failed: never, and a tie with the other who never did.
        *arriving("odd", [4, 3, 1, 1], failed={2}),
        *arriving("oracle (bound)", [1, 1, 1]),
    ]
    found = friedman_ranks(runs, {"p": PROBLEM})
    # Seed 0: 1 2 3; seed 1: 1.5 1.5 3; seed 2: 1 2.5 2.5. Seed 3 is not common to all.
    assert found.blocks == 3
    assert found.mean_ranks == pytest.approx({"fast": 3.5 / 3, "slow": 2, "odd": 8.5 / 3})
    # 12 / (3 * 3 * 4) * sum of squared rank sums - 3 * 3 * 4, ties: 2 * 6 of 3 * 3 * 8.
    plain = 12 / 36 * (3.5**2 + 6**2 + 8.5**2) - 36
    assert found.statistic == pytest.approx(plain / (1 - 12 / 72))


def test_to_arrive_with_the_last_recipe_is_better_than_never():
    runs = [*arriving("late", [4, 4]), *arriving("never", [0, 0]), *arriving("first", [1, 1])]
    assert list(friedman_ranks(runs, {"p": PROBLEM}).mean_ranks.values()) == [1, 2, 3]


def test_blocks_are_problems_and_seeds():
    runs = [
        *arriving("a", [1, 1]), *arriving("b", [2, 2]), *arriving("c", [3, 3]),
        *arriving("a", [3], "q"), *arriving("b", [2], "q"), *arriving("c", [1], "q"),
        *arriving("a", [1], "bare"),
    ]  # fmt: skip
    bare = PROBLEM | {"levels": [], "headline": None}
    found = friedman_ranks(runs, {"p": PROBLEM, "q": PROBLEM, "bare": bare})
    assert found.blocks == 3
    assert found.mean_ranks == pytest.approx({"a": 5 / 3, "b": 2, "c": 7 / 3})


def test_a_level_can_be_named():
    runs = [run for name in "abc" for run in arriving(name, [1, 2, 3])]
    assert friedman_ranks(runs, {"p": PROBLEM}, level="easy").blocks == 3
    with pytest.raises(PlasmonbenchError, match="easy, hard"):
        friedman_ranks(runs, {"p": PROBLEM}, level="medium")


def test_where_all_tie_nobody_differs():
    runs = [run for name in "abc" for run in arriving(name, [0, 0])]
    found = friedman_ranks(runs, {"p": PROBLEM})
    assert (found.statistic, found.p) == (0, 1)
    assert found.cliques == (("a", "b", "c"),)


def test_cliques_by_hand():
    # Mean ranks 1, 2, 3, 4 on 30 blocks that all agree; the critical difference is .856 then, on
    # 12 blocks 1.354, on 5 blocks 2.098.
    def of(blocks):
        return rank_blocks("abcd", [[1, 2, 3, 4]] * blocks).cliques

    assert of(30) == ()
    assert of(12) == (("a", "b"), ("b", "c"), ("c", "d"))
    assert of(5) == (("a", "b", "c"), ("b", "c", "d"))
    assert of(2) == (("a", "b", "c", "d"),)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(PlasmonbenchError, match="2 strategies on 3"):
        rank_blocks("ab", [[1, 2]] * 3)
    with pytest.raises(PlasmonbenchError, match="3 strategies on 1"):
        rank_blocks("abc", [[1, 2, 3]])
    with pytest.raises(PlasmonbenchError, match="NaN"):
        rank_blocks("abc", [[1, 2, np.nan]] * 3)
    with pytest.raises(PlasmonbenchError, match="0 strategies on 0"):
        friedman_ranks([], {})
    runs = [*arriving("a", [1]), *arriving("b", [1, 2])[1:], *arriving("c", [1, 2])]
    with pytest.raises(PlasmonbenchError, match="3 strategies on 0"):
        friedman_ranks(runs, {"p": PROBLEM})


# -- laws -----------------------------------------------------------------------------------------

tables = st.integers(3, 6).flatmap(
    lambda k: st.lists(
        st.lists(st.sampled_from([1, 2, 3, 4, np.inf]), min_size=k, max_size=k),
        min_size=2,
        max_size=15,
    )
)


@settings(deadline=None)
@given(tables)
def test_ranks_of_any_table(table):
    names = [f"s{k}" for k in range(len(table[0]))]
    found = rank_blocks(names, table)
    means = list(found.mean_ranks.values())
    assert means == sorted(means)
    assert sum(means) == pytest.approx(len(names) * (len(names) + 1) / 2)
    assert 0 <= found.p <= 1
    assert found.statistic >= -1e-9
    for clique in found.cliques:
        spread = found.mean_ranks[clique[-1]] - found.mean_ranks[clique[0]]
        assert spread <= found.critical_difference + 1e-9
    # Two are in a clique together if and only if they are not told apart.
    for first in names:
        for second in names:
            apart = abs(found.mean_ranks[first] - found.mean_ranks[second])
            together = any({first, second} <= set(clique) for clique in found.cliques)
            if first != second and abs(apart - found.critical_difference) > 1e-9:
                assert together == (apart < found.critical_difference)
    assert not any(set(one) < set(other) for one in found.cliques for other in found.cliques), (
        "only the largest groups"
    )


@settings(deadline=None)
@given(tables)
def test_only_the_order_counts(table):
    names = [f"s{k}" for k in range(len(table[0]))]
    stretched = np.exp(np.array(table))
    assert rank_blocks(names, stretched) == rank_blocks(names, table)
