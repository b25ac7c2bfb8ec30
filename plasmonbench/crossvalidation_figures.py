"""Figures of a cross-validation: losses against losses, spectra over spectra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasmonbench.agreement import loss_agreement
from plasmonbench.arrays import FloatArray
from plasmonbench.crossvalidation import CrossValidation
from plasmonbench.crossvalidation_scores import held_out, held_out_spectra

PANEL = 2.6
"""Width and height of a panel, inches."""
DPI = 110
COLUMNS = 4
"""Panels of spectra side by side."""
# Distinguished by people who do not tell red from green (Okabe & Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")


def draw_losses(
    path: Path, result: CrossValidation, models: Sequence[str], splits: Sequence[str]
) -> None:
    """Write a PNG of predicted against measured held-out losses, a row per model.

    The colour is the recipe's place in the campaign, dark first, so that it is seen whether errors
    belong to a stretch of it.
    """
    figure = Figure(
        figsize=(PANEL * len(splits) + 0.6, PANEL * len(models) + 0.5), layout="constrained"
    )
    panels = figure.subplots(len(models), len(splits), sharex=True, sharey=True, squeeze=False)
    shown = [held_out(result, model, split) for model in models for split in splits]
    low, high = _limits([values for pair in shown for values in pair])
    for row, model in enumerate(models):
        for column, split in enumerate(splits):
            axes = panels[row][column]
            measured, predicted = held_out(result, model, split)
            rows = np.concatenate([fold.test for fold in result.split(split).folds])
            axes.plot([low, high], [low, high], color="0.6", linewidth=0.8, zorder=1)
            axes.scatter(
                measured,
                predicted,
                c=rows,
                cmap="viridis",
                vmin=0,
                vmax=len(result.labels) - 1,
                s=14,
                linewidths=0,
                zorder=2,
            )
            figures = loss_agreement(measured, predicted)
            r2 = "" if figures.r2 is None else f"R² {figures.r2:.2f}\n"
            text = f"{r2}MAE {figures.mae:.3f}\nn {figures.n}"
            axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", fontsize=7)
            axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
            axes.tick_params(labelsize=7)
            if row == 0:
                axes.set_title(split, fontsize=9)
            if column == 0:
                axes.set_ylabel(f"{model}\npredicted loss", fontsize=8)
            if row == len(models) - 1:
                axes.set_xlabel("measured loss", fontsize=8)
    figure.savefig(path, dpi=DPI)


def draw_spectra(path: Path, result: CrossValidation, models: Sequence[str], split: str) -> None:
    """Write a PNG of measured spectra and what each model predicted of them when left out.

    ``models`` are those that predict spectra; a panel per recipe.
    """
    rows, _ = held_out_spectra(result, models[0], split)
    lines = -(-len(rows) // COLUMNS)
    across = min(COLUMNS, len(rows))
    figure = Figure(figsize=(PANEL * across + 0.4, 0.85 * PANEL * lines + 0.5))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(lines, across, sharex=True, sharey=True, squeeze=False)
    flat: list[Axes] = list(panels.ravel())
    for panel, row in enumerate(rows):
        axes = flat[panel]
        curve = result.measured_spectra[row]
        axes.plot(result.wavelengths, curve, color="black", linewidth=1.4, label="measured")
        for number, model in enumerate(models):
            held, predicted = held_out_spectra(result, model, split)
            axes.plot(
                result.wavelengths,
                predicted[list(held).index(row)],
                color=COLOURS[number % len(COLOURS)],
                linewidth=1.1,
                label=model,
            )
        axes.set_title(f"recipe {result.spectra_labels[row]}", fontsize=8)
        axes.tick_params(labelsize=7)
        if panel % across == 0:
            axes.set_ylabel("absorbance", fontsize=8)
        if panel >= len(rows) - across:
            axes.set_xlabel("wavelength (nm)", fontsize=8)
            axes.tick_params(labelbottom=True)
    for axes in flat[len(rows) :]:
        axes.set_axis_off()
    flat[0].legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=DPI)


def _limits(values: Sequence[FloatArray]) -> tuple[float, float]:
    joined = np.concatenate(values)
    margin = 0.04 * max(float(np.ptp(joined)), 1e-6)
    return float(joined.min()) - margin, float(joined.max()) + margin
