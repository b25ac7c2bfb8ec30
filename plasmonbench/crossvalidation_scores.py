"""Scores held-out predictions: agreement with intervals, and which of two models is better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from plasmonbench.agreement import (
    CONFIDENCE,
    LEAST_FOR_INTERVAL,
    Interval,
    LossAgreement,
    SpectrumAgreement,
    SpectrumErrors,
    loss_agreement,
    spectrum_agreement,
    spectrum_errors,
    spectrum_intervals,
)
from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.crossvalidation import CrossValidation, FoldPrediction
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.folds import Split

RESAMPLES = 2000
FIGURES = ("spearman", "r2", "mae", "bias")


@dataclass(frozen=True)
class LossScore:
    """Agreement of held-out losses with 95 % intervals; an interval is None where undefined."""

    agreement: LossAgreement
    intervals: Mapping[str, Interval | None]
    """Of ``spearman``, ``r2``, ``mae`` and ``bias``."""


@dataclass(frozen=True)
class Difference:
    """Mean over recipes of one model's absolute error less another's; below 0: it is better."""

    value: float
    interval: Interval | None


@dataclass(frozen=True, eq=False)
class SpectrumScore:
    """Agreement of held-out spectra: per recipe, and medians over recipes with 95 % intervals."""

    labels: tuple[str, ...]
    errors: SpectrumErrors
    agreement: SpectrumAgreement
    intervals: Mapping[str, Interval | None]
    """Of ``rmse``, ``peak_nm``, ``centroid_nm`` and ``amplitude``."""


def pooled_score(
    result: CrossValidation,
    model: str,
    split: str,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> LossScore:
    """Score the losses of all folds of a split together.

    The interval is a percentile bootstrap. For splits into recipes it draws recipes. For the
    blocks, whose recipes share a neighbourhood and a fit, it draws blocks and then recipes within
    each block drawn (two-stage bootstrap, Davison & Hinkley, Bootstrap Methods and their
    Application (1997), section 3.8), which is a little wider than either alone. The fits stay as
    they are: the interval says what other held-out recipes would do to the score, not what other
    training recipes or another boundary would.

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    where = result.split(split)
    measured, predicted = held_out(result, model, split)
    return _score(measured, predicted, _resamples(where, rng, resamples))


def fold_scores(
    result: CrossValidation,
    model: str,
    split: str,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> dict[str, LossScore]:
    """Score the losses of each fold by itself, by name; intervals draw recipes of the fold.

    Folds without held-out losses are left out.

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    where = result.split(split)
    found = {}
    for fold, prediction in zip(where.folds, _predictions(result, model, split), strict=True):
        if len(fold.test):
            alone = Split(fold.name, (fold,))
            draws = _resamples(alone, rng, resamples)
            found[fold.name] = _score(result.measured[fold.test], prediction.losses, draws)
    return found


def error_difference(
    result: CrossValidation,
    model: str,
    other: str,
    split: str,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Difference:
    """Compare two models recipe by recipe: |error| of ``model`` less that of ``other``.

    A paired bootstrap: both models meet the same resamples, drawn as `pooled_score` says. Where
    the interval lies below 0, ``model`` is better; where it holds 0, these recipes do not tell.

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    where = result.split(split)
    errors = []
    for name in (model, other):
        measured, predicted = held_out(result, name, split)
        errors.append(np.abs(predicted - measured))
    gap = errors[0] - errors[1]
    means = [gap[rows].mean(axis=1) for rows in _resamples(where, rng, resamples)]
    enough = len(gap) >= LEAST_FOR_INTERVAL
    return Difference(float(gap.mean()), _percentiles(np.concatenate(means)) if enough else None)


def spectrum_score(
    result: CrossValidation, model: str, split: str, rng: np.random.Generator
) -> SpectrumScore | None:
    """Score the held-out spectra of a split; None if it has none or the model predicts none.

    Intervals are of the median over recipes, by drawing recipes.

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    rows, predicted = held_out_spectra(result, model, split)
    if not len(rows):
        return None
    measured = result.measured_spectra[rows]
    errors = spectrum_errors(result.wavelengths, measured, predicted)
    return SpectrumScore(
        labels=tuple(result.spectra_labels[row] for row in rows),
        errors=errors,
        agreement=spectrum_agreement(result.wavelengths, measured, predicted),
        intervals=spectrum_intervals(errors, rng),
    )


def held_out(result: CrossValidation, model: str, split: str) -> tuple[FloatArray, FloatArray]:
    """Return measured and predicted losses of a split's folds, one after the other, each (n,).

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    rows = np.concatenate([fold.test for fold in result.split(split).folds])
    predicted = np.concatenate([one.losses for one in _predictions(result, model, split)])
    return result.measured[rows], predicted


def held_out_spectra(
    result: CrossValidation, model: str, split: str
) -> tuple[IntArray, FloatArray]:
    """Return rows (n,) of the recipes with spectra that a split holds out, and predictions (n, W).

    Both are empty where the split holds out no spectra or the model predicts none.

    Raises
    ------
    PlasmonbenchError
        If there is no such model or split.
    """
    rows, spectra = [], []
    folds = result.split(split).folds
    for fold, prediction in zip(folds, _predictions(result, model, split), strict=True):
        if prediction.spectra is not None:
            rows.append(fold.test_spectra)
            spectra.append(prediction.spectra)
    if not rows:
        return np.zeros(0, dtype=np.int64), np.empty((0, len(result.wavelengths)))
    return np.concatenate(rows), np.concatenate(spectra)


def _predictions(result: CrossValidation, model: str, split: str) -> tuple[FoldPrediction, ...]:
    if model not in result.predictions:
        known = ", ".join(result.predictions)
        raise PlasmonbenchError(f"there is no model '{model}'; there are: {known}")
    return result.predictions[model][split]


def _score(measured: FloatArray, predicted: FloatArray, draws: list[IntArray]) -> LossScore:
    agreement = loss_agreement(measured, predicted)
    if len(measured) < LEAST_FOR_INTERVAL:
        return LossScore(agreement, dict.fromkeys(FIGURES))
    parts = [_figures(measured[rows], predicted[rows]) for rows in draws]
    drawn = [np.concatenate(values) for values in zip(*parts, strict=True)]
    intervals = dict(zip(FIGURES, (_percentiles(values) for values in drawn), strict=True))
    return LossScore(agreement, intervals)


def _figures(measured: FloatArray, predicted: FloatArray) -> tuple[FloatArray, ...]:
    """Return the `FIGURES`, each (r,), of r resamples (r, n) at once.

    The same figures as `loss_agreement`, whose rank correlations one by one would take minutes.
    """
    residual = predicted - measured
    spread = ((measured - measured.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    # About a rounded mean, equal losses have a spread of 1e-33.
    spread[np.ptp(measured, axis=1) == 0] = 0.0
    first, second = (rankdata(values, axis=1) for values in (measured, predicted))
    first -= first.mean(axis=1, keepdims=True)
    second -= second.mean(axis=1, keepdims=True)
    norm = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):  # undefined where all recipes are one
        spearman = (first * second).sum(axis=1) / norm
        r2 = 1 - (residual**2).sum(axis=1) / spread
    return spearman, r2, np.abs(residual).mean(axis=1), residual.mean(axis=1)


def _percentiles(values: FloatArray) -> Interval | None:
    """Return the 95 % percentile interval; None where half of the values are undefined."""
    defined = values[np.isfinite(values)]
    if 2 * len(defined) < len(values):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _resamples(split: Split, rng: np.random.Generator, count: int) -> list[IntArray]:
    """Draw positions among a split's held-out recipes; ``count`` rows in all, of any length.

    Blocks differ in length by a recipe, so resamples do too: each matrix holds those of one
    length.
    """
    sizes = [len(fold.test) for fold in split.folds]
    if split.resampling == "recipes":
        return [rng.integers(sum(sizes), size=(count, sum(sizes)))]
    by_length: dict[int, list[IntArray]] = {}
    for _ in range(count):
        drawn = np.concatenate(list(_blocks_then_recipes(sizes, rng)))
        by_length.setdefault(len(drawn), []).append(drawn)
    return [np.array(rows) for rows in by_length.values()]


def _blocks_then_recipes(sizes: list[int], rng: np.random.Generator) -> Iterator[IntArray]:
    starts = np.cumsum([0, *sizes])
    for block in rng.integers(len(sizes), size=len(sizes)):
        yield starts[block] + rng.integers(sizes[block], size=sizes[block])
