"""The colour that a droplet has against white light, from its absorbance spectrum.

CIE 1931 2 degree standard observer, illuminant D65, light that passes once through the droplet:
``XYZ = k sum S(w) cmf(w) 10**-A(w)`` with ``k`` such that a clear droplet has Y = 1
(CIE 15:2018, section 7). Tables and colour spaces are those of colour-science.

The spectrum is taken for the droplet's own. Stray light and the offset of a spectrometer, if it
still has them, tint the colour: readings of the silver lab without noise are off those of its
absorbance by 7 units of CIELAB in the median, 16 at most.
"""

from __future__ import annotations

from functools import lru_cache

import colour
import numpy as np
import numpy.typing as npt

from plasmonbench.arrays import FloatArray, frozen
from plasmonbench.errors import PlasmonbenchError

OBSERVER = "CIE 1931 2 Degree Standard Observer"
ILLUMINANT = "D65"
LEAST_ABSORBANCE = -5.0
"""Below it a reading is no light that anything could emit; it shows as white all the same."""


def droplet_colours(
    wavelengths: npt.ArrayLike,
    absorbance: npt.ArrayLike,
    path_lengths_ratio: float = 1.0,
) -> npt.NDArray[np.object_]:
    """Return the sRGB colours of droplets as texts '#rrggbb'.

    What no screen can show is clipped, channel by channel.

    Parameters
    ----------
    wavelengths
        Shape (W,), nm, increasing.
    absorbance
        Decadic absorbance of the droplets, shape (..., W).
    path_lengths_ratio
        Optical path that the eye looks through, over that of the measurement.

    Returns
    -------
    Texts, shape (...); None for a droplet whose spectrum is not all finite numbers.

    Raises
    ------
    PlasmonbenchError
        As `tristimulus`.
    """
    xyz = tristimulus(wavelengths, absorbance, path_lengths_ratio)
    return hex_colours(xyz)


def tristimulus(
    wavelengths: npt.ArrayLike,
    absorbance: npt.ArrayLike,
    path_lengths_ratio: float = 1.0,
) -> FloatArray:
    """Return CIE 1931 XYZ of the light that passes droplets, Y = 1 for a clear one; (..., 3).

    Transmittance is interpolated linearly between wavelengths; beyond the ends of the spectrum,
    where the observer sees a little still (360 to 830 nm), that of the end is taken.

    Parameters
    ----------
    wavelengths, absorbance, path_lengths_ratio
        As `droplet_colours`. A spectrum that holds NaN or infinity gives NaN.

    Raises
    ------
    PlasmonbenchError
        If shapes disagree, wavelengths do not increase or miss visible light altogether, or the
        ratio is not a positive number.
    """
    grid = np.asarray(wavelengths, dtype=np.float64)
    spectra = np.asarray(absorbance, dtype=np.float64)
    if grid.ndim != 1 or spectra.ndim == 0 or spectra.shape[-1] != len(grid):
        raise PlasmonbenchError(
            f"absorbance must have shape (..., W), wavelengths (W,); got {spectra.shape} and "
            f"{grid.shape}"
        )
    if not (np.isfinite(path_lengths_ratio) and path_lengths_ratio > 0):
        raise PlasmonbenchError(
            f"the ratio of path lengths must be a positive number; got {path_lengths_ratio:g}"
        )
    weights = _weights(grid.tobytes())
    readable = np.isfinite(spectra).all(axis=-1, keepdims=True)
    seen = np.where(readable, spectra, 0.0) if not readable.all() else spectra
    transmittance = np.exp(np.maximum(seen * path_lengths_ratio, LEAST_ABSORBANCE) * -np.log(10.0))
    xyz = transmittance @ weights
    return np.where(readable, xyz, np.nan)


def hex_colours(xyz: FloatArray) -> npt.NDArray[np.object_]:
    """Return '#rrggbb' of XYZ (..., 3), Y = 1 for white, clipped to what sRGB holds; shape (...).

    NaN gives None.
    """
    rgb = np.asarray(colour.XYZ_to_sRGB(np.nan_to_num(xyz)), dtype=np.float64)
    levels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.int64).reshape(-1, 3)
    packed = levels @ np.array([65536, 256, 1])
    texts = np.array([f"#{value:06x}" for value in packed.tolist()], dtype=np.object_)
    texts[np.isnan(xyz).any(axis=-1).ravel()] = None
    return texts.reshape(xyz.shape[:-1])


@lru_cache(maxsize=32)
def _weights(grid: bytes) -> FloatArray:
    """Return what each wavelength of a grid adds to X, Y and Z, per transmittance; (W, 3)."""
    wavelengths = np.frombuffer(grid, dtype=np.float64)
    observer = colour.MSDS_CMFS[OBSERVER]
    if not np.isfinite(wavelengths).all() or np.any(np.diff(wavelengths) <= 0):
        raise PlasmonbenchError("wavelengths must be finite and increase")
    seen = np.asarray(observer.wavelengths, dtype=np.float64)
    if len(wavelengths) < 2 or wavelengths[-1] <= seen[0] or wavelengths[0] >= seen[-1]:
        raise PlasmonbenchError(
            f"a colour needs a spectrum of visible light, {seen[0]:g} to {seen[-1]:g} nm"
        )
    light = colour.SDS_ILLUMINANTS[ILLUMINANT].copy().align(observer.shape)
    per_nm = np.asarray(observer.values) * np.asarray(light.values)[:, None]
    per_nm = per_nm / per_nm[:, 1].sum()
    # np.interp is linear in its values: its matrix shares each nanometre of the observer between
    # the two wavelengths beside it, and holds the ends.
    right = np.clip(np.searchsorted(wavelengths, seen), 1, len(wavelengths) - 1)
    gap = wavelengths[right] - wavelengths[right - 1]
    share = np.clip((seen - wavelengths[right - 1]) / gap, 0, 1)[:, None]
    weights = np.zeros((len(wavelengths), 3))
    np.add.at(weights, right - 1, (1 - share) * per_nm)
    np.add.at(weights, right, share * per_nm)
    return frozen(weights)
