"""Plug-ins that break one promise each must be caught, by the check of that promise."""

import json
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import Optimum, PlasmonbenchError, TargetLevel, cli
from plasmonbench.conformance import (
    LAB_CHECKS,
    PROBLEM_CHECKS,
    STRATEGY_CHECKS,
    EasyLab,
    LabCase,
    ProblemCase,
    StrategyCase,
    easy_problem,
    examine,
)
from plasmonbench.conformance.checks import ConformanceError
from plasmonbench.conformance.global_state import global_state, watched
from plasmonbench.conformance.testing import LabTests, ProblemTests, StrategyTests

PROCESS = "same in another process"
OPTIMUM = "finds the optimum"


def failed(checks, case, *, slow=frozenset()):
    """Return the names of the checks that fail, with why; of the slow ones run only those named."""
    chosen = [check for check in checks if check.name not in {PROCESS, OPTIMUM} - slow]
    return {o.check: o.reason for o in examine(chosen, case) if o.verdict == "failed"}


# -- strategies -----------------------------------------------------------------------------------

SOUND = "return self.space.sample(n, self.rng(history))"
RAISE = "raise ValueError('stumbled')"

BROKEN_STRATEGIES = {
    "one too many": (
        "shape and count",
        "return self.space.sample(n + 1, self.rng(history))",
        "got shape (2, 4), not (1, 4)",
    ),
    "NaN": (
        "shape and count",
        "recipes = self.space.sample(n, self.rng(history))\nrecipes[0, 1] = np.nan\nreturn recipes",
        "NaN or infinity",
    ),
    "complex": ("shape and count", f"{SOUND} * (1 + 0j)", "complex128"),
    "constraint forgotten": (
        "bounds and constraint",
        "return self.space.from_unit(self.rng(history).random((n, self.space.dimension)))",
        "metal + acid is",
    ),
    "same recipe": (
        "no duplicates",
        "return np.repeat(self.space.sample(1, self.rng(history)), n, axis=0)",
        "recipes 0 and 1 are the same",
    ),
}
ALONE = {
    "near-duplicates late": (
        "no duplicates",
        """
        recipes = self.space.sample(n, self.rng(history))
        if len(history) > 50:
            step = 1e-4 * (self.space.upper - self.space.lower)
            recipes[1] = self.space.project(recipes[:1] + step)[0]
        return recipes
        """,
        "apart in the unit cube, must be more than 0.001",
    ),
    "large batch": ("batches of 1 and 96", f"if n > 50: {RAISE}\n{SOUND}", "(large-batch.py, line"),
    "sorts the history": (
        "input untouched",
        f"history.losses.setflags(write=True)\nhistory.losses.sort(axis=1)\n{SOUND}",
        "history.losses changed",
    ),
    "unseeded": (
        "repeats itself",
        "return self.space.sample(n, np.random.default_rng())",
        "one object answered differently",
    ),
    "remembers its first round": (
        "resumes mid-campaign",
        """
        if not hasattr(self, "begun"):
            object.__setattr__(self, "begun", history.n_rounds)
        rng = np.random.default_rng([self.begun, history.n_rounds])
        return self.space.sample(n, rng)
        """,
        "resumed at round 2",
    ),
    "order of a set": (
        PROCESS,
        """
        rng = np.random.default_rng(hash("acid") % 2**32)
        return self.space.sample(n, rng)
        """,
        "another process differs",
    ),
    "draws from numpy's": (
        "global state untouched",
        f"np.random.random()\n{SOUND}",
        "the global random state of numpy changed",
    ),
    "seeds numpy's": (
        "global state untouched",
        f"np.random.seed(1)\n{SOUND}",
        "the global random state of numpy changed",
    ),
    "silences numpy": ("global state untouched", f"np.seterr(all='ignore')\n{SOUND}", "np.seterr"),
    "seeds torch's": (
        "global state untouched",
        f"import torch; torch.manual_seed(0)\n{SOUND}",
        "the global random state of torch changed",
    ),
    "sets torch's dtype": (
        "global state untouched",
        f"import torch; torch.set_default_dtype(torch.float64)\n{SOUND}",
        "torch's default dtype changed",
    ),
    "looks at numpy's": (
        "global state has no say",
        "rng = np.random.default_rng(np.random.get_state()[1])\nreturn self.space.sample(n, rng)",
        "seeded otherwise, it differs",
    ),
    "forgets the finite set": (
        "finite set of recipes",
        """
        from dataclasses import replace
        return replace(self.space, candidates=None).sample(n, self.rng(history))
        """,
        "not one of the recorded recipes",
    ),
    "divides by the spread": (
        "constant losses",
        f"if len(history) > 1 and np.ptp(history.losses) == 0: {RAISE}\n{SOUND}",
        "of blank droplets, all of loss 1: it raised ValueError: stumbled",
    ),
    "needs two": ("one observation", f"if len(history) == 1: {RAISE}\n{SOUND}", "after one recipe"),
    "a NaN droplet": (
        "unreadable droplets",
        f"""
        lost = np.isnan(history.losses)
        if lost.any() and not lost.all(axis=1).any():
            {RAISE}
        {SOUND}
        """,
        "after some droplets were unreadable",
    ),
    "a NaN recipe": (
        "unreadable recipes",
        f"if np.isnan(history.median_loss).any(): {RAISE}\n{SOUND}",
        "after two recipes without a readable droplet",
    ),
    "all NaN": (
        "unreadable recipes",
        f"if len(history) and np.isnan(history.losses).all(): {RAISE}\n{SOUND}",
        "when nothing at all was readable",
    ),
    "singular matrix": (
        "one recipe ten times",
        f"if len(np.unique(history.recipes, axis=0)) < len(history): {RAISE}\n{SOUND}",
        "made ten times",
    ),
    "spread of one droplet": (
        "one droplet each",
        f"if history.losses.shape[1] == 1 and len(history): {RAISE}\n{SOUND}",
        "of one droplet",
    ),
    "bounds by heart": (
        "bounds that grew",
        """
        if (self.space.upper < [10, 20, 120, 4]).all():
            wide = self.space.with_bounds([1, 2, 10, 0], [10, 20, 120, 4])
            return wide.sample(n, self.rng(history))
        return self.space.sample(n, self.rng(history))
        """,
        "before the bounds grew",
    ),
    "spectra taken for granted": (
        "losses alone",
        f"history.spectra.shape\n{SOUND}",
        "say needs_spectra = True",
    ),
}


@pytest.fixture
def strategy_case(write_strategy):
    def strategy_case(name, body, more="", **settings):
        method = "def propose(self, history, n):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        path = write_strategy(name.replace(" ", "-"), method + "\n" + textwrap.dedent(more))
        return StrategyCase.of(str(path), **({"learns": False} | settings))

    return strategy_case


@pytest.mark.parametrize("name", BROKEN_STRATEGIES)
def test_what_no_batch_may_be_is_named_first(strategy_case, name):
    right, body, message = BROKEN_STRATEGIES[name]
    found = failed(STRATEGY_CHECKS, strategy_case(name, body))
    assert next(iter(found)) == right
    assert message in found[right].replace("must return an array", "not").replace("; propose", ",")


@pytest.mark.parametrize("name", ALONE)
def test_one_broken_promise_fails_its_own_check(strategy_case, name):
    right, body, message = ALONE[name]
    if "torch" in body:
        pytest.importorskip("torch")
    found = failed(STRATEGY_CHECKS, strategy_case(name, body), slow={right} & {PROCESS})
    # Where luck comes from nowhere, no campaign can be resumed and any seed of others may do.
    cascade = {"resumes mid-campaign", "global state has no say"} if name == "unseeded" else set()
    assert set(found) == {right} | cascade
    assert message in found[right]
    assert "\n" not in found[right]


BROKEN_ANSWERS = {
    "a table for a recipe": (
        "recommendation",
        "def recommend(self, history):\n    return history.recipes[:1]",
        "got shape (1, 4); return one recipe (4,)",
    ),
    "a mean beyond the constraint": (
        "recommendation",
        "def recommend(self, history):\n    return self.space.upper",
        "metal + acid is 30",
    ),
    "no recipe a round": (
        "what else it says",
        "def round_size(self, history, n):\n    return 0",
        "got 0; return a whole number from 1 to 1",
    ),
    "stop for no reason": (
        "what else it says",
        "def stop_reason(self, history):\n    return True",
        "got True; return a text or None",
    ),
    "explains in words": (
        "what else it says",
        "def explain(self, history):\n    return {'why': 'luck'}",
        "return a dictionary of numbers",
    ),
    "says it needs spectra": (
        "losses alone",
        "needs_spectra = True",
        "yet proposed",
    ),
}


@pytest.mark.parametrize("name", BROKEN_ANSWERS)
def test_other_answers_are_held_to_their_promise_too(strategy_case, name):
    right, more, message = BROKEN_ANSWERS[name]
    found = failed(STRATEGY_CHECKS, strategy_case(name, SOUND, more))
    assert set(found) == {right}
    assert message in found[right]


def test_one_that_does_not_learn_does_not_find_the_optimum(strategy_case):
    case = strategy_case("blind", SOUND, learns=None)
    found = failed(STRATEGY_CHECKS, case, slow={OPTIMUM})
    assert set(found) == {OPTIMUM}
    assert "two campaigns of three must come to" in found[OPTIMUM]


def test_a_floor_says_so_in_its_class(strategy_case):
    case = strategy_case("floor", SOUND, "learns = False", learns=None)
    outcome = examine([c for c in STRATEGY_CHECKS if c.name == OPTIMUM], case)[0]
    assert outcome.verdict == "left out"


LEARNER = """
    if not len(history):
        return self.initial_design(n)
    rng = self.rng(history)
    order = np.argsort(np.where(np.isnan(history.median_loss), np.inf, history.median_loss))
    elite = self.space.to_unit(history.recipes[order[:8]])
    if self.space.candidates is not None or len(elite) < 3:
        return self.space.sample(n, rng)
    spread = 0.5 * elite.std(axis=0) + 0.02
    points = elite[rng.integers(0, 4, n)] + spread * rng.standard_normal((n, elite.shape[1]))
    return self.space.project(self.space.from_unit(np.clip(points, 0, 1)))
"""


def test_a_learner_passes_every_check_even_in_another_process(strategy_case):
    case = strategy_case("elites", LEARNER, learns=True)
    case = replace(case, problem=case.problem.with_budget(rounds=20))
    outcomes = {o.check: o for o in examine(STRATEGY_CHECKS, case)}
    assert {o.verdict for o in outcomes.values()} == {"passed"}, outcomes
    assert outcomes[OPTIMUM].reason.startswith("reached 0.00111 with")


def test_random_search_seldom_reaches_the_easy_target():
    """Six to nine campaigns in a hundred, by the level's rarity and the budget: 1 - .999^80."""
    problem = easy_problem()
    rng = np.random.default_rng(0)
    lowest = np.array([problem.true_loss(problem.space.sample(80, rng)).min() for _ in range(400)])
    share = np.mean(lowest <= problem.headline_level.loss)
    assert share == pytest.approx(1 - 0.999**80, abs=0.04)  # three standard errors


def test_a_finite_problem_is_no_place_for_the_checks(strategy_case):
    problem = easy_problem()
    pool = problem.space.sample(30, np.random.default_rng(1))
    finite = replace(problem, space=replace(problem.space, candidates=pool))
    with pytest.raises(PlasmonbenchError, match="finite set"):
        strategy_case("any", SOUND, problem=finite)


def test_torch_is_watched_once_it_is_loaded():
    torch = pytest.importorskip("torch")
    before = global_state()
    with pytest.raises(ConformanceError, match="torch"), watched("asked"):
        torch.rand(1)
    assert global_state() == before


# -- labs -----------------------------------------------------------------------------------------

BROKEN_LABS = {
    "unsorted": (
        "space and wavelengths",
        "@property\ndef wavelengths(self):\n    return super().wavelengths[::-1]",
        "they do not increase",
    ),
    "droplets lost": (
        "shapes",
        "def measure(self, recipes, replicates, rng):\n"
        "    return super().measure(recipes, replicates, rng).mean(axis=1)",
        "got shape (6, 101), must be (6, 3, 101)",
    ),
    "squeezed": (
        "single recipe",
        "def measure(self, recipes, replicates, rng):\n"
        "    return super().measure(recipes, replicates, rng).squeeze(axis=0)"
        " if len(recipes) == 1 else super().measure(recipes, replicates, rng)",
        "droplets of one recipe: got shape (1, 101)",
    ),
    "logarithm of nothing": (
        "edge recipes",
        "def truth(self, recipes):\n"
        "    none = np.where(recipes[:, 3:] == 0, np.nan, 0)\n"
        "    return super().truth(recipes) + none",
        "recipes in the corners: it holds NaN",
    ),
    "scales its input": (
        "input untouched",
        "def truth(self, recipes):\n    recipes *= 1.01\n    return super().truth(recipes)",
        "the recipes it was handed changed",
    ),
    "hands out its memory": (
        "answers its own",
        "kept = {}\n"
        "def truth(self, recipes):\n"
        "    return self.kept.setdefault(recipes.tobytes(), super().truth(recipes))",
        "what was done to the first answer is in the second",
    ),
    "unseeded": (
        "same luck, same readings",
        "def measure(self, recipes, replicates, rng):\n"
        "    return super().measure(recipes, replicates, np.random.default_rng())",
        "twice with the same luck",
    ),
    "drifts": (
        "same luck, same readings",
        "drift = 0\n"
        "def measure(self, recipes, replicates, rng):\n"
        "    self.drift += 1e-3\n"
        "    return super().measure(recipes, replicates, rng) + self.drift",
        "keep nothing between calls",
    ),
    "order of a set": (
        PROCESS,
        "def measure(self, recipes, replicates, rng):\n"
        "    luck = np.random.default_rng([11, hash('x') % 2**32])\n"
        "    return super().measure(recipes, replicates, luck)",
        "in another process: readings differ",
    ),
    "draws from numpy's": (
        "global state untouched",
        "def truth(self, recipes):\n    np.random.random()\n    return super().truth(recipes)",
        "the global random state of numpy changed",
    ),
    "looks at numpy's": (
        "global state has no say",
        "def measure(self, recipes, replicates, rng):\n"
        "    luck = np.random.default_rng(np.random.get_state()[1])\n"
        "    return super().measure(recipes, replicates, luck)",
        "seeded otherwise",
    ),
    "luck of the whole batch": (
        "luck of each slot",
        "def measure(self, recipes, replicates, rng):\n"
        "    gain = 1 + self.noise * rng.standard_normal((replicates, len(recipes))).T\n"
        "    return gain[:, :, None] * self.truth(recipes)[:, None]",
        "the first 1 of 6 recipes measured alone",
    ),
    "drift over the batch": (
        "luck of each slot",
        "def measure(self, recipes, replicates, rng):\n"
        "    drift = 1e-3 * np.cumsum(recipes[:, 0])[:, None, None] * (self.noise > 0)\n"
        "    return super().measure(recipes, replicates, rng) + drift",
        "the third and later of 6 recipes",
    ),
    "normalised by the batch": (
        "truth of each recipe",
        "def truth(self, recipes):\n"
        "    spectra = super().truth(recipes)\n"
        "    return spectra / spectra.max() if len(recipes) > 20 else spectra",
        "compute each row from its recipe alone",
    ),
    "another baseline": (
        "truth without noise",
        "def measure(self, recipes, replicates, rng):\n"
        "    return super().measure(recipes, replicates, rng) + 1e-4",
        "differ from the truth by up to 0.0001",
    ),
    "losses on the way": (
        "truth amid droplets",
        "def measure(self, recipes, replicates, rng):\n"
        "    lost = 0.9 if self.noise else 1\n"
        "    return lost * super().measure(recipes, replicates, rng)",
        "times as far from their median",
    ),
}
CASCADES = {  # what else cannot be kept then; None: nearly everything
    "squeezed": {"luck of each slot"},
    "unseeded": {"global state has no say", "luck of each slot"},
    "drifts": {"global state has no say", "luck of each slot", "truth without noise",
               "truth amid droplets"},
    "drift over the batch": {"truth amid droplets"},
    "droplets lost": None,
    "scales its input": None,
}  # fmt: skip


@pytest.fixture
def write_lab(tmp_path):
    def write_lab(body):
        path = tmp_path / "mine.py"
        path.write_text(
            "import numpy as np\nfrom plasmonbench.conformance import EasyLab\n\n\n"
            f"class Mine(EasyLab):\n{textwrap.indent(body, '    ')}\n"
        )
        return str(path)

    return write_lab


@pytest.mark.parametrize("name", BROKEN_LABS)
def test_a_lab_that_breaks_one_promise_fails_its_own_check(write_lab, name):
    right, body, message = BROKEN_LABS[name]
    found = failed(LAB_CHECKS, LabCase.of(write_lab(body)), slow={right} & {PROCESS})
    assert next(iter(found)) == right
    assert message in found[right]
    cascade = CASCADES.get(name, set())
    if cascade is not None:
        assert set(found) <= {right} | cascade


def test_what_is_no_lab_is_refused(write_lab):
    with pytest.raises(PlasmonbenchError, match="its space must be a RecipeSpace"):
        LabCase.of(write_lab("space = None"))
    with pytest.raises(PlasmonbenchError, match="unknown lab"):
        LabCase.of("gold-rod")


class TestEasyLab(LabTests):
    lab = EasyLab


# -- problems -------------------------------------------------------------------------------------


def at_loss(problem, loss):
    """Return a recipe of about a loss, on the way from the optimum to a corner, and its loss."""
    way = np.linspace(0, 1, 2000)[:, None]
    recipes = (1 - way) * problem.optimum.recipe + way * problem.space.lower
    losses = problem.true_loss(recipes)
    k = int(np.abs(losses - loss).argmin())
    return Optimum(recipes[k], float(losses[k]))


class BiasedLab(EasyLab):
    """Measures at another recipe than it is asked for."""

    def measure(self, recipes, replicates, rng):
        return super().measure(0.5 * (recipes + self.space.lower), replicates, rng)


EASY = easy_problem()
BROKEN_PROBLEMS = {
    "too proud": ("optimum attained", {"optimum": Optimum(EASY.optimum.recipe, -0.01)}),
    "out of bounds": ("optimum attained", {"optimum": Optimum([6.0, 9.0, 70.0, 4.5], 0.0)}),
    "too modest": ("optimum not beaten", {"optimum": at_loss(EASY, 0.0003)}),
    "upside down": ("levels in order", {"levels": EASY.levels[::-1]}),
    "equal levels": (
        "levels in order",
        {"levels": (*EASY.levels, TargetLevel("the same", EASY.levels[-1].loss))},
    ),
    "rarer than named": (
        "levels as rare as named",
        {"levels": (TargetLevel("1 in 100", 0.8 * EASY.levels[0].loss), *EASY.levels[1:])},
    ),
    "commoner than named": (
        "levels as rare as named",
        {"levels": (*EASY.levels[:2], TargetLevel("1 in 10,000", 0.0008))},
    ),
    "beyond the lab": (
        "recipes can be made",
        {"space": EASY.space.with_bounds([1, 2, 10, 0], [10, 20, 130, 4])},
    ),
    "another truth": ("truth is the typical loss", {"lab": BiasedLab()}),
}


@pytest.mark.parametrize("name", BROKEN_PROBLEMS)
def test_a_problem_that_breaks_one_promise_fails_its_own_check(name):
    right, changes = BROKEN_PROBLEMS[name]
    found = failed(PROBLEM_CHECKS, ProblemCase(replace(EASY, **changes)))
    # A larger box makes every level rarer, too.
    cascade = {"levels as rare as named"} if name == "beyond the lab" else set()
    assert {right} <= set(found) <= {right} | cascade


class TestEasyProblem(ProblemTests):
    @pytest.fixture
    def case(self):
        return ProblemCase(EASY)


# -- the command and the pytest classes -----------------------------------------------------------


@pytest.fixture
def check(monkeypatch, capsys, tmp_path):
    """Call ``plasmonbench check`` in a folder of its own; gives exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def check(*arguments):
        monkeypatch.setattr(sys, "argv", ["plasmonbench", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return check


def test_the_command_passes_a_floor(check):
    code, out, err = check("random", "--floor")
    assert code == 0, err
    assert "conforms (21 checks" in out
    assert "left out" in out


def test_the_command_fails_what_does_not_conform(check, write_strategy):
    path = write_strategy("mine", f"def propose(self, history, n):\n    print('hi'); {SOUND}[:2]")
    code, out, err = check(path, "--json", "--only", "shape and count", "--only", "one observation")
    assert code == 1
    record = json.loads(out)
    assert record["conforms"] is False
    assert record["kind"] == "strategy"
    assert [one["verdict"] for one in record["checks"]] == ["failed", "failed"]
    assert "(2, 4)" in record["checks"][0]["reason"]
    assert "hi" in err
    code, out, _ = check(f"{path}", "--only", "shape and count")
    assert code == 1
    assert "does not conform: 1 failed" in out


def test_the_command_tells_strategies_labs_and_problems_apart(check, write_lab, toy):
    lab = write_lab("pass")
    for arguments, kind in (
        ((lab,), "lab"),
        (("gold-rods", "--lab"), "lab"),
        ((toy,), "problem"),
        (("lhs[]",), "strategy"),
        (("plasmonbench.conformance:EasyLab",), "lab"),
    ):
        only = "shape and count" if kind == "strategy" else "shapes"
        code, out, err = check(*arguments, "--only", only, "--json")
        assert code == 0, err
        assert json.loads(out)["kind"] == kind


def test_a_strategy_is_tried_on_another_problem(check, toy):
    code, out, _ = check("lhs", "-p", toy, "--only", "shape and count", "--only", OPTIMUM)
    assert code == 0
    assert "toy.toml" in "".join(out.split()), "a long path is folded"
    assert "a floor, which does not learn" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["randm"], "did you mean random"),
        (["local-penalization[xi=a]"], "local-penalization"),
        (["dnn-grid[levels=1]"], "levels must be at least 2"),
        (["nowhere.py"], "there is no file"),
        (["silver-prisms", "--floor"], "--problem and --floor are of strategies"),
        (["gold-rod", "--lab"], "did you mean gold-rods"),
        (["random", "--only", "shape and cont"], "did you mean shape and count"),
        (["random", "-p", "silver-prism"], "did you mean silver-prisms"),
        (["nowhere.toml"], "there is no file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(check, arguments, message):
    code, out, err = check(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_strangers_subclass_names_what_fails(write_strategy, tmp_path):
    write_strategy(
        "mine", f"def propose(self, history, n):\n    if len(history) == 1: {RAISE}\n    {SOUND}"
    )
    (tmp_path / "test_mine.py").write_text(
        "from mine import Mine\n"
        "from plasmonbench.conformance.testing import StrategyTests\n\n\n"
        "class TestMine(StrategyTests):\n    strategy = Mine\n    learns = False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "-rfs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FAILED test_mine.py::TestMine::test_promise[one observation]" in done.stdout
    assert "1 failed, 20 passed, 1 skipped" in done.stdout
    assert "a floor, which does not learn" in done.stdout


def test_a_class_is_found_again_by_another_process(write_strategy):
    class Local(StrategyTests):
        pass

    with pytest.raises(PlasmonbenchError, match="cannot be found from another process"):
        StrategyCase.of(Local)
