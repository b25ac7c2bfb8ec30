"""From true to recorded absorbance: stray light, baseline, detector noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from plasmonbench import FloatArray


@dataclass(frozen=True)
class SpectrometerParameters:
    """Numbers of the instrument, read off the campaign's spectra."""

    stray_at_380: float = 0.6804
    """Stray light at 380 nm, relative to the lamp's light there."""
    stray_edge: float = 445.5
    """Wavelength, nm, above which there is none."""
    stray_exponent: float = 0.9615
    """Its power of the distance from that edge."""
    offset: float = 0.03601
    """Baseline, in absorbance."""
    flicker_noise: float = 2.0e-4
    """Relative noise of the source."""
    shot_noise: float = 4.0e-4
    """Relative photon noise at full transmission where the lamp is brightest."""
    dark_noise: float = 0.5e-4
    """Detector noise relative to full transmission where the lamp is brightest."""
    noise_correlation: float = 1.5
    """Standard deviation of the smoothing kernel of recorded spectra, nm (correlated over 3-4)."""


class Spectrometer:
    """Reads absorbance on a wavelength grid of 1 nm steps."""

    def __init__(
        self, wavelengths: FloatArray, parameters: SpectrometerParameters | None = None
    ) -> None:
        self.parameters = parameters or SpectrometerParameters()
        ramp = (self.parameters.stray_edge - wavelengths) / (self.parameters.stray_edge - 380)
        self.stray_light: FloatArray = self.parameters.stray_at_380 * (
            np.clip(ramp, 0, None) ** self.parameters.stray_exponent
        )
        self._stray_points = int(np.count_nonzero(self.stray_light))
        # A tungsten lamp and a silicon detector: a tenth of the light at 380 nm, most near 650.
        self.lamp: FloatArray = 0.1 + 0.9 * np.exp(-(((wavelengths - 650) / 150) ** 2))
        self.step = float(wavelengths[1] - wavelengths[0])

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
        relative noise of the light into absolute noise of the absorbance.
        """
        p = self.parameters
        light = self.lamp * 10.0**-reading
        relative = np.sqrt(
            p.flicker_noise**2 + p.shot_noise**2 / light + (p.dark_noise / light) ** 2
        )
        width = p.noise_correlation / self.step
        smooth = gaussian_filter1d(rng.standard_normal(reading.shape), width, axis=-1, mode="wrap")
        # The kernel lowers the variance of white noise to 1/(2 sqrt(pi) width).
        unit = smooth * np.sqrt(2 * np.sqrt(np.pi) * width)
        return np.asarray(unit * relative / np.log(10))
