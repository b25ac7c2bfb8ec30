"""What keeps a recipe from being made, and by how much, in words for people."""

from __future__ import annotations

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.explore.flows import flows
from plasmonbench.space import FEASIBILITY_TOLERANCE, RecipeSpace


def faults(space: RecipeSpace, recipe: FloatArray) -> list[str]:
    """Say of a recipe (d,) each bound and each inequality that it breaks, and by how much.

    Empty if it can be made.
    """
    if space.contains(recipe[None])[0]:
        return []
    found = []
    parts = flows(space)
    for flow, value in zip(parts, recipe, strict=True):
        width = FEASIBILITY_TOLERANCE * (flow.high - flow.low)
        if value < flow.low - width:
            gap = flow.text(flow.low - value)
            found.append(f"{flow.label} is {gap} below its least, {flow.text(flow.low)}")
        elif value > flow.high + width:
            gap = flow.text(value - flow.high)
            found.append(f"{flow.label} is {gap} above its most, {flow.text(flow.high)}")
    for row, limit in zip(*space.inequalities, strict=True):
        excess = float(row @ recipe - limit)
        if excess <= FEASIBILITY_TOLERANCE * float(np.abs(row * (space.upper - space.lower)).sum()):
            continue
        summed = [flow for flow, weight in zip(parts, row, strict=True) if weight]
        terms = " + ".join(
            flow.label if weight == 1 else f"{weight:g}·{flow.label}"
            for flow, weight in zip(parts, row, strict=True)
            if weight
        )
        unit = f" {summed[0].unit}" if len({flow.unit for flow in summed}) == 1 else ""
        found.append(
            f"{terms} is {row @ recipe:.4g}{unit}, at most {limit:.4g}{unit} can be mixed: "
            f"{excess:.3g}{unit} too much"
        )
    return found
