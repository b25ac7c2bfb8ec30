"""Strategies that break one promise each must be caught, by the check of that promise."""

import textwrap
from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from plasmonbench.conformance import (
    STRATEGY_CHECKS,
    StrategyCase,
    easy_problem,
    examine,
)
from plasmonbench.conformance.checks import ConformanceError
from plasmonbench.conformance.global_state import global_state, watched

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
    "predicts a number": (
        "predicted loss",
        "def predicted_loss(self, history):\n    return lambda recipes: 0.5",
        "return a finite loss for each",
    ),
    "predicts nonsense": (
        "predicted loss",
        "def predicted_loss(self, history):\n    return lambda recipes: np.log(-recipes[:, 0])",
        "0 of them finite",
    ),
    "predicts by lot": (
        "predicted loss",
        """
def predicted_loss(self, history):
    luck = np.random.default_rng()
    return lambda recipes: luck.random(len(recipes))
        """,
        "it predicted otherwise",
    ),
    "has no prediction to begin with": (
        "predicted loss",
        """
def predicted_loss(self, history):
    level = float(np.nanmean(history.median_loss[0]))
    return lambda recipes: np.full(len(recipes), level)
        """,
        "before anything is measured: it raised IndexError",
    ),
    "works on the recipes it is given": (
        "predicted loss",
        """
def predicted_loss(self, history):
    def loss(recipes):
        recipes -= 1
        return recipes[:, 0]
    return loss
        """,
        "work on copies",
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
