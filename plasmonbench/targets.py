"""Target spectra: the campaign's, which belongs to the suite, and those of a file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.loss import SpectralLoss

CAMPAIGN_WAVELENGTHS = np.arange(380.0, 801.0)
"""The spectrometer grid of the campaign: 380 to 800 nm in steps of 1 nm, 421 points."""
CAMPAIGN_WAVELENGTHS.setflags(write=False)
SILVER_PRISM = Path(__file__).parent / "data" / "silver_prism_target.csv"
COLUMNS = ("wavelength_nm", "absorbance")


def silver_prism_points() -> tuple[FloatArray, FloatArray]:
    """Return wavelengths (25,), nm, and absorbance (25,) of the campaign's published target.

    Discrete-dipole absorbance of a triangular silver prism in water, edge 50 nm, height 10 nm
    (Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021), doi 10.1038/s41524-021-00520-w).
    """
    return read_target(SILVER_PRISM)


def silver_prism_loss() -> SpectralLoss:
    """Return the campaign's loss: the 25 target points, linearly interpolated to 1 nm."""
    return loss_on_grid(CAMPAIGN_WAVELENGTHS, *silver_prism_points())


def loss_on_grid(
    wavelengths: FloatArray, points: FloatArray, absorbance: FloatArray
) -> SpectralLoss:
    """Return the loss against target points, linearly interpolated to a lab's grid.

    Parameters
    ----------
    wavelengths
        Of the lab, shape (W,), nm.
    points, absorbance
        Of the target, both (k,); points in nm, increasing.

    Raises
    ------
    PlasmonbenchError
        If the target does not cover the grid.
    """
    if points[0] > wavelengths[0] or points[-1] < wavelengths[-1]:
        raise PlasmonbenchError(
            f"the target covers {points[0]:g} to {points[-1]:g} nm, "
            f"the lab measures {wavelengths[0]:g} to {wavelengths[-1]:g} nm"
        )
    return SpectralLoss(wavelengths, np.interp(wavelengths, points, absorbance))


def read_target(path: Path) -> tuple[FloatArray, FloatArray]:
    """Read a target from a CSV with columns wavelength_nm and absorbance; # begins a comment.

    Returns wavelengths and absorbance, both (k,).

    Raises
    ------
    PlasmonbenchError
        If there is no such file, or it does not hold increasing wavelengths and numbers.
    """
    if not path.is_file():
        raise PlasmonbenchError(f"there is no file {path}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    try:
        numbers = np.array([[float(row[column]) for column in COLUMNS] for row in rows])
    except (KeyError, TypeError, ValueError) as error:
        raise PlasmonbenchError(
            f"{path}: a target needs the columns {' and '.join(COLUMNS)} with numbers ({error})"
        ) from error
    if len(numbers) < 2 or not np.isfinite(numbers).all() or np.any(np.diff(numbers[:, 0]) <= 0):
        raise PlasmonbenchError(f"{path}: a target needs finite numbers at increasing wavelengths")
    return numbers[:, 0], numbers[:, 1]
