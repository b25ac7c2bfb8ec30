"""Reads droplet tables and says exactly what is wrong with one that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.space import RecipeSpace

UNIT_SUFFIXES = {"%": "_pct", "uL/min": "_ul_min"}
"""What a column's name ends with for an axis of that unit, as in the campaign's own tables."""


LOSS_RANGE = (-1e-6, 1 + 1e-6)
ABSORBANCE_RANGE = (-1.0, 5.0)
"""No spectrometer tells more than five decades, and a baseline is not off by a whole one."""


@dataclass(frozen=True, eq=False)
class DropletTable:
    """Droplets grouped by recipe."""

    labels: tuple[str, ...]
    """What the file calls each of the m recipes."""
    recipes: FloatArray
    """Shape (m, d), in the order of first appearance."""
    values: list[FloatArray]
    """Of each recipe, shape (droplets, columns), in the order of the file."""

    def subset(self, rows: IntArray) -> DropletTable:
        """Return the recipes of some rows (k,), in their order."""
        return DropletTable(
            tuple(self.labels[row] for row in rows),
            self.recipes[rows],
            [self.values[row] for row in rows],
        )


def recipe_columns(space: RecipeSpace) -> list[str]:
    """Return the names of the columns that hold a recipe: the axis and its unit, ``q_tsc_pct``."""
    pairs = zip(space.names, space.units, strict=True)
    return [name + UNIT_SUFFIXES.get(unit, "") for name, unit in pairs]


def read_losses(path: Path, space: RecipeSpace) -> DropletTable:
    """Read a CSV with a row per droplet: recipe, the recipe's flows, loss.

    Raises
    ------
    PlasmonbenchError
        As `read_droplets`.
    """
    table = read_droplets(path, recipe_columns(space), ["loss"])
    _check_range(
        path, table, "a loss of", *LOSS_RANGE, "losses lie between 0 and 1: are these percent?"
    )
    return table


def read_spectra(path: Path, space: RecipeSpace, wavelengths: FloatArray) -> DropletTable:
    """Read a CSV with a row per droplet: recipe, the recipe's flows, absorbance as a380 ... a800.

    Raises
    ------
    PlasmonbenchError
        As `read_droplets`.
    """
    table = read_droplets(path, recipe_columns(space), [f"a{w:g}" for w in wavelengths])
    hint = "decadic absorbance as measured is expected"
    _check_range(path, table, "an absorbance of", *ABSORBANCE_RANGE, hint)
    return table


def read_droplets(path: Path, recipe_columns: list[str], value_columns: list[str]) -> DropletTable:
    """Read a CSV with a row per droplet, columns ``recipe``, ``recipe_columns``, ``value_columns``.

    Raises
    ------
    PlasmonbenchError
        If there is no such file, a column is missing, a cell is not a finite number, or droplets
        of one recipe differ in what was mixed.
    """
    table = _read(path)
    for column in ["recipe", *recipe_columns, *value_columns]:
        if column not in table.columns:
            hint = "; separate columns by commas" if ";" in str(table.columns[0]) else ""
            raise PlasmonbenchError(
                f"{path}: column '{column}' is missing; found: {_some(list(table.columns))}{hint}"
            )
    if not len(table):
        raise PlasmonbenchError(f"{path}: there is no droplet below the header")
    numbers = {
        column: _numbers(path, table[column], column)
        for column in [*recipe_columns, *value_columns]
    }
    mixed = np.column_stack([numbers[column] for column in recipe_columns])
    values = np.column_stack([numbers[column] for column in value_columns])
    labels, recipes, grouped = [], [], []
    for label, rows in table.groupby("recipe", sort=False).indices.items():
        odd = np.flatnonzero(np.any(mixed[rows] != mixed[rows[0]], axis=1))
        if len(odd):
            raise PlasmonbenchError(
                f"{path}: row {_line(rows[odd[0]])} has other flows than row {_line(rows[0])}, "
                f"but both say recipe {label}"
            )
        labels.append(str(label))
        recipes.append(mixed[rows[0]])
        grouped.append(values[rows])
    return _merged_duplicates(DropletTable(tuple(labels), np.array(recipes), grouped))


def _check_range(
    path: Path, table: DropletTable, what: str, low: float, high: float, hint: str
) -> None:
    rows = table.values  # noqa: PD011 - no pandas frame
    for label, droplets in zip(table.labels, rows, strict=True):
        odd = droplets[(droplets < low) | (droplets > high)]
        if odd.size:
            raise PlasmonbenchError(f"{path}: recipe {label} has {what} {odd[0]:g}; {hint}")


def _merged_duplicates(table: DropletTable) -> DropletTable:
    """Take recipes of equal flows as one, under the first label: they were made twice."""
    merged: dict[bytes, list[int]] = {}
    for row, recipe in enumerate(table.recipes):
        merged.setdefault(recipe.tobytes(), []).append(row)
    firsts = [rows[0] for rows in merged.values()]
    droplets = table.values  # noqa: PD011 - no pandas frame
    return DropletTable(
        tuple(table.labels[row] for row in firsts),
        table.recipes[firsts],
        [np.concatenate([droplets[row] for row in rows]) for rows in merged.values()],
    )


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise PlasmonbenchError(f"there is no file {path}")
    try:
        # As text, so that a cell that is no number can be shown as it stands.
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise PlasmonbenchError(f"{path} is not a CSV table: {error}") from error


def _numbers(path: Path, cells: pd.Series[str], column: str) -> FloatArray:
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        cell = cells.iloc[wrong[0]]
        raise PlasmonbenchError(
            f"{path}: row {_line(wrong[0])}, column '{column}': '{cell}' is not a finite number"
        )
    return numbers


def _line(row: int) -> int:
    """Return the line of the file as an editor counts it: the header is line 1."""
    return int(row) + 2


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    if len(shown) > 200:
        return shown[:200] + " ..."
    return shown if len(names) <= 8 else f"{shown}, ... ({len(names)} in all)"
