"""Which axis of a recipe decides what: Sobol' indices of a lab's truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import bootstrap, qmc, sobol_indices

from plasmonbench.agreement import CONFIDENCE
from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import RecordedLab
from plasmonbench.problem import Problem

SAMPLE_SIZE = 2**13
RESAMPLES = 1000
CHUNK = 8192
BINS = 32
"""Slices of an axis, equally full, for the check on feasible recipes."""
QUANTITIES = {"loss": "", "peak": "nm", "amplitude": "absorbance"}
"""What indices are given of, with units."""


@dataclass(frozen=True)
class Index:
    """A share of variance with its 95 % interval; None where the quantity does not vary."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AxisSensitivity:
    """What one axis does to one quantity."""

    axis: str
    first: Index
    """First order: the share of the variance that this axis explains alone."""
    total: Index
    """Total order: the share that is left when all other axes are known."""
    feasible: float | None
    """First order among feasible recipes alone, where axes are not independent."""


@dataclass(frozen=True)
class Sensitivity:
    """Sobol' indices of a problem's truth over its box."""

    sample: int
    """Base sample n; the truth was evaluated at n (d + 2) recipes."""
    infeasible_share: float
    """Of the box."""
    peak_above: float
    """nm; the peak is the highest point at or above it."""
    axes: dict[str, tuple[AxisSensitivity, ...]]
    """By quantity, in the order of the axes."""


def analyse(
    problem: Problem,
    *,
    rng: np.random.Generator,
    sample: int = SAMPLE_SIZE,
    peak_above: float | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Sensitivity:
    """Find the Sobol' indices of loss, peak wavelength and amplitude over a problem's hard bounds.

    Saltelli et al., Comput. Phys. Commun. 181, 259 (2010), as in `scipy.stats.sobol_indices`.
    The decomposition needs independent axes, so that every axis runs uniformly between its bounds
    and a constraint such as the sum limit is left out of account: a simulated lab's formulas can
    be evaluated beyond it, though nobody could mix those recipes. ``infeasible_share`` says how
    much of the sample that is. For comparison ``feasible`` is the same share of variance among
    feasible recipes alone (`explained_variance`); there axes depend on each other, and an axis is
    also credited with what it shares with the others.

    The peak must be defined for every recipe, also where the plates' band is but a shoulder: it
    is where the spectrum is highest at or above ``peak_above``, at its edge if need be.

    Parameters
    ----------
    problem
        One with a simulated lab.
    rng
        Of the scrambled sample and the bootstrap.
    sample
        Base sample n, a power of two.
    peak_above
        nm; None: the whole spectrum.
    progress
        Called with the share done, 0 to 1.

    Raises
    ------
    PlasmonbenchError
        If the lab knows no truth, or none beyond the constraints, or a setting is out of range.
    """
    above = _checked_settings(problem, sample, peak_above)
    first, second, crossed = _saltelli_sample(problem.space.dimension, sample, rng)
    units = np.concatenate([first, second, crossed.reshape(-1, problem.space.dimension)])
    recipes = problem.space.from_unit(units)
    feasible = problem.space.contains(recipes[: 2 * sample])
    values = _evaluate(problem, recipes, above, progress)
    indices = indices_with_intervals(*_as_blocks(values, sample), rng)
    independent = np.concatenate([first, second])[feasible]
    axes = {}
    for row, quantity in enumerate(QUANTITIES):
        shares = explained_variance(independent, values[row, : 2 * sample][feasible])
        axes[quantity] = tuple(
            AxisSensitivity(name, *indices[row][axis], shares[axis])
            for axis, name in enumerate(problem.space.names)
        )
    return Sensitivity(sample, float(1 - feasible.mean()), above, axes)


def indices_with_intervals(
    first: FloatArray,
    second: FloatArray,
    crossed: FloatArray,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> list[list[tuple[Index, Index]]]:
    """Return (first, total) indices of each quantity and axis, with bootstrap intervals.

    `SobolResult.bootstrap` draws from a generator of its own, which nobody can seed; this is the
    same bootstrap over the rows of the sample by `scipy.stats.bootstrap`, with percentiles. The
    rows are more even than random ones, which makes the intervals a little too wide.

    Parameters
    ----------
    first, second
        Values of s quantities at the independent points A and B, shape (s, n).
    crossed
        At A with axis i taken from B, shape (d, s, n).
    rng
        Of the resamples.
    resamples
        How many.
    """
    n = first.shape[1]

    def estimate(rows: Any) -> FloatArray:
        drawn = {"f_A": first[:, rows], "f_B": second[:, rows], "f_AB": crossed[..., rows]}
        found = sobol_indices(func=drawn, n=n)
        # SciPy drops an axis of length 1.
        return np.reshape([found.first_order, found.total_order], (2, len(first), len(crossed)))

    values = estimate(np.arange(n))
    # Percentiles, since the jackknife of BCa would need n - 1 points, no power of two.
    interval = bootstrap(
        (np.arange(n),),
        estimate,
        n_resamples=resamples,
        batch=1,
        vectorized=False,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=rng,
    ).confidence_interval
    constant = np.ptp(first, axis=1) + np.ptp(second, axis=1) == 0
    found = []
    for quantity in range(first.shape[0]):
        rows = []
        for axis in range(crossed.shape[0]):
            pair = [
                Index(None, None, None)
                if constant[quantity]
                else Index(*(float(x[order, quantity, axis]) for x in (values, *interval)))
                for order in (0, 1)
            ]
            rows.append((pair[0], pair[1]))
        found.append(rows)
    return found


def explained_variance(points: FloatArray, values: FloatArray) -> list[float | None]:
    """Return the share of the variance of values (n,) that each axis of points (n, d) explains.

    The correlation ratio Var(E[Y|x_i]) / Var(Y) from equally full slices of the axis, less what
    slices explain by chance (epsilon squared, Kelley, Proc. Natl. Acad. Sci. 21, 554 (1935)). It
    is the first-order index where axes are independent, and asks for no independence. None where
    values do not vary or there are fewer than ten points a slice.
    """
    n = len(values)
    total = float(((values - values.mean()) ** 2).sum()) if n else 0.0
    if n < 10 * BINS or total == 0:
        return [None] * points.shape[1]
    shares: list[float | None] = []
    for axis in points.T:
        slices = np.array_split(values[np.argsort(axis, kind="stable")], BINS)
        within = sum(float(((part - part.mean()) ** 2).sum()) for part in slices)
        shares.append(1 - within / (n - BINS) / (total / (n - 1)))
    return shares


def as_record(found: Sensitivity) -> dict[str, Any]:
    """Return indices as plain numbers and texts; null where a quantity does not vary."""
    return {
        "sample": found.sample,
        "infeasible_share": found.infeasible_share,
        "peak_above": found.peak_above,
        "quantities": {
            quantity: {
                one.axis: {
                    "first": one.first.value,
                    "first_interval": [one.first.low, one.first.high],
                    "total": one.total.value,
                    "total_interval": [one.total.low, one.total.high],
                    "first_among_feasible": one.feasible,
                }
                for one in axes
            }
            for quantity, axes in found.axes.items()
        },
    }


def _checked_settings(problem: Problem, sample: int, peak_above: float | None) -> float:
    """Refuse what cannot be analysed; return from where on the peak is sought, nm."""
    if isinstance(problem.lab, RecordedLab) or problem.space.candidates is not None:
        raise PlasmonbenchError(
            f"{problem.name} holds recorded recipes alone; indices need a lab that can make any"
        )
    if sample < 64 or sample & (sample - 1):
        near = 2 ** max(6, round(np.log2(max(sample, 1))))
        raise PlasmonbenchError(
            f"a Sobol sample is a power of two, at least 64; got {sample:,}: try {near:,}"
        )
    wavelengths = problem.lab.wavelengths
    above = float(wavelengths[0] if peak_above is None else peak_above)
    if not above <= wavelengths[-1]:
        raise PlasmonbenchError(
            f"no peak can be sought above {above:g} nm: spectra end at {wavelengths[-1]:g} nm"
        )
    return above


def _saltelli_sample(
    dimension: int, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return A and B, (n, d) each, and (d, n, d): A with axis i taken from B; in the unit cube."""
    both = qmc.Sobol(2 * dimension, rng=rng).random(n)
    first, second = both[:, :dimension], both[:, dimension:]
    crossed = np.repeat(first[None], dimension, axis=0)
    for axis in range(dimension):
        crossed[axis, :, axis] = second[:, axis]
    return first, second, crossed


def _as_blocks(values: FloatArray, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Part values (s, n (d + 2)) into those at A and B, (s, n) each, and crossed, (d, s, n)."""
    crossed = values[:, 2 * n :].reshape(len(values), -1, n)
    return values[:, :n], values[:, n : 2 * n], np.moveaxis(crossed, 1, 0)


def _evaluate(
    problem: Problem, recipes: FloatArray, above: float, progress: Callable[[float], None]
) -> FloatArray:
    """Return the `QUANTITIES` (3, n) of recipes (n, d)."""
    values = np.empty((len(QUANTITIES), len(recipes)))
    for start in range(0, len(recipes), CHUNK):
        part = slice(start, start + CHUNK)
        values[:, part] = _quantities(problem, recipes[part], above)
        progress(min(start + CHUNK, len(recipes)) / len(recipes))
    undefined = ~np.isfinite(values).all(axis=0)
    if undefined.any():
        beyond = int((~problem.space.contains(recipes[undefined])).sum())
        raise PlasmonbenchError(
            f"{problem.name}: its lab gives no finite spectrum for {int(undefined.sum()):,} of "
            f"{len(recipes):,} recipes, {beyond:,} of them beyond the constraints; indices need "
            "the whole box: tighten the bounds"
        )
    return values


def _quantities(problem: Problem, recipes: FloatArray, above: float) -> FloatArray:
    if isinstance(problem.lab, RecordedLab) or problem.loss is None:  # pragma: no cover
        raise AssertionError("checked in analyse")
    spectra = problem.lab.truth(recipes)
    if spectra is None:
        raise PlasmonbenchError(f"{problem.name}: its lab knows no truth")
    wavelengths = problem.lab.wavelengths
    begin = int(np.searchsorted(wavelengths, above))
    peaks = wavelengths[begin + spectra[:, begin:].argmax(axis=1)]
    return np.stack([problem.loss(spectra), peaks, spectra.max(axis=1)])
