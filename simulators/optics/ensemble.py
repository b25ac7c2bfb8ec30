"""Extinction of many polydisperse populations at once, in one fused compiled loop."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.checks import (
    ComplexArray,
    broadcast_shapes,
    not_negative,
    positive,
    wavelength_grid,
)
from simulators.optics.damping import DrudeDamping, damped_permittivity
from simulators.optics.fused import add_one_mode, add_two_modes, spectral_rows
from simulators.optics.materials import silver_permittivity, water_index
from simulators.optics.mie import mie_cross_sections, sphere_effective_length, sphere_volume
from simulators.optics.modes import PlasmonMode, wave_number
from simulators.optics.plates import (
    PlateShape,
    plate_effective_length,
    plate_mode,
    plate_shape,
    plate_volume,
)
from simulators.optics.spheroid import (
    EQUATORIAL_SHARE,
    polar_mode,
    spheroid_effective_length,
    spheroid_modes,
    spheroid_volume,
)

REACH = 3.0
"""Outermost quadrature nodes, in log-spreads from the middle of the volume distribution."""


@dataclass(frozen=True, eq=False)
class SpheroidOptics:
    """Mean extinction cross-section per particle of log-normal populations in water.

    The size that varies (a diameter, an edge, a radius) is log-normal with a median and the
    standard deviation of its logarithm. Every quadrature node has its own size damping, and is
    averaged over all orientations. The methods ``*_mean_volume`` average over the same nodes, so
    that particles counted from a volume of silver hold exactly that volume.

    The nodes are evenly spaced in the logarithm of the size, around the size that holds most of
    the silver: the volume of a log-normal population is log-normal again, with the same spread
    (Hatch & Choate, J. Franklin Inst. 207, 369 (1929)). Gauss-Hermite nodes would lie too far
    apart: each of them would show as a peak of its own.

    Parameters
    ----------
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    silver
        Data set of the bulk permittivity, see `materials.SILVER_DATASETS`.
    damping_strength
        A of `DrudeDamping`.
    nodes
        Number of quadrature nodes; more for narrow resonances (a small strength) in broad
        populations.

    Raises
    ------
    PlasmonbenchError
        If the data set is unknown or does not cover the wavelengths, the strength is negative or
        there is no node.
    """

    wavelengths: FloatArray
    silver: str = "Johnson"
    damping_strength: float = 1.0
    nodes: int = 25
    damping: DrudeDamping = field(init=False, repr=False)
    _points: FloatArray = field(init=False, repr=False)
    _weights: FloatArray = field(init=False, repr=False)
    _bulk: ComplexArray = field(init=False, repr=False)
    _index: FloatArray = field(init=False, repr=False)
    _spectral: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.nodes < 1:
            raise PlasmonbenchError(f"the quadrature needs at least one node; got {self.nodes}")
        grid = wavelength_grid(self.wavelengths).copy()
        grid.setflags(write=False)
        damping = DrudeDamping(strength=self.damping_strength)
        bulk, index = silver_permittivity(grid, self.silver), water_index(grid)
        points = REACH * np.linspace(-1, 1, self.nodes) if self.nodes > 1 else np.zeros(1)
        weights = np.exp(-(points**2) / 2)
        derived = {
            "wavelengths": grid,
            "damping": damping,
            "_points": points,
            "_weights": weights / weights.sum(),
            "_bulk": bulk,
            "_index": index,
            "_spectral": spectral_rows(grid, bulk, index, damping),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    # -- flat spheroids -----------------------------------------------------------------------

    def oblate_population(
        self,
        diameter_median: npt.ArrayLike,
        thickness: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return the mean extinction, nm^2, of flat spheroids of one thickness, shape (n, W).

        A node whose diameter is below the thickness is the long spheroid that it looks like.

        Parameters
        ----------
        diameter_median, thickness
            Full axes, nm, each (n,) or a scalar.
        log_spread
            Standard deviation of the logarithm of the diameter, (n,) or a scalar.

        Raises
        ------
        PlasmonbenchError
            If shapes do not fit, a size is not positive or a spread is negative.
        """
        diameter, height, weights = self._nodes_of(diameter_median, thickness, log_spread, 2)
        return self._spheroids(diameter, height, weights)

    def oblate_mean_volume(
        self,
        diameter_median: npt.ArrayLike,
        thickness: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return the mean particle volume, nm^3, shape (n,), of `oblate_population`."""
        diameter, height, weights = self._nodes_of(diameter_median, thickness, log_spread, 2)
        return _mean(spheroid_volume(diameter, height), weights)

    # -- long spheroids -----------------------------------------------------------------------

    def prolate_population(
        self, volume: npt.ArrayLike, aspect: float, log_spread: npt.ArrayLike
    ) -> FloatArray:
        """Return the mean extinction, nm^2, of long spheroids of one shape, shape (n, W).

        Parameters
        ----------
        volume
            Of the particle of median size, nm^3, (n,) or a scalar.
        aspect
            Length over width; below one the spheroids are flat.
        log_spread
            Standard deviation of the logarithm of the length, (n,) or a scalar; the volume goes
            with its cube.

        Raises
        ------
        PlasmonbenchError
            If shapes do not fit, a size is not positive or a spread is negative.
        """
        return self._spheroids(*self._similar_spheroids(volume, aspect, log_spread))

    def prolate_mean_volume(
        self, volume: npt.ArrayLike, aspect: float, log_spread: npt.ArrayLike
    ) -> FloatArray:
        """Return the mean particle volume, nm^3, shape (n,), of `prolate_population`."""
        width, length, weights = self._similar_spheroids(volume, aspect, log_spread)
        return _mean(spheroid_volume(width, length), weights)

    # -- spheres ------------------------------------------------------------------------------

    def sphere_population(self, radius_median: float, log_spread: float) -> FloatArray:
        """Return the mean extinction, nm^2, of spheres by exact Mie theory, shape (W,).

        Parameters
        ----------
        radius_median
            nm.
        log_spread
            Standard deviation of the logarithm of the radius.

        Raises
        ------
        PlasmonbenchError
            If the radius is not positive or the spread is negative.
        """
        radius, weights = self._sphere_nodes(radius_median, log_spread)
        permittivity = damped_permittivity(
            self._bulk, self.wavelengths, sphere_effective_length(radius), self.damping
        )
        extinction, _ = mie_cross_sections(radius, self.wavelengths, permittivity, self._index)
        mean: FloatArray = weights @ extinction
        return mean

    def sphere_mean_volume(self, radius_median: float, log_spread: float) -> float:
        """Return the mean particle volume, nm^3, of `sphere_population`."""
        radius, weights = self._sphere_nodes(radius_median, log_spread)
        return float(sphere_volume(radius) @ weights)

    # -- plates -------------------------------------------------------------------------------

    def plate_population(
        self,
        shape: PlateShape | str,
        length_median: npt.ArrayLike,
        thickness: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return the mean extinction, nm^2, of plates of the universal model, shape (n, W).

        In the plane of the plate the mode of the universal model; across it, that of the flat
        spheroid of the same two lengths with the plate's volume.

        Parameters
        ----------
        shape
            "triangle" or "disk", or a shape of `plates`.
        length_median, thickness
            nm, each (n,) or a scalar; the length is a triangle's edge or a disk's diameter. One
            shorter than the thickness counts as equal to it.
        log_spread
            Standard deviation of the logarithm of the length, (n,) or a scalar.

        Raises
        ------
        PlasmonbenchError
            If there is no such shape, shapes do not fit, a size is not positive or a spread is
            negative.
        """
        model = plate_shape(shape) if isinstance(shape, str) else shape
        length, height, weights = self._plate_nodes(length_median, thickness, log_spread)
        rate = self.damping.rate(plate_effective_length(model, length, height))
        in_plane = plate_mode(model, length, height)
        across = polar_mode(length, height, plate_volume(model, length, height))
        factor = model.orientation_factor
        return self._sum(rate, [(factor * weights, in_plane), ((1 - factor) * weights, across)])

    def plate_mean_volume(
        self,
        shape: PlateShape | str,
        length_median: npt.ArrayLike,
        thickness: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return the mean particle volume, nm^3, shape (n,), of `plate_population`."""
        length, height, weights = self._plate_nodes(length_median, thickness, log_spread)
        return _mean(plate_volume(shape, length, height), weights)

    # -- nodes and sums -----------------------------------------------------------------------

    def _nodes_of(
        self,
        median: npt.ArrayLike,
        thickness: npt.ArrayLike,
        log_spread: npt.ArrayLike,
        power: float,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return sizes (n, nodes), thicknesses (n, 1) and number weights (n, nodes).

        ``power`` says with which power of the size the volume goes. The weights are such that
        this moment of the log-normal distribution comes out exactly.
        """
        middle, height = positive("median size", median), positive("thickness", thickness)
        spread = not_negative("log_spread", log_spread)
        shape = broadcast_shapes(
            median=middle.shape, thickness=height.shape, log_spread=spread.shape, recipes=(1,)
        )
        if len(shape) != 1:
            raise PlasmonbenchError(f"populations are listed along one axis; got shape {shape}")
        middle, height, spread = (
            np.broadcast_to(array, shape)[:, None] for array in (middle, height, spread)
        )
        offset = spread * self._points
        shift = power * spread**2
        weights = self._weights * np.exp(-power * (offset + shift / 2))
        return middle * np.exp(offset + shift), height, weights

    def _similar_spheroids(
        self, volume: npt.ArrayLike, aspect: float, log_spread: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        ratio = float(positive("aspect", aspect))
        width = np.cbrt(6 * positive("volume", volume) / (np.pi * ratio))
        widths, _, weights = self._nodes_of(width, 1.0, log_spread, 3)
        return widths, ratio * widths, weights

    def _sphere_nodes(
        self, radius_median: float, log_spread: float
    ) -> tuple[FloatArray, FloatArray]:
        radii, _, weights = self._nodes_of(radius_median, 1.0, log_spread, 3)
        if len(radii) != 1:
            raise PlasmonbenchError("a sphere population has one median radius and one spread")
        return radii[0], weights[0]

    def _spheroids(
        self, equatorial: FloatArray, polar: FloatArray, weights: FloatArray
    ) -> FloatArray:
        rate = self.damping.rate(spheroid_effective_length(equatorial, polar))
        equatorial_mode, polar_mode = spheroid_modes(equatorial, polar)
        return self._sum(
            rate,
            [
                (EQUATORIAL_SHARE * weights, equatorial_mode),
                ((1 - EQUATORIAL_SHARE) * weights, polar_mode),
            ],
        )

    def _plate_nodes(
        self, median: npt.ArrayLike, thickness: npt.ArrayLike, log_spread: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        # The tail of a broad population reaches below the range of the plate model, where it
        # holds next to no silver.
        length, height, weights = self._nodes_of(median, thickness, log_spread, 2)
        return np.maximum(length, height), height, weights

    def _sum(self, rate: FloatArray, modes: list[tuple[FloatArray, PlasmonMode]]) -> FloatArray:
        """Return the sum over nodes (n, W) of modes with their weights (n, nodes)."""
        columns = [rate]
        for weights, mode in modes:
            columns += [mode.volume, weights * mode.volume]
            columns += [mode.static, mode.quadratic, mode.quartic]
        particles = np.stack(columns, axis=-1)
        extinction = np.zeros((len(rate), len(self.wavelengths)))
        fill = add_one_mode if len(modes) == 1 else add_two_modes
        fill(self._spectral, particles, extinction)
        extinction *= wave_number(self.wavelengths, self._index)
        return extinction


def _mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum over nodes, (n, nodes) -> (n,)."""
    return np.asarray((weights * values).sum(axis=1))
