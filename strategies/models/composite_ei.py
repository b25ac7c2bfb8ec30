"""Noisy expected improvement of a loss of modelled spectra, in greedy batches from joint samples.

Every sample is one possible laboratory: its spectra everywhere, and so its losses, and the loss
that the measured recipes really have in it. What a new recipe may gain is averaged over them
(Letham et al., Bayesian Analysis 2019), with the exact loss of each sampled spectrum (composite
Bayesian optimisation; Astudillo and Frazier, ICML 2019).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from plasmonbench import FloatArray, IntArray, PlasmonbenchError, RecipeSpace
from strategies.models.search import starting_points
from strategies.models.spread import nearest_gap

Loss = Callable[[FloatArray], FloatArray]
"""Maps spectra (..., W) to losses (...)."""


class Draws(Protocol):
    """Joint samples of spectra, as functions of the recipe; `SpectralDraws` is one."""

    def losses(self, points: FloatArray, loss: Loss) -> FloatArray:
        """Return the losses at points (k, d) of the unit cube in every sample, (count, k)."""
        ...


class SpectralPosterior(Protocol):
    """What can be drawn from; `SpectralModel` is one."""

    def draw(self, count: int, rng: np.random.Generator) -> Draws:
        """Return ``count`` joint samples."""
        ...


SOFTNESS = 1e-3
"""Loss by which a sample may miss the incumbent and still count a little; ranks hopeless points."""
CENTRES = 16
"""Measured recipes whose surroundings are searched."""
LOCAL_WIDTHS = (0.1, 0.03)
"""Standard deviations, in the unit cube, of the points tried around measured recipes."""


def noisy_ei_batch(
    model: SpectralPosterior,
    loss: Loss,
    space: RecipeSpace,
    n: int,
    rng: np.random.Generator,
    *,
    measured: FloatArray,
    pending: FloatArray,
    min_distance: float,
    samples: int = 128,
    pool: int = 768,
    local: int = 256,
    refinements: tuple[float, ...] = (0.05, 0.015),
) -> FloatArray:
    """Return n points (n, d) of the unit cube, the most promising first.

    The pool holds random feasible points and perturbations of the measured points (m, d) of
    lowest expected loss; in a finite set, every candidate. Each of the ``refinements`` adds
    ``local`` normal perturbations, of that width, of the batch that would be chosen now and of
    the best points of single samples. Points ``pending`` (p, d) count as chosen already.
    """
    draws = model.draw(samples, rng)
    taken = np.concatenate([measured, pending])
    at_taken = draws.losses(taken, loss)
    reached = at_taken.min(axis=1)
    points = starting_points(space, pool, rng)
    if space.candidates is None:
        best = taken[np.argsort(at_taken.mean(axis=0), kind="stable")[:CENTRES]]
        around = [perturbed(best, width, local // 2, space, rng) for width in LOCAL_WIDTHS]
        points = np.concatenate([points, *around])
    losses = draws.losses(points, loss)
    for width in refinements if space.candidates is None else ():
        winners = greedy_batch(points, losses, reached, n, taken, min_distance)
        champions = np.unique(losses.argmin(axis=1))
        centres = np.concatenate([points[winners], points[champions]])
        new = perturbed(centres, width, local, space, rng)
        points = np.concatenate([points, new])
        losses = np.concatenate([losses, draws.losses(new, loss)], axis=1)
    return points[greedy_batch(points, losses, reached, n, taken, min_distance)]


def greedy_batch(
    points: FloatArray,
    losses: FloatArray,
    reached: FloatArray,
    n: int,
    taken: FloatArray,
    min_distance: float,
) -> IntArray:
    """Return the indices (n,) of a batch chosen one by one from points (k, d).

    Each maximises the mean over samples of how far its loss (count, k) falls below what is
    ``reached`` (count,), which the points chosen before lower. Points within ``min_distance`` of
    those ``taken`` (t, d) or chosen before do not count, unless there are no others: then the
    distance is halved until there are.

    Raises
    ------
    PlasmonbenchError
        If there are fewer than n different points, or a loss is not finite.
    """
    if not np.isfinite(losses).all():
        # The largest gain of all would be that of a loss that is no number.
        raise PlasmonbenchError("the surrogate gives spectra whose loss is not finite")
    gap = nearest_gap(points, taken)
    chosen: list[int] = []
    for _ in range(n):
        if not (gap > 0).any():
            raise PlasmonbenchError("more recipes asked than the space has different ones to offer")
        while not (gap > min_distance).any():
            min_distance /= 2
        gain = _soft_gain(reached[:, None] - losses).mean(axis=0)
        new = int(np.where(gap > min_distance, gain, -np.inf).argmax())
        chosen.append(new)
        reached = np.minimum(reached, losses[:, new])
        gap = np.minimum(gap, nearest_gap(points, points[[new]]))
    return np.array(chosen, dtype=np.int64)


def _soft_gain(improvement: FloatArray) -> FloatArray:
    """Return max(improvement, 0), rounded off at 0 by a hyperbola that never vanishes."""
    return np.asarray((improvement + np.sqrt(np.square(improvement) + SOFTNESS**2)) / 2)


def perturbed(
    centres: FloatArray, width: float, count: int, space: RecipeSpace, rng: np.random.Generator
) -> FloatArray:
    """Return ``count`` normal perturbations of points (k, d) in turn, moved to feasible ones."""
    around = centres[np.arange(count) % len(centres)]
    moved = around + width * rng.standard_normal(around.shape)
    return space.to_unit(space.project(space.from_unit(moved)))
