"""The best points of a grid over a recipe space; points lie in its unit cube."""

from collections.abc import Callable

import numpy as np

from plasmonbench import FloatArray, IntArray, PlasmonbenchError, RecipeSpace

BLOCK = 8192
"""Points scored at a time, so that their spectra fit in the cache or nearly."""


def search_grid(
    score: Callable[[FloatArray], FloatArray],
    space: RecipeSpace,
    rng: np.random.Generator,
    *,
    levels: int,
    samples: int | None,
    beam: int,
) -> tuple[FloatArray, FloatArray]:
    """Score points of a grid of ``levels`` per axis of a continuous space.

    A random sample of the grid is scored, then the neighbours (one level along one axis) of the
    ``beam`` best points, again and again until no neighbour is among the best. ``samples`` None:
    the whole grid. ``score`` maps (m, d) to (m,). Returns all that was scored: points (k, d)
    and scores (k,).

    Raises
    ------
    PlasmonbenchError
        If no point of the sample is feasible.
    """
    shape = (levels,) * space.dimension
    size = levels**space.dimension

    def feasible(flat: IntArray) -> IntArray:
        return flat[space.contains(space.from_unit(points_of(flat)))]

    def points_of(flat: IntArray) -> FloatArray:
        return np.stack(np.unravel_index(flat, shape), axis=1) / (levels - 1)

    def scores_of(flat: IntArray) -> FloatArray:
        blocks = range(0, len(flat), BLOCK)
        return np.concatenate(
            [np.empty(0), *(score(points_of(flat[i : i + BLOCK])) for i in blocks)]
        )

    if samples is None or samples >= size:
        seen = feasible(np.arange(size))
    else:
        seen = feasible(np.unique(rng.integers(size, size=samples)))
    if not len(seen):
        raise PlasmonbenchError("no grid point tried is feasible; use more levels or samples")
    scores = scores_of(seen)
    while len(seen) < size:
        best = np.argsort(-scores, kind="stable")[:beam]
        new = feasible(np.setdiff1d(_neighbours(seen[best], shape), seen))
        new_scores = scores_of(new)
        worst = scores[best[-1]]
        seen, scores = np.concatenate([seen, new]), np.concatenate([scores, new_scores])
        if not np.any(new_scores > worst):
            break
    return points_of(seen), scores


def _neighbours(flat: IntArray, shape: tuple[int, ...]) -> IntArray:
    """Return the points one level away along one axis, each once."""
    index = np.stack(np.unravel_index(flat, shape), axis=1)
    steps = np.concatenate(
        [np.eye(len(shape), dtype=np.int64), -np.eye(len(shape), dtype=np.int64)]
    )
    moved = (index[:, None] + steps).reshape(-1, len(shape))
    inside = np.all((moved >= 0) & (moved < shape), axis=1)
    return np.unique(np.ravel_multi_index(tuple(moved[inside].T), shape))
