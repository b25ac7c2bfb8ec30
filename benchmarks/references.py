"""The kernels written plainly, straight from their formulas: what the fast ones must agree with.

They share no code with the kernels beyond optical constants and fitted numbers, so that they are
a yardstick for speed and a second opinion on the result.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import LinearConstraint, minimize
from scipy.special import erfcx, log_ndtr, spherical_jn, spherical_yn

from plasmonbench import FloatArray, History, Problem, RecipeSpace, SpectralLoss, Strategy
from simulators.optics.ensemble import SpheroidOptics
from simulators.optics.materials import silver_permittivity, water_index
from simulators.silver_prisms import SilverPrisms

from .setups import AcquisitionCase

ComplexArray = npt.NDArray[np.complex128]
HC = 1239.841984332
"""h c in eV nm."""
HBAR = 0.6582119569
"""hbar in eV fs."""
MULTIPOLES = 10
"""Orders of the Mie series; spheres of the lab need six."""

# -- loss ---------------------------------------------------------------------------------------


def losses(spectra: FloatArray, loss: SpectralLoss) -> FloatArray:
    """Return the loss of spectra (n, W), one spectrum after the other."""
    return np.array([_loss(spectrum, loss) for spectrum in spectra])


def _loss(spectrum: FloatArray, loss: SpectralLoss) -> float:
    amplitude = spectrum.max()
    if amplitude <= 0 or amplitude > loss.amplitude_high:
        return 1.0
    shape, target = _min_max(spectrum), _min_max(loss.target)
    cosine = shape @ target / (np.linalg.norm(shape) * np.linalg.norm(target))
    return float(1 - min(amplitude / loss.amplitude_low, 1) * cosine)


def _min_max(values: FloatArray) -> FloatArray:
    return (values - values.min()) / (values.max() - values.min())


# -- optics -------------------------------------------------------------------------------------


def log_normal_nodes(
    median: FloatArray, spread: FloatArray, power: int, nodes: int
) -> tuple[FloatArray, FloatArray]:
    """Return sizes and number weights (n, nodes), even in log-size around most of the volume."""
    u = np.linspace(-3, 3, nodes)
    normal = np.exp(-(u**2) / 2)
    s = spread[:, None]
    weights = normal / normal.sum() * np.exp(-power * s * u - (power * s) ** 2 / 2)
    return median[:, None] * np.exp(s * u + power * s**2), weights


def spheroid_extinction(
    optics: SpheroidOptics, equatorial: FloatArray, polar: FloatArray
) -> FloatArray:
    """Return extinction (..., W) of spheroids by Kuwata's formula, averaged over orientations."""
    d, h = equatorial[..., None], polar[..., None]
    w = optics.wavelengths
    water = water_index(w) ** 2
    # One formula for flat and long ones: the eccentricity of a long one is imaginary.
    e = np.sqrt(1 - (h / d) ** 2 + 0j)
    volume = np.pi / 6 * d**2 * h
    surface = np.pi / 2 * d**2 * (1 + (h / d) ** 2 * np.arctanh(e) / e).real
    along_axis = ((1 - h / d * np.arcsin(e) / e) / e**2).real
    silver = damped_silver(optics, 4 * volume / surface)
    total = np.zeros(np.broadcast_shapes(volume.shape, w.shape))
    for share, factor, axis in ((2 / 3, (1 - along_axis) / 2, d), (1 / 3, along_axis, h)):
        x2 = water * (np.pi * axis / w) ** 2
        a = -0.4865 * factor - 1.046 * factor**2 + 0.8481 * factor**3
        b = 0.01909 * factor + 0.19999 * factor**2 + 0.6077 * factor**3
        radiation = 4j / 3 * np.pi**2 * water**1.5 * volume / w**3
        static = factor + water / (silver - water)
        alpha = volume / (static + a * x2 + b * x2**2 - radiation)
        total += share * 2 * np.pi * np.sqrt(water) / w * alpha.imag
    return total


def damped_silver(optics: SpheroidOptics, effective_length: FloatArray) -> ComplexArray:
    """Return silver's permittivity (..., W) in particles of effective lengths (..., 1), nm."""
    p = optics.damping
    energy = HC / optics.wavelengths
    rate = p.bulk_rate + p.strength * HBAR * p.fermi_velocity / effective_length
    bulk_drude = p.plasma_energy**2 / (energy * (energy + 1j * p.bulk_rate))
    damped_drude = p.plasma_energy**2 / (energy * (energy + 1j * rate))
    return silver_permittivity(optics.wavelengths, optics.silver) + bulk_drude - damped_drude


def oblate_population(
    optics: SpheroidOptics, diameter: FloatArray, thickness: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean extinction (n, W) and mean volume (n,) of flat spheroids."""
    diameters, weights = log_normal_nodes(diameter, spread, 2, optics.nodes)
    heights = np.broadcast_to(thickness[:, None], diameters.shape)
    extinction = (weights[..., None] * spheroid_extinction(optics, diameters, heights)).sum(axis=1)
    return extinction, (weights * np.pi / 6 * diameters**2 * heights).sum(axis=1)


def prolate_population(
    optics: SpheroidOptics, volume: FloatArray, aspect: float, spread: float
) -> tuple[FloatArray, FloatArray]:
    """Return mean extinction (n, W) and mean volume (n,) of spheroids of one shape."""
    width = np.cbrt(6 * volume / (np.pi * aspect))
    widths, weights = log_normal_nodes(width, np.full(len(width), spread), 3, optics.nodes)
    cross = spheroid_extinction(optics, widths, aspect * widths)
    extinction = (weights[..., None] * cross).sum(axis=1)
    return extinction, (weights * np.pi / 6 * aspect * widths**3).sum(axis=1)


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


def sphere_population(
    optics: SpheroidOptics, radius: float, spread: float
) -> tuple[FloatArray, float]:
    """Return mean extinction (W,) and mean volume of spheres."""
    nodes = log_normal_nodes(np.array([radius]), np.array([spread]), 3, optics.nodes)
    radii, weights = nodes[0][0], nodes[1][0]
    silver = damped_silver(optics, 4 / 3 * radii[:, None])
    index = water_index(optics.wavelengths)
    extinction = weights @ mie_extinction(radii, optics.wavelengths, silver, index)
    return extinction, float(weights @ (4 / 3 * np.pi * radii**3))


# -- lab ----------------------------------------------------------------------------------------


def truth(lab: SilverPrisms, recipes: FloatArray) -> FloatArray:
    """Return noise-free spectra (n, W): the optics above between the lab's growth and reading."""
    optics, growth = lab.extinction.optics, lab.growth.parameters
    grown = lab.growth.grow(recipes)
    diameter = np.sqrt(6 * grown.plate_volume / (np.pi * grown.plate_thickness))
    plates = oblate_population(optics, diameter, grown.plate_thickness, grown.plate_spread)
    compact = prolate_population(
        optics, grown.compact_volume, growth.compact_aspect, growth.compact_spread
    )
    spheres = sphere_population(optics, growth.secondary_radius, growth.secondary_spread)
    absorbance = (
        (grown.plate_silver / plates[1])[:, None] * plates[0]
        + (grown.compact_silver / compact[1])[:, None] * compact[0]
        + (grown.sphere_silver / spheres[1])[:, None] * spheres[0]
    )
    stray = lab.spectrometer.stray_light
    light = 10 ** -(lab.extinction.parameters.silver_path * absorbance)
    return lab.spectrometer.parameters.offset - np.log10((light + stray) / (1 + stray))


def measure(
    lab: SilverPrisms, recipes: FloatArray, replicates: int, rng: np.random.Generator
) -> FloatArray:
    """Return what the lab measures, (n, r, W), one droplet after the other."""
    rngs = rng.spawn(len(recipes))
    luck = lab.droplets.draw(recipes, replicates, rngs)
    reading = np.empty((len(recipes), replicates, len(lab.wavelengths)))
    for slot, slot_rng in enumerate(rngs):
        for droplet in range(replicates):
            at = slot, droplet
            mixed = luck.recipes[at][None]
            particles = lab.growth.grow(mixed, luck.rate_factor[at])
            absorbance = luck.gain[at] * lab.extinction.absorbance(particles)
            reading[at] = lab.spectrometer.read(absorbance)[0] + luck.offset[at]
        reading[slot] += lab.spectrometer.noise(reading[slot], slot_rng)
    return reading


# -- acquisition --------------------------------------------------------------------------------


class PlainAcquisition:
    """Log expected improvement with local penalization, point by point in NumPy and SciPy."""

    def __init__(self, case: AcquisitionCase) -> None:
        model, self.acquisition = case.acquisition.model, case.acquisition
        self.points, self.scales = model.points.numpy(), model.lengthscales.numpy()
        self.constant, self.centre, self.scale = float(model.constant), model.centre, model.scale
        # The model keeps the inverse of K's factor; the noise is what exceeds 1 on K's diagonal.
        factor = np.linalg.inv(model.whitener.numpy())
        noise = (factor**2).sum(axis=1) - 1
        gram = np.array([self._correlation(point) for point in self.points]) + np.diag(noise)
        self._gram = cho_factor(gram)
        residual = (case.losses - self.centre) / self.scale - self.constant
        self._weights = cho_solve(self._gram, residual)

    def __call__(self, point: FloatArray, chosen: FloatArray) -> float:
        """Return the penalised log expected improvement at a point (d,)."""
        best = self.acquisition.best
        mean, deviation = self._posterior(point)
        value = _log_ei(best - self.acquisition.xi - mean, deviation)
        for other in chosen:
            mean, deviation = self._posterior(other)
            reach = self.acquisition.lipschitz * np.linalg.norm(point - other)
            value += float(log_ndtr((reach - (mean - best)) / deviation))
        return value

    def best_of(
        self, space: RecipeSpace, points: FloatArray, chosen: FloatArray, starts: int = 8
    ) -> FloatArray:
        """Return the point (d,) where SciPy's SLSQP ends, from the best of points (n, d)."""
        values = [self(point, chosen) for point in points]
        matrix, limits = space.unit_inequalities
        climbs = [
            minimize(
                lambda x: -self(x, chosen),
                points[row],
                method="SLSQP",
                bounds=[(0, 1)] * space.dimension,
                constraints=LinearConstraint(matrix, ub=limits),
            )
            for row in np.argsort(values)[-starts:]
        ]
        best = min(climbs, key=lambda climb: climb.fun)
        return np.asarray(best.x)

    def _posterior(self, point: FloatArray) -> tuple[float, float]:
        cross = self._correlation(point)
        mean = self.constant + cross @ self._weights
        variance = 1 - cross @ cho_solve(self._gram, cross)
        return self.centre + self.scale * mean, self.scale * math.sqrt(max(variance, 1e-12))

    def _correlation(self, point: FloatArray) -> FloatArray:
        r = math.sqrt(5) * np.sqrt((((point - self.points) / self.scales) ** 2).sum(axis=1))
        return (1 + r + r**2 / 3) * np.exp(-r)


def _log_ei(gap: float, deviation: float) -> float:
    u = gap / deviation
    log_density = -(u**2) / 2 - math.log(2 * math.pi) / 2
    if u > -1:
        distribution = math.erfc(-u / math.sqrt(2)) / 2
        return math.log(math.exp(log_density) + u * distribution) + math.log(deviation)
    mills = math.sqrt(math.pi / 2) * float(erfcx(-u / math.sqrt(2)))
    return log_density + math.log1p(u * mills) + math.log(deviation)


# -- campaign -----------------------------------------------------------------------------------


def campaign(problem: Problem, strategy: Strategy, seed: int) -> History:
    """Return the history of a campaign without the harness: plan, measure, remember."""
    history = problem.empty_history()
    for round_number in range(problem.rounds):
        recipes = strategy.propose(history, problem.batch_size)
        measured = problem.measure(recipes, seed, round_number)
        history = history.append(recipes, measured.losses, measured.spectra)
    return history
