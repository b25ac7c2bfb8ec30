"""The optics written plainly, straight from their formulas; see `references`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import elliprd, elliprg, spherical_jn, spherical_yn

from plasmonbench import FloatArray
from simulators.optics.ensemble import SpheroidOptics
from simulators.optics.materials import silver_permittivity, water_index

ComplexArray = npt.NDArray[np.complex128]
HC = 1239.841984332
"""h c in eV nm."""
HBAR = 0.6582119569
"""hbar in eV fs."""
MULTIPOLES = 10
"""Orders of the Mie series; spheres of the lab need six."""


@dataclass(frozen=True, eq=False)
class Population:
    """Particles of one kind and n recipes, averaged over their sizes."""

    extinction: FloatArray
    """Mean cross-section, nm^2, shape (n, W)."""
    volume: FloatArray
    """Mean volume, nm^3, shape (n,)."""

    @property
    def per_volume(self) -> FloatArray:
        """Extinction per volume of silver, 1/nm, shape (n, W)."""
        return self.extinction / self.volume[:, None]


def log_normal_nodes(
    median: FloatArray, spread: FloatArray, power: int, nodes: int
) -> tuple[FloatArray, FloatArray]:
    """Return sizes and number weights (n, nodes), even in log-size around most of the volume."""
    u = np.linspace(-3, 3, nodes)
    normal = np.exp(-(u**2) / 2)
    s = spread[:, None]
    weights = normal / normal.sum() * np.exp(-power * s * u - (power * s) ** 2 / 2)
    return median[:, None] * np.exp(s * u + power * s**2), weights


def averaged(weights: FloatArray, extinction: FloatArray, volume: FloatArray) -> Population:
    """Return the means over nodes (n, nodes) of cross-sections (n, nodes, W) and volumes."""
    mean = (weights[..., None] * extinction).sum(axis=1)
    return Population(mean, (weights * volume).sum(axis=1))


def damped_silver(optics: SpheroidOptics, effective_length: FloatArray) -> ComplexArray:
    """Return silver's permittivity (..., W) in particles of effective lengths (..., 1), nm."""
    p = optics.damping
    energy = HC / optics.wavelengths
    rate = p.bulk_rate + p.strength * HBAR * p.fermi_velocity / effective_length
    bulk_drude = p.plasma_energy**2 / (energy * (energy + 1j * p.bulk_rate))
    damped_drude = p.plasma_energy**2 / (energy * (energy + 1j * rate))
    return silver_permittivity(optics.wavelengths, optics.silver) + bulk_drude - damped_drude


# -- spheroids ----------------------------------------------------------------------------------


def polar_factor(equatorial: FloatArray, polar: FloatArray) -> FloatArray:
    """Return the polar depolarisation factor (...) of spheroids, by Carlson's integral R_D.

    Unlike the textbook's forms it has no hole at the sphere, and one for flat and long alike
    (Carlson, Numer. Algorithms 10, 13 (1995); DLMF 19.33.7).
    """
    a, c = equatorial**2, polar**2
    return equatorial**2 * polar / 3 * elliprd(a, a, c)


def kuwata(
    optics: SpheroidOptics,
    silver: ComplexArray,
    volume: FloatArray,
    factor: FloatArray,
    axis: FloatArray,
) -> FloatArray:
    """Return extinction (..., W) along one axis, its full length, by Kuwata's formula.

    Of ``silver`` (..., W); the others are (..., 1). Source: Kuwata et al., Appl. Phys. Lett. 83,
    4625 (2003).
    """
    w = optics.wavelengths
    water = water_index(w) ** 2
    x2 = water * (np.pi * axis / w) ** 2
    a = -0.4865 * factor - 1.046 * factor**2 + 0.8481 * factor**3
    b = 0.01909 * factor + 0.19999 * factor**2 + 0.6077 * factor**3
    radiation = 4j / 3 * np.pi**2 * water**1.5 * volume / w**3
    alpha = volume / (factor + water / (silver - water) + a * x2 + b * x2**2 - radiation)
    return 2 * np.pi * np.sqrt(water) / w * alpha.imag


def spheroid_extinction(
    optics: SpheroidOptics, equatorial: FloatArray, polar: FloatArray
) -> FloatArray:
    """Return extinction (..., W) of spheroids of full axes (...), averaged over orientations."""
    d, h = equatorial[..., None], polar[..., None]
    volume = np.pi / 6 * d**2 * h
    # By Carlson's integral R_G (DLMF 19.33.1), from the semi-axes.
    equator, meridian = (d / 2) ** 4, (d * h / 4) ** 2
    surface = 4 * np.pi * elliprg(equator, meridian, meridian)
    silver = damped_silver(optics, 4 * volume / surface)
    along = polar_factor(d, h)
    across = kuwata(optics, silver, volume, (1 - along) / 2, d)
    return 2 / 3 * across + 1 / 3 * kuwata(optics, silver, volume, along, h)


def prolate_population(
    optics: SpheroidOptics, volume: FloatArray, aspect: float, spread: float
) -> Population:
    """Return spheroids of one shape, whose lengths are log-normal around that of a volume (n,)."""
    width = np.cbrt(6 * volume / (np.pi * aspect))
    widths, weights = log_normal_nodes(width, np.full(len(width), spread), 3, optics.nodes)
    extinction = spheroid_extinction(optics, widths, aspect * widths)
    return averaged(weights, extinction, np.pi / 6 * aspect * widths**3)


# -- disks --------------------------------------------------------------------------------------


def disk_body(diameter: FloatArray, thickness: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return volume and surface of a disk with half a torus around it, by Pappus's theorems."""
    r, h = (diameter - thickness) / 2, thickness
    half_circle = np.pi / 2 * (h / 2) ** 2
    volume = np.pi * r**2 * h + 2 * np.pi * (r + 2 * h / (3 * np.pi)) * half_circle
    surface = 2 * np.pi * r**2 + 2 * np.pi * (r + h / np.pi) * np.pi / 2 * h
    return volume, surface


def disk_of_volume(volume: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the diameter of such a disk; that of a sphere if there is too little for one."""
    h = thickness
    # The volume above over pi h: r^2 + (pi h / 4) r + h^2 / 6, with r the radius of the flat face.
    over = np.maximum(volume / (np.pi * h) - h**2 / 6, 0)
    return h + 2 * (np.sqrt((np.pi * h / 8) ** 2 + over) - np.pi * h / 8)


def disk_extinction(
    optics: SpheroidOptics, diameter: FloatArray, thickness: FloatArray
) -> FloatArray:
    """Return extinction (..., W) of disks: the universal model, and a spheroid's mode across.

    Source: Yu et al., Chem. Soc. Rev. 46, 6710 (2017).
    """
    d, h = diameter[..., None], thickness[..., None]
    w, water = optics.wavelengths, water_index(optics.wavelengths) ** 2
    volume, surface = disk_body(d, h)
    silver = damped_silver(optics, 4 * volume / surface)
    aspect, own, s = d / h, 0.944 * volume, np.sqrt(water) * d / w
    e1 = -0.479 - 1.36 * aspect**0.872
    a2, a4 = 7.05 / (1 - e1), -10.9 / aspect**0.98
    series = a2 * s**2 + 4j / 3 * np.pi**2 * own / d**3 * s**3 + a4 * s**4
    alpha = water / (4 * np.pi) * own / (1 / (silver / water - 1) - 1 / (e1 - 1) - series)
    in_plane = 8 * np.pi**2 * alpha.imag / (np.sqrt(water) * w)
    return 2 / 3 * in_plane + 1 / 3 * kuwata(optics, silver, volume, polar_factor(d, h), h)


def disk_population(
    optics: SpheroidOptics, diameter: FloatArray, thickness: FloatArray, spread: FloatArray
) -> Population:
    """Return disks of log-normal diameters, each (n,); none is thicker than it is wide."""
    diameters, weights = log_normal_nodes(diameter, spread, 2, optics.nodes)
    heights = np.broadcast_to(thickness[:, None], diameters.shape)
    diameters = np.maximum(diameters, heights)
    volume, _ = disk_body(diameters, heights)
    return averaged(weights, disk_extinction(optics, diameters, heights), volume)


# -- spheres ------------------------------------------------------------------------------------


def mie_extinction(
    radius: FloatArray, wavelengths: FloatArray, permittivity: ComplexArray, index: FloatArray
) -> FloatArray:
    """Return extinction (m, W) of spheres (m,): Bohren & Huffman's series, Bessels of SciPy."""
    x = 2 * np.pi * index * radius[:, None] / wavelengths
    m = np.sqrt(permittivity) / index
    total = np.zeros(x.shape)
    for n in range(1, MULTIPOLES + 1):
        psi, psi_slope = _riccati(n, x, spherical_jn)
        inner, inner_slope = _riccati(n, m * x, spherical_jn)
        eta, eta_slope = _riccati(n, x, spherical_yn)
        xi, xi_slope = psi + 1j * eta, psi_slope + 1j * eta_slope
        a = (m * inner * psi_slope - psi * inner_slope) / (m * inner * xi_slope - xi * inner_slope)
        b = (inner * psi_slope - m * psi * inner_slope) / (inner * xi_slope - m * xi * inner_slope)
        total += (2 * n + 1) * (a + b).real
    return 2 / x**2 * total * np.pi * radius[:, None] ** 2


def _riccati(n, z, bessel):
    """Return ``z bessel_n(z)`` and its slope."""
    value = bessel(n, z)
    return z * value, value + z * bessel(n, z, derivative=True)


def sphere_population(optics: SpheroidOptics, radius: float, spread: float) -> Population:
    """Return spheres of log-normal radii, one population."""
    radii, weights = log_normal_nodes(np.array([radius]), np.array([spread]), 3, optics.nodes)
    silver = damped_silver(optics, 4 / 3 * radii[0][:, None])
    index = water_index(optics.wavelengths)
    extinction = mie_extinction(radii[0], optics.wavelengths, silver, index)
    return averaged(weights, extinction[None], 4 / 3 * np.pi * radii**3)
