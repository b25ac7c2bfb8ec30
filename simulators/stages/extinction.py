"""From particles to absorbance: what each population takes out of the light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from plasmonbench import FloatArray
from simulators.optics.ensemble import SpheroidOptics
from simulators.stages.growth import GrowthParameters, Particles

PlateModel = Literal["spheroid", "triangle", "disk"]


@dataclass(frozen=True)
class ExtinctionParameters:
    """Numbers of the optics; only `silver_path` was fitted to the campaign, with the growth."""

    silver: str = "Johnson"
    """Data set of silver's permittivity."""
    damping: float = 2.0
    """Strength A of the size damping."""
    silver_path: float = 7.394
    """Volume fraction of silver at one unit, times the optical path over ln 10, nm.

    1 mm of light path would make it 1.8 mmol/L of silver in the droplet.
    """
    plates: PlateModel = "spheroid"


class Extinction:
    """Sums the light that plates, compact particles and small spheres absorb and scatter."""

    def __init__(
        self,
        wavelengths: FloatArray,
        growth: GrowthParameters,
        parameters: ExtinctionParameters | None = None,
    ) -> None:
        self.parameters = parameters or ExtinctionParameters()
        self.growth = growth
        self.optics = SpheroidOptics(
            wavelengths,
            silver=self.parameters.silver,
            damping_strength=self.parameters.damping,
        )
        spheres = growth.secondary_radius, growth.secondary_spread
        self._per_sphere_silver: FloatArray = self.optics.sphere_population(
            *spheres
        ) / self.optics.sphere_mean_volume(*spheres)

    def absorbance(self, particles: Particles) -> FloatArray:
        """Return true absorbance (n, W) of n droplets.

        Each population adds silver / volume * cross-section: particle volumes are means over the
        population, so that the silver that was grown is all there.
        """
        plates, plate_volume = self._plates(particles)
        compact = particles.compact_volume, self.growth.compact_aspect, self.growth.compact_spread
        compact_volume = self.optics.prolate_mean_volume(*compact)
        path = self.parameters.silver_path
        # In place, since at a thousand recipes each array of (n, W) is larger than the cache.
        plates *= (path * particles.plate_silver / plate_volume)[:, None]
        rest = self.optics.prolate_population(*compact)
        rest *= (path * particles.compact_silver / compact_volume)[:, None]
        plates += rest
        np.multiply((path * particles.sphere_silver)[:, None], self._per_sphere_silver, out=rest)
        plates += rest
        return plates

    def _plates(self, particles: Particles) -> tuple[FloatArray, FloatArray]:
        """Return the mean cross-section (n, W) and the mean volume (n,) of the plates."""
        volume, thickness = particles.plate_volume, particles.plate_thickness
        spread = particles.plate_spread
        if self.parameters.plates == "triangle":
            size = triangle_edge(volume, thickness), thickness, spread
            return self.optics.triangle_population(*size), self.optics.triangle_mean_volume(*size)
        if self.parameters.plates == "disk":
            size = disk_diameter(volume, thickness), thickness, spread
            return self.optics.disk_population(*size), self.optics.disk_mean_volume(*size)
        size = np.sqrt(6 * volume / (np.pi * thickness)), thickness, spread
        return self.optics.oblate_population(*size), self.optics.oblate_mean_volume(*size)


def triangle_edge(volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the edge, nm, of a rounded triangular plate: 0.433 L^2 h - 0.00544 L h^2 = V.

    Volume as in Yu et al., Chem. Soc. Rev. 46, 6710 (2017).
    """
    rounding = 0.00544 * thickness**2
    root = np.sqrt(rounding**2 + 4 * 0.433 * thickness * volume)
    return np.asarray((rounding + root) / (2 * 0.433 * thickness))


def disk_diameter(volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the diameter, nm, of a disk with rounded rim, V = pi h^3 [4 + 3 (R-1)(2R+pi-2)] / 24.

    Volume as in Yu et al., Chem. Soc. Rev. 46, 6710 (2017); R is diameter over thickness.
    """
    filling = 24 * volume / (np.pi * thickness**3)
    half = 3 * (np.pi - 4) / 2
    aspect = (-half + np.sqrt(half**2 - 6 * (4 - 3 * (np.pi - 2) - filling))) / 6
    return np.asarray(aspect * thickness)
