"""The flows of a recipe as people set and read them: names, units, steps, rounding."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.space import RecipeSpace

WORDS = {
    "agno3": "AgNO₃",
    "ascorbic_acid": "ascorbic acid",
    "ctab": "CTAB",
    "haucl4": "HAuCl₄",
    "pva": "PVA",
    "seed": "seeds",
    "total": "total flow",
    "tsc": "citrate (TSC)",
}
"""Names of flows, without the campaign's prefix ``q_``, as chemists write them."""
UNITS = {"uL/min": "µL/min", "uM": "µM"}
STEPS = 100
"""At least so many settings lie between the bounds of a flow."""


@dataclass(frozen=True)
class Flow:
    """One flow of a recipe as it is set: bounds in its unit, and the step between settings."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float

    def text(self, value: float) -> str:
        """Return the value with as many digits as the step has, and the unit."""
        return f"{self.number(value)} {self.unit}"

    def number(self, value: float) -> str:
        """Return the value with as many digits as the step has."""
        return f"{value:.{max(0, -round(math.log10(self.step)))}f}"


def flows(space: RecipeSpace) -> tuple[Flow, ...]:
    """Return the flows of a space in its order, steps being powers of ten."""
    rows = zip(space.names, space.units, space.lower, space.upper, strict=True)
    return tuple(
        Flow(name, label(name), UNITS.get(unit, unit), float(low), float(high), _step(low, high))
        for name, unit, low, high in rows
    )


def label(name: str) -> str:
    """Return the name of a flow for people: ``q_agno3`` is AgNO₃."""
    plain = re.sub(r"^q_", "", name)
    return WORDS.get(plain, plain.replace("_", " "))


def settable(space: RecipeSpace, recipe: FloatArray) -> FloatArray:
    """Return the recipe (d,) that can be set, nearly the given feasible one, and is feasible.

    Each flow is rounded to its step; where that breaks an inequality the flows in it are
    rounded towards its inside, one after another. Only where bounds are narrower than a step
    the recipe stays as it is.
    """
    steps = np.array([flow.step for flow in flows(space)])
    rounded = np.clip(_tidy(np.round(recipe / steps) * steps), space.lower, space.upper)
    matrix, limits = space.inequalities
    for row, limit in zip(matrix, limits, strict=True):
        for axis in np.flatnonzero(row):
            if row @ rounded <= limit:
                break
            inwards = np.floor if row[axis] > 0 else np.ceil
            rounded[axis] = _tidy(inwards(recipe[axis] / steps[axis]) * steps[axis])
        rounded = np.clip(rounded, space.lower, space.upper)
    return rounded if space.contains(rounded[None])[0] else np.asarray(recipe, dtype=np.float64)


def middle(space: RecipeSpace) -> FloatArray:
    """Return a recipe (d,) in the middle of the bounds, or the nearest one that can be made."""
    centre: FloatArray = space.project(((space.lower + space.upper) / 2)[None])[0]
    return settable(space, centre)


def _step(low: float, high: float) -> float:
    return float(10.0 ** math.floor(math.log10((high - low) / STEPS)))


def _tidy(values: FloatArray) -> FloatArray:
    """Drop what floating point adds behind the last digit that can be set."""
    return np.asarray(np.round(values, 12), dtype=np.float64)
