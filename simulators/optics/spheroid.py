"""Spheroids, flat or long, by Kuwata's polarizability."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, compiled
from simulators.optics.checks import broadcast_shapes, positive
from simulators.optics.modes import PlasmonMode, dipole_extinction, dipole_scattering

EQUATORIAL_SHARE = 2 / 3
"""Share of the equatorial axes in an average over all orientations; the rest is the polar axis."""


def depolarisation_factors(
    equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the equatorial and the polar depolarisation factor, each (...,).

    ``2 equatorial + polar = 1``; both are 1/3 for a sphere.
    Source: Bohren & Huffman, Absorption and Scattering of Light by Small Particles, section 5.3.

    Parameters
    ----------
    equatorial_diameter, polar_length
        Full axes, nm, shapes (...,) that fit each other. A flat spheroid has the larger
        equatorial diameter, a long one the larger polar length.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit or a size is not positive and finite.
    """
    equatorial, polar = _axes(equatorial_diameter, polar_length)
    factor, _ = _shape_factors(polar / equatorial)
    return (1 - factor) / 2, factor


def spheroid_volume(equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike) -> FloatArray:
    """Return volumes, nm^3, shape (...,), of spheroids given by their full axes, nm."""
    equatorial, polar = _axes(equatorial_diameter, polar_length)
    return np.pi / 6 * equatorial**2 * polar


def spheroid_effective_length(
    equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike
) -> FloatArray:
    """Return four times volume over surface, nm, shape (...,), the length of size damping.

    Parameters
    ----------
    equatorial_diameter, polar_length
        Full axes, nm, shapes (...,) that fit each other.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit or a size is not positive and finite.
    """
    equatorial, polar = _axes(equatorial_diameter, polar_length)
    _, area = _shape_factors(polar / equatorial)
    return 4 * (np.pi / 6 * polar) / area


def spheroid_modes(
    equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike
) -> tuple[PlasmonMode, PlasmonMode]:
    """Return the equatorial and the polar mode.

    The peaks of flat silver spheroids up to 100 nm lie within 4 nm of the exact T-matrix.
    Source: Kuwata, Tamaru, Esumi & Miyano, Appl. Phys. Lett. 83, 4625 (2003).

    Parameters
    ----------
    equatorial_diameter, polar_length
        Full axes, nm, shapes (...,) that fit each other.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit or a size is not positive and finite.
    """
    equatorial, polar = _axes(equatorial_diameter, polar_length)
    volume = np.pi / 6 * equatorial**2 * polar
    polar_factor, _ = _shape_factors(polar / equatorial)
    return (
        _kuwata_mode(volume, (1 - polar_factor) / 2, equatorial / 2),
        _kuwata_mode(volume, polar_factor, polar / 2),
    )


def polar_mode(
    equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike, volume: npt.ArrayLike
) -> PlasmonMode:
    """Return the polar mode of a particle that is a spheroid in all but its volume, nm^3.

    Takes and raises the same as `spheroid_modes`.
    """
    equatorial, polar = _axes(equatorial_diameter, polar_length)
    factor, _ = _shape_factors(polar / equatorial)
    return _kuwata_mode(positive("volume", volume), factor, polar / 2)


def quasistatic(mode: PlasmonMode) -> PlasmonMode:
    """Return a mode without retardation, for particles far smaller than the wavelength.

    Radiation damping stays, so that the optical theorem holds.
    """
    nothing = np.zeros_like(mode.volume)
    return replace(mode, quadratic=nothing, quartic=nothing)


def spheroid_extinction(
    equatorial_diameter: npt.ArrayLike,
    polar_length: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    permittivity: npt.ArrayLike,
    medium_index: npt.ArrayLike,
) -> FloatArray:
    """Return extinction cross-sections averaged over all orientations, nm^2, shape (..., W).

    Parameters
    ----------
    equatorial_diameter, polar_length
        Full axes, nm, shapes (...,) that fit each other.
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
    equatorial, polar = (
        dipole_extinction(
            mode.polarizability(wavelengths, permittivity, medium_index), wavelengths, medium_index
        )
        for mode in spheroid_modes(equatorial_diameter, polar_length)
    )
    return EQUATORIAL_SHARE * equatorial + (1 - EQUATORIAL_SHARE) * polar


def spheroid_scattering(
    equatorial_diameter: npt.ArrayLike,
    polar_length: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    permittivity: npt.ArrayLike,
    medium_index: npt.ArrayLike,
) -> FloatArray:
    """Return scattering cross-sections averaged over all orientations, nm^2, shape (..., W).

    Takes and raises the same as `spheroid_extinction`.
    """
    equatorial, polar = (
        dipole_scattering(
            mode.polarizability(wavelengths, permittivity, medium_index), wavelengths, medium_index
        )
        for mode in spheroid_modes(equatorial_diameter, polar_length)
    )
    return EQUATORIAL_SHARE * equatorial + (1 - EQUATORIAL_SHARE) * polar


def _axes(
    equatorial_diameter: npt.ArrayLike, polar_length: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    equatorial = positive("equatorial_diameter", equatorial_diameter)
    polar = positive("polar_length", polar_length)
    shape = broadcast_shapes(equatorial_diameter=equatorial.shape, polar_length=polar.shape)
    return np.broadcast_to(equatorial, shape), np.broadcast_to(polar, shape)


def _kuwata_mode(volume: FloatArray, factor: FloatArray, semi_axis: FloatArray) -> PlasmonMode:
    quadratic = -0.4865 * factor - 1.046 * factor**2 + 0.8481 * factor**3
    quartic = 0.01909 * factor + 0.19999 * factor**2 + 0.6077 * factor**3
    return PlasmonMode(
        volume=volume,
        static=factor,
        quadratic=quadratic * semi_axis**2,
        quartic=quartic * semi_axis**4,
    )


def _shape_factors(aspect: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the polar depolarisation factor and surface over equatorial diameter squared."""
    ratios = np.ascontiguousarray(aspect).reshape(-1)
    factors = np.empty((2, len(ratios)))
    _fill_shape_factors(ratios, factors)
    return factors[0].reshape(aspect.shape), factors[1].reshape(aspect.shape)


@compiled
def _fill_shape_factors(ratios: FloatArray, factors: FloatArray) -> None:
    """Fill ``factors`` (2, m) for ``ratios`` (m,) of polar length to equatorial diameter."""
    for i in range(ratios.shape[0]):
        q = ratios[i]
        u = (1.0 - q) * (1.0 + q)  # squared eccentricity; negative for long spheroids
        root = math.sqrt(abs(u))
        if u > 0.0:
            angle = math.atan2(root, q)
            surface = math.asinh(root / q)
        else:
            angle = math.asinh(root)
            surface = math.atan(root)
        factors[1, i] = 0.5 * math.pi * (1.0 + (q * q * surface / root if root > 0.0 else 1.0))
        if abs(u) > 0.1:
            factors[0, i] = (1.0 - q * angle / root) / u
        else:
            # Near the sphere the closed form is 0/0: sum its power series in u instead.
            term = 1.0
            total = 0.0
            for j in range(18):
                total += 0.5 * term / (j + 1.5)
                term *= u * (j + 1.0) / (j + 1.5)
            factors[0, i] = total
