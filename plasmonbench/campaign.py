"""One problem, one strategy, one seed: propose, check, measure, keep."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from plasmonbench.arrays import FloatArray
from plasmonbench.history import History
from plasmonbench.problem import Problem
from plasmonbench.randomness import planner_seed
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import Strategy

StrategyBuilder = Callable[[RecipeSpace, Problem, int], Strategy]


@dataclass(frozen=True, eq=False)
class RoundRecord:
    """What a round cost the planner, and what the strategy would have recommended after it."""

    planner_wall_seconds: float
    planner_cpu_seconds: float
    recommendation: FloatArray
    """Recipe (d,) recommended after the round."""
    true_loss: float
    """Noise-free loss of that recipe: what the campaign is judged by."""
    lower: FloatArray
    upper: FloatArray
    """Bounds (d,) that held while the round was planned."""
    explanation: dict[str, float]


@dataclass(frozen=True, eq=False)
class Failure:
    """Why a campaign could not be finished."""

    reason: str
    """One line."""
    details: str
    """The traceback, for the one who mends it."""


@dataclass(frozen=True, eq=False)
class Campaign:
    """A campaign as far as it came."""

    problem: str
    strategy: str
    seed: int
    history: History
    rounds: tuple[RoundRecord, ...]
    true_losses: FloatArray
    """Noise-free loss of every recipe made, shape (N,)."""
    stop_reason: str | None = None
    failure: Failure | None = None


class Stopwatch:
    """Adds up wall and CPU seconds of the blocks it is entered for."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def added_to(self, record: RoundRecord) -> RoundRecord:
        """Return a round with these seconds added to its own."""
        return replace(
            record,
            planner_wall_seconds=record.planner_wall_seconds + self.wall,
            planner_cpu_seconds=record.planner_cpu_seconds + self.cpu,
        )

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._begun[0]
        self.cpu += time.process_time() - self._begun[1]


class BadProposal(Exception):  # noqa: N818 - it is what happened, not a kind of error
    """A strategy returned something that cannot be made."""


def run_campaign(problem: Problem, label: str, build: StrategyBuilder, seed: int) -> Campaign:
    """Run a campaign to the end of its budget, or to the strategy's own stop or failure.

    All that the strategy does is timed (wall and CPU seconds, one BLAS thread), but for its
    explanations; the laboratory costs it nothing. Whatever a strategy raises ends its campaign,
    which is then recorded as failed with what it had measured so far; nothing is filled in.

    Parameters
    ----------
    problem
        What to solve.
    label
        Name of the strategy in the record.
    build
        Called with (space, problem, seed), gives the strategy; again when the space has changed.
    seed
        Seed of planning and of the lab's luck.
    """
    history = problem.empty_history()
    rounds: list[RoundRecord] = []
    failure = stop_reason = None
    with threadpool_limits(limits=1):
        try:
            while len(history) < problem.recipe_budget:
                clock = Stopwatch()
                space = problem.space_at(history)
                with clock:
                    strategy = build(space, problem, planner_seed(seed))
                    stop_reason = strategy.stop_reason(_copied(history)) if rounds else None
                if stop_reason is not None:
                    stop_reason = _checked_reason(stop_reason)
                    rounds[-1] = clock.added_to(rounds[-1])
                    break
                history, record = _play_round(problem, space, strategy, history, seed, clock)
                rounds.append(record)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            if not isinstance(error, BadProposal):
                frame = traceback.extract_tb(error.__traceback__)[-1]
                reason += f" ({Path(frame.filename).name}, line {frame.lineno})"
            failure = Failure(f"round {len(rounds) + 1}: {reason}", traceback.format_exc())
            history = history.until(len(rounds))
    return Campaign(
        problem=problem.name,
        strategy=label,
        seed=seed,
        history=history,
        rounds=tuple(rounds),
        true_losses=problem.true_loss(history.recipes) if len(history) else np.empty(0),
        stop_reason=stop_reason,
        failure=failure,
    )


def _play_round(
    problem: Problem,
    space: RecipeSpace,
    strategy: Strategy,
    history: History,
    seed: int,
    clock: Stopwatch,
) -> tuple[History, RoundRecord]:
    """Play one round; ``space`` is the harness's own, whatever the strategy made of its."""
    allowed = min(problem.batch_size, problem.recipe_budget - len(history))
    shown = _copied(history)
    with clock:
        n = strategy.round_size(shown, allowed)
        if not 1 <= n <= allowed:
            raise BadProposal(f"a round of {n} recipes was asked for; 1 to {allowed} are allowed")
        proposed = strategy.propose(shown, n)
    recipes = checked_proposal(proposed, space, n)
    # After the proposal, so that what an explanation trains is not found ready-made by it.
    explanation = strategy.explain(_copied(history)) if len(history) else {}
    measured = problem.measure(recipes, seed, history.n_rounds)
    history = history.append(recipes, measured.losses, measured.spectra)
    shown = _copied(history)
    with clock:
        recommended = strategy.recommend(shown)
    recommendation = _checked_recommendation(recommended, problem.space)
    return history, RoundRecord(
        planner_wall_seconds=clock.wall,
        planner_cpu_seconds=clock.cpu,
        recommendation=recommendation,
        true_loss=float(problem.true_loss(recommendation[None])[0]),
        lower=space.lower,
        upper=space.upper,
        explanation={str(name): float(value) for name, value in explanation.items()},
    )


def _copied(history: History) -> History:
    """Return a copy for a strategy's eyes, so that it cannot touch the record."""
    return replace(history)


def checked_proposal(proposed: Any, space: RecipeSpace, n: int) -> FloatArray:
    """Return a proposal as recipes (n, d), after making sure that a lab could run it.

    In a finite set they become the set's own numbers, to the last digit.

    Raises
    ------
    BadProposal
        If the shape is wrong, a recipe is infeasible, or the same recipe stands there twice.
    """
    if np.iscomplexobj(proposed):
        raise BadProposal("recipes must be real numbers, got complex ones")
    recipes = np.array(proposed, dtype=np.float64)
    if recipes.shape != (n, space.dimension):
        raise BadProposal(f"recipes {(n, space.dimension)} were asked for, got {recipes.shape}")
    violations = space.violations(recipes)
    if violations:
        raise BadProposal(violations[0])
    if len(np.unique(recipes, axis=0)) < n:
        raise BadProposal("the same recipe stands in the round twice")
    return recipes if space.candidates is None else space.project(recipes)


def _checked_recommendation(recommended: object, space: RecipeSpace) -> FloatArray:
    recipe = np.array(recommended, dtype=np.float64)
    if recipe.shape != (space.dimension,) or not space.contains(recipe[None])[0]:
        raise BadProposal(f"recommended {recipe}, which is not a feasible recipe")
    return recipe if space.candidates is None else space.project(recipe[None])[0]


def _checked_reason(reason: object) -> str:
    if not isinstance(reason, str):
        raise BadProposal(f"stop_reason must return a text or None, got {reason!r}")
    return reason


def without_spectra(campaign: Campaign) -> Campaign:
    """Return the campaign without its spectra, which are most of its bytes."""
    return replace(campaign, history=replace(campaign.history, spectra=None))
