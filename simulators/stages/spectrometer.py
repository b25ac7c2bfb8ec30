"""From true to recorded absorbance: stray light, baseline, detector noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from plasmonbench import FloatArray, PlasmonbenchError


@dataclass(frozen=True)
class SpectrometerParameters:
    """Numbers of the instrument, read off the campaign's spectra."""

    stray_at_380: float = 0.5705
    """Stray light at 380 nm, relative to the lamp's light there."""
    stray_width: float = 40.84
    """Distance from 380 nm, nm, over which stray light falls to 1/e (as a Gaussian)."""
    offset: float = 0.03568
    """Baseline, in absorbance."""
    flicker_noise: float = 2.0e-4
    """Relative noise of the source."""
    shot_noise: float = 0.00065
    """Relative photon noise at full transmission where the lamp is brightest."""
    dark_noise: float = 0.5e-4
    """Detector noise relative to full transmission where the lamp is brightest."""
    lamp_dip: float = 0.6
    """Share of the lamp's light that is missing at `LAMP_DIP_CENTRE`, where noise is largest."""
    noise_correlation: float = 1.0
    """Standard deviation of the smoothing kernel of recorded spectra, nm (correlated over 3-4)."""


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
        self._stray_points = int(np.count_nonzero(self.stray_light))
        dip = np.exp(-(((wavelengths - LAMP_DIP_CENTRE) / LAMP_DIP_WIDTH) ** 2))
        self.lamp: FloatArray = 1 - self.parameters.lamp_dip * dip

    def read(self, absorbance: FloatArray) -> FloatArray:
        """Return what the instrument shows, without noise, of true absorbance (..., W).

        Stray light s adds to sample and reference alike: -log10((T + s)/(1 + s)).
        """
        seen = absorbance + self.parameters.offset
        # Where there is no stray light the formula gives back the absorbance: skip it there.
        stray = self.stray_light[: self._stray_points]
        light = np.exp(-np.log(10) * absorbance[..., : self._stray_points])
        seen[..., : self._stray_points] = self.parameters.offset - np.log10(
            (light + stray) / (1 + stray)
        )
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
