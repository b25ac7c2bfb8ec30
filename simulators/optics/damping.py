"""Size damping of silver: electrons lose phase at the surface of a small particle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError, compiled
from simulators.optics.checks import ComplexArray, not_negative, positive, wavelength_grid

EV_NM = 1239.841984332
"""h c in eV nm: photon energy (eV) = EV_NM / vacuum wavelength (nm)."""

HBAR_EV_FS = 0.6582119569
"""hbar in eV fs."""


@dataclass(frozen=True)
class DrudeDamping:
    """The Drude electrons of silver and how strongly a surface damps them.

    Parameters
    ----------
    strength
        A of Coronado & Schatz, about 1 in theory; 0.5 to 3 describe measured particles; 0 is
        bulk silver.
    plasma_energy, bulk_rate
        Plasma energy and relaxation rate of the bulk, eV.
    fermi_velocity
        nm/fs.

    Raises
    ------
    PlasmonbenchError
        If a number is negative or not finite.
    """

    strength: float = 1.0
    plasma_energy: float = 9.17
    bulk_rate: float = 0.021
    fermi_velocity: float = 1.39

    def __post_init__(self) -> None:
        for name in ("strength", "plasma_energy", "bulk_rate", "fermi_velocity"):
            not_negative(name, getattr(self, name))

    def rate(self, effective_length: npt.ArrayLike) -> FloatArray:
        """Return the relaxation rate, eV, in a particle of effective length 4V/S (...,), nm."""
        length = positive("effective_length", effective_length)
        return self.bulk_rate + self.strength * HBAR_EV_FS * self.fermi_velocity / length


def damped_permittivity(
    permittivity: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    effective_length: npt.ArrayLike,
    damping: DrudeDamping,
) -> ComplexArray:
    """Return the permittivity of particles of silver, shape (..., W).

    The bulk's Drude term is taken out and put back with a rate that the surface raises:
    ``eps + wp^2/(w (w + i g0)) - wp^2/(w (w + i g))``, ``g = g0 + A hbar vF / Leff``.
    Source: Coronado & Schatz, J. Chem. Phys. 119, 3926 (2003).

    Parameters
    ----------
    permittivity
        Of the bulk, shape (W,).
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    effective_length
        Four times volume over surface, shape (...,), nm; 4r/3 for a sphere.
    damping
        The Drude constants and the strength of the damping.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit or a length is not positive and finite.
    """
    grid = wavelength_grid(wavelengths)
    bulk = np.asarray(permittivity, dtype=np.complex128)
    if bulk.shape != grid.shape:
        raise PlasmonbenchError(
            f"permittivity must have shape {grid.shape}, as the wavelengths; got {bulk.shape}"
        )
    energy = EV_NM / grid
    rate = damping.rate(effective_length)[..., None]
    plasma = damping.plasma_energy**2
    restored = bulk + plasma / (energy * (energy + 1j * damping.bulk_rate))
    return np.asarray(restored - plasma / (energy * (energy + 1j * rate)))


@compiled
def damped_permittivity_at(
    permittivity: complex, energy: float, plasma_energy: float, bulk_rate: float, rate: float
) -> complex:
    """Return the permittivity at one photon energy, eV, for use inside compiled loops."""
    bulk_drude = 1.0 / complex(energy, bulk_rate)
    damped_drude = 1.0 / complex(energy, rate)
    return permittivity + plasma_energy * plasma_energy / energy * (bulk_drude - damped_drude)
