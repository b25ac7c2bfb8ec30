"""Writes the page that says how far a model can be trusted: tables and figures, all generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from plasmonbench.crossvalidation import CrossValidation
from plasmonbench.crossvalidation_figures import draw_losses, draw_spectra
from plasmonbench.crossvalidation_scores import (
    error_difference,
    fold_scores,
    held_out_spectra,
    pooled_score,
    spectrum_score,
)
from plasmonbench.markdown import cell, from_to, header, row, with_interval
from plasmonbench.structures import Structure, structures_table
from plasmonbench.whole_file import write_whole

PAGE = "README.md"
"""So that a hosting site shows it with its folder."""
LOSSES_FIGURE = "losses.png"
SPECTRA_FIGURE = "spectra.png"
COMMAND = "plasmonbench crossvalidate --losses CSV --spectra CSV --out docs/validation"


def write_page(
    folder: Path,
    results: CrossValidation,
    *,
    rng: np.random.Generator,
    structures: Mapping[str, Structure] | None = None,
    main: str | None = None,
    command: str = COMMAND,
    note: str = "",
) -> Path:
    """Write the page and its figures into a folder and return the page's path.

    Parameters
    ----------
    folder
        Made where it is not there; what it holds of an earlier page is written over.
    results
        Of all models that are compared.
    rng
        For the bootstrap.
    structures
        Variants of the model, by name, for a table of their own.
    main
        The model that the others are compared with; None: the first.
    command
        By which the page is made again.
    note
        What a reader must know of the model beforehand, a paragraph.

    Raises
    ------
    PlasmonbenchError
        If there is no model of the name ``main``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models = list(results.predictions)
    main = models[0] if main is None else main
    splits = [split.name for split in results.splits if any(len(f.test) for f in split.folds)]
    shown = [name for name in splits if len(results.split(name).folds[0].test) > 1] or splits
    draw_losses(folder / LOSSES_FIGURE, results, models, shown)
    parts = [
        f"This page is generated: `{command}`",
        "# How far predictions of unseen recipes can be trusted",
        _introduction(results),
        *([note] if note else []),
        "## Losses",
        _losses_text(),
        _losses_table(results, models, splits, rng),
        f"![Predicted against measured losses of held-out recipes]({LOSSES_FIGURE})",
        "Colours run from the first recipe of the campaign (dark) to the last (bright).",
    ]
    if others := [model for model in models if model != main]:
        parts += [f"## Is {cell(main)} better?", _difference_text(main)]
        parts.append(_difference_table(results, main, others, splits, rng))
    for split in (split.name for split in results.splits if split.resampling == "blocks"):
        parts += [f"## Each fold of {split}", _folds_text()]
        parts.append(_folds_table(results, models, split, rng))
    parts += _spectra_parts(folder, results, models, rng)
    if structures:
        parts += ["## Structures of the model", _structures_text()]
        parts.append(structures_table(structures, rng))
    page = folder / PAGE
    write_whole(page, "\n\n".join(parts) + "\n")
    return page


# -- what is said -------------------------------------------------------------------------------


def _introduction(results: CrossValidation) -> str:
    lines = [
        f"{len(results.labels)} recipes with losses ({results.droplets.sum():,} droplets), "
        f"{len(results.spectra_labels)} of them with spectra. What is predicted is the median loss "
        "of a recipe over all its droplets, and its settled spectrum. Every figure is of recipes "
        "that the model was not fitted to; where a recipe's losses were held out, so were its "
        "spectra. Square brackets hold 95 % bootstrap intervals.",
        "",
        "| split | folds | held out in each | fitted to |",
        "|---|---|---|---|",
    ]
    for split in results.splits:
        tests = [len(fold.test) for fold in split.folds]
        trains = [len(fold.train) for fold in split.folds]
        cells = [split.name, str(len(tests)), from_to(tests), from_to(trains)]
        lines.append(row(cells))
    lines += [
        "",
        "*Blocks* are neighbours in campaign order, chosen together and alike: held out together, "
        "they are as new as a next batch. *Interleaved* folds leave neighbours in the fit: "
        "interpolation. *From N on* fits the recipes numbered below N and asks for all later "
        "ones: extrapolation, with neighbouring boundaries, since one may be lucky.",
    ]
    return "\n".join(lines)


def _losses_text() -> str:
    return (
        "R² is 1 for perfect predictions, 0 for the mean of what was held out, negative for worse. "
        "MAE is the mean absolute error, bias the mean of predicted minus measured. Intervals "
        "draw other held-out recipes (for blocks: blocks, then recipes within them), not another "
        "fit: where boundaries disagree by more than their intervals, believe the disagreement."
    )


def _difference_text(main: str) -> str:
    return (
        f"Mean absolute error of {cell(main)} less that of the other model, recipe by recipe on "
        f"the same held-out recipes. Below 0, {cell(main)} is better; an interval that holds 0 "
        "does not tell."
    )


def _folds_text() -> str:
    return (
        "MAE and R² of each fold by its place in the campaign. R² within a fold is measured "
        "against the spread within that fold, which may be small."
    )


def _structures_text() -> str:
    return (
        "Variants of the model, each fitted anew in every fold. Whoever picks the best of them "
        "here has used the held-out recipes to pick: its figures are a little too good."
    )


# -- tables -------------------------------------------------------------------------------------


def _losses_table(
    results: CrossValidation,
    models: Sequence[str],
    splits: Sequence[str],
    rng: np.random.Generator,
) -> str:
    lines = [header(["split", "model", "recipes", "R²", "MAE", "Spearman", "bias"])]
    for split in splits:
        for model in models:
            score = pooled_score(results, model, split, rng)
            figures = score.agreement
            lines.append(
                row(
                    [
                        split,
                        model,
                        str(figures.n),
                        with_interval(figures.r2, score.intervals["r2"], ".2f"),
                        with_interval(figures.mae, score.intervals["mae"], ".3f"),
                        with_interval(figures.spearman, score.intervals["spearman"], ".2f"),
                        with_interval(figures.bias, score.intervals["bias"], "+.3f"),
                    ]
                )
            )
    return "\n".join(lines)


def _difference_table(
    results: CrossValidation,
    main: str,
    others: Sequence[str],
    splits: Sequence[str],
    rng: np.random.Generator,
) -> str:
    lines = [header(["split", *(f"less {other}" for other in others)])]
    for split in splits:
        gaps = [error_difference(results, main, other, split, rng) for other in others]
        lines.append(
            row([split, *(with_interval(gap.value, gap.interval, "+.3f") for gap in gaps)])
        )
    return "\n".join(lines)


def _folds_table(
    results: CrossValidation, models: Sequence[str], split: str, rng: np.random.Generator
) -> str:
    scores = {model: fold_scores(results, model, split, rng) for model in models}
    lines = [header(["recipes", *(f"{model}: {x}" for model in models for x in ("MAE", "R²"))])]
    for fold in results.split(split).folds:
        cells = [fold.name]
        for model in models:
            score = scores[model][fold.name]
            cells.append(with_interval(score.agreement.mae, score.intervals["mae"], ".3f"))
            cells.append(with_interval(score.agreement.r2, None, ".2f"))
        lines.append(row(cells))
    return "\n".join(lines)


def _spectra_parts(
    folder: Path, results: CrossValidation, models: Sequence[str], rng: np.random.Generator
) -> list[str]:
    """Return the section on spectra; empty where no model predicts any."""
    parts: list[str] = []
    for split in results.splits:
        able = [name for name in models if len(held_out_spectra(results, name, split.name)[0])]
        if not able:
            continue
        figure = SPECTRA_FIGURE if not parts else f"spectra-{len(parts)}.png"
        draw_spectra(folder / figure, results, able, split.name)
        parts += [
            f"## Spectra: {split.name}",
            "Errors of the settled spectrum of each recipe, fitted without its spectra and its "
            "losses: root mean square over wavelengths (absorbance), wavelength of the plates' "
            "peak ('-': one of the two has a shoulder only), centroid, and height of the highest "
            "point.",
            _spectra_table(results, able, split.name, rng),
            f"![Measured and predicted spectra of left-out recipes]({figure})",
        ]
    return parts


def _spectra_table(
    results: CrossValidation, models: Sequence[str], split: str, rng: np.random.Generator
) -> str:
    lines = [header(["model", "recipe", "RMSE", "peak, nm", "centroid, nm", "height, %"])]
    for model in models:
        score = spectrum_score(results, model, split, rng)
        if score is None:
            continue
        errors, medians, intervals = score.errors, score.agreement, score.intervals
        for k, label in enumerate(score.labels):
            cells = [
                with_interval(float(errors.rmse[k]), None, ".3f"),
                with_interval(float(errors.peak_nm[k]), None, ".1f"),
                with_interval(float(errors.centroid_nm[k]), None, ".1f"),
                with_interval(100 * float(errors.amplitude[k]), None, ".1f"),
            ]
            lines.append(row([model, label, *cells]))
        cells = [
            with_interval(medians.rmse, intervals["rmse"], ".3f"),
            with_interval(medians.peak_nm, intervals["peak_nm"], ".1f"),
            with_interval(medians.centroid_nm, intervals["centroid_nm"], ".1f"),
            with_interval(medians.amplitude, intervals["amplitude"], ".1f", 100),
        ]
        lines.append(row([model, "**median**", *cells]))
    return "\n".join(lines)
