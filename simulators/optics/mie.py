"""Spheres of any size: the exact solution of Lorenz and Mie."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, compiled
from simulators.optics.checks import (
    ComplexArray,
    broadcast_shapes,
    over_wavelengths,
    positive,
    wavelength_grid,
)
from simulators.optics.modes import wave_number


def sphere_volume(radius: npt.ArrayLike) -> FloatArray:
    """Return volumes, nm^3, shape (...,), of spheres of a radius, nm."""
    return 4 / 3 * np.pi * positive("radius", radius) ** 3


def sphere_effective_length(radius: npt.ArrayLike) -> FloatArray:
    """Return four times volume over surface, nm, shape (...,), the length of size damping."""
    return 4 / 3 * positive("radius", radius)


def mie_cross_sections(
    radius: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    permittivity: npt.ArrayLike,
    medium_index: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return extinction and scattering cross-sections, nm^2, each (..., W).

    Source: Bohren & Huffman, Absorption and Scattering of Light by Small Particles, chapter 4.

    Parameters
    ----------
    radius
        Shape (...,), nm.
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    permittivity
        Of the sphere, shape (W,) or (..., W); imaginary part >= 0.
    medium_index
        Refractive index of the medium, scalar or (W,).

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit or a number cannot be physical.
    """
    radii = positive("radius", radius)
    grid = wavelength_grid(wavelengths)
    index, epsilon = over_wavelengths(medium_index, permittivity, grid)
    shape = broadcast_shapes(radius=(*radii.shape, len(grid)), permittivity=epsilon.shape)
    size = np.broadcast_to(radii[..., None] * wave_number(grid, index), shape).reshape(-1)
    contrast = np.broadcast_to(np.asarray(epsilon**0.5 / index), shape).reshape(-1)
    efficiency = np.empty((2, len(size)))
    _fill_efficiencies(size, contrast, efficiency)
    extinction, scattering = (row.reshape(shape) for row in efficiency)
    area = np.pi * radii[..., None] ** 2
    return area * extinction, area * scattering


@compiled
def _terms(size: float) -> int:
    """Return how many multipoles a sphere of size parameter x = k r needs.

    Wiscombe's count, Appl. Opt. 19, 1505 (1980), keeps about 8 digits; two more keep 12.
    """
    return int(size + 4.05 * size ** (1.0 / 3.0) + 4.0)


@compiled
def _start_order(size: float, contrast: complex) -> int:
    """Return where downward recurrences start: far enough up for any start value to be right."""
    return max(_terms(size), int(abs(contrast) * size)) + 16


@compiled
def _fill_efficiencies(size: FloatArray, contrast: ComplexArray, efficiency: FloatArray) -> None:
    """Fill ``efficiency`` (2, m) with extinction and scattering over the geometric area."""
    longest = 0
    for i in range(size.shape[0]):
        longest = max(longest, _start_order(size[i], contrast[i]))
    derivative = np.empty(longest + 1, dtype=np.complex128)
    ratio = np.empty(longest + 1)
    for i in range(size.shape[0]):
        extinction, scattering = _sphere(size[i], contrast[i], derivative, ratio)
        efficiency[0, i] = extinction
        efficiency[1, i] = scattering


@compiled
def _sphere(
    x: float, m: complex, derivative: ComplexArray, ratio: FloatArray
) -> tuple[float, float]:
    """Return the extinction and scattering efficiency of one sphere; the arrays are scratch."""
    start = _start_order(x, m)
    z = m * x
    # psi'/psi of the inside, and psi_n/psi_(n-1) of the outside. Downward, because upward both
    # lose all their digits where the order exceeds the argument.
    derivative[start] = 0.0
    ratio[start] = x / (2.0 * start + 1.0)
    for n in range(start, 1, -1):
        derivative[n - 1] = n / z - 1.0 / (derivative[n] + n / z)
        if n - 1 > x:
            ratio[n - 1] = 1.0 / ((2.0 * n - 1.0) / x - ratio[n])
    psi_last = math.sin(x)
    psi = math.sin(x) / x - math.cos(x)
    eta_last = -math.cos(x)
    eta = -math.cos(x) / x - math.sin(x)
    extinction = 0.0
    scattering = 0.0
    for n in range(1, _terms(x) + 1):
        if n > 1:
            psi, psi_last = (2.0 * n - 1.0) / x * psi - psi_last, psi
            eta, eta_last = (2.0 * n - 1.0) / x * eta - eta_last, eta
        if n > x:  # from here on psi only falls, and its ratios are the accurate way
            psi = psi_last * ratio[n]
        xi = complex(psi, eta)
        xi_last = complex(psi_last, eta_last)
        electric = derivative[n] / m + n / x
        magnetic = derivative[n] * m + n / x
        a = (electric * psi - psi_last) / (electric * xi - xi_last)
        b = (magnetic * psi - psi_last) / (magnetic * xi - xi_last)
        extinction += (2.0 * n + 1.0) * (a.real + b.real)
        scattering += (2.0 * n + 1.0) * (abs(a) ** 2 + abs(b) ** 2)
    return 2.0 / (x * x) * extinction, 2.0 / (x * x) * scattering
