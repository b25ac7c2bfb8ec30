"""From particles to absorbance: what each population takes out of the light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import expit

from plasmonbench import FloatArray, compiled
from simulators.optics.ensemble import SpheroidOptics
from simulators.optics.plates import DISK, TRIANGLE, truncated_triangle
from simulators.stages.growth import GrowthParameters, Particles
from simulators.stages.priors import fitted, stated

PlateModel = Literal["spheroid", "triangle", "disk", "truncated", "mixed"]

TABLE_VOLUMES = np.geomspace(10.0, 1e7, 640)
"""Mean volumes of compact particles, nm^3, at which their spectrum is computed; between two it is
linear in the logarithm of the volume, which is off by less than 1e-4 of the spectrum's height."""


@dataclass(frozen=True)
class ExtinctionParameters:
    """Numbers and choices of the optics."""

    silver: str = "Johnson"
    """Data set of silver's permittivity."""
    plates: PlateModel = "disk"
    """Shape by whose optics plates are seen; "mixed" are triangles beside disks."""
    triangle_logit: float = fitted(0.0, 1.0)
    """Logit of the share of triangles, where plates are "mixed", or of what is left of one's
    corners, where they are "truncated"."""
    damping: float = stated(2.0)
    """Strength A of the size damping."""
    silver_path: float = fitted(7.4, 0.5, log=True, unit="nm")
    """Volume fraction of silver at one unit, times the optical path over ln 10.

    1 mm of light path would make 7.4 nm of it 1.7 mmol/L of silver in the droplet.
    """


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

    @cached_property
    def _compact_table(self) -> FloatArray:
        return self.compact_particles(TABLE_VOLUMES)

    @cached_property
    def _spheres(self) -> FloatArray:
        return self.small_spheres()

    def absorbance(self, particles: Particles) -> FloatArray:
        """Return true absorbance (n, W) of n droplets.

        Each population adds silver / volume * cross-section: particle volumes are means over the
        population, so that the silver that was grown is all there.
        """
        path = self.parameters.silver_path
        absorbance = self.plates(particles)
        # In place, since at a thousand recipes each array of (n, W) is larger than the cache.
        absorbance *= (path * particles.plate_silver)[:, None]
        position = np.log(particles.compact_volume / TABLE_VOLUMES[0]) / _TABLE_STEP
        _add_rows(
            np.clip(position, 0, len(TABLE_VOLUMES) - 1.001),
            path * particles.compact_silver,
            self._compact_table,
            path * particles.sphere_silver,
            self._spheres,
            absorbance,
        )
        return absorbance

    def plates(self, particles: Particles) -> FloatArray:
        """Return the extinction of plates per volume of their silver, 1/nm, shape (n, W)."""
        spread = particles.plate_spread
        # The diameter is log-normal: the mean volume is exp(2 spread^2) times the median's.
        volume, thickness = (
            particles.plate_volume * np.exp(-2 * spread**2),
            particles.plate_thickness,
        )
        if self.parameters.plates == "spheroid":
            size = np.sqrt(6 * volume / (np.pi * thickness)), thickness, spread
            extinction = self.optics.oblate_population(*size)
            extinction /= self.optics.oblate_mean_volume(*size)[:, None]
            return extinction
        first, *others = [
            self._plates_of(triangle, share, volume, thickness, spread)
            for triangle, share in self._shapes()
        ]
        return sum(others, start=first)

    def _shapes(self) -> list[tuple[float, float]]:
        """Return how far each kind of plate is a triangle, and its share of the silver."""
        triangle = float(expit(self.parameters.triangle_logit))
        kinds = {
            "triangle": [(1.0, 1.0)],
            "disk": [(0.0, 1.0)],
            "truncated": [(triangle, 1.0)],
            "mixed": [(1.0, triangle), (0.0, 1 - triangle)],
        }
        return kinds[self.parameters.plates]

    def _plates_of(
        self,
        triangle: float,
        share: float,
        volume: FloatArray,
        thickness: FloatArray,
        spread: FloatArray,
    ) -> FloatArray:
        shape = {0.0: DISK, 1.0: TRIANGLE}.get(triangle) or truncated_triangle(triangle)
        size = plate_length(triangle, volume, thickness), thickness, spread
        extinction = self.optics.plate_population(shape, *size)
        extinction *= (share / self.optics.plate_mean_volume(shape, *size))[:, None]
        return extinction

    def compact_particles(
        self, volume: FloatArray, growth: GrowthParameters | None = None
    ) -> FloatArray:
        """Return their extinction per volume of silver, 1/nm, (n, W), for mean volumes (n,)."""
        growth = growth or self.growth
        spread = growth.compact_spread
        # The volume goes with the cube of the log-normal length.
        size = volume * np.exp(-4.5 * spread**2), growth.compact_aspect, spread
        return np.asarray(
            self.optics.prolate_population(*size) / self.optics.prolate_mean_volume(*size)[:, None]
        )

    def small_spheres(self, growth: GrowthParameters | None = None) -> FloatArray:
        """Return their extinction per volume of silver, 1/nm, shape (W,)."""
        growth = growth or self.growth
        size = growth.secondary_radius, growth.secondary_spread
        return np.asarray(
            self.optics.sphere_population(*size) / self.optics.sphere_mean_volume(*size)
        )


_TABLE_STEP = float(np.log(TABLE_VOLUMES[1] / TABLE_VOLUMES[0]))


@compiled
def _add_rows(
    position: FloatArray,
    compact: FloatArray,
    table: FloatArray,
    spheres: FloatArray,
    sphere: FloatArray,
    absorbance: FloatArray,
) -> None:
    """Add the interpolated rows of ``table`` (m, W) and multiples of ``sphere`` (W,), in place."""
    for i in range(position.shape[0]):
        row = int(position[i])
        after = compact[i] * (position[i] - row)
        before = compact[i] - after
        for w in range(absorbance.shape[1]):
            absorbance[i, w] += (
                before * table[row, w] + after * table[row + 1, w] + spheres[i] * sphere[w]
            )


def plate_length(triangle: float, volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the length, nm, of a plate between a disk (``triangle`` 0) and a triangle (1).

    Solves, for the ratio R of length and thickness h, the volumes of Yu et al., Chem. Soc. Rev.
    46, 6710 (2017), weighted: 0.433 R^2 - 0.00544 R for the triangle with rounded edges and
    pi [4 + 3 (R-1)(2R+pi-2)] / 24 for the disk with a round rim, each times h^3. R of a disk is 1
    at least: what holds less silver than a sphere of its thickness is that sphere.
    """
    disk = 1 - triangle
    square = triangle * 0.433 + disk * np.pi / 4
    linear = -triangle * 0.00544 + disk * np.pi * (np.pi - 4) / 8
    constant = disk * np.pi * (10 - 3 * np.pi) / 24
    filling = volume / thickness**3
    if triangle == 0:
        filling = np.maximum(filling, np.pi / 6)
    root = np.sqrt(linear**2 + 4 * square * np.maximum(filling - constant, 0.0))
    return np.asarray((root - linear) / (2 * square) * thickness)


def triangle_edge(volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the edge, nm, of a triangular plate, see `plate_length`."""
    return plate_length(1.0, volume, thickness)


def disk_diameter(volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the diameter, nm, of a disk, see `plate_length`."""
    return plate_length(0.0, volume, thickness)
