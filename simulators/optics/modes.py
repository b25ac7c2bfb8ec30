"""A plasmon mode of a small particle, the form that spheroids and plates share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray
from simulators.optics.checks import (
    ComplexArray,
    broadcast_shapes,
    over_wavelengths,
    wavelength_grid,
)


@dataclass(frozen=True, eq=False)
class PlasmonMode:
    """Dipole resonances of particles along one axis; all fields have the shape (...,).

    With ``k`` the wave number in the medium, ``em`` its permittivity and ``e`` the particle's,
    ``alpha = V / [static + quadratic k^2 + quartic k^4 - i V k^3/(6 pi) + em/(e - em)]``.
    The static term is a depolarisation factor, the two after it are retardation, and the
    imaginary one is radiation damping, fixed by the optical theorem.

    Parameters
    ----------
    volume
        Volume that takes part in the mode, nm^3.
    static
        Without unit.
    quadratic, quartic
        nm^2 and nm^4.
    """

    volume: FloatArray
    static: FloatArray
    quadratic: FloatArray
    quartic: FloatArray

    def polarizability(
        self,
        wavelengths: npt.ArrayLike,
        permittivity: npt.ArrayLike,
        medium_index: npt.ArrayLike,
    ) -> ComplexArray:
        """Return alpha, nm^3, shape (..., W): the dipole moment over (em eps0 field).

        Parameters
        ----------
        wavelengths
            Vacuum wavelengths, shape (W,), nm.
        permittivity
            Of the particle, shape (W,) or (..., W).
        medium_index
            Refractive index of the medium, scalar or (W,).

        Raises
        ------
        PlasmonbenchError
            If shapes do not fit or a number cannot be physical.
        """
        grid = wavelength_grid(wavelengths)
        index, epsilon = over_wavelengths(medium_index, permittivity, grid)
        broadcast_shapes(particles=(*self.volume.shape, 1), permittivity=epsilon.shape)
        k = wave_number(grid, index)
        volume = self.volume[..., None]
        contrast = epsilon / index**2 - 1
        # Multiplied through by the contrast, so that a particle with the index of the medium is
        # invisible rather than an error.
        inverse = (
            self.static[..., None]
            + self.quadratic[..., None] * k**2
            + self.quartic[..., None] * k**4
            - 1j * volume * k**3 / (6 * np.pi)
        )
        return np.asarray(volume * contrast / (inverse * contrast + 1))


def wave_number(wavelengths: FloatArray, medium_index: npt.ArrayLike) -> FloatArray:
    """Return the wave number in the medium, 1/nm."""
    return 2 * np.pi * np.asarray(medium_index, dtype=np.float64) / wavelengths


def dipole_extinction(
    polarizability: ComplexArray, wavelengths: npt.ArrayLike, medium_index: npt.ArrayLike
) -> FloatArray:
    """Return ``k Im(alpha)``, nm^2, shape (..., W), from alpha (..., W), nm^3."""
    k = wave_number(wavelength_grid(wavelengths), medium_index)
    extinction: FloatArray = k * np.imag(polarizability)
    return extinction


def dipole_scattering(
    polarizability: ComplexArray, wavelengths: npt.ArrayLike, medium_index: npt.ArrayLike
) -> FloatArray:
    """Return ``k^4 |alpha|^2 / (6 pi)``, nm^2, shape (..., W), from alpha (..., W), nm^3."""
    k = wave_number(wavelength_grid(wavelengths), medium_index)
    scattering: FloatArray = k**4 * np.abs(polarizability) ** 2 / (6 * np.pi)
    return scattering
