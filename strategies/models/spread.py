"""Batches whose members keep their distance."""

import numpy as np

from plasmonbench import BoolArray, FloatArray, PlasmonbenchError

ROUNDING = 1e-9
"""Points nearer than this are the same recipe."""


def apart(points: FloatArray, taken: FloatArray, distance: float) -> BoolArray:
    """Tell which points (k, d) are farther than a distance from all of those taken (m, d).

    Where none is, the distance is halved until one is. A point already taken never counts.

    Raises
    ------
    PlasmonbenchError
        If every point is taken.
    """
    gap = nearest_gap(points, taken)
    if not (gap > 0).any():
        raise PlasmonbenchError("more recipes asked than the space has different ones to offer")
    while not (gap > distance).any():
        distance /= 2
    return gap > distance


def nearest_gap(points: FloatArray, taken: FloatArray) -> FloatArray:
    """Return the distance of each point (k, d) to the nearest of those taken (m, d); shape (k,)."""
    gap = np.full(len(points), np.inf)
    for other in taken:
        gap = np.minimum(gap, np.linalg.norm(points - other, axis=1))
    return gap


def best_apart(
    points: FloatArray,
    scores: FloatArray,
    n: int,
    distance: float,
    known: FloatArray | None = None,
) -> FloatArray:
    """Return n points (n, d), best score first, each as far from the earlier ones as `apart` asks.

    A point that equals one of those ``known`` (m, d), but for rounding, is left out.

    Raises
    ------
    PlasmonbenchError
        If there are fewer than n different points.
    """
    order = np.argsort(-scores, kind="stable")
    points = points[order]
    if known is not None:
        points = points[nearest_gap(points, known) > ROUNDING]
    gap = np.full(len(points), np.inf)
    chosen: list[int] = []
    for _ in range(n):
        if not (gap > 0).any():
            raise PlasmonbenchError("more recipes asked than the space has different ones to offer")
        while not (gap > distance).any():
            distance /= 2
        chosen.append(int((gap > distance).argmax()))
        gap = np.minimum(gap, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return points[chosen]
