"""Paired tests on common seeds, their correction for many, and the page that shows them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, cli
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.leaderboard import page
from plasmonbench.scoring.paired import compare_with, holm, sign_flip_p

PROBLEM = {
    "rounds": 4,
    "recipe_budget": 8,
    "batch_size": 2,
    "replicates": 1,
    "levels": [
        {"name": "easy", "loss": 0.5},
        {"name": "middle", "loss": 0.3},
        {"name": "hard", "loss": 0.2},
    ],
    "headline": "middle",
    "optimum_loss": 0.1,
    "finite": False,
    "pool_size": None,
}


def campaign(strategy, seed, losses, failure=None):
    n = len(losses)
    return StoredCampaign(
        problem="p",
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(2 * (k + 1) for k in range(n)),
        true_loss=tuple(losses),
        planner_wall_seconds=(9.0,) * n,
        planner_cpu_seconds=(0.5,) * n,
        recipe_true_losses=(),
        stop_reason=None,
        failure=failure,
    )


def arriving(strategy, rounds, harder=()):
    """Campaigns that arrive after so many rounds each, seed by seed; 0: never."""
    made = []
    for seed, arrival in enumerate(rounds):
        losses = [0.25 if arrival and k + 1 >= arrival else 0.6 for k in range(4)]
        if seed in harder:
            losses[-1] = 0.15
        made.append(campaign(strategy, seed, losses))
    return made


# -- p-values -------------------------------------------------------------------------------------


@given(st.lists(st.integers(-8, 8), min_size=2, max_size=9))
def test_p_is_the_share_of_all_sign_flips(differences):
    values = np.array(differences, dtype=float)
    flips = np.array(list(product([-1, 1], repeat=len(values)))) * np.abs(values)
    means = np.abs(flips.mean(axis=1))
    expected = np.mean(means >= abs(values.mean()) - 1e-12)
    found = sign_flip_p(values, np.random.default_rng(0))
    assert found == pytest.approx(expected, abs=1e-12)


def test_p_of_thirty_seeds_is_found_by_drawing(rng):
    values = rng.normal(1.0, 1.0, 30)
    again = sign_flip_p(values, np.random.default_rng(3))
    assert sign_flip_p(values, np.random.default_rng(3)) == again < 0.01
    noise = [sign_flip_p(rng.normal(0, 1, 30), rng) for _ in range(60)]
    assert 0.3 < np.mean(noise) < 0.7
    assert np.mean(np.array(noise) < 0.1) < 0.25


def test_holm_on_the_example_of_his_paper():
    # Shaffer's worked case of Holm's procedure: p (0.01, 0.04, 0.03, 0.005), four hypotheses.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_plain_p_and_bonferroni(p_values):
    corrected = np.array(holm(p_values))
    plain = np.array(p_values)
    assert (corrected >= plain - 1e-15).all()
    assert (corrected <= np.minimum(1, len(plain) * plain) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(plain, kind="stable")]) >= -1e-15).all()


# -- comparisons ----------------------------------------------------------------------------------


def test_a_hand_computed_comparison(rng):
    fast, slow = arriving("fast", [1, 2, 1, 2]), arriving("slow", [3, 2, 0, 4])
    (found,) = compare_with([*fast, *slow], PROBLEM, "slow", rng=rng)
    # Recipes: fast 2 4 2 4, slow 6 4 9 8 (one beyond the budget of 8).
    assert (found.strategy, found.against, found.seeds) == ("fast", "slow", 4)
    assert (found.better, found.worse, found.saved) == (3, 0, 15 / 4)
    assert found.p == pytest.approx(2 * 2 / 16)  # all flips of the tie and both signs


def test_only_common_seeds_count_and_failures_never_arrive(rng):
    slow = arriving("slow", [2, 2])
    odd = [campaign("odd", 1, [0.2] * 4, failure="broke"), campaign("odd", 0, [0.6, 0.2])]
    odd.append(campaign("odd", 7, [0.2]))
    (found,) = compare_with([*slow, *odd], PROBLEM, "slow", rng=rng)
    assert (found.seeds, found.better, found.worse, found.saved) == (2, 0, 1, -2.5)


def test_what_cannot_be_compared_is_refused(rng):
    with pytest.raises(PlasmonbenchError, match="no campaigns of random"):
        compare_with(arriving("fast", [1, 1]), PROBLEM, "random", rng=rng)
    bare = PROBLEM | {"levels": [], "headline": None}
    with pytest.raises(PlasmonbenchError, match="without a target level"):
        compare_with(arriving("fast", [1, 1]), bare, "fast", rng=rng)
    with pytest.raises(PlasmonbenchError, match="share no two seeds"):
        compare_with(
            [*arriving("fast", [1, 1]), campaign("random", 5, [0.6])], PROBLEM, "random", rng=rng
        )


# -- the page -------------------------------------------------------------------------------------


def test_the_page_of_a_hand_computed_run(rng):
    runs = [
        *arriving("fast", [1, 2, 1, 2, 1], harder={0, 3}),
        *arriving("random", [3, 0, 4, 4, 0]),
        *arriving("oracle (bound)", [1] * 5),
    ]
    text = page(runs, {"p": PROBLEM, "unused": PROBLEM}, "random", rng, "the command")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    cells = {line.split(" | ")[0]: line.split(" | ") for line in rows}
    assert "unused" not in text
    assert "`the command`" in text
    head = cells["| strategy"]
    assert head[1:4] == ["seeds", "middle by round 2 / 3 / 4, %", "recipes to it"]
    assert head[4] == "hard by round 2 / 3 / 4, %"
    fast = cells["| `fast`"]
    assert fast[1:4] == ["5", "100 / 100 / 100", "2 [2, 4]"]
    assert fast[4:6] == ["0 / 0 / 40", "-"]
    assert fast[7] == "0.5", "CPU seconds, which a busy machine does not lengthen"
    # Recipes: fast 2 4 2 4 2, random 6 9 8 8 9.
    assert fast[8] == f"{26 / 5:+.0f}"
    assert cells["| `random`"][2] == "0 / 20 / 60"
    assert cells["| `random`"][8] == "-"
    assert list(cells)[-1] == "| `oracle` (bound)", "no competitor"
    assert cells["| `oracle` (bound)"][8] == "-"


def test_rounds_of_another_size_are_counted_in_batches_of_the_problem(rng):
    runs = [*arriving("fast", [1, 2, 1, 2, 1]), *arriving("random", [3, 0, 4, 4, 0])]
    # A batch of one recipe: rounds 2, 3, 4 and 8 are over after as many recipes.
    single = PROBLEM | {"batch_size": 1, "rounds": 8}
    text = page(runs, {"p": single}, "random", rng, "")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    shares = {row[0]: row[2] for row in rows}
    assert shares["| `fast`"] == "60 / 60 / 100 / 100"
    assert shares["| `random`"] == "0 / 0 / 0 / 60"


def test_ranks_over_two_problems(rng):
    first = [*arriving("fast", [1, 1]), *arriving("random", [4, 0]), *arriving("slow", [3, 3])]
    second = [*arriving("fast", [2, 2]), *arriving("random", [1, 1]), *arriving("slow", [0, 0])]
    second = [replace(campaign, problem="q") for campaign in second]
    # Neither who was tried on one problem alone nor a bound has a rank.
    first += [*arriving("only-here", [1, 1]), *arriving("o (bound)", [1, 1])]
    second += [replace(campaign, problem="q") for campaign in arriving("o (bound)", [1, 1])]
    text = page([*first, *second], {"p": PROBLEM, "q": PROBLEM}, "random", rng, "")
    part = text[text.index("## Over all problems") : text.index("## p")]
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| `")]
    # On p: fast, slow, random; on q: random, fast, slow.
    assert [row[0] for row in rows] == ["| `fast`", "| `random`", "| `slow`"]
    assert [row[2] for row in rows] == ["1.5 (1 to 2)", "2.0 (1 to 3)", "2.5 (2 to 3)"]
    assert [row[3].rstrip(" |") for row in rows] == ["4/4", "3/4", "2/4"]
    assert "Over all" not in page(first, {"p": PROBLEM}, "random", rng, "")


def test_a_problem_without_levels_is_refused(rng):
    bare = PROBLEM | {"levels": [], "headline": None}
    with pytest.raises(PlasmonbenchError, match="landscape 'p' --write"):
        page(arriving("random", [1, 1]), {"p": bare}, "random", rng, "")


def test_the_command_writes_a_page_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    asked = ["run", "-p", "silver-prisms[rounds=2,batch_size=3,replicates=2]", "--out", "here"]
    done = runner.invoke(
        cli.cli, [*asked, "-s", "random", "-s", "lhs", "--seeds", "2"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    done = runner.invoke(cli.cli, ["leaderboard", "here", "--out", "page.md"])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "page.md").read_text()
    assert "| `lhs` |" in text
    assert "plasmonbench leaderboard here --out page.md" in text
    with pytest.raises(PlasmonbenchError, match="no campaigns of nobody"):
        runner.invoke(
            cli.cli, ["leaderboard", "here", "--against", "nobody"], catch_exceptions=False
        )
    with pytest.raises(PlasmonbenchError, match="needs a file"):
        runner.invoke(
            cli.cli, ["leaderboard", "here", "--out", "no/page.md"], catch_exceptions=False
        )
    (tmp_path / "taken.md.partial").mkdir()
    with pytest.raises(PlasmonbenchError, match="cannot be written"):
        runner.invoke(cli.cli, ["leaderboard", "here", "--out", "taken.md"], catch_exceptions=False)
