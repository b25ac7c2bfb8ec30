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

    Exact for a single inequality, by Dykstra's alternating projections for several. What rounding
    leaves outside is drawn towards an inner point; the halfspaces are taken 1e-12 narrower, so
    that this is rarely needed.
    """
    narrow = limits - 1e-12 * np.abs(matrix).sum(axis=1)
    if len(matrix) == 1:
        x = _project_on_one(points, matrix[0], float(narrow[0]))
    else:
        x = _alternating_projections(points, matrix, narrow)
    over = np.maximum(x @ matrix.T - limits, 0)
    if not over.any():
        return x
    centre = chebyshev_centre(matrix, limits)
    room = limits - matrix @ centre
    # A step t towards the centre ends a row's excess where over = t (over + room).
    step = (over / (over + room)).max(axis=1, keepdims=True)
    return np.asarray(x + step * (centre - x), dtype=np.float64)


def _project_on_one(points: FloatArray, row: FloatArray, limit: float) -> FloatArray:
    """Project on the unit cube and row @ x <= limit.

    The nearest point is clip(y - t row, 0, 1) with the least t >= 0 that keeps the inequality.
    row @ x falls with t along straight pieces, between the values of t where a coordinate meets
    a bound: find the piece that crosses the limit, then the place on it.
    """
    clipped = np.clip(points, 0, 1)
    outside = clipped @ row > limit
    if not outside.any():
        return clipped
    y = points[outside]
    sloped = np.flatnonzero(row)
    ends = np.concatenate([y[:, sloped] - 1, y[:, sloped]], axis=1) / np.tile(row[sloped], 2)
    ends = np.sort(np.concatenate([np.zeros((len(y), 1)), np.maximum(ends, 0)], axis=1), axis=1)
    sums = np.clip(y[:, None] - ends[:, :, None] * row, 0, 1) @ row
    rows = np.arange(len(y))
    after = np.minimum((sums > limit).sum(axis=1), ends.shape[1] - 1)
    left, right = ends[rows, after - 1], ends[rows, after]
    high, low = sums[rows, after - 1], sums[rows, after]
    share = (high - limit) / np.maximum(high - low, 1e-300)
    clipped[outside] = np.clip(y - (left + share * (right - left))[:, None] * row, 0, 1)
    return clipped


def _alternating_projections(
    points: FloatArray, matrix: FloatArray, limits: FloatArray
) -> FloatArray:
    """Project by Dykstra's algorithm (Boyle and Dykstra 1986) over the cube and each halfspace.

    It has converged when the corrections rest; the points themselves may rest long before
    (Birgin and Raydan 2005).
    """
    x = points.copy()
    corrections = np.zeros((len(matrix) + 1, *points.shape))
    square_norms = np.maximum((matrix**2).sum(axis=1), 1e-300)
    for _ in range(10_000):
        before = corrections.copy()
        for k, (row, limit) in enumerate(zip(matrix, limits, strict=True)):
            y = x + corrections[k]
            x = y - (np.maximum(y @ row - limit, 0) / square_norms[k])[:, None] * row
            corrections[k] = y - x
        y = x + corrections[-1]
        x = np.clip(y, 0, 1)
        corrections[-1] = y - x
        if np.abs(corrections - before).max() < 1e-13:
            break
    return x


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
