"""Target spectra that belong to the suite."""

import csv
from importlib import resources

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.loss import SpectralLoss

CAMPAIGN_WAVELENGTHS = np.arange(380.0, 801.0)
"""The spectrometer grid of the campaign: 380 to 800 nm in steps of 1 nm, 421 points."""
CAMPAIGN_WAVELENGTHS.setflags(write=False)


def silver_prism_points() -> tuple[FloatArray, FloatArray]:
    """Return wavelengths (25,), nm, and absorbance (25,) of the campaign's published target.

    Discrete-dipole absorbance of a triangular silver prism in water, edge 50 nm, height 10 nm
    (Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021), doi 10.1038/s41524-021-00520-w).
    """
    path = resources.files("plasmonbench") / "data" / "silver_prism_target.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    wavelengths = np.array([float(row["wavelength_nm"]) for row in rows])
    absorbance = np.array([float(row["absorbance"]) for row in rows])
    return wavelengths, absorbance


def silver_prism_loss() -> SpectralLoss:
    """Return the campaign's loss: the 25 target points, linearly interpolated to 1 nm."""
    points, absorbance = silver_prism_points()
    target = np.interp(CAMPAIGN_WAVELENGTHS, points, absorbance)
    return SpectralLoss(wavelengths=CAMPAIGN_WAVELENGTHS, target=target)
