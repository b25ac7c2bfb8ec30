"""Labs and problems that break one promise each must be caught, by the check of that promise."""

from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import Optimum, PlasmonbenchError, TargetLevel
from plasmonbench.conformance import (
    LAB_CHECKS,
    PROBLEM_CHECKS,
    EasyLab,
    LabCase,
    ProblemCase,
    easy_problem,
    examine,
)
from plasmonbench.conformance.testing import LabTests, ProblemTests

PROCESS = "same in another process"
OPTIMUM = "finds the optimum"


def failed(checks, case, *, slow=frozenset()):
    """Return the names of the checks that fail, with why; of the slow ones run only those named."""
    chosen = [check for check in checks if check.name not in {PROCESS, OPTIMUM} - slow]
    return {o.check: o.reason for o in examine(chosen, case) if o.verdict == "failed"}


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
