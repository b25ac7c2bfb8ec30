"""Says what is wrong with bounds and constraints that cannot define a recipe space."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError


def check_box(
    names: Sequence[str], units: Sequence[str], lower: FloatArray, upper: FloatArray
) -> None:
    """Check that there is a unit and a finite, non-empty range (d,) for each of d names.

    Raises
    ------
    PlasmonbenchError
        If not.
    """
    d = len(names)
    for what, shape in (("units", (len(units),)), ("lower", lower.shape), ("upper", upper.shape)):
        if shape != (d,):
            raise PlasmonbenchError(f"{what} has shape {shape}, but there are {d} axes")
    for name, low, high in zip(names, lower, upper, strict=True):
        if not (np.isfinite(low) and np.isfinite(high)):
            raise PlasmonbenchError(f"bounds of {name} must be finite; got {low} to {high}")
        if low >= high:
            raise PlasmonbenchError(
                f"lower bound of {name} must be below the upper; got {low:g} to {high:g}"
            )


def check_inner_box(
    inner_lower: FloatArray, inner_upper: FloatArray, lower: FloatArray, upper: FloatArray
) -> None:
    """Check that a box is not empty and lies inside another; all (d,).

    Raises
    ------
    PlasmonbenchError
        If not.
    """
    if inner_lower.shape != lower.shape or inner_upper.shape != lower.shape:
        raise PlasmonbenchError(f"the initial box must have {len(lower)} bounds on each side")
    if not np.all((lower <= inner_lower) & (inner_lower < inner_upper) & (inner_upper <= upper)):
        raise PlasmonbenchError("the initial box must lie inside the hard bounds")


def check_inequalities(
    matrix: FloatArray, limits: FloatArray, lower: FloatArray, upper: FloatArray
) -> None:
    """Check that some recipe of the box keeps matrix (k, d) @ recipe <= limits (k,).

    Raises
    ------
    PlasmonbenchError
        If none does, or the numbers are not finite or do not fit.
    """
    if len(matrix) != len(limits):
        raise PlasmonbenchError(f"{len(matrix)} constraint rows but {len(limits)} limits")
    if not (np.isfinite(matrix).all() and np.isfinite(limits).all()):
        raise PlasmonbenchError("constraints must be finite numbers")
    if not len(matrix):
        return
    bounds = np.stack([lower, upper], axis=1)
    if not linprog(np.zeros(len(lower)), matrix, limits, bounds=bounds).success:
        raise PlasmonbenchError("no recipe satisfies both the bounds and the constraints")
