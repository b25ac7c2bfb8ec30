"""From true to recorded absorbance: stray light, baseline, detector noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.stages.priors import fitted, fitted_series, stated

GAIN_KNOTS = np.array(
    [380, 388, 396, 404, 412, 420, 428, 436, 444, 452, 460, 468, 476, 484, 496, 510.0]
)
"""Wavelengths, nm, between which the gain is a natural cubic spline of its logarithm.

Every real spectrum has the same kink at 436 nm and the same dip at 462 nm, in proportion to its
absorbance: the instrument's, not the particles'.
"""


@dataclass(frozen=True)
class SpectrometerParameters:
    """Numbers of the instrument: stray light, gain and baseline fitted, noise read off spectra."""

    stray_at_380: float = fitted(0.53, 0.3, log=True)
    """Stray light at 380 nm, relative to the lamp's light there."""
    stray_width: float = fitted(42.0, 0.25, log=True, unit="nm")
    """Distance from 380 nm over which stray light falls to 1/e (as a Gaussian)."""
    log_gain: tuple[float, ...] = fitted_series(len(GAIN_KNOTS) - 1, 0.06)
    """Logarithm of the gain at `GAIN_KNOTS`; at the last knot and beyond it is 0."""
    offset: float = fitted(0.037, 0.01)
    """Baseline, in absorbance."""
    flicker_noise: float = stated(2.0e-4)
    """Relative noise of the source."""
    shot_noise: float = stated(0.00065)
    """Relative photon noise at full transmission where the lamp is brightest."""
    dark_noise: float = stated(0.5e-4)
    """Detector noise relative to full transmission where the lamp is brightest."""
    lamp_dip: float = stated(0.6)
    """Share of the lamp's light that is missing at `LAMP_DIP_CENTRE`, where noise is largest."""
    noise_correlation: float = stated(1.0, unit="nm")
    """Standard deviation of the smoothing kernel of recorded spectra (correlated over 3-4 nm)."""


LAMP_DIP_CENTRE = 490.0
LAMP_DIP_WIDTH = 50.0
NEGLIGIBLE_STRAY_LIGHT = 1e-5
"""Less than this changes no reading by more than the noise."""


class Spectrometer:
    """Reads absorbance on an even wavelength grid.

    Raises
    ------
    PlasmonbenchError
        If the wavelengths do not increase in equal steps.
    """

    def __init__(
        self, wavelengths: FloatArray, parameters: SpectrometerParameters | None = None
    ) -> None:
        self.parameters = parameters or SpectrometerParameters()
        steps = np.diff(wavelengths)
        if not len(steps) or steps[0] <= 0 or not np.allclose(steps, steps[0]):
            raise PlasmonbenchError("a spectrometer needs wavelengths that increase in equal steps")
        self.step = float(steps[0])
        distance = np.clip((wavelengths - 380) / self.parameters.stray_width, 0, None)
        stray = self.parameters.stray_at_380 * np.exp(-(distance**2))
        self.stray_light: FloatArray = np.where(stray > NEGLIGIBLE_STRAY_LIGHT, stray, 0.0)
        log_gain = gain_basis(wavelengths).T @ np.array(self.parameters.log_gain)
        self.gain: FloatArray = np.exp(log_gain)
        # Beyond these the reading is the absorbance and the offset: nothing is to be computed.
        self._changed = int(
            np.count_nonzero((self.stray_light > 0) | (wavelengths < GAIN_KNOTS[-1]))
        )
        dip = np.exp(-(((wavelengths - LAMP_DIP_CENTRE) / LAMP_DIP_WIDTH) ** 2))
        self.lamp: FloatArray = 1 - self.parameters.lamp_dip * dip

    def read(self, absorbance: FloatArray) -> FloatArray:
        """Return what the instrument shows, without noise, of true absorbance (..., W).

        Stray light s adds to sample and reference alike; what is read is the gain times
        -log10((T + s)/(1 + s)), and the offset.
        """
        seen = absorbance + self.parameters.offset
        stray = self.stray_light[: self._changed]
        light = np.exp(-np.log(10) * absorbance[..., : self._changed])
        shown = self.gain[: self._changed] * np.log10((1 + stray) / (light + stray))
        seen[..., : self._changed] = self.parameters.offset + shown
        return np.asarray(seen)

    def noise(self, reading: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw detector noise for readings (..., W), in absorbance.

        Source flicker, photon shot noise and dark noise add in quadrature; the logarithm turns
        relative noise of the light, stray light included, into absolute noise of the absorbance.
        """
        p = self.parameters
        light = self.lamp * np.exp(-np.log(10) * reading)
        relative = np.sqrt(
            p.flicker_noise**2 + p.shot_noise**2 / light + (p.dark_noise / light) ** 2
        )
        width = p.noise_correlation / self.step
        # Drawn wider than needed, so that the ends are smoothed like the rest.
        margin = int(np.ceil(4 * width))
        white = rng.standard_normal((*reading.shape[:-1], reading.shape[-1] + 2 * margin))
        smooth = gaussian_filter1d(white, width, axis=-1, mode="constant")
        # The kernel lowers the variance of white noise to 1/(2 sqrt(pi) width).
        unit = smooth[..., margin:-margin] * np.sqrt(2 * np.sqrt(np.pi) * width)
        return np.asarray(unit * relative / np.log(10))


def gain_basis(wavelengths: FloatArray) -> FloatArray:
    """Return the spline of each knot of the gain but the last, shape (knots, W).

    Each is 1 at its knot, 0 at the others and outside of the knots.
    """
    heights = np.eye(len(GAIN_KNOTS))[:, :-1]
    inside = (wavelengths >= GAIN_KNOTS[0]) & (wavelengths <= GAIN_KNOTS[-1])
    basis = CubicSpline(GAIN_KNOTS, heights, bc_type="natural")(wavelengths)
    return np.asarray(np.where(inside[:, None], basis, 0.0).T)
