"""How far predictions agree with measurements: figures of losses and spectra, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks, savgol_filter
from scipy.stats import rankdata

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.errors import PlasmonbenchError

Interval = tuple[float, float]

CONFIDENCE = 0.95
LEAST_FOR_INTERVAL = 5
"""Fewer rows have no interval: resamples of them are too few and too much alike."""
SHORTEST_PLATE_PEAK = 480.0
"""nm. Below it lie the bands of small spheres and of compact particles."""
SMOOTHING_WIDTH = 15.0
"""nm. Wide enough for the noise of the recorded spectra, narrow beside a plates' band (80 nm)."""
SMOOTHING_ORDER = 2


@dataclass(frozen=True)
class LossAgreement:
    """Predicted against measured losses of recipes; None where a figure is not defined."""

    n: int
    """Recipes."""
    spearman: float | None
    """Rank correlation: whether good recipes are told from bad ones."""
    r2: float | None
    """``1 - sum((y - yhat)^2) / sum((y - mean(y))^2)``; negative if worse than the mean."""
    mae: float
    """Mean absolute error."""
    bias: float
    """Mean of predicted minus measured."""


@dataclass(frozen=True, eq=False)
class SpectrumErrors:
    """Absolute errors of predicted spectra, one per recipe, each of shape (n,); NaN: undefined."""

    rmse: FloatArray
    """Root of the mean over wavelengths of the squared error, absorbance."""
    peak_nm: FloatArray
    """Of the plates' peak; NaN where either spectrum has none."""
    centroid_nm: FloatArray
    """Of ``sum(lambda A) / sum(A)``; NaN where either spectrum holds no absorbance in sum."""
    amplitude: FloatArray
    """``|max A_predicted / max A_measured - 1|``; NaN where nothing was measured."""


@dataclass(frozen=True)
class SpectrumAgreement:
    """Predicted against measured spectra of recipes: medians over recipes of `SpectrumErrors`."""

    n: int
    """Recipes."""
    rmse: float
    peak_nm: float | None
    centroid_nm: float | None
    amplitude: float | None
    without_peak: int
    """Recipes left out of ``peak_nm``, as the measured or predicted spectrum has a shoulder."""


def loss_agreement(measured: FloatArray, predicted: FloatArray) -> LossAgreement:
    """Compare predicted with measured losses.

    Parameters
    ----------
    measured, predicted
        One per recipe, each of shape (n,).

    Raises
    ------
    PlasmonbenchError
        If shapes differ, there is no recipe, or a number is not finite.
    """
    measured, predicted = _matching(measured, predicted, 1)
    residual = predicted - measured
    # Not by the sum alone: about a rounded mean, equal losses have a spread of 1e-33.
    spread = float(np.sum((measured - measured.mean()) ** 2)) if np.ptp(measured) > 0 else 0.0
    return LossAgreement(
        n=len(measured),
        spearman=rank_correlation(measured, predicted),
        r2=_finite(1 - float(np.sum(residual**2)) / spread) if spread > 0 else None,
        mae=float(np.abs(residual).mean()),
        bias=float(residual.mean()),
    )


def rank_correlation(first: FloatArray, second: FloatArray) -> float | None:
    """Return Spearman's coefficient of two arrays (n,); None if either is constant or n < 2."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    # scipy's spearmanr would find a p-value too, which takes most of a bootstrap's time.
    return _finite(float(np.corrcoef(rankdata(first), rankdata(second))[0, 1]))


def spectrum_agreement(
    wavelengths: FloatArray, measured: FloatArray, predicted: FloatArray
) -> SpectrumAgreement:
    """Compare predicted with measured spectra.

    Parameters
    ----------
    wavelengths
        Shape (W,), nm, increasing.
    measured, predicted
        Absorbance, one spectrum per recipe, each of shape (n, W).

    Raises
    ------
    PlasmonbenchError
        As `spectrum_errors`.
    """
    errors = spectrum_errors(wavelengths, measured, predicted)
    return SpectrumAgreement(
        n=len(errors.rmse),
        rmse=float(np.median(errors.rmse)),
        peak_nm=median_of_defined(errors.peak_nm),
        centroid_nm=median_of_defined(errors.centroid_nm),
        amplitude=median_of_defined(errors.amplitude),
        without_peak=int(np.isnan(errors.peak_nm).sum()),
    )


def spectrum_errors(
    wavelengths: FloatArray, measured: FloatArray, predicted: FloatArray
) -> SpectrumErrors:
    """Return the errors of each recipe's predicted spectrum; parameters as `spectrum_agreement`.

    Raises
    ------
    PlasmonbenchError
        If shapes differ, there is no recipe, or a number is not finite.
    """
    measured, predicted = _matching(measured, predicted, 2)
    if wavelengths.shape != measured.shape[1:]:
        raise PlasmonbenchError(
            f"spectra of {measured.shape[1]} points do not fit {len(wavelengths)} wavelengths"
        )
    peaks = [
        np.array([plate_peak(wavelengths, spectrum) for spectrum in spectra], dtype=np.float64)
        for spectra in (measured, predicted)
    ]
    heights = measured.max(axis=1)
    lit = heights > 0
    ratios = predicted.max(axis=1) / np.where(lit, heights, np.nan)
    return SpectrumErrors(
        rmse=np.sqrt(np.mean((predicted - measured) ** 2, axis=1)),
        peak_nm=np.abs(peaks[1] - peaks[0]),
        centroid_nm=np.abs(centroids(wavelengths, predicted) - centroids(wavelengths, measured)),
        amplitude=np.abs(ratios - 1),
    )


def plate_peak(wavelengths: FloatArray, spectrum: FloatArray) -> float | None:
    """Return where the plates' band peaks, nm; None where it is but a shoulder.

    The highest interior maximum at or above 480 nm of the spectrum (W,), smoothed over 15 nm
    (Savitzky-Golay, second order) so that noise makes no peaks.
    """
    step = (wavelengths[-1] - wavelengths[0]) / max(len(wavelengths) - 1, 1)
    points = 2 * round((SMOOTHING_WIDTH / step - 1) / 2) + 1 if step > 0 else 0
    # On a coarse grid there is nothing to smooth over.
    if SMOOTHING_ORDER < points <= len(spectrum):
        spectrum = savgol_filter(spectrum, points, SMOOTHING_ORDER)
    # Rounding puts maxima of 1e-16 on a flat spectrum.
    maxima, _ = find_peaks(spectrum, prominence=1e-9 * float(np.abs(spectrum).max()))
    maxima = maxima[wavelengths[maxima] >= SHORTEST_PLATE_PEAK]
    return float(wavelengths[maxima[np.argmax(spectrum[maxima])]]) if len(maxima) else None


def centroids(wavelengths: FloatArray, spectra: FloatArray) -> FloatArray:
    """Return ``sum(lambda A) / sum(A)`` of spectra (n, W), shape (n,), nm; NaN if sum(A) <= 0."""
    total = spectra.sum(axis=1)
    return np.asarray((spectra @ wavelengths) / np.where(total > 0, total, np.nan))


def median_of_defined(values: FloatArray) -> float | None:
    """Return the median of what is not NaN in values (n,); None if nothing is left."""
    defined = values[~np.isnan(values)]
    return float(np.median(defined)) if len(defined) else None


def loss_intervals(
    measured: FloatArray, predicted: FloatArray, rng: np.random.Generator
) -> dict[str, Interval | None]:
    """Return the bootstrap intervals over recipes of `loss_agreement`, by the figure's name."""

    def figures(rows: IntArray) -> dict[str, float | None]:
        found = loss_agreement(measured[rows], predicted[rows])
        return {name: getattr(found, name) for name in ("spearman", "r2", "mae", "bias")}

    return bootstrap_intervals(figures, len(measured), rng)


def spectrum_intervals(
    errors: SpectrumErrors, rng: np.random.Generator
) -> dict[str, Interval | None]:
    """Return the bootstrap intervals over recipes of `spectrum_agreement`, by figure."""

    def figures(rows: IntArray) -> dict[str, float | None]:
        names = ("rmse", "peak_nm", "centroid_nm", "amplitude")
        return {name: median_of_defined(getattr(errors, name)[rows]) for name in names}

    return bootstrap_intervals(figures, len(errors.rmse), rng)


def bootstrap_interval(
    statistic: Callable[[IntArray], float | None],
    n: int,
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
) -> Interval | None:
    """Return the 95 % interval of one statistic, as `bootstrap_intervals` does for several."""
    intervals = bootstrap_intervals(lambda rows: {"": statistic(rows)}, n, rng, resamples=resamples)
    return intervals[""]


def bootstrap_intervals(
    figures: Callable[[IntArray], Mapping[str, float | None]],
    n: int,
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
) -> dict[str, Interval | None]:
    """Return the 95 % percentile intervals of figures, from resampled rows.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Parameters
    ----------
    figures
        Takes the numbers of the rows (n,) that a resample holds, each in 0 ... n - 1, some of
        them several times; returns figures by name: ``lambda rows: {"r2":
        loss_agreement(real[rows], predicted[rows]).r2}``. None or NaN: not defined.
    n
        Rows: what was drawn independently of each other, such as recipes.
    rng
        Where the resamples come from.
    resamples
        How many.

    Returns
    -------
    intervals
        By name. None for fewer than 5 rows, or where half of the resamples or more leave the
        figure undefined.
    """
    if n < LEAST_FOR_INTERVAL:
        return dict.fromkeys(figures(np.arange(n)))
    drawn = [figures(rng.integers(n, size=n)) for _ in range(resamples)]
    return {name: _percentiles([figure[name] for figure in drawn]) for name in drawn[0]}


def _percentiles(drawn: Sequence[float | None]) -> Interval | None:
    values = np.array(drawn, dtype=np.float64)  # None becomes NaN
    values = values[np.isfinite(values)]
    if 2 * len(values) <= len(drawn):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _matching(
    measured: FloatArray, predicted: FloatArray, dimensions: int
) -> tuple[FloatArray, FloatArray]:
    """Check that both have the same shape and hold finite numbers."""
    measured, predicted = (np.asarray(a, dtype=np.float64) for a in (measured, predicted))
    if measured.ndim != dimensions or measured.shape != predicted.shape:
        raise PlasmonbenchError(
            f"measured and predicted have shapes {measured.shape} and {predicted.shape}; "
            f"they must be alike, with {dimensions} dimension{'s' * (dimensions > 1)}"
        )
    if not measured.size:
        raise PlasmonbenchError("there is no recipe to compare")
    if not (np.isfinite(measured).all() and np.isfinite(predicted).all()):
        raise PlasmonbenchError("measured and predicted must be finite numbers")
    return measured, predicted


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
