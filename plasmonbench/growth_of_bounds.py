"""Bounds that grow where a round's recipes press on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.space import RecipeSpace


@dataclass(frozen=True)
class GrowthOfBounds:
    """After each round, move every bound that enough of its recipes press on.

    The same rule for every strategy. It puts in figures what the campaign did by judgement: its
    bounds were enlarged after 19 of 30 recipes sat at the AgNO3 bound and 24 of 30 at the seed
    bound (Mekki-Berrada et al. 2021, between runs 5 and 6).

    Parameters
    ----------
    share
        Share of a round's recipes that must lie at a bound to move it.
    margin
        How near counts as at the bound, in widths of the current box.
    step
        How far a bound moves, in widths of the current box, never past the hard bound.
    """

    share: float = 1 / 3
    margin: float = 0.02
    step: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and 0 <= self.margin < 0.5 and self.step > 0):
            raise PlasmonbenchError(
                "growth of bounds needs 0 < share <= 1, 0 <= margin < 0.5 and step > 0"
            )

    def space_after(self, space: RecipeSpace, history: History, batch_size: int) -> RecipeSpace:
        """Return the space after the rounds of a history, from the initial box of ``space``.

        Rounds that are smaller than a batch are taken with those after them until they hold one,
        so that the rule counts as many recipes for a strategy that asks for them one by one, and
        no single recipe moves a bound. Recipes that do not fill a batch yet move none.

        Parameters
        ----------
        space
            Hard bounds and the initial box.
        history
            All rounds so far; the space follows from them alone, so that a resumed campaign sees
            the same.
        batch_size
            Recipes a round that the problem allows.
        """
        box = space.initial_space()
        lower, upper = box.lower, box.upper
        for recipes in _pooled_rounds(history, batch_size):
            width = upper - lower
            at_lower = np.mean(recipes <= lower + self.margin * width, axis=0) >= self.share
            at_upper = np.mean(recipes >= upper - self.margin * width, axis=0) >= self.share
            lower = np.where(at_lower, np.maximum(lower - self.step * width, space.lower), lower)
            upper = np.where(at_upper, np.minimum(upper + self.step * width, space.upper), upper)
        return space.with_bounds(lower, upper)


def _pooled_rounds(history: History, batch_size: int) -> Iterator[FloatArray]:
    """Yield the recipes (k, d) of consecutive rounds, as few as hold at least a batch."""
    waiting: list[FloatArray] = []
    for number in range(history.n_rounds):
        waiting.append(history.recipes[history.round == number])
        if sum(map(len, waiting)) >= batch_size:
            yield np.concatenate(waiting)
            waiting = []
