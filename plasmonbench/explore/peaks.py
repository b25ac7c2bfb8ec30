"""The peaks of a spectrum, as one would label them by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from plasmonbench.arrays import FloatArray

PROMINENCE = 0.04
"""Least rise above the surroundings, of the spectrum's whole range, that makes a peak."""
LEAST_RISE = 0.005
"""The same in absorbance: below it a spectrum has ripples, no peaks."""
DISTANCE = 25.0
"""Nearest that two labels come, nm."""
MOST = 3


@dataclass(frozen=True)
class Peak:
    """Wavelength, nm, and absorbance of a local maximum."""

    wavelength: float
    absorbance: float


def label_peaks(wavelengths: FloatArray, spectrum: FloatArray) -> tuple[Peak, ...]:
    """Return the most prominent peaks inside a spectrum (W,), from short wavelengths to long.

    At most three. A maximum at an end of the grid is none: nobody knows what lies beyond.
    """
    rise = max(PROMINENCE * float(np.ptp(spectrum)), LEAST_RISE)
    apart = max(1.0, DISTANCE / float(np.diff(wavelengths).mean()))
    places, properties = find_peaks(spectrum, prominence=rise, distance=apart)
    best = np.sort(places[np.argsort(properties["prominences"])[::-1][:MOST]])
    return tuple(Peak(float(wavelengths[i]), float(spectrum[i])) for i in best)
