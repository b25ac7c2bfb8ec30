"""A validation as tables for people on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plasmonbench.agreement import Interval, median_of_defined
from plasmonbench.validation import SpectrumComparison, Validation

WORST = 5
"""Recipes that are named as the farthest off."""

Row = tuple[str, str, float | None, str]
"""A figure's key, what it is called, its value and the format of it."""


def print_validation(console: Console, validation: Validation) -> None:
    """Print a table each of losses, spectra where there are any, and replicates."""
    _print_losses(console, validation)
    if validation.spectra is not None:
        _print_spectra(console, validation.spectra)
    _print_replicates(console, validation)
    _print_line(console, "'-': cannot be told from these droplets.")
    _print_line(
        console,
        "If the lab was fitted to these very droplets, this is agreement and no prediction: "
        "see plasmonbench crossvalidate.",
    )


def worst_recipes(validation: Validation) -> list[int]:
    """Return the rows of the recipes whose loss is predicted worst, the farthest off first."""
    error = np.abs(validation.predicted_losses - validation.measured_losses)
    return [int(row) for row in np.argsort(-error, kind="stable")[:WORST]]


def _print_losses(console: Console, validation: Validation) -> None:
    found = validation.losses
    rows: list[Row] = [
        ("spearman", "rank correlation (Spearman)", found.spearman, ".3f"),
        ("r2", "R2, share of the variance explained", found.r2, ".3f"),
        ("mae", "mean absolute error", found.mae, ".4f"),
        ("bias", "bias, predicted less measured", found.bias, "+.4f"),
    ]
    title = f"Losses of {_recipes(found.n)}: predicted against measured (medians over droplets)"
    _print_figures(console, title, rows, validation.loss_intervals)
    worst = [
        f"{validation.labels[row]} ({validation.measured_losses[row]:.3f} -> "
        f"{validation.predicted_losses[row]:.3f})"
        for row in worst_recipes(validation)
    ]
    _print_line(console, f"Farthest off, measured -> predicted: recipe {', '.join(worst)}\n")


def _print_spectra(console: Console, spectra: SpectrumComparison) -> None:
    found = spectra.agreement
    rows: list[Row] = [
        ("rmse", "RMSE over wavelengths, absorbance", found.rmse, ".4f"),
        ("peak_nm", "plates' peak, nm", found.peak_nm, ".1f"),
        ("centroid_nm", "centroid, nm", found.centroid_nm, ".1f"),
        ("amplitude", "peak absorbance, %", _percent(found.amplitude), ".1f"),
    ]
    intervals = dict(spectra.intervals)
    height = intervals["amplitude"]
    intervals["amplitude"] = None if height is None else (100 * height[0], 100 * height[1])
    title = f"Settled spectra of {_recipes(found.n)}: median over recipes of the absolute error"
    _print_figures(console, title, rows, intervals)
    if found.without_peak:
        _print_line(
            console,
            f"{_recipes(found.without_peak)} left out of the plates' peak: the measured or the "
            "simulated band is but a shoulder.\n",
        )


def _print_replicates(console: Console, validation: Validation) -> None:
    compared = validation.replicates
    real, simulated = compared.measured, compared.simulated
    table = _table("Droplets of one recipe", ["measured", "simulated"])
    pairs: Sequence[tuple[str, float | None, float | None, str]] = [
        (
            "SD of the loss within a recipe, median",
            median_of_defined(compared.measured_sd),
            median_of_defined(compared.simulated_sd),
            ".4f",
        ),
        ("SD from droplet 15 on, median", real.settled_sd, simulated.settled_sd, ".4f"),
        ("start-up: excess loss of the first droplet", real.transient, simulated.transient, "+.4f"),
        ("start-up: droplets to 1/e", real.efold_droplets, simulated.efold_droplets, ".1f"),
        ("correlation with the next droplet's loss", real.lag1, simulated.lag1, ".2f"),
        ("duds, % of droplets", _percent(real.dud_share), _percent(simulated.dud_share), ".1f"),
    ]  # fmt: skip
    for name, first, second, form in pairs:
        table.add_row(name, _number(first, form), _number(second, form))
    console.print(table)
    _print_line(
        console,
        f"SD within a recipe, simulated against measured: rank correlation "
        f"{_number(compared.sd_spearman, '.2f')}, median ratio {_number(compared.sd_ratio, '.2f')}",
    )


def _print_figures(
    console: Console,
    title: str,
    rows: Sequence[Row],
    intervals: Mapping[str, Interval | None],
) -> None:
    table = _table(title, ["", "95 % interval"])
    for key, name, value, form in rows:
        interval = intervals[key]
        ends = "-" if interval is None else " to ".join(format(end, form) for end in interval)
        table.add_row(name, _number(value, form), ends)
    console.print(table)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("", min_width=30)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _print_line(console: Console, text: str) -> None:
    # As Text, since rich would take brackets in a recipe's name for markup.
    console.print(Text(text), soft_wrap=True)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _recipes(n: int) -> str:
    return f"{n} recipe{'s' * (n != 1)}"
