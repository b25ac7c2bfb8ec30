"""Losses over two flows of a recipe, the others held: of the truth, or as a planner believes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plasmonbench.arrays import FloatArray, frozen
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import PredictedLoss

CAMPAIGN_AXES = ("q_seed", "q_agno3")
"""The two flows that matter most in Mekki-Berrada et al. 2021, as their maps have them."""
RESOLUTION = 60
"""Recipes along each axis of a map."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Recipes that differ in two flows from an anchor.

    Parameters
    ----------
    space
        Continuous; its bounds and constraints cut the plane.
    anchor
        Recipe (d,) that the plane passes through.
    axes
        Indices of the horizontal and the vertical flow.
    """

    space: RecipeSpace
    anchor: FloatArray
    axes: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "anchor", frozen(self.anchor))

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two flows."""
        across, up = self.axes
        return self.space.names[across], self.space.names[up]

    @property
    def units(self) -> tuple[str, str]:
        """Their units."""
        across, up = self.axes
        return self.space.units[across], self.space.units[up]

    @property
    def held(self) -> dict[str, float]:
        """The other flows and where they are held, by name."""
        return {
            name: float(self.anchor[k])
            for k, name in enumerate(self.space.names)
            if k not in self.axes
        }

    def recipes(self, across: npt.ArrayLike, up: npt.ArrayLike) -> FloatArray:
        """Return the recipes (k, d) of the plane at k values of its two flows."""
        across, up = np.broadcast_arrays(np.asarray(across), np.asarray(up))
        recipes = np.tile(self.anchor, (across.size, 1))
        recipes[:, self.axes[0]], recipes[:, self.axes[1]] = across.ravel(), up.ravel()
        return recipes

    def distance(self, recipes: npt.ArrayLike) -> FloatArray:
        """Return how far recipes (N, d) lie from the plane, in the unit cube; shape (N,)."""
        gap = self.space.to_unit(recipes) - self.space.to_unit(self.anchor)
        return np.asarray(np.linalg.norm(np.delete(gap, self.axes, axis=1), axis=1))


@dataclass(frozen=True, eq=False)
class LossMap:
    """Losses on a grid over a plane."""

    plane: Plane
    across: FloatArray
    """Values of the horizontal flow, shape (n,)."""
    up: FloatArray
    """Values of the vertical flow, shape (m,)."""
    loss: FloatArray
    """Shape (m, n); NaN where a recipe is infeasible."""

    @property
    def lowest(self) -> tuple[float, float, float]:
        """The lowest loss on the grid, and the two flows that have it: (loss, across, up)."""
        row, column = np.unravel_index(int(np.nanargmin(self.loss)), self.loss.shape)
        return float(self.loss[row, column]), float(self.across[column]), float(self.up[row])


def plane_through(
    space: RecipeSpace, anchor: npt.ArrayLike, axes: Sequence[str] | None = None
) -> Plane:
    """Return the plane of two flows through a recipe.

    Parameters
    ----------
    space
        Continuous.
    anchor
        Recipe (d,).
    axes
        Names of the horizontal and the vertical flow; None: `CAMPAIGN_AXES`, or the first two of
        a space that has not both.

    Raises
    ------
    PlasmonbenchError
        If the space is a finite set or has one flow alone, or there is no such flow.
    """
    if space.candidates is not None:
        raise PlasmonbenchError("a finite set of recipes has no map; it needs a continuous space")
    if space.dimension < 2:
        raise PlasmonbenchError("a map needs two flows; this space has one")
    if axes is None:
        known = set(CAMPAIGN_AXES) <= set(space.names)
        axes = CAMPAIGN_AXES if known else space.names[:2]
    unknown = [name for name in axes if name not in space.names]
    if unknown or len(set(axes)) != 2:
        raise PlasmonbenchError(
            f"a map is over two different flows of {', '.join(space.names)}; got {', '.join(axes)}"
        )
    across, up = (space.names.index(name) for name in axes)
    return Plane(space, np.asarray(anchor, dtype=np.float64), (across, up))


def loss_map(loss: PredictedLoss, plane: Plane, resolution: int = RESOLUTION) -> LossMap:
    """Ask a function of recipes (k, d) for the losses (k,) of the feasible part of a plane.

    Parameters
    ----------
    loss
        `Problem.true_loss`, or what `Strategy.predicted_loss` returned.
    plane
        Where.
    resolution
        Recipes along each axis, from bound to bound.

    Raises
    ------
    PlasmonbenchError
        If no recipe of the grid is feasible.
    """
    low, high = plane.space.lower, plane.space.upper
    across, up = (np.linspace(low[k], high[k], resolution) for k in plane.axes)
    recipes = plane.recipes(across[None, :], up[:, None])
    feasible = plane.space.contains(recipes)
    if not feasible.any():
        raise PlasmonbenchError("no recipe of the map is feasible; choose another anchor")
    losses = np.full(len(recipes), np.nan)
    losses[feasible] = loss(recipes[feasible])
    return LossMap(plane, across, up, losses.reshape(resolution, resolution))
