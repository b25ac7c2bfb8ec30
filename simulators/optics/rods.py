"""Extinction of gold: log-normal rods with both their modes, and spheres beside them."""

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
from simulators.optics.fused import add_one_mode, spectral_rows
from simulators.optics.materials import gold_damping, gold_permittivity, water_index
from simulators.optics.mie import mie_cross_sections, sphere_effective_length, sphere_volume
from simulators.optics.modes import PlasmonMode, wave_number
from simulators.optics.plates import ROD, plate_effective_length, plate_mode, plate_volume
from simulators.optics.spheroid import EQUATORIAL_SHARE, spheroid_modes

REACH = 3.0
"""Outermost quadrature nodes, in log-spreads from the middle of the volume distribution."""
SPHERE_DIAMETERS = np.geomspace(3.0, 120.0, 45)
"""Medians at which the spectra of spheres are tabulated, nm."""


@dataclass(frozen=True, eq=False)
class GoldOptics:
    """Extinction of gold particles in water for each nm^3 of gold, averaged over orientations.

    Per volume, so that populations counted from an amount of gold hold exactly that amount: the
    mean cross-section and the mean volume come from the same quadrature nodes.

    Parameters
    ----------
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    gold
        Data set of the bulk permittivity, see `materials.GOLD_DATASETS`.
    damping_strength
        A of `DrudeDamping`.
    sphere_spread
        Standard deviation of the logarithm of the spheres' diameter.
    nodes
        Number of quadrature nodes, evenly spaced in the logarithm of the size.

    Raises
    ------
    PlasmonbenchError
        If the data set is unknown or does not cover the wavelengths, a strength or spread is
        negative or there is no node.
    """

    wavelengths: FloatArray
    gold: str = "Johnson"
    damping_strength: float = 1.0
    sphere_spread: float = 0.15
    nodes: int = 25
    damping: DrudeDamping = field(init=False, repr=False)
    _points: FloatArray = field(init=False, repr=False)
    _weights: FloatArray = field(init=False, repr=False)
    _wave_number: FloatArray = field(init=False, repr=False)
    _spectral: FloatArray = field(init=False, repr=False)
    _spheres: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.nodes < 1:
            raise PlasmonbenchError(f"the quadrature needs at least one node; got {self.nodes}")
        not_negative("sphere_spread", self.sphere_spread)
        grid = wavelength_grid(self.wavelengths).copy()
        grid.setflags(write=False)
        damping = gold_damping(self.damping_strength)
        bulk, index = gold_permittivity(grid, self.gold), water_index(grid)
        points = REACH * np.linspace(-1, 1, self.nodes) if self.nodes > 1 else np.zeros(1)
        weights = np.exp(-(points**2) / 2)
        derived: dict[str, object] = {
            "wavelengths": grid,
            "damping": damping,
            "_points": points,
            "_weights": weights / weights.sum(),
            "_wave_number": wave_number(grid, index),
            "_spectral": spectral_rows(grid, bulk, index, damping),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_spheres", self._tabulate_spheres(bulk, index))

    # -- rods ---------------------------------------------------------------------------------

    def rod_extinction(
        self,
        length_median: npt.ArrayLike,
        diameter: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return extinction per volume of gold, nm^2/nm^3, of rods of log-normal length, (n, W).

        The mode along the rod is that of the universal plasmon model (Yu, Liz-Marzan & Garcia de
        Abajo, Chem. Soc. Rev. 46, 6710 (2017)). It has none across: there stands the equatorial
        mode of the long spheroid of the same volume and aspect ratio (Kuwata et al., Appl. Phys.
        Lett. 83, 4625 (2003)).

        Parameters
        ----------
        length_median, diameter
            nm, each (n,) or a scalar. A rod shorter than its diameter counts as equal to it.
        log_spread
            Standard deviation of the logarithm of the length, (n,) or a scalar.

        Raises
        ------
        PlasmonbenchError
            If shapes do not fit, a size is not positive or a spread is negative.
        """
        length, width, weights = self._rod_nodes(length_median, diameter, log_spread)
        volume = plate_volume(ROD, length, width)
        equatorial = np.cbrt(6 * volume * width / (np.pi * length))
        across, _ = spheroid_modes(equatorial, equatorial * length / width)
        along = plate_mode(ROD, length, width)
        rate = self.damping.rate(plate_effective_length(ROD, length, width))
        share = weights / (weights * volume).sum(axis=1, keepdims=True)
        extinction = np.zeros((len(length), len(self.wavelengths)))
        self._add(extinction, rate, ROD.orientation_factor * share, along)
        self._add(extinction, rate, EQUATORIAL_SHARE * share, across)
        extinction *= self._wave_number
        return extinction

    def rod_mean_volume(
        self,
        length_median: npt.ArrayLike,
        diameter: npt.ArrayLike,
        log_spread: npt.ArrayLike,
    ) -> FloatArray:
        """Return the mean volume of a rod, nm^3, shape (n,); takes the same as `rod_extinction`."""
        length, width, weights = self._rod_nodes(length_median, diameter, log_spread)
        return np.asarray((weights * plate_volume(ROD, length, width)).sum(axis=1))

    # -- spheres ------------------------------------------------------------------------------

    def sphere_extinction(self, diameter_median: npt.ArrayLike) -> FloatArray:
        """Return extinction per volume of gold, nm^2/nm^3, of log-normal spheres, (n, W).

        Exact Mie theory, tabulated over the diameter and interpolated linearly in its logarithm.

        Parameters
        ----------
        diameter_median
            nm, (n,), within `SPHERE_DIAMETERS`.

        Raises
        ------
        PlasmonbenchError
            If a diameter lies outside the table.
        """
        diameter = np.atleast_1d(positive("diameter_median", diameter_median))
        low, high = SPHERE_DIAMETERS[0], SPHERE_DIAMETERS[-1]
        if diameter.min() < low or diameter.max() > high:
            raise PlasmonbenchError(
                f"spheres are tabulated from {low:g} to {high:g} nm; "
                f"asked for {diameter.min():g} to {diameter.max():g} nm"
            )
        place = np.log(diameter / low) / np.log(SPHERE_DIAMETERS[1] / low)
        below = np.minimum(place.astype(np.int64), len(SPHERE_DIAMETERS) - 2)
        above = (place - below)[:, None]
        return np.asarray(self._spheres[below] * (1 - above) + self._spheres[below + 1] * above)

    # -- nodes and sums -----------------------------------------------------------------------

    def _nodes_of(
        self, median: FloatArray, spread: FloatArray, power: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return sizes and number weights, each (n, nodes), of medians and spreads (n, 1).

        Nodes lie around the size that holds most of the gold if volumes go with ``power`` of it:
        a log-normal distribution stays one with the same spread under such weights (Hatch &
        Choate, J. Franklin Inst. 207, 369 (1929)).
        """
        offset = spread * self._points
        shift = power * spread**2
        weights = self._weights * np.exp(-power * (offset + shift / 2))
        return median * np.exp(offset + shift), weights

    def _rod_nodes(
        self, length: npt.ArrayLike, diameter: npt.ArrayLike, log_spread: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return lengths (n, nodes), diameters (n, 1) and number weights (n, nodes)."""
        middle, width = positive("length_median", length), positive("diameter", diameter)
        spread = not_negative("log_spread", log_spread)
        shape = broadcast_shapes(
            length_median=middle.shape, diameter=width.shape, log_spread=spread.shape, rods=(1,)
        )
        if len(shape) != 1:
            raise PlasmonbenchError(f"populations are listed along one axis; got shape {shape}")
        middle, width, spread = (
            np.broadcast_to(array, shape)[:, None] for array in (middle, width, spread)
        )
        lengths, weights = self._nodes_of(middle, spread, 1)
        return np.maximum(lengths, width), width, weights

    def _add(
        self, extinction: FloatArray, rate: FloatArray, weights: FloatArray, mode: PlasmonMode
    ) -> None:
        # One mode at a time: the two have different volumes, and so different radiation damping.
        columns = [rate, mode.volume, weights * mode.volume]
        columns += [mode.static, mode.quadratic, mode.quartic]
        add_one_mode(self._spectral, np.stack(columns, axis=-1), extinction)

    def _tabulate_spheres(self, bulk: ComplexArray, index: FloatArray) -> FloatArray:
        spread = np.full((len(SPHERE_DIAMETERS), 1), float(self.sphere_spread))
        radius, weights = self._nodes_of(SPHERE_DIAMETERS[:, None] / 2, spread, 3)
        permittivity = damped_permittivity(
            bulk, self.wavelengths, sphere_effective_length(radius), self.damping
        )
        extinction, _ = mie_cross_sections(radius, self.wavelengths, permittivity, index)
        weights = weights / (weights * sphere_volume(radius)).sum(axis=1, keepdims=True)
        return np.asarray((weights[:, :, None] * extinction).sum(axis=1))
