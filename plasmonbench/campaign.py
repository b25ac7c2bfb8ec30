"""One problem, one strategy, one seed: propose, check, measure, keep."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from plasmonbench.arrays import FloatArray
from plasmonbench.history import History
from plasmonbench.problem import Problem
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

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._begun[0]
        self.cpu += time.process_time() - self._begun[1]


class BadProposal(Exception):  # noqa: N818 - it is what happened, not a kind of error
    """A strategy returned something that cannot be made."""


def run_campaign(problem: Problem, label: str, build: StrategyBuilder, seed: int) -> Campaign:
    """Run a campaign to the end of its budget, or to the strategy's own stop or failure.

    Only planning and the decision to stop are timed (wall and CPU seconds, one BLAS thread); the
    laboratory costs the strategy nothing. Whatever a strategy raises ends its campaign, which is
    then recorded as failed with what it had measured so far; nothing is filled in.

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
                strategy = build(problem.space_at(history), problem, seed)
                clock = Stopwatch()
                with clock:
                    stop_reason = strategy.stop_reason(history) if len(history) else None
                if stop_reason is not None:
                    break
                history, record = _play_round(problem, strategy, history, seed, clock)
                rounds.append(record)
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
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
    problem: Problem, strategy: Strategy, history: History, seed: int, clock: Stopwatch
) -> tuple[History, RoundRecord]:
    allowed = min(problem.batch_size, problem.recipe_budget - len(history))
    n = strategy.round_size(history, allowed)
    if not 1 <= n <= allowed:
        raise BadProposal(f"a round of {n} recipes was asked for; 1 to {allowed} are allowed")
    with clock:
        proposed = strategy.propose(history, n)
    recipes = checked_proposal(proposed, strategy.space, n)
    # After the proposal, so that what an explanation trains is not found ready-made by it.
    explanation = strategy.explain(history) if len(history) else {}
    measured = problem.measure(recipes, seed, history.n_rounds)
    history = history.append(recipes, measured.losses, measured.spectra)
    recommendation = np.array(strategy.recommend(history), dtype=np.float64)
    _check_recommendation(recommendation, problem.space)
    return history, RoundRecord(
        planner_wall_seconds=clock.wall,
        planner_cpu_seconds=clock.cpu,
        recommendation=recommendation,
        true_loss=float(problem.true_loss(recommendation[None])[0]),
        lower=strategy.space.lower,
        upper=strategy.space.upper,
        explanation=dict(explanation),
    )


def checked_proposal(proposed: object, space: RecipeSpace, n: int) -> FloatArray:
    """Return a proposal as recipes (n, d), after making sure that a lab could run it.

    Raises
    ------
    BadProposal
        If the shape is wrong, a recipe is infeasible, or the same recipe stands there twice.
    """
    recipes = np.array(proposed, dtype=np.float64)
    if recipes.shape != (n, space.dimension):
        raise BadProposal(f"recipes {(n, space.dimension)} were asked for, got {recipes.shape}")
    violations = space.violations(recipes)
    if violations:
        raise BadProposal(violations[0])
    if len(np.unique(recipes, axis=0)) < n:
        raise BadProposal("the same recipe stands in the round twice")
    return recipes


def _check_recommendation(recipe: FloatArray, space: RecipeSpace) -> None:
    if recipe.shape != (space.dimension,) or not space.contains(recipe[None])[0]:
        raise BadProposal(f"recommended {recipe}, which is not a feasible recipe")


def without_spectra(campaign: Campaign) -> Campaign:
    """Return the campaign without its spectra, which are most of its bytes."""
    return replace(campaign, history=replace(campaign.history, spectra=None))
