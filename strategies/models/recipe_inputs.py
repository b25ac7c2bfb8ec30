"""Views of a recipe that a surrogate may see: flows, their logarithms, logarithms of ratios."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from plasmonbench import BoolArray, FloatArray, PlasmonbenchError, RecipeSpace

Inputs = Literal["linear", "log", "log-ratio"]
View = Callable[[FloatArray], FloatArray]


def input_view(space: RecipeSpace, inputs: Inputs) -> View:
    """Return what maps points (k, d) of the unit cube to inputs (k, d) of about unit extent.

    "linear": the points themselves. "log": logarithms of the recipe, for the axes whose lower
    bound is positive. "log-ratio": as "log", but axes of the same unit as an earlier axis are
    divided by the first of that unit, since growth asks for silver per seed rather than for
    either. Every input is scaled by its extent over the box.

    Raises
    ------
    PlasmonbenchError
        If the inputs have another name.
    """
    if inputs not in get_args(Inputs):
        raise PlasmonbenchError(f"inputs must be one of {', '.join(get_args(Inputs))}")
    if inputs == "linear":
        return np.asarray
    positive = space.lower > 0
    logs = np.eye(space.dimension)
    if inputs == "log-ratio":
        logs = logs - _reference(space, positive)
    low, high = _extent(space, positive, logs)

    def view(points: FloatArray) -> FloatArray:
        return np.asarray((_logs(space, points, positive) @ logs.T - low) / (high - low))

    return view


def different_views(space: RecipeSpace) -> tuple[Inputs, ...]:
    """Return the names of the views that differ from one another on a space."""
    positive = space.lower > 0
    if not positive.any():
        return ("linear",)
    return (
        ("linear", "log", "log-ratio") if _reference(space, positive).any() else ("linear", "log")
    )


def _logs(space: RecipeSpace, points: FloatArray, positive: BoolArray) -> FloatArray:
    """Return logarithms of the axes that have one, and the points' own other axes."""
    recipes = space.from_unit(points)
    return np.where(positive, np.log(np.where(positive, recipes, 1.0)), points)


def _reference(space: RecipeSpace, positive: BoolArray) -> FloatArray:
    """Return a matrix (d, d) whose row is 1 at the axis that an axis is divided by."""
    matrix = np.zeros((space.dimension, space.dimension))
    first: dict[str, int] = {}
    for axis in np.flatnonzero(positive):
        reference = first.setdefault(space.units[axis], int(axis))
        if reference != axis:
            matrix[axis, reference] = 1.0
    return matrix


def _extent(
    space: RecipeSpace, positive: BoolArray, logs: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest value (d,) of each input over the box."""
    corners = _logs(space, np.array([[0.0], [1.0]]) * np.ones(space.dimension), positive)
    rising, falling = np.maximum(logs, 0), np.minimum(logs, 0)
    return rising @ corners[0] + falling @ corners[1], rising @ corners[1] + falling @ corners[0]
