"""Expected running time: what it takes to reach a target when one begins anew after each miss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plasmonbench.arrays import BoolArray, FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import (
    LEAST_FOR_INTERVAL,
    Estimate,
    percentile_interval,
    resampled_rows,
)
from plasmonbench.scoring.success import success_share


def expected_running_time(spent: npt.ArrayLike, reached: npt.ArrayLike) -> float | None:
    """Return all that was spent over the number of successes; None (infinite) if there is none.

    The average running time (aRT, ERT) of COCO: Hansen et al., Optim. Methods Softw. 36, 114
    (2021) and IEEE Trans. Evol. Comput. 26, 1293 (2022).

    Parameters
    ----------
    spent
        Shape (n,), in any unit (recipes, rounds, seconds): up to the target where ``reached``,
        else all that was spent in vain.
    reached
        Shape (n,): whether the target was reached.

    Raises
    ------
    PlasmonbenchError
        If there is no campaign, the two do not fit, or something negative was spent.
    """
    values, flags = _checked(spent, reached)
    successes = int(flags.sum())
    return float(values.sum()) / successes if successes else None


def running_time_interval(
    spent: npt.ArrayLike, reached: npt.ArrayLike, budget: float, rng: np.random.Generator
) -> Estimate:
    """Return the expected running time with its interval, a bootstrap over whole campaigns.

    A resample without a success has an infinite running time and is kept as that: where more than
    2.5 % of them are so, the interval has no upper end (None). Where no campaign succeeded at all,
    resampling can tell nothing; the lower end is then the running time, (1 - p) / p of what a
    campaign spends in vain, at the largest success probability p that Wilson's interval allows.
    Where all succeeded, see `resampled_running_times`.

    Parameters
    ----------
    spent, reached
        As in `expected_running_time`.
    budget
        What a campaign spends in vain, in the same unit.
    rng
        Of the resamples.

    Raises
    ------
    PlasmonbenchError
        As `expected_running_time`.
    """
    values, flags = _checked(spent, reached)
    value = expected_running_time(values, flags)
    if len(values) < LEAST_FOR_INTERVAL:
        return Estimate(value, None, None)
    if value is None:
        highest = success_share(0, len(values)).high
        return Estimate(None, float(values.mean()) * (1 / (highest or 1.0) - 1), None)
    resampled = resampled_running_times(values, flags, budget, rng)
    return Estimate(value, *percentile_interval(resampled))


def resampled_running_times(
    spent: FloatArray, reached: BoolArray, budget: float, rng: np.random.Generator
) -> FloatArray:
    """Return expected running times (resamples,) of resampled campaigns.

    Infinite for a resample without a success. Where all campaigns succeeded, resampling would take
    it as certain that none ever misses. Each resample then has a success probability p of its own,
    as n successes of n leave it open (Jeffreys' distribution, Beta(n + 1/2, 1/2); Brown, Cai and
    DasGupta, Statist. Sci. 16, 101 (2001)), and pays (1 - p) / p budgets for misses.

    Parameters
    ----------
    spent, reached, budget, rng
        As in `running_time_interval`.
    """
    rows = resampled_rows(len(spent), rng)
    if reached.all():
        p = rng.beta(len(spent) + 0.5, 0.5, size=len(rows))
        return np.asarray(spent[rows].mean(axis=1) + (1 - p) / p * budget)
    successes = reached[rows].sum(axis=1)
    total = spent[rows].sum(axis=1)
    return np.where(successes > 0, total / np.maximum(successes, 1), np.inf)


def _checked(spent: npt.ArrayLike, reached: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    values = np.asarray(spent, dtype=np.float64)
    flags = np.asarray(reached, dtype=bool)
    if values.ndim != 1 or not len(values) or values.shape != flags.shape:
        raise PlasmonbenchError(f"{values.size} costs and {flags.size} outcomes cannot be scored")
    if not np.isfinite(values).all() or (values < 0).any():
        raise PlasmonbenchError("what a campaign spent must be finite and not negative")
    return values, flags
