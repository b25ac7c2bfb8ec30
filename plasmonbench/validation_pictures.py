"""A validation in pictures: losses, spectra, start-up and scatter, predicted against measured."""

from __future__ import annotations

import warnings
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.replicates import ReplicateComparison
from plasmonbench.validation import SpectrumComparison, Validation
from plasmonbench.validation_tables import worst_recipes

# Two colours that the colour-blind tell apart: Okabe & Ito, Color Universal Design (2008).
MEASURED = "#0072B2"
SIMULATED = "#D55E00"
GUIDE = "0.55"
DOTS_PER_INCH = 150
PANELS_PER_PAGE = 24
COLUMNS = 4


def draw_validation(validation: Validation, folder: Path) -> list[Path]:
    """Draw a validation into an existing folder; return the PNG files written.

    Raises
    ------
    PlasmonbenchError
        If a file cannot be written.
    """
    figures = {
        "losses": draw_losses(validation),
        "start-up": draw_startup(validation.replicates),
        "spread": draw_spread(validation.replicates),
    }
    if validation.spectra is not None:
        n = len(validation.spectra.labels)
        for page, start in enumerate(range(0, n, PANELS_PER_PAGE), start=1):
            name = "spectra" if n <= PANELS_PER_PAGE else f"spectra-{page}"
            rows = range(start, min(start + PANELS_PER_PAGE, n))
            figures[name] = draw_spectra(validation.spectra, rows)
    written = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        try:
            with warnings.catch_warnings():
                # A recipe's name may hold signs that the font has not: they are drawn as boxes.
                warnings.filterwarnings("ignore", message="Glyph .* missing from font")
                figure.savefig(path, dpi=DOTS_PER_INCH)
        except OSError as error:
            raise PlasmonbenchError(f"cannot write {path}: {error.strerror}") from error
        written.append(path)
    return written


def draw_losses(validation: Validation) -> Figure:
    """Draw predicted against measured loss, with the five recipes that are farthest off named."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot()
    measured, predicted = validation.measured_losses, validation.predicted_losses
    _identity(axes, measured, predicted)
    axes.scatter(measured, predicted, s=26, color=MEASURED, alpha=0.75, linewidths=0)
    for row in worst_recipes(validation):
        # Away from the line, where there is room.
        above = predicted[row] > measured[row]
        axes.annotate(
            f"recipe {validation.labels[row]}",
            (measured[row], predicted[row]),
            xytext=(-7, 0) if above else (7, 0),
            textcoords="offset points",
            ha="right" if above else "left",
            va="center",
            fontsize=8,
            parse_math=False,
        )
    found = validation.losses
    axes.set_title(
        f"{found.n} recipes: Spearman {_figure(found.spearman)}, R² {_figure(found.r2)}, "
        f"mean absolute error {found.mae:.3f}",
        fontsize=10,
    )
    axes.set_xlabel("measured loss (median over droplets)")
    axes.set_ylabel("predicted loss")
    axes.legend(loc="lower right", frameon=False)
    return figure


def draw_spectra(spectra: SpectrumComparison, rows: range) -> Figure:
    """Draw simulated spectra over the measured ones, a panel for each of some recipes."""
    columns = min(COLUMNS, len(rows))
    lines = ceil(len(rows) / columns)
    size = (2.8 * columns + 0.6, 2.3 * lines + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    x = spectra.wavelengths
    for panel, row in zip(panels, rows, strict=False):
        panel.fill_between(
            x,
            spectra.measured_low[row],
            spectra.measured_high[row],
            color=MEASURED,
            alpha=0.25,
            linewidth=0,
            label="measured, 10 to 90 % of settled droplets",
        )
        panel.plot(
            x, spectra.measured[row], color=MEASURED, linewidth=1.5, label="measured, median"
        )
        panel.plot(
            x, spectra.predicted[row], color=SIMULATED, linewidth=1.5, ls="--", label="simulated"
        )
        panel.set_title(
            f"recipe {spectra.labels[row]} (RMSE {spectra.errors.rmse[row]:.3f})",
            fontsize=9,
            parse_math=False,
        )
        panel.tick_params(labelsize=8)
    for panel in panels[len(rows) :]:
        panel.set_visible(False)
    figure.supxlabel("wavelength, nm", fontsize=10)
    figure.supylabel("absorbance", fontsize=10)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=min(3, columns),
        frameon=False,
        fontsize=9,
    )
    return figure


def draw_startup(compared: ReplicateComparison) -> Figure:
    """Draw the mean excess of the loss over the settled value, by number of the droplet."""
    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel("droplet since the recipe began")
    axes.set_ylabel("excess of the loss over the settled value")
    m = len(compared.measured_excess)
    if not m:
        return _nothing(figure, axes, "no recipe has the 19 droplets that show how it settles")
    axes.set_title(f"mean over {m} recipes, with standard error", fontsize=10)
    droplet = np.arange(1, compared.measured_excess.shape[1] + 1)
    axes.axhline(0, color=GUIDE, linewidth=0.8)
    # Drawn a little beside each other, so that no bar hides another.
    for values, figures, color, style, name, beside in (
        (compared.measured_excess, compared.measured, MEASURED, "o-", "measured", -0.08),
        (compared.simulated_excess, compared.simulated, SIMULATED, "s--", "simulated", 0.08),
    ):
        time = figures.efold_droplets
        error = values.std(axis=0, ddof=1) / np.sqrt(m) if m > 1 else None
        told = "" if time is None else f" (to 1/e in {time:.1f} droplets)"
        axes.errorbar(
            droplet + beside,
            values.mean(axis=0),
            yerr=error,
            fmt=style,
            color=color,
            markersize=4,
            elinewidth=0.8,
            label=name + told,
        )
    axes.set_xticks(droplet[::2])
    axes.legend(frameon=False)
    return figure


def draw_spread(compared: ReplicateComparison) -> Figure:
    """Draw the standard deviation of the loss within each recipe, simulated against measured."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel("measured standard deviation of the loss within a recipe")
    axes.set_ylabel("simulated (median over repetitions)")
    known = np.isfinite(compared.measured_sd)
    measured, simulated = compared.measured_sd[known], compared.simulated_sd[known]
    if not len(measured):
        return _nothing(figure, axes, "no recipe has more than one droplet")
    # They lie from .002 to .2; a lab without noise has none at all.
    if measured.min() > 0 and simulated.min() > 0:
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
    _identity(axes, measured, simulated)
    axes.scatter(measured, simulated, s=26, color=MEASURED, alpha=0.75, linewidths=0)
    axes.set_title(
        f"{len(measured)} recipes: Spearman {_figure(compared.sd_spearman)}, "
        f"median ratio {_figure(compared.sd_ratio)}",
        fontsize=10,
    )
    axes.legend(loc="lower right", frameon=False)
    return figure


def _identity(axes: Axes, first: FloatArray, second: FloatArray) -> None:
    """Draw the line on which both are equal, and give both axes its range."""
    low = float(min(first.min(), second.min()))
    high = float(max(first.max(), second.max()))
    if axes.get_xscale() == "log":
        low, high = low / 1.3, high * 1.3
    else:
        room = 0.06 * (high - low) or 0.05
        low, high = low - room, high + room
    axes.plot([low, high], [low, high], color=GUIDE, linewidth=1, label="predicted = measured")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")


def _nothing(figure: Figure, axes: Axes, text: str) -> Figure:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color="0.3")
    axes.set_xticks([])
    axes.set_yticks([])
    return figure


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
