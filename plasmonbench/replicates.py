"""How droplets of one recipe differ: start-up, spread, duds, memory from droplet to droplet."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

from plasmonbench.agreement import median_of_defined, rank_correlation
from plasmonbench.arrays import FloatArray

SETTLED_FROM = 15
"""Number of the droplet from which on a recipe has settled, counted from 1."""
LEAST_FOR_SETTLED = 19
"""Droplets that a recipe needs for a settled value: five of them have settled then."""
FITTED_DROPLETS = 15
EFOLD_RANGE = (0.2, 75.0)
"""Droplets. What falls faster or more slowly does not show in 15 droplets."""
DUD_HEIGHTS = (0.5, 0.7)
"""Peak absorbance of a dud, relative to the median of its neighbours."""
DUD_NEIGHBOURS = 2
"""Droplets on each side."""
LEAST_FOR_LAG = 4
"""Three droplets are two pairs, whose correlation is 1 or -1 whatever they hold."""

Droplets = Sequence[FloatArray]
"""One array (repetitions, droplets) per recipe: the lab's repetitions, or the real one alone."""


@dataclass(frozen=True)
class ReplicateFigures:
    """What is typical of droplets; None where the file cannot tell."""

    transient: float | None
    """Mean over recipes of the first droplet's loss, less the settled value."""
    efold_droplets: float | None
    """Droplets until that excess has fallen to 1/e."""
    settled_sd: float | None
    """Standard deviation of the loss of settled droplets, median over recipes."""
    dud_share: float | None
    """Share of droplets with 50 to 70 % of their neighbours' peak absorbance."""
    lag1: float | None
    """Correlation of the loss with the next droplet's, median over recipes."""


@dataclass(frozen=True, eq=False)
class ReplicateComparison:
    """Simulated droplets beside the measured ones of the same n recipes."""

    measured: ReplicateFigures
    simulated: ReplicateFigures
    measured_sd: FloatArray
    """Standard deviation of the loss within each recipe, shape (n,); NaN for a single droplet."""
    simulated_sd: FloatArray
    """The same of the lab, shape (n,): median over repetitions."""
    measured_excess: FloatArray
    """Loss of the first 19 droplets less the settled value, shape (m, 19); see `excess`."""
    simulated_excess: FloatArray
    """The same of the lab, shape (m, 19): mean over repetitions."""
    sd_spearman: float | None
    """Rank correlation of the two standard deviations over recipes."""
    sd_ratio: float | None
    """Simulated over measured standard deviation, median over recipes."""


def compare_replicates(
    measured: Droplets,
    simulated: Droplets,
    measured_peaks: Droplets | None = None,
    simulated_peaks: Droplets | None = None,
) -> ReplicateComparison:
    """Compare the losses of droplets, and their peak absorbances where they are known.

    Parameters
    ----------
    measured, simulated
        Losses, of each of n recipes an array (1, k) and one (repetitions, k).
    measured_peaks, simulated_peaks
        Peak absorbances in the same form, of recipes that need not be the same; None: unknown.
    """
    measured_sd, simulated_sd = within_recipe_sd(measured), within_recipe_sd(simulated)
    known = np.isfinite(measured_sd)
    scattered = measured_sd > 0  # False where NaN
    return ReplicateComparison(
        measured=replicate_figures(measured, measured_peaks),
        simulated=replicate_figures(simulated, simulated_peaks),
        measured_sd=measured_sd,
        simulated_sd=simulated_sd,
        measured_excess=excess(measured).mean(axis=1),
        simulated_excess=excess(simulated).mean(axis=1),
        sd_spearman=rank_correlation(simulated_sd[known], measured_sd[known]),
        sd_ratio=median_of_defined(simulated_sd[scattered] / measured_sd[scattered]),
    )


def replicate_figures(losses: Droplets, peaks: Droplets | None = None) -> ReplicateFigures:
    """Return the figures of droplets: taken in each repetition, then averaged over them.

    Parameters
    ----------
    losses
        Of each recipe an array (repetitions, droplets), in the order that they were made.
    peaks
        Peak absorbances in the same form; None: unknown, and so is the share of duds.
    """
    above = excess(losses)
    settled = [settled_part(rows).std(axis=1, ddof=1) for rows in losses if has_settled(rows)]
    return ReplicateFigures(
        transient=float(above[:, :, 0].mean()) if len(above) else None,
        efold_droplets=(
            efold(above[:, :, :FITTED_DROPLETS].mean(axis=(0, 1))) if len(above) else None
        ),
        settled_sd=_mean_of_medians(settled),
        dud_share=None if peaks is None else dud_share(peaks),
        lag1=_mean_of_medians([lag1(rows) for rows in losses]),
    )


def has_settled(losses: FloatArray) -> bool:
    """Tell whether an array (repetitions, droplets) is long enough for a settled value."""
    return bool(losses.shape[1] >= LEAST_FOR_SETTLED)


def settled_part(losses: FloatArray) -> FloatArray:
    """Return the droplets from the 15th on of an array (repetitions, droplets)."""
    return losses[:, SETTLED_FROM - 1 :]


def excess(losses: Droplets) -> FloatArray:
    """Return by how much the first 19 droplets' losses exceed the settled value.

    Of the m recipes with 19 droplets or more, shape (m, repetitions, 19). The settled value is
    the median from droplet 15 on.
    """
    found = [
        rows[:, :LEAST_FOR_SETTLED] - np.median(settled_part(rows), axis=1, keepdims=True)
        for rows in losses
        if has_settled(rows)
    ]
    return np.array(found) if found else np.empty((0, 1, LEAST_FOR_SETTLED))


def efold(curve: FloatArray) -> float | None:
    """Return the tau of ``a exp(-(k - 1) / tau)`` fitted to a curve over droplets k = 1 ... K.

    None where there is nothing to fit, or no fall that so few droplets can show.
    """
    scale = float(np.abs(curve).max())
    if scale < 1e-12:
        return None
    low, high = np.log(EFOLD_RANGE)

    def decay(droplet: FloatArray, height: float, log_tau: float) -> FloatArray:
        return np.asarray(height * np.exp(-droplet / np.exp(log_tau)))

    try:
        with warnings.catch_warnings():
            # Raised where the covariance, which nobody asks for, cannot be estimated.
            warnings.simplefilter("ignore", OptimizeWarning)
            (_, log_tau), _ = curve_fit(
                decay,
                np.arange(len(curve), dtype=np.float64),
                curve / scale,
                p0=(curve[0] / scale, np.log(5.0)),
                bounds=((-np.inf, low), (np.inf, high)),
            )
    except RuntimeError:  # no convergence
        return None
    # A fit that ends on a bound says only that the truth lies beyond.
    return float(np.exp(log_tau)) if low + 1e-3 < log_tau < high - 1e-3 else None


def within_recipe_sd(losses: Droplets) -> FloatArray:
    """Return the standard deviation within each recipe, shape (n,), median over repetitions.

    NaN for a recipe of one droplet.
    """
    return np.array(
        [
            # Rounding would give equal droplets a spread of 1e-17, and ranks to tell them by.
            np.median(np.where(np.ptp(rows, axis=1) > 0, rows.std(axis=1, ddof=1), 0.0))
            if rows.shape[1] > 1
            else np.nan
            for rows in losses
        ]
    )


def lag1(losses: FloatArray) -> FloatArray:
    """Return Pearson's correlation of each droplet's loss with the next one's.

    Of an array (repetitions, droplets), shape (repetitions,), as ``pandas.Series.autocorr``; NaN
    for fewer than 4 droplets or where nothing varies.
    """
    if losses.shape[1] < LEAST_FOR_LAG:
        return np.full(len(losses), np.nan)
    before, after = losses[:, :-1], losses[:, 1:]
    vary = (np.ptp(before, axis=1) > 0) & (np.ptp(after, axis=1) > 0)
    before = before - before.mean(axis=1, keepdims=True)
    after = after - after.mean(axis=1, keepdims=True)
    norm = np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    together = (before * after).sum(axis=1)
    return np.asarray(together / np.where(vary & (norm > 0), norm, np.nan))


def dud_share(peaks: Droplets) -> float | None:
    """Return the share of droplets with 50 to 70 % of their neighbours' peak absorbance.

    Neighbours are the two droplets before and the two after, as far as there are any; a recipe of
    one droplet has none and does not count.

    Parameters
    ----------
    peaks
        Peak absorbances, of each recipe an array (repetitions, droplets).
    """
    duds = droplets = 0
    for rows in peaks:
        k = rows.shape[1]
        for i in range(k if k > 1 else 0):
            around = [*range(max(i - DUD_NEIGHBOURS, 0), i), *range(i + 1, i + 1 + DUD_NEIGHBOURS)]
            usual = np.median(rows[:, [j for j in around if j < k]], axis=1)
            low, high = DUD_HEIGHTS
            is_dud = (usual > 0) & (rows[:, i] >= low * usual) & (rows[:, i] <= high * usual)
            duds += int(is_dud.sum())
            droplets += len(rows)
    return duds / droplets if droplets else None


def _mean_of_medians(by_recipe: Sequence[FloatArray]) -> float | None:
    """Return the median over recipes of arrays (repetitions,), averaged over repetitions."""
    if not by_recipe:
        return None
    medians = [median_of_defined(values) for values in np.array(by_recipe).T]
    defined = [median for median in medians if median is not None]
    return float(np.mean(defined)) if defined else None
