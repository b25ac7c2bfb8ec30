"""What every strategy promises: sound batches, always the same ones, and nothing else touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.conformance.checks import Check, ConformanceError, LeftOut, attempt
from plasmonbench.conformance.elsewhere import Proposal, ask_elsewhere
from plasmonbench.conformance.global_state import out_of_step, watched
from plasmonbench.conformance.strategy_case import (
    SEED,
    StrategyCase,
    check_different,
    check_feasible,
)
from plasmonbench.conformance.strategy_situations import SITUATIONS
from plasmonbench.history import History
from plasmonbench.randomness import generator
from plasmonbench.strategy import Strategy

ROUND = 5
"""Recipes of an ordinary round."""
SMALL, LARGE = 1, 96
"""Recipes of the smallest round and of a well plate."""
SEEDS_NEEDED, SEEDS = 2, 3
"""Campaigns that must reach the target, of so many. Random search reaches it in two of three
with a probability of 2 %."""


def shape_and_count(case: StrategyCase) -> None:
    """Check: as many recipes as asked for, as an array (n, d) of finite numbers."""
    case.ordinary()


def bounds_and_constraint(case: StrategyCase) -> None:
    """Check: every recipe within the bounds and the constraints of its round."""
    for one in case.ordinary():
        check_feasible(one.space, one.recipes, one.asked)


def no_duplicates(case: StrategyCase) -> None:
    """Check: no recipe twice in a batch, nor two that pumps cannot tell apart, even late."""
    for one in case.ordinary():
        check_different(one.space, one.recipes, one.asked, case.least_gap)
    when = "when the best region is well known (60 recipes measured)"
    case.ask_sound(case.build(), case.late_history(), 15, when, case.least_gap)


def small_and_large_batches(case: StrategyCase) -> None:
    """Check: a batch of 1 and one of 96 are as sound as any."""
    for n in (SMALL, LARGE):
        case.ask_sound(case.build(), case.history((6, 6)), n, "after two rounds of 6")


def input_untouched(case: StrategyCase) -> None:
    """Check: history, space and loss are left as they were."""
    history = case.history((6, 6))
    strategy = case.build()
    before = _contents(history, strategy)
    shown = replace(history)
    attempt("asked for a round", strategy.propose, shown, ROUND)
    after = _contents(shown, strategy)
    changed = [name for name in before if not _equal(before[name], after[name])]
    if changed:
        raise ConformanceError(
            f"asked for {ROUND} recipes: {', '.join(changed)} changed; work on copies"
        )


def _contents(history: History, strategy: Strategy) -> dict[str, Any]:
    space, loss = strategy.space, strategy.loss
    return {
        "history.recipes": history.recipes.copy(),
        "history.losses": history.losses.copy(),
        "history.round": history.round.copy(),
        "history.spectra": None if history.spectra is None else history.spectra.copy(),
        "space.lower": space.lower.copy(),
        "space.upper": space.upper.copy(),
        "loss.target": None if loss is None else loss.target.copy(),
    }


def _equal(before: FloatArray | None, after: FloatArray | None) -> bool:
    if before is None or after is None:
        return before is after
    return before.shape == after.shape and np.array_equal(before, after, equal_nan=True)


def repeats_itself(case: StrategyCase) -> None:
    """Check: the same question gets the same answer, from the same object and from a fresh one."""
    history = case.history((6, 6))
    strategy = case.build()
    first = case.ask(strategy, history, ROUND, "after two rounds of 6")
    again = case.ask(strategy, history, ROUND, "after two rounds of 6")
    fresh = case.ask(case.build(), history, ROUND, "after two rounds of 6")
    _must_be_same(first, again, "asked twice the same, one object answered differently")
    _must_be_same(first, fresh, "asked the same, a fresh object answered differently")


def another_process(case: StrategyCase) -> None:
    """Check: another process, shown the same history, proposes the same."""
    history = case.history((5, 5, 5), seed=6)
    strategy = case.build()
    when = "after three rounds of 5"
    here = case.ask(strategy, history, ROUND, when)
    question = Proposal(case.plan.spec, strategy.space, strategy.loss, SEED, history, ROUND)
    there = ask_elsewhere(f"asked for {ROUND} recipes {when}", question)
    _must_be_same(here, there, f"asked for {ROUND} recipes {when}, another process differs")


def resumes(case: StrategyCase) -> None:
    """Check: a fresh object proposes what one that lived through the campaign does."""
    history = case.history(())
    lived = case.build(seed=SEED + 1)
    for number in range(4):
        went_on = case.ask_sound(lived, history, ROUND, f"in round {number + 1} of a campaign")
        resumed = case.ask(
            case.build(seed=SEED + 1), history, ROUND, f"in round {number + 1}, resumed"
        )
        _must_be_same(went_on, resumed, f"resumed at round {number + 1}, a fresh object differs")
        history = case.measured(history, went_on)


def _must_be_same(one: FloatArray, other: FloatArray, what: str) -> None:
    if not np.array_equal(one, other):
        largest = np.abs(one - other).max() if one.shape == other.shape else np.inf
        raise ConformanceError(
            f"{what} (by up to {largest:.3g}); keep nothing between rounds and take random "
            "numbers from self.rng(history) alone, not from sets' order or time"
        )


def global_state_untouched(case: StrategyCase) -> None:
    """Check: global random states and settings (numpy, random, torch) stay as they were."""
    for history, when in (
        (case.history(()), "before anything is measured"),
        (case.history((6, 6)), "after two rounds of 6"),
    ):
        with watched(f"asked for {ROUND} recipes {when}"):
            case.ask(case.build(), history, ROUND, when)


def global_state_has_no_say(case: StrategyCase) -> None:
    """Check: what others draw from the global random states does not change a proposal."""
    # Where a cache has the second answer ready, the other process, which is out of step too, tells.
    history = case.history((6, 6), seed=5)
    with out_of_step():
        one = case.ask(case.build(), history, ROUND, "after two rounds of 6")
    other = case.ask(case.build(), history, ROUND, "after two rounds of 6")
    _must_be_same(one, other, "with the global random states seeded otherwise, it differs")


def recommendation(case: StrategyCase) -> None:
    """Check: the recipe it recommends is one that can be made, whatever was measured."""
    full = case.history((6, 6))
    space = case.problem.space
    for history, when in (
        (full, "after two rounds of 6"),
        (case.history((1,)), "after one recipe"),
        (replace(full, losses=np.full_like(full.losses, np.nan)), "when no droplet was readable"),
    ):
        asked = f"asked what it recommends {when}"
        given: Any = attempt(asked, case.build().recommend, replace(history))
        recipe = attempt(asked, np.array, given, np.float64)
        if recipe.shape != (space.dimension,):
            raise ConformanceError(
                f"{asked}: got shape {recipe.shape}; return one recipe ({space.dimension},)"
            )
        check_feasible(space, recipe[None], asked)


def what_else_it_says(case: StrategyCase) -> None:
    """Check: round size within 1 and n, reason to stop a text or None, explanations numbers."""
    empty, history = case.history(()), case.history((6, 6))
    for known in (empty, history):
        asked = f"asked for a round's size after {len(known)} recipes"
        for n in (1, 15):
            _check_size(asked, attempt(asked, case.build().round_size, replace(known), n), n)
    asked = "asked for a reason to stop after two rounds of 6"
    reason: Any = attempt(asked, case.build().stop_reason, replace(history))
    if not isinstance(reason, str | None):
        raise ConformanceError(f"{asked}: got {reason!r:.60}; return a text or None")
    asked = "asked to explain its next round after two rounds of 6"
    said: Any = attempt(asked, case.build().explain, replace(history))
    if not isinstance(said, dict) or not all(map(_is_number, said.values())):
        raise ConformanceError(f"{asked}: got {said!r:.60}; return a dictionary of numbers")


def predicted_loss(case: StrategyCase) -> str | None:
    """Check: what its surrogate believes is finite, always the same, and asked without a trace."""
    history = case.history((6, 6))
    asked = "asked what its surrogate predicts after two rounds of 6"
    strategy = case.build()
    shown = replace(history)
    before = _contents(shown, strategy)
    predicted: Any = attempt(asked, strategy.predicted_loss, shown)
    recipes = case.problem.space.sample(7, generator("validation", 4, 6))
    if predicted is None:
        return "it predicts no losses"
    first = _predictions(asked, predicted, recipes)
    after = _contents(shown, strategy)
    changed = [name for name in before if not _equal(before[name], after[name])]
    if changed:
        raise ConformanceError(f"{asked}: {', '.join(changed)} changed; work on copies")
    fresh: Any = attempt(asked, case.build().predicted_loss, replace(history))
    for other, what in ((predicted, "asked again"), (fresh, "a fresh object")):
        if not np.array_equal(first, _predictions(asked, other, recipes)):
            raise ConformanceError(
                f"{asked}: {what}, it predicted otherwise; take random numbers from "
                "self.rng(history) alone"
            )
    for known, when in (
        (case.history(()), "before anything is measured"),
        (_unread(history), "when nothing was readable"),
    ):
        attempt(f"asked what its surrogate predicts {when}", case.build().predicted_loss, known)
    return None


def _predictions(
    asked: str, predicted: Callable[[FloatArray], Any], recipes: FloatArray
) -> FloatArray:
    """Return the predicted losses (k,) of recipes (k, d), which must stay as they are."""
    given = recipes.copy()
    losses = np.asarray(attempt(asked, predicted, given))
    if losses.shape != (len(recipes),) or not np.isfinite(losses).all():
        raise ConformanceError(
            f"{asked}: {losses.shape} for {len(recipes)} recipes, "
            f"{int(np.isfinite(losses).sum())} of them finite; return a finite loss for each"
        )
    if not np.array_equal(given, recipes):
        raise ConformanceError(f"{asked}: the recipes asked about changed; work on copies")
    return losses


def _unread(history: History) -> History:
    """Return a history of which no droplet could be read."""
    spectra = None if history.spectra is None else np.full_like(history.spectra, np.nan)
    return replace(history, losses=np.full_like(history.losses, np.nan), spectra=spectra)


def _check_size(asked: str, size: object, n: int) -> int:
    if not isinstance(size, int | np.integer) or not 1 <= size <= n:
        raise ConformanceError(f"{asked}: got {size!r}; return a whole number from 1 to {n}")
    return int(size)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def finds_the_optimum(case: StrategyCase) -> str:
    """Check: its recommendation reaches the headline level within the budget."""
    level = case.problem.headline_level
    if not case.learns:
        raise LeftOut("a floor, which does not learn")
    if level is None:
        raise LeftOut(f"no target level is known for {case.problem.name}")
    needed: list[int] = []
    best: list[float] = []
    for seed in range(SEEDS):
        recipes, loss = _campaign(case, seed, level.loss)
        best.append(loss)
        if loss <= level.loss:
            needed.append(recipes)
        if len(needed) == SEEDS_NEEDED:
            return f"reached {level.loss:.3g} with {' and '.join(map(str, needed))} recipes"
        if len(needed) + SEEDS - 1 - seed < SEEDS_NEEDED:
            break
    reached = ", ".join(f"{loss:.3g}" for loss in best)
    raise ConformanceError(
        f"on {case.problem.name}, with {case.problem.recipe_budget} recipes, it recommended true "
        f"losses of {reached}; two campaigns of three must come to {level.loss:.3g} "
        f"({level.name} feasible recipes). A floor that does not learn says so: --floor, or "
        "learns = False"
    )


def _campaign(case: StrategyCase, seed: int, target: float) -> tuple[int, float]:
    """Play until the target is reached; return recipes made and the true loss recommended."""
    problem = case.problem
    history = problem.empty_history()
    loss = np.inf
    while len(history) < problem.recipe_budget and loss > target:
        strategy = case.build(problem.space_at(history), seed=seed)
        when = f"in round {history.n_rounds + 1} of a campaign"
        left = min(problem.batch_size, problem.recipe_budget - len(history))
        size = attempt(when, strategy.round_size, replace(history), left)
        n = _check_size(f"asked for a round's size {when}", size, left)
        recipes = case.ask_sound(strategy, history, n, when)
        history = case.measured(history, recipes, seed)
        recommended = attempt(when, strategy.recommend, replace(history))
        loss = float(problem.true_loss(np.asarray(recommended)[None])[0])
    return len(history), loss


STRATEGY_CHECKS: tuple[Check[StrategyCase], ...] = (
    Check("shape and count", shape_and_count),
    Check("bounds and constraint", bounds_and_constraint),
    Check("no duplicates", no_duplicates),
    Check("batches of 1 and 96", small_and_large_batches),
    Check("input untouched", input_untouched),
    Check("repeats itself", repeats_itself),
    Check("same in another process", another_process),
    Check("resumes mid-campaign", resumes),
    Check("global state untouched", global_state_untouched),
    Check("global state has no say", global_state_has_no_say),
    *SITUATIONS,
    Check("recommendation", recommendation),
    Check("what else it says", what_else_it_says),
    Check("predicted loss", predicted_loss),
    Check("finds the optimum", finds_the_optimum),
)
