"""The trust region of TuRBO (Eriksson et al., NeurIPS 2019), told from a history alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from plasmonbench import BoolArray, FloatArray, History, RecipeSpace

FIRST, SHORTEST, LONGEST = 0.8, 0.5**7, 1.6
"""Side lengths of the region, in the unit cube: at first, before it is given up, at most."""
SUCCESSES = 3
"""Rounds in a row that improve, until the region is doubled."""
IMPROVEMENT = 1e-3
"""Share of the best loss by which a round must be better to count."""


@dataclass(frozen=True)
class TrustRegion:
    """State of the search after a history.

    Parameters
    ----------
    length
        Side of the region in the unit cube, before it is stretched along the axes.
    member
        Which recipes were made since the region was opened, shape (N,).
    """

    length: float
    member: BoolArray

    @property
    def fresh(self) -> bool:
        """Whether nothing was measured in the region yet: it must begin with a design."""
        return not self.member.any()

    @classmethod
    def after(cls, history: History) -> TrustRegion:
        """Replay the rounds of a history; rounds without a reading are passed over."""
        losses = history.median_loss
        dimension = history.recipes.shape[1]
        length, best = FIRST, np.inf
        successes = failures = first_round = 0
        for number in range(history.n_rounds):
            measured = losses[history.round == number]
            if not np.isfinite(measured).any():
                continue
            lowest = float(np.nanmin(measured))
            if not np.isfinite(best):  # the design that opens a region
                best = lowest
                continue
            better = lowest < best - IMPROVEMENT * abs(best)
            successes, failures = (successes + 1, 0) if better else (0, failures + 1)
            best = min(best, lowest)
            patience = ceil(max(4.0, dimension) / len(measured))
            if successes == SUCCESSES:
                length, successes = min(2 * length, LONGEST), 0
            elif failures >= patience:  # beyond it where the rounds before were smaller
                length, failures = length / 2, 0
            if length < SHORTEST:
                length, best = FIRST, np.inf
                successes = failures = 0
                first_round = number + 1
        return cls(length, np.asarray((history.round >= first_round) & np.isfinite(losses)))

    def pool(
        self,
        space: RecipeSpace,
        centre: FloatArray,
        lengthscales: FloatArray,
        n: int,
        rng: np.random.Generator,
        *,
        least: int,
    ) -> FloatArray:
        """Return n feasible points (n, d) of the unit cube in the region around a centre (d,).

        Its sides are stretched in proportion to the ``lengthscales`` (d,) at constant volume. Of a
        finite set: the candidates in the region, or the ``least`` nearest where those are fewer.
        """
        sides = self.length * lengthscales / np.exp(np.mean(np.log(lengthscales)))
        if space.candidates is not None:
            points = space.to_unit(space.candidates)
            reach = np.abs((points - centre) / (sides / 2)).max(axis=1)
            nearest = np.argsort(reach, kind="stable")
            return points[nearest[: max(least, int((reach <= 1).sum()))]]
        lower = np.clip(centre - sides / 2, 0, 1)
        upper = np.clip(centre + sides / 2, 0, 1)
        box = space.with_bounds(space.from_unit(lower), space.from_unit(upper))
        return space.to_unit(space.project(box.sample(n, rng)))
