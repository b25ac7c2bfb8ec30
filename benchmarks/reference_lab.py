"""The silver lab written plainly, recipe by recipe, from recipe to reading; see `references`."""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.linalg import solve_triangular

from plasmonbench import FloatArray
from simulators.silver_prisms import SilverPrisms
from simulators.stages.corrections import BUMP_WIDTH, LOWER, UPPER
from simulators.stages.droplets import LARGEST_DEFICIT, TYPICAL_DROPLET, DropletParameters
from simulators.stages.growth import REFERENCE, REFERENCE_REMAINDER, REFERENCE_TOTAL
from simulators.stages.parameters import SilverParameters
from simulators.stages.spectrometer import GAIN_KNOTS, SpectrometerParameters

from .reference_optics import (
    disk_of_volume,
    disk_population,
    prolate_population,
    sphere_population,
)

PRIMES = (2, 3, 5, 7, 11)

# -- growth -------------------------------------------------------------------------------------


def correction(recipe: FloatArray, weights: tuple[float, ...]) -> float:
    """Return what a smooth correction is at a recipe (5,): a sum of whitened bumps."""
    centres, root = _bumps(len(weights))
    place = np.log(recipe / LOWER) / np.log(UPPER / LOWER)
    bumps = np.array([_bump(place, centre) for centre in centres])
    return float(solve_triangular(root, bumps, lower=True) @ np.array(weights))


@cache
def _bumps(count: int) -> tuple[FloatArray, FloatArray]:
    """Return centres (count, 5) and the Cholesky factor of the bumps' covariance."""
    centres = np.array([[radical_inverse(k + 1, base) for base in PRIMES] for k in range(count)])
    covariance = np.array([[_bump(one, other) for one in centres] for other in centres])
    return centres, np.linalg.cholesky(covariance + 1e-8 * np.eye(count))


def radical_inverse(number: int, base: int) -> float:
    """Return a number's digits mirrored at the point: Halton's sequence (Numer. Math. 2, 1960)."""
    result, place = 0.0, 1 / base
    while number:
        number, digit = divmod(number, base)
        result, place = result + digit * place, place / base
    return result


def _bump(one: FloatArray, other: FloatArray) -> float:
    return math.exp(-float((one - other) @ (one - other)) / (2 * BUMP_WIDTH**2))


def rate_factor(p: DropletParameters, recipe: FloatArray, droplet: float) -> float:
    """Return the growth rate, relative to the settled one, in a droplet counted from 0."""
    odds = (
        math.exp(p.startup_logit)
        * (recipe[3] / REFERENCE[3]) ** p.startup_seed_slope
        * (recipe[2] / REFERENCE[2]) ** p.startup_citrate_slope
        * (recipe[4] / REFERENCE_TOTAL) ** p.startup_flow_slope
    )
    return 1 - LARGEST_DEFICIT * odds / (1 + odds) * math.exp(-droplet / p.startup_droplets)


def grown(
    parameters: SilverParameters, recipe: FloatArray, droplet: float = TYPICAL_DROPLET
) -> dict[str, float]:
    """Return the particles in a droplet of a recipe (5,), named as in `Particles`."""
    p = parameters.growth
    a, pva, c, s = (recipe[:4] / REFERENCE).tolist()
    citrate, remainder = recipe[2], 100 - recipe[:4].sum()
    rate = (
        p.rate
        * rate_factor(parameters.droplets, recipe, droplet)
        * (REFERENCE_TOTAL / recipe[4]) ** p.rate_time_exponent
        * s**p.rate_seed_exponent
        * a**p.rate_silver_exponent
        * (p.citrate_half + REFERENCE[2])
        / (p.citrate_half + citrate)
        * (remainder / REFERENCE_REMAINDER) ** p.rate_ascorbate_exponent
        * math.exp(correction(recipe, p.rate_correction))
    )
    conversion = 1 - math.exp(-rate)
    odds = math.exp(p.secondary_logit) * (a / s) ** p.secondary_ratio_slope
    odds *= a**p.secondary_silver_slope
    secondary = odds / (1 + odds)
    silver = conversion * a * (1 - secondary) + p.seed_silver * s
    per_seed = silver / s
    odds = math.exp(p.plate_logit) * c**p.plate_citrate_slope * per_seed**p.plate_volume_slope
    plates = odds / (1 + odds)
    spread = p.plate_spread * per_seed**p.plate_spread_volume_exponent
    grown_on_seed = p.grown_volume * per_seed * math.exp(correction(recipe, p.volume_correction))
    return {
        "conversion": conversion,
        "plate_silver": plates * silver,
        "plate_volume": grown_on_seed,
        "plate_thickness": p.plate_thickness * per_seed**p.plate_thickness_exponent,
        "plate_spread": spread * pva**p.plate_spread_pva_exponent,
        "compact_silver": (1 - plates) * silver,
        "compact_volume": p.grown_volume * per_seed**p.compact_volume_exponent,
        "sphere_silver": conversion * a * secondary,
        "unreduced_silver": math.exp(-rate) * a,
    }


# -- instrument ---------------------------------------------------------------------------------


def read(p: SpectrometerParameters, wavelengths: FloatArray, absorbed: FloatArray) -> FloatArray:
    """Return what the spectrometer shows of true absorbance (..., W)."""
    stray = p.stray_at_380 * np.exp(-(((wavelengths - 380) / p.stray_width) ** 2))
    spline = make_interp_spline(GAIN_KNOTS, [*p.log_gain, 0.0], bc_type="natural")
    gain = np.where(wavelengths <= GAIN_KNOTS[-1], np.exp(spline(wavelengths)), 1.0)
    return p.offset - gain * np.log10((10**-absorbed + stray) / (1 + stray))


# -- lab ----------------------------------------------------------------------------------------


def absorbance(lab: SilverPrisms, recipes: FloatArray) -> FloatArray:
    """Return true absorbance (n, W) in a lab of disks, its compact particles without a table."""
    p = lab.parameters
    optics = lab.extinction.optics
    rows = [grown(p, recipe) for recipe in recipes]
    particles = SimpleNamespace(**{name: np.array([row[name] for row in rows]) for name in rows[0]})
    spread, thickness = particles.plate_spread, particles.plate_thickness
    median = particles.plate_volume * np.exp(-2 * spread**2)
    plates = disk_population(optics, disk_of_volume(median, thickness), thickness, spread)
    aspect, spread = p.growth.compact_aspect, p.growth.compact_spread
    median = particles.compact_volume * np.exp(-4.5 * spread**2)
    compact = prolate_population(optics, median, aspect, spread)
    spheres = sphere_population(optics, p.growth.secondary_radius, p.growth.secondary_spread)
    return p.extinction.silver_path * (
        particles.plate_silver[:, None] * plates.per_volume
        + particles.compact_silver[:, None] * compact.per_volume
        + particles.sphere_silver[:, None] * spheres.per_volume
    )


def truth(lab: SilverPrisms, recipes: FloatArray) -> FloatArray:
    """Return noise-free spectra (n, W), stray light beyond its negligible end included."""
    return read(lab.parameters.spectrometer, lab.wavelengths, absorbance(lab, recipes))


def measure(
    lab: SilverPrisms, recipes: FloatArray, replicates: int, rng: np.random.Generator
) -> FloatArray:
    """Return what the lab measures, (n, r, W), one droplet after the other through its stages."""
    rngs = rng.spawn(len(recipes))
    luck = lab.droplets.draw(recipes, replicates, rngs)
    reading = np.empty((len(recipes), replicates, len(lab.wavelengths)))
    for slot, slot_rng in enumerate(rngs):
        for droplet in range(replicates):
            at = slot, droplet
            mixed = luck.recipes[at][None]
            particles = lab.growth.grow(mixed, luck.rate_factor[at])
            absorbed = luck.gain[at] * lab.extinction.absorbance(particles)
            reading[at] = lab.spectrometer.read(absorbed)[0] + luck.offset[at]
            reading[at] *= luck.dud[at]
        reading[slot] += lab.spectrometer.noise(reading[slot], slot_rng)
    return reading
