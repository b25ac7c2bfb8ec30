"""From recipe to particles: seeded growth of silver plates by ascorbic acid.

A compact mechanistic model; its numbers come from `plasmonbench calibrate`. The mechanisms:

* the share X of the silver that is reduced before the droplet is read follows a first-order
  rate; it rises with residence time and seeds, falls with silver load and is slowed by citrate,
  which covers the surface (Zhang et al., Nano Lett. 2010);
* a part of the reduced silver nucleates anew, as small spheres, the more the more silver there
  is;
* the rest grows on the seeds. A part of it is in plates, the more the more silver a seed gets;
  the mean volume of a plate is the silver per seed (mass balance). What is left is in compact
  particles, whose volume follows a power of it, an empirical law.

Two smooth corrections (`corrections`), of the rate and of the volume that a seed grows to, stand
for what these few laws leave out. Silver is conserved; seeds are so for the plates alone, and up
to that correction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plasmonbench import FloatArray
from simulators.stages.corrections import BUMPS, bump_features
from simulators.stages.priors import fitted, fitted_series


@dataclass(frozen=True)
class GrowthParameters:
    """Numbers of the growth model; reduced flows are relative to `REFERENCE`."""

    rate: float = fitted(3.8, 1.0, log=True)
    rate_time_exponent: float = fitted(0.5, 0.25)
    rate_seed_exponent: float = fitted(0.73, 0.3)
    rate_silver_exponent: float = fitted(-0.45, 0.4)
    citrate_half: float = fitted(4.2, 0.5, log=True, unit="%")
    """Citrate flow that halves the rate."""
    rate_ascorbate_exponent: float = fitted(0.0, 0.5)
    """Of the flow that the other reagents leave for ascorbic acid and water."""
    rate_correction: tuple[float, ...] = fitted_series(BUMPS, 0.3)
    """Of the logarithm of the rate."""

    secondary_logit: float = fitted(0.07, 0.7)
    secondary_ratio_slope: float = fitted(0.2, 0.2)
    secondary_silver_slope: float = fitted(0.78, 0.4)
    secondary_radius: float = fitted(9.6, 0.25, log=True, unit="nm")
    """Median radius of the newly nucleated spheres."""
    secondary_spread: float = fitted(0.35, 0.2, log=True)

    grown_volume: float = fitted(13_100.0, 0.5, log=True, unit="nm^3")
    """Mean volume of a plate that gets one unit of silver per unit of seeds."""
    seed_silver: float = fitted(0.02, 0.7, log=True)
    """Silver that the seeds bring themselves, in units of the silver flow."""
    volume_correction: tuple[float, ...] = fitted_series(BUMPS, 0.1)
    """Of the logarithm of the mean volume of a plate: seeds differ in how many take part."""

    plate_logit: float = fitted(0.65, 0.7)
    plate_citrate_slope: float = fitted(0.11, 0.2)
    plate_volume_slope: float = fitted(0.5, 0.3)
    plate_thickness: float = fitted(8.6, 0.2, log=True, unit="nm")
    """At the grown volume of one unit."""
    plate_thickness_exponent: float = fitted(0.08, 0.1)
    plate_spread: float = fitted(0.44, 0.2, log=True)
    plate_spread_volume_exponent: float = fitted(0.21, 0.12)
    plate_spread_pva_exponent: float = fitted(0.11, 0.1)

    compact_volume_exponent: float = fitted(0.5, 0.2)
    compact_aspect: float = fitted(1.42, 0.1, log=True)
    compact_spread: float = fitted(0.3, 0.3, log=True)


REFERENCE = np.array([25.0, 25.0, 5.0, 5.0])
"""Flows of silver nitrate, PVA, citrate and seeds, %, that the reduced flows are relative to."""
REFERENCE_REMAINDER = 40.0
"""Flow of ascorbic acid and water, %, in that recipe."""
LEAST_REMAINDER = 10.0
"""Least flow of ascorbic acid and water, %. Recipes that leave less cannot be mixed; so that an
analysis may still vary one flow at a time, they count as leaving this much."""
REFERENCE_TOTAL = 700.0
"""Total flow, uL/min, at which the reduced residence time is 1."""


@dataclass(frozen=True, eq=False)
class Particles:
    """Populations of one droplet, arrays (n,): one entry per recipe.

    Silver is counted in volumes of ``grown_volume`` nm^3 per reference seed, so that a
    population of silver s and mean particle volume V holds s/V particles.
    """

    conversion: FloatArray
    """Share of the silver ions that was reduced."""
    plate_silver: FloatArray
    plate_volume: FloatArray
    """Mean volume of a plate, nm^3."""
    plate_thickness: FloatArray
    """nm."""
    plate_spread: FloatArray
    """Standard deviation of the logarithm of the diameter or edge."""
    compact_silver: FloatArray
    compact_volume: FloatArray
    """Mean volume of a compact particle, nm^3."""
    sphere_silver: FloatArray
    unreduced_silver: FloatArray
    """Ions."""


class SeededGrowth:
    """Turns recipes into particle populations."""

    def __init__(self, parameters: GrowthParameters | None = None) -> None:
        self.parameters = parameters or GrowthParameters()

    def grow(self, recipes: FloatArray, rate_factor: FloatArray | float = 1.0) -> Particles:
        """Return the particles of recipes (n, 5).

        Columns: silver nitrate, PVA, citrate, seeds (% of the aqueous flow), total flow (uL/min).
        ``rate_factor``, (n,) or a number, slows (below 1) or speeds up the reduction.
        """
        p = self.parameters
        silver, pva, citrate, seeds = (recipes[:, :4] / REFERENCE).T
        of_rate, of_volume = self._corrections(recipes)
        conversion = self._conversion(recipes, of_rate, rate_factor)
        secondary = _logistic(
            p.secondary_logit
            + p.secondary_ratio_slope * np.log(silver / seeds)
            + p.secondary_silver_slope * np.log(silver)
        )
        reduced = conversion * silver
        grown = reduced * (1 - secondary) + p.seed_silver * seeds
        relative_volume = grown / seeds
        plates = _logistic(
            p.plate_logit
            + p.plate_citrate_slope * np.log(citrate)
            + p.plate_volume_slope * np.log(relative_volume)
        )
        return Particles(
            conversion=conversion,
            plate_silver=grown * plates,
            plate_volume=p.grown_volume * relative_volume * np.exp(of_volume),
            plate_thickness=p.plate_thickness * relative_volume**p.plate_thickness_exponent,
            plate_spread=p.plate_spread
            * relative_volume**p.plate_spread_volume_exponent
            * pva**p.plate_spread_pva_exponent,
            compact_silver=grown * (1 - plates),
            compact_volume=p.grown_volume * relative_volume**p.compact_volume_exponent,
            sphere_silver=reduced * secondary,
            unreduced_silver=(1 - conversion) * silver,
        )

    def _corrections(self, recipes: FloatArray) -> FloatArray:
        """Return the logarithms (2, n) of what rate and plates' volume are multiplied with."""
        weights = np.array([self.parameters.rate_correction, self.parameters.volume_correction])
        if not weights.any():  # as in the best fit; the bumps would take half of the growth's time
            return np.zeros((2, len(recipes)))
        return weights @ bump_features(recipes).T

    def _conversion(
        self, recipes: FloatArray, correction: FloatArray, rate_factor: FloatArray | float
    ) -> FloatArray:
        p = self.parameters
        silver, _, _, seeds = (recipes[:, :4] / REFERENCE).T
        remainder = np.maximum(100 - recipes[:, :4].sum(axis=1), LEAST_REMAINDER)
        rate = (
            p.rate
            * rate_factor
            * (REFERENCE_TOTAL / recipes[:, 4]) ** p.rate_time_exponent
            * seeds**p.rate_seed_exponent
            * silver**p.rate_silver_exponent
            * (1 + REFERENCE[2] / p.citrate_half)
            / (1 + recipes[:, 2] / p.citrate_half)
            * (remainder / REFERENCE_REMAINDER) ** p.rate_ascorbate_exponent
            * np.exp(correction)
        )
        return np.asarray(-np.expm1(-rate))


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-x)))
