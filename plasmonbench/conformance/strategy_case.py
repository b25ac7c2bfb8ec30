"""A strategy under examination: on which problem, with which histories, and how it is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.conformance.checks import ConformanceError, attempt, one_line
from plasmonbench.conformance.easy_lab import easy_problem
from plasmonbench.conformance.elsewhere import address_of
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.problem import Problem
from plasmonbench.randomness import generator
from plasmonbench.registry import StrategyPlan, find_strategy
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import Strategy

LEAST_GAP = 1e-3
"""Distance in the unit cube below which two recipes of a batch are one: pumps cannot set it."""
SEED = 3
GAUGE = 4096
"""Random recipes among which a good region is looked for where no optimum is known."""


@dataclass(frozen=True, eq=False)
class Ordinary:
    """An ordinary round and what was proposed for it."""

    asked: str
    n: int
    space: RecipeSpace
    recipes: FloatArray


@dataclass(frozen=True, eq=False)
class StrategyCase:
    """A strategy, the problem it is tried on, and what is asked of it.

    Parameters
    ----------
    plan
        The strategy with its knobs.
    problem
        Where it is tried; its space must be continuous.
    learns
        Whether it must find the optimum; False for a floor such as random search.
    least_gap
        Least distance of two recipes in a batch, in the unit cube.

    Raises
    ------
    PlasmonbenchError
        If the problem's space is a finite set.
    """

    plan: StrategyPlan
    problem: Problem
    learns: bool = True
    least_gap: float = LEAST_GAP
    _ordinary: list[Ordinary] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.problem.space.candidates is not None:
            raise PlasmonbenchError(
                f"{self.problem.name} is a finite set of recipes; a strategy is checked on a "
                "problem with a continuous space (a finite set of its recipes is one of the checks)"
            )

    @classmethod
    def of(
        cls,
        strategy: str | type[Strategy],
        problem: Problem | None = None,
        *,
        learns: bool | None = None,
        least_gap: float = LEAST_GAP,
    ) -> StrategyCase:
        """Find a strategy by name, file, ``package.module:Class`` or the class itself.

        ``problem`` None: the easy lab. ``learns`` None: unless its class says ``learns = False``.

        Raises
        ------
        PlasmonbenchError
            If there is no such strategy, a knob is wrong, or the problem is a finite set.
        """
        if isinstance(strategy, type):
            strategy = address_of(strategy, "strategy", lambda text: find_strategy(text).cls)
        plan = find_strategy(strategy)
        if learns is None:
            learns = bool(getattr(plan.cls, "learns", True))
        case = cls(plan, problem or easy_problem(), learns, least_gap)
        try:
            case.build()
        except (Exception, SystemExit) as error:
            reason = one_line(error)
            if problem is None:
                reason += " (tried on the easy lab; --problem names another)"
            raise PlasmonbenchError(f"strategy {plan.label}: {reason}") from error
        return case

    # -- what it is shown -------------------------------------------------------------------------

    def build(self, space: RecipeSpace | None = None, seed: int = SEED) -> Strategy:
        """Return a fresh object of the strategy, for the space of the first round or another."""
        space = space or self.problem.space_at(self.problem.empty_history())
        return self.plan.build(space, self.problem.loss, seed)

    def history(self, sizes: Sequence[int], seed: int = 0) -> History:
        """Return measured rounds of random recipes of the given sizes."""
        rng = generator("validation", 4, seed)
        history = self.problem.empty_history()
        for size in sizes:
            space = self.problem.space_at(history)
            history = self.measured(history, space.sample(size, rng), seed)
        return history

    def measured(self, history: History, recipes: FloatArray, seed: int = 0) -> History:
        """Return the history with a round of recipes (n, d) more."""
        made = self.problem.measure(recipes, seed, history.n_rounds)
        return history.append(recipes, made.losses, made.spectra)

    def late_history(self) -> History:
        """Return 60 recipes of six rounds, a third of them close to the best recipe known."""
        history = self.history((10, 10, 10, 10))
        rng = generator("validation", 4, 1)
        space = self.problem.space_at(history)
        best = space.to_unit(self._good_recipe(space))
        for _ in range(2):
            near = best + 0.03 * rng.standard_normal((10, space.dimension))
            history = self.measured(history, space.project(space.from_unit(np.clip(near, 0, 1))))
        return history

    def _good_recipe(self, space: RecipeSpace) -> FloatArray:
        optimum = self.problem.optimum
        if optimum is not None and space.contains(optimum.recipe[None])[0]:
            return np.asarray(optimum.recipe)
        sample = space.sample(GAUGE, generator("validation", 4, 2))
        return np.asarray(sample[int(self.problem.true_loss(sample).argmin())])

    # -- how it is asked --------------------------------------------------------------------------

    def ask(self, strategy: Strategy, history: History, n: int, when: str) -> FloatArray:
        """Let it propose; return recipes (n, d).

        Raises
        ------
        ConformanceError
            If it raises, or what it returns is no array of n recipes.
        """
        asked = f"asked for {n} {_recipes(n)} {when}"
        proposed: Any = attempt(asked, strategy.propose, replace(history), n)
        recipes = attempt(asked, np.array, proposed)
        d = strategy.space.dimension
        if recipes.shape != (n, d):
            raise ConformanceError(
                f"{asked}: got shape {recipes.shape}; propose must return an array ({n}, {d}), "
                "a row per recipe"
            )
        if recipes.dtype.kind not in "iuf":
            raise ConformanceError(
                f"{asked}: got numbers of type {recipes.dtype}; return real ones (float64)"
            )
        recipes = np.asarray(recipes, dtype=np.float64)
        if not np.isfinite(recipes).all():
            raise ConformanceError(f"{asked}: a recipe holds NaN or infinity; return numbers")
        return recipes

    def ordinary(self) -> list[Ordinary]:
        """Return its answers to six ordinary questions; it is asked but once."""
        if not self._ordinary:
            rounds = []
            for history, when in (
                (self.history(()), "before anything is measured"),
                (self.history((6, 6)), "after two rounds of 6"),
            ):
                for n in (1, 5, 15):
                    strategy = self.build()
                    recipes = self.ask(strategy, history, n, when)
                    asked = f"asked for {n} {_recipes(n)} {when}"
                    rounds.append(Ordinary(asked, n, strategy.space, recipes))
            self._ordinary.extend(rounds)
        return self._ordinary

    def ask_sound(
        self, strategy: Strategy, history: History, n: int, when: str, gap: float = 0.0
    ) -> FloatArray:
        """Let it propose; return recipes (n, d) that are feasible and differ by more than a gap.

        Raises
        ------
        ConformanceError
            If they do not.
        """
        recipes = self.ask(strategy, history, n, when)
        asked = f"asked for {n} {_recipes(n)} {when}"
        check_feasible(strategy.space, recipes, asked)
        check_different(strategy.space, recipes, asked, gap)
        return recipes


def check_feasible(space: RecipeSpace, recipes: FloatArray, asked: str) -> None:
    """Raise `ConformanceError` unless all recipes (n, d) may be made."""
    violations = space.violations(recipes)
    if violations:
        raise ConformanceError(
            f"{asked}: {violations[0]}; self.space.project moves recipes to the nearest feasible"
        )


def check_different(space: RecipeSpace, recipes: FloatArray, asked: str, gap: float) -> None:
    """Raise `ConformanceError` unless recipes (n, d) lie farther apart than a gap."""
    unit = space.to_unit(recipes)
    distance = np.linalg.norm(unit[:, None] - unit, axis=2)
    distance[np.diag_indices(len(unit))] = math.inf
    one, other = divmod(int(distance.argmin()), len(unit))
    nearest = float(distance[one, other])
    if nearest <= gap:
        what = "the same" if nearest == 0 else f"{nearest:.2g} apart in the unit cube"
        wish = f", must be more than {gap:g}" if gap else ""
        raise ConformanceError(
            f"{asked}: recipes {one} and {other} are {what}{wish}; "
            "leave out what is already in the batch"
        )


def _recipes(n: int) -> str:
    return "recipe" if n == 1 else "recipes"
