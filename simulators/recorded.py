"""Replays the droplets of a recorded campaign from CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    DropletTable,
    FloatArray,
    PlasmonbenchError,
    RecipeSpace,
    read_droplets,
)

RECIPE_COLUMNS = {
    "q_agno3_pct": ("q_agno3", "%"),
    "q_pva_pct": ("q_pva", "%"),
    "q_tsc_pct": ("q_tsc", "%"),
    "q_seed_pct": ("q_seed", "%"),
    "q_total_ul_min": ("q_total", "uL/min"),
}
SPECTRUM_COLUMNS = [f"a{wavelength:.0f}" for wavelength in CAMPAIGN_WAVELENGTHS]


class Recorded:
    """A finished campaign as a lab: the only recipes are those that were made.

    Replicates are drawn from the recorded droplets of a recipe with replacement, so that their
    median scatters as the median of so many new droplets would.

    Parameters
    ----------
    losses
        CSV with a row per droplet: recipe, droplet, q_agno3_pct, q_pva_pct, q_tsc_pct,
        q_seed_pct, q_total_ul_min, loss.
    spectra
        CSV with the same first columns and a380 ... a800; then only recipes with spectra exist.

    Raises
    ------
    PlasmonbenchError
        If a file is missing or malformed; the message names row and column.
    """

    name: ClassVar[str] = "recorded"

    def __init__(self, losses: str, spectra: str = "") -> None:
        table = read_droplets(Path(losses).expanduser(), list(RECIPE_COLUMNS), ["loss"])
        self._spectra: list[FloatArray] | None = None
        if spectra:
            table, self._spectra = _matched(
                table,
                read_droplets(Path(spectra).expanduser(), list(RECIPE_COLUMNS), SPECTRUM_COLUMNS),
            )
        self._losses = [values[:, 0] for values in table.values]
        names, units = zip(*RECIPE_COLUMNS.values(), strict=True)
        spread = np.ptp(table.recipes, axis=0)
        # An axis that never varied still needs a width for the unit cube.
        margin = np.where(spread > 0, 0.0, np.maximum(np.abs(table.recipes[0]), 1.0) * 0.5)
        self._space = RecipeSpace(
            names=names,
            units=units,
            lower=table.recipes.min(axis=0) - margin,
            upper=table.recipes.max(axis=0) + margin,
            candidates=table.recipes,
        )
        self._row = {recipe.tobytes(): row for row, recipe in enumerate(table.recipes)}

    @property
    def space(self) -> RecipeSpace:
        """The recorded recipes as a finite set."""
        return self._space

    @property
    def wavelengths(self) -> FloatArray:
        """380 to 800 nm in steps of 1 nm, shape (421,)."""
        return CAMPAIGN_WAVELENGTHS

    @property
    def has_spectra(self) -> bool:
        """Whether a file of spectra was given."""
        return self._spectra is not None

    def measure(self, recipes: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
        """Draw recorded spectra (n, replicates, 421) of recipes (n, 5).

        Raises
        ------
        PlasmonbenchError
            If no spectra were given, or a recipe is not one of the recorded.
        """
        if self._spectra is None:
            raise PlasmonbenchError("this recorded campaign holds losses alone, no spectra")
        rows = self._rows(recipes)
        drawn = [
            self._spectra[row][_draw(len(self._spectra[row]), replicates, child)]
            for row, child in zip(rows, rng.spawn(len(rows)), strict=True)
        ]
        return np.stack(drawn)

    def measure_losses(
        self, recipes: FloatArray, replicates: int, rng: np.random.Generator
    ) -> FloatArray:
        """Draw recorded losses (n, replicates) of recipes (n, 5).

        Raises
        ------
        PlasmonbenchError
            If a recipe is not one of the recorded.
        """
        rows = self._rows(recipes)
        drawn = [
            self._losses[row][_draw(len(self._losses[row]), replicates, child)]
            for row, child in zip(rows, rng.spawn(len(rows)), strict=True)
        ]
        return np.stack(drawn)

    def reference_losses(self, recipes: FloatArray) -> FloatArray:
        """Return the median loss over all recorded droplets of recipes (n, 5), shape (n,)."""
        return np.array([np.median(self._losses[row]) for row in self._rows(recipes)])

    def truth(self, recipes: FloatArray) -> None:  # noqa: ARG002 - the protocol's shape
        """Return None: nobody knows the noise-free spectra of a real campaign."""
        return

    def _rows(self, recipes: FloatArray) -> list[int]:
        try:
            return [self._row[recipe.tobytes()] for recipe in np.ascontiguousarray(recipes)]
        except KeyError:
            raise PlasmonbenchError("a recipe is asked for that was not recorded") from None


def _draw(available: int, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Return ``replicates`` indices below ``available``, in the order of the droplets."""
    return np.sort(rng.integers(available, size=replicates))


def _matched(losses: DropletTable, spectra: DropletTable) -> tuple[DropletTable, list[FloatArray]]:
    """Keep the recipes that have both, with their droplets in both files."""
    by_recipe = {recipe.tobytes(): row for row, recipe in enumerate(np.round(spectra.recipes, 6))}
    kept, found = [], []
    for row, recipe in enumerate(np.round(losses.recipes, 6)):
        other = by_recipe.get(recipe.tobytes())
        if other is not None:
            kept.append(row)
            found.append(spectra.values[other])
    if not kept:
        raise PlasmonbenchError("no recipe stands in both the file of losses and that of spectra")
    return losses.subset(np.array(kept)), found
