"""Geometry of ``{x in [0, 1]^d : A x <= b}``: an inner point, nearest points, uniform samples."""

import numpy as np
from scipy.optimize import linprog

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError


def chebyshev_centre(matrix: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the centre (d,) of the largest ball inside the unit cube cut by A x <= b.

    Raises
    ------
    PlasmonbenchError
        If the set has no interior.
    """
    d = matrix.shape[1]
    halfspaces = np.concatenate([matrix, np.eye(d), -np.eye(d)])
    offsets = np.concatenate([limits, np.ones(d), np.zeros(d)])
    norms = np.linalg.norm(halfspaces, axis=1)
    solution = linprog(
        np.append(np.zeros(d), -1.0),
        np.column_stack([halfspaces, norms]),
        offsets,
        bounds=[(None, None)] * d + [(0, None)],
    )
    if not solution.success or solution.x[-1] <= 0:
        raise PlasmonbenchError("the feasible set has no interior to sample from")
    return np.asarray(solution.x[:-1], dtype=np.float64)


def nearest_feasible(points: FloatArray, matrix: FloatArray, limits: FloatArray) -> FloatArray:
    """Project points (n, d) on the unit cube cut by A x <= b, in the Euclidean distance.

    Dykstra's alternating projections (Boyle and Dykstra 1986) over the cube and each halfspace;
    what rounding leaves outside is drawn towards an inner point. The halfspaces are taken 1e-12
    narrower, so that rounding further on leaves the points inside.
    """
    limits = limits - 1e-12 * np.abs(matrix).sum(axis=1)
    x = points.copy()
    corrections = np.zeros((len(matrix) + 1, *points.shape))
    square_norms = (matrix**2).sum(axis=1)
    for _ in range(10_000):
        before = x.copy()
        for k, (row, limit) in enumerate(zip(matrix, limits, strict=True)):
            y = x + corrections[k]
            excess = np.maximum(y @ row - limit, 0) / max(square_norms[k], 1e-300)
            x = y - excess[:, None] * row
            corrections[k] = y - x
        y = x + corrections[-1]
        x = np.clip(y, 0, 1)
        corrections[-1] = y - x
        if np.abs(x - before).max() < 1e-13:
            break
    excess = (x @ matrix.T - limits).max(axis=1, initial=0)
    if excess.max(initial=0) <= 0:
        return x
    centre = chebyshev_centre(matrix, limits)
    room = limits - matrix @ centre
    over = np.maximum(x @ matrix.T - limits, 0)
    # A step t towards the centre ends a row's excess where over = t (over + room).
    step = (over / (over + room)).max(axis=1, keepdims=True)
    return np.asarray(x + step * (centre - x), dtype=np.float64)


def hit_and_run(
    matrix: FloatArray, limits: FloatArray, n: int, rng: np.random.Generator
) -> FloatArray:
    """Draw n points, close to uniform, from the unit cube cut by A x <= b; shape (n, d).

    Hit-and-run (Smith 1984): n chains side by side from the Chebyshev centre, 100 d steps each.
    """
    d = matrix.shape[1]
    halfspaces = np.concatenate([matrix, np.eye(d), -np.eye(d)])
    offsets = np.concatenate([limits, np.ones(d), np.zeros(d)])
    x = np.tile(chebyshev_centre(matrix, limits), (n, 1))
    for _ in range(100 * d):
        direction = rng.standard_normal((n, d))
        slope = direction @ halfspaces.T
        room = np.maximum(offsets - x @ halfspaces.T, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = room / slope
        high = np.where(slope > 0, reach, np.inf).min(axis=1)
        low = np.where(slope < 0, reach, -np.inf).max(axis=1)
        x = x + (low + (high - low) * rng.random(n))[:, None] * direction
    return np.clip(x, 0, 1)
