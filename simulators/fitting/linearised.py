"""Readings of the lab and their derivatives by every number that a fit moves.

By the chain rule. A recipe meets the optics through seven quantities of its particles; the growth
behind them is cheap, and differenced number by number; the optics, which are not, only quantity
by quantity. Silver enters linearly, and the spectrometer's derivatives are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from plasmonbench import CAMPAIGN_WAVELENGTHS, FloatArray, IntArray
from simulators.stages.droplets import Droplets
from simulators.stages.extinction import Extinction
from simulators.stages.growth import GrowthParameters, Particles, SeededGrowth
from simulators.stages.parameters import SilverParameters, fitted_numbers, from_vector
from simulators.stages.spectrometer import Spectrometer, gain_basis

STEP = 1e-4
"""Of central differences, in logarithms or units of the vector: off by about 1e-8."""
SHAPES = ("plate_volume", "plate_thickness", "plate_spread", "compact_volume")
SILVERS = ("plate_silver", "compact_silver", "sphere_silver")
POPULATION_NUMBERS = (
    "compact_aspect",
    "compact_spread",
    "secondary_radius",
    "secondary_spread",
)
"""Numbers of the growth that the optics use directly, the same for all recipes."""
TRIANGLES = "extinction.triangle_logit"


@dataclass(frozen=True, eq=False)
class Droplet:
    """What was measured: recipes (n, 5) and which droplet, counted from 0, (n,)."""

    recipes: FloatArray
    number: FloatArray

    def __getitem__(self, rows: IntArray | slice) -> Droplet:
        return Droplet(self.recipes[rows], self.number[rows])


class Model:
    """The lab as a function of a vector of its fitted numbers.

    ``frozen`` names fields (``stage.name``) that stay as they are in ``base``; ``wavelengths``
    (W,), nm, increase in equal steps.
    """

    def __init__(
        self,
        base: SilverParameters,
        frozen: Collection[str] = (),
        wavelengths: FloatArray = CAMPAIGN_WAVELENGTHS,
    ) -> None:
        self.base, self.wavelengths = base, wavelengths
        self.numbers = [number for number in fitted_numbers() if number.field not in frozen]
        self.labels = [number.label for number in self.numbers]

    def parameters(self, vector: FloatArray) -> SilverParameters:
        """Return the numbers of a vector (k,)."""
        return from_vector(vector, self.base, self.numbers)

    def readings(self, vector: FloatArray, droplets: Droplet) -> FloatArray:
        """Return noise-free readings (n, W) of droplets that are still starting up or settled."""
        return readings_of(self.parameters(vector), droplets, self.wavelengths)

    def linearised(self, vector: FloatArray, droplets: Droplet) -> Linearised:
        """Return the readings with their derivatives."""
        parameters = self.parameters(vector)
        particles = particles_of(parameters, droplets)
        optics = Extinction(self.wavelengths, parameters.growth, parameters.extinction)
        by_silver = _by_silver(optics, particles)
        absorbance = _absorbance(particles, by_silver)
        spectrometer = Spectrometer(self.wavelengths, parameters.spectrometer)
        by_absorbance, by_instrument = _instrument(spectrometer, absorbance, self.wavelengths)
        common = _common(parameters, optics, particles)
        common["extinction.silver_path"] = absorbance
        if TRIANGLES in self.labels:
            common[TRIANGLES] = _by_triangles(parameters, particles, self.wavelengths)
        return Linearised(
            readings=spectrometer.read(absorbance),
            by_quantity=[
                by_absorbance * slope for slope in (*_by_shape(optics, particles), *by_silver)
            ],
            quantities=self._quantity_slopes(vector, droplets),
            by_label={label: by_absorbance * slope for label, slope in common.items()}
            | by_instrument,
            labels=self.labels,
        )

    def _quantity_slopes(self, vector: FloatArray, droplets: Droplet) -> FloatArray:
        """Return the derivatives (k, 7, n) of the quantities by each number of the vector."""
        slopes = np.zeros((len(vector), len(SHAPES) + len(SILVERS), len(droplets.recipes)))
        for k, number in enumerate(self.numbers):
            if number.stage not in ("growth", "droplets") or number.name in POPULATION_NUMBERS:
                continue
            ends = []
            for step in (STEP, -STEP):
                moved = vector.copy()
                moved[k] += step
                ends.append(_quantities(particles_of(self.parameters(moved), droplets)))
            slopes[k] = (ends[0] - ends[1]) / (2 * STEP)
        return slopes


@dataclass(frozen=True, eq=False)
class Linearised:
    """Readings (n, W) and all that their derivatives are made of."""

    readings: FloatArray
    by_quantity: list[FloatArray]
    """Of the readings by each quantity, (n, W)."""
    quantities: FloatArray
    """Of each quantity by each number, (k, 7, n)."""
    by_label: dict[str, FloatArray]
    """Of the readings by numbers that no quantity carries, (n, W)."""
    labels: list[str]

    def jacobian(self, rows: IntArray) -> FloatArray:
        """Return derivatives (r, W, k) of the readings of some rows (r,)."""
        slopes = np.zeros((len(rows), self.readings.shape[1], len(self.labels)))
        for q, slope in enumerate(self.by_quantity):
            slopes += slope[rows][:, :, None] * self.quantities[:, q, rows].T[:, None, :]
        for label, slope in self._free():
            slopes[:, :, self.labels.index(label)] += slope[rows]
        return slopes

    def projected(self, rows: IntArray, gradient: FloatArray) -> FloatArray:
        """Return derivatives (r, k) of functions of readings with gradients (r, W)."""
        slopes = np.zeros((len(rows), len(self.labels)))
        for q, slope in enumerate(self.by_quantity):
            along = np.einsum("rw,rw->r", gradient, slope[rows])
            slopes += along[:, None] * self.quantities[:, q, rows].T
        for label, slope in self._free():
            slopes[:, self.labels.index(label)] += np.einsum("rw,rw->r", gradient, slope[rows])
        return slopes

    def _free(self) -> list[tuple[str, FloatArray]]:
        return [(label, slope) for label, slope in self.by_label.items() if label in self.labels]


def particles_of(parameters: SilverParameters, droplets: Droplet) -> Particles:
    """Return the particles of each droplet."""
    factor = Droplets(parameters.droplets).rate_factor(droplets.recipes, droplets.number)
    return SeededGrowth(parameters.growth).grow(droplets.recipes, factor)


def absorbance_of(
    parameters: SilverParameters, droplets: Droplet, wavelengths: FloatArray = CAMPAIGN_WAVELENGTHS
) -> FloatArray:
    """Return the true absorbance (n, W) of each droplet."""
    optics = Extinction(wavelengths, parameters.growth, parameters.extinction)
    particles = particles_of(parameters, droplets)
    return _absorbance(particles, _by_silver(optics, particles))


def readings_of(
    parameters: SilverParameters, droplets: Droplet, wavelengths: FloatArray = CAMPAIGN_WAVELENGTHS
) -> FloatArray:
    """Return the noise-free reading (n, W) of each droplet."""
    spectrometer = Spectrometer(wavelengths, parameters.spectrometer)
    return spectrometer.read(absorbance_of(parameters, droplets, wavelengths))


def settled(recipes: FloatArray) -> Droplet:
    """Return one settled droplet of each recipe (n, 5)."""
    return Droplet(recipes, np.full(len(recipes), np.inf))


def _quantities(particles: Particles) -> FloatArray:
    shapes = [np.log(getattr(particles, name)) for name in SHAPES]
    return np.stack(shapes + [getattr(particles, name) for name in SILVERS])


def _by_silver(optics: Extinction, particles: Particles) -> list[FloatArray]:
    """Return derivatives (n, W) of the absorbance by the `SILVERS`."""
    path = optics.parameters.silver_path
    return [
        path * optics.plates(particles),
        path * optics.compact_particles(particles.compact_volume),
        path * optics.small_spheres()[None],
    ]


def _absorbance(particles: Particles, by_silver: list[FloatArray]) -> FloatArray:
    """Return the absorbance (n, W), without the table that makes `Extinction` fast for many."""
    terms = zip(SILVERS, by_silver, strict=True)
    return np.asarray(sum(getattr(particles, name)[:, None] * slope for name, slope in terms))


def _by_shape(optics: Extinction, particles: Particles) -> list[FloatArray]:
    """Return derivatives (n, W) of the absorbance by the logarithms of the `SHAPES`."""
    path = optics.parameters.silver_path
    plates = (path * particles.plate_silver)[:, None]
    compact = (path * particles.compact_silver)[:, None]

    def plate_slope(name: str) -> FloatArray:
        return plates * _difference(
            lambda step: optics.plates(
                replace(particles, **{name: getattr(particles, name) * np.exp(step)})
            )
        )

    return [
        *(plate_slope(name) for name in SHAPES[:3]),
        compact
        * _difference(
            lambda step: optics.compact_particles(particles.compact_volume * np.exp(step))
        ),
    ]


def _common(
    parameters: SilverParameters, optics: Extinction, particles: Particles
) -> dict[str, FloatArray]:
    """Return derivatives (n, W) of the absorbance by the logarithms of `POPULATION_NUMBERS`."""
    path = optics.parameters.silver_path
    compact = (path * particles.compact_silver)[:, None]
    spheres = (path * particles.sphere_silver)[:, None]
    growth = parameters.growth

    def moved(name: str, step: float) -> GrowthParameters:
        return replace(growth, **{name: getattr(growth, name) * np.exp(step)})

    slopes = {}
    for name in POPULATION_NUMBERS[:2]:
        ends = [
            optics.compact_particles(particles.compact_volume, moved(name, step))
            for step in (STEP, -STEP)
        ]
        slopes[f"growth.{name}"] = compact * (ends[0] - ends[1]) / (2 * STEP)
    for name in POPULATION_NUMBERS[2:]:
        ends = [optics.small_spheres(moved(name, step)) for step in (STEP, -STEP)]
        slopes[f"growth.{name}"] = spheres * (ends[0] - ends[1]) / (2 * STEP)
    return slopes


def _by_triangles(
    parameters: SilverParameters, particles: Particles, wavelengths: FloatArray
) -> FloatArray:
    """Return the derivative (n, W) of the absorbance by the logit of the share of triangles."""
    extinction = parameters.extinction

    def plates(step: float) -> FloatArray:
        moved = replace(extinction, triangle_logit=extinction.triangle_logit + step)
        return Extinction(wavelengths, parameters.growth, moved).plates(particles)

    silver = (extinction.silver_path * particles.plate_silver)[:, None]
    return silver * _difference(plates)


def _instrument(
    spectrometer: Spectrometer, absorbance: FloatArray, wavelengths: FloatArray
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return derivatives (n, W) of the reading: by the absorbance, by the instrument's numbers."""
    p, stray = spectrometer.parameters, spectrometer.stray_light
    light = np.exp(-np.log(10) * absorbance)
    gain = spectrometer.gain
    by_stray = gain / np.log(10) * (1 / (1 + stray) - 1 / (light + stray)) * stray
    # The stray light falls from the campaign's first wavelength on, whatever the grid.
    distance = np.clip((wavelengths - CAMPAIGN_WAVELENGTHS[0]) / p.stray_width, 0, None)
    shown = gain * np.log10((1 + stray) / (light + stray))
    slopes = {
        "spectrometer.stray_at_380": by_stray,
        "spectrometer.stray_width": by_stray * 2 * distance**2,
        "spectrometer.offset": np.ones_like(absorbance),
    }
    for k, knot in enumerate(gain_basis(wavelengths)):
        slopes[f"spectrometer.log_gain[{k}]"] = shown * knot
    return gain * light / (light + stray), slopes


def _difference(function: Callable[[float], FloatArray]) -> FloatArray:
    return np.asarray((function(STEP) - function(-STEP)) / (2 * STEP))
