"""Histories that real campaigns bring, and that planners stumble over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plasmonbench.arrays import BoolArray
from plasmonbench.conformance.checks import Check, ConformanceError, LeftOut, attempt
from plasmonbench.conformance.strategy_case import SEED, StrategyCase
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.randomness import generator
from plasmonbench.strategy import Strategy

ROUND = 5
POOL = 20
"""Recipes of the finite set."""


def finite_set(case: StrategyCase) -> None:
    """Check: in a finite set of recipes it proposes those left, up to the last one."""
    space = case.problem.space
    pool = space.sample(POOL, generator("validation", 4, 3))
    history = case.measured(case.problem.empty_history(), pool[:3])
    history = case.measured(history, pool[3:6])
    left = replace(space, candidates=pool).without(history.recipes)
    for n in (ROUND, POOL - 6):
        when = f"from a finite set that has {POOL - 6} left"
        case.ask_sound(case.build(left), history, n, when)


def constant_losses(case: StrategyCase) -> None:
    """Check: it goes on when all losses are the same: blank droplets, or all too dark."""
    history = case.history((4, 4))
    losses = np.ones_like(history.losses)
    blank = dark = None
    if history.spectra is not None:
        accepted = case.problem.loss.amplitude_high if case.problem.loss is not None else 1.0
        peaks = history.spectra.max(axis=2, keepdims=True)
        blank, dark = np.full_like(history.spectra, 0.01), 2 * accepted / peaks * history.spectra
    for spectra, when in ((blank, "of blank droplets"), (dark, "of droplets that are too dark")):
        changed = replace(history, losses=losses, spectra=spectra)
        case.ask_sound(case.build(), changed, 4, f"after 8 recipes {when}, all of loss 1")


def one_observation(case: StrategyCase) -> None:
    """Check: it goes on from a single recipe."""
    for n in (1, 4):
        case.ask_sound(case.build(), case.history((1,)), n, "after one recipe")


def unreadable_droplets(case: StrategyCase) -> None:
    """Check: it goes on when single droplets could not be read (NaN)."""
    history = case.history((4, 4))
    lost = np.zeros(history.losses.shape, dtype=bool)
    lost[1, 0] = lost[2, 1:] = lost[5, ::2] = True
    case.ask_sound(case.build(), _without(history, lost), 4, "after some droplets were unreadable")


def unreadable_recipes(case: StrategyCase) -> None:
    """Check: it goes on when no droplet of a recipe, or of any recipe, could be read (NaN)."""
    history = case.history((4, 4))
    for rows, when in (
        ([1, 6], "after two recipes without a readable droplet"),
        ([4, 5, 6, 7], "after a whole round was unreadable"),
        (list(range(8)), "when nothing at all was readable"),
    ):
        lost = np.zeros(history.losses.shape, dtype=bool)
        lost[rows] = True
        case.ask_sound(case.build(), _without(history, lost), 4, when)


def _without(history: History, lost: BoolArray) -> History:
    spectra = history.spectra
    if spectra is not None:
        spectra = np.where(lost[:, :, None], np.nan, spectra)
    return replace(history, losses=np.where(lost, np.nan, history.losses), spectra=spectra)


def one_recipe_ten_times(case: StrategyCase) -> None:
    """Check: it goes on when one recipe was made ten times, alone or beside others."""
    space = case.problem.space_at(case.problem.empty_history())
    one = np.repeat(space.sample(1, generator("validation", 4, 4)), 10, axis=0)
    empty = case.problem.empty_history()
    for begun, when in (
        (empty, "after one recipe was made ten times"),
        (case.history((4,)), "after four recipes and one more made ten times"),
    ):
        case.ask_sound(case.build(), case.measured(begun, one), 4, when)


def one_droplet_each(case: StrategyCase) -> None:
    """Check: it goes on where every recipe has a single droplet."""
    history = case.history((4, 4))
    spectra = None if history.spectra is None else history.spectra[:, :1]
    single = replace(history, losses=history.losses[:, :1], spectra=spectra)
    case.ask_sound(case.build(), single, 4, "after 8 recipes of one droplet")


def bounds_that_grew(case: StrategyCase) -> None:
    """Check: it keeps to the bounds of its round when those before had others."""
    wide = case.problem.space
    width = wide.upper - wide.lower
    narrow = wide.with_bounds(wide.lower + 0.2 * width, wide.upper - 0.3 * width)
    rng = generator("validation", 4, 5)
    history = case.problem.empty_history()
    for _ in range(2):
        history = case.measured(history, narrow.sample(5, rng))
    for space, when in ((narrow, "before the bounds grew"), (wide, "after the bounds grew")):
        case.ask_sound(case.build(space), history, ROUND, when)


def losses_alone(case: StrategyCase) -> None:
    """Check: where a lab records losses alone it plans from them, or says that it cannot."""
    history = replace(case.history((4, 4)), spectra=None)
    strategy = case.plan.build(case.problem.space, None, SEED)
    when = "where only losses are recorded"
    if not case.plan.cls.needs_spectra:
        try:
            case.ask_sound(strategy, history, 4, when)
        except ConformanceError as error:
            raise ConformanceError(
                f"{error}; if it cannot plan without spectra, say needs_spectra = True"
            ) from error
        return
    asked = f"asked for 4 recipes {when}"
    if not attempt(asked, _refuses, strategy, history):
        raise ConformanceError(
            f"{asked}: it says needs_spectra = True, yet proposed; call "
            "self.require_spectra(history) first, or leave needs_spectra out"
        )
    raise LeftOut("it learns from spectra, and says so")


def _refuses(strategy: Strategy, history: History) -> bool:
    try:
        strategy.propose(history, 4)
    except PlasmonbenchError:
        return True
    return False


SITUATIONS: tuple[Check[StrategyCase], ...] = (
    Check("finite set of recipes", finite_set),
    Check("constant losses", constant_losses),
    Check("one observation", one_observation),
    Check("unreadable droplets", unreadable_droplets),
    Check("unreadable recipes", unreadable_recipes),
    Check("one recipe ten times", one_recipe_ten_times),
    Check("one droplet each", one_droplet_each),
    Check("bounds that grew", bounds_that_grew),
    Check("losses alone", losses_alone),
)
