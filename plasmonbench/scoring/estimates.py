"""An estimate with its interval, and the bootstrap over whole campaigns that gives intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray, IntArray

CONFIDENCE = 0.95
LEAST_FOR_INTERVAL = 5
"""Fewer campaigns have no interval: with 3 it would cover the median in 78 % of cases, not 95."""
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A figure that may lie beyond what was observed (None), with its 95 % interval.

    An end of the interval is None where nothing bounds it on that side, or where campaigns are too
    few for an interval (then both are).
    """

    value: float | None
    low: float | None
    high: float | None


def resampled_rows(n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> IntArray:
    """Return rows (resamples, n) of n campaigns each, drawn with replacement."""
    return rng.integers(n, size=(resamples, n))


def quantile(values: FloatArray, share: float) -> FloatArray:
    """Return the quantile over the first axis of values (n, ...), some of which may be infinite.

    The middle of two order statistics where it falls between them (definition 2 of Hyndman and
    Fan, Am. Stat. 50, 361 (1996)), so that a half is the usual median, and that an infinite
    value makes infinite only what it is a part of (an interpolation would make it NaN).
    """
    ordered = np.sort(values, axis=0)
    position = round(share * len(ordered), 9)
    below = max(math.ceil(position) - 1, 0)
    above = min(math.floor(position), len(ordered) - 1)
    return np.asarray((ordered[below] + ordered[above]) / 2, dtype=np.float64)


def percentile_interval(resampled: FloatArray) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of bootstrap values (resamples,); None: infinite."""
    ends = (quantile(resampled, share) for share in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    low, high = (finite_or_none(float(end)) for end in ends)
    return low, high


def finite_or_none(value: float) -> float | None:
    """Return a number, or None for an infinite or missing one."""
    return value if math.isfinite(value) else None
