"""Bounds that grow where a round's recipes press on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.space import RecipeSpace


@dataclass(frozen=True)
class GrowthOfBounds:
    """After each round, move every bound that enough of the round's recipes press on.

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

    def space_after(self, space: RecipeSpace, history: History) -> RecipeSpace:
        """Return the space after the rounds of a history, from the initial box of ``space``.

        Rounds of a single recipe are taken with those before them, until they hold as many
        recipes as the first round, so that one recipe alone cannot move a bound.
        """
        box = space.initial_space()
        lower, upper = box.lower, box.upper
        block = int((history.round == 0).sum())
        for start in range(0, len(history) - block + 1, block) if block else ():
            recipes = history.recipes[start : start + block]
            width = upper - lower
            at_lower = np.mean(recipes <= lower + self.margin * width, axis=0) >= self.share
            at_upper = np.mean(recipes >= upper - self.margin * width, axis=0) >= self.share
            lower = np.where(at_lower, np.maximum(lower - self.step * width, space.lower), lower)
            upper = np.where(at_upper, np.minimum(upper + self.step * width, space.upper), upper)
        return space.with_bounds(lower, upper)
