"""From recipe to particles: seeded growth of silver plates by ascorbic acid.

A compact mechanistic model. Its numbers, with those of the optics and the stray light, come from
one robust least-squares fit to the campaign of Mekki-Berrada et al., npj Comput. Mater. 7:55
(2021): settled losses of 82 recipes, median spectra of 8, and the published trends of each
reactant (docs/simulator.md says how well it holds). The mechanisms:

* the share X of the silver that is reduced before the droplet is read follows a first-order
  rate; it rises with residence time and seeds, falls with silver load and is slowed by citrate,
  which covers the surface (Zhang et al., Nano Lett. 2010);
* a part of the reduced silver nucleates anew, as small spheres, the more the more silver there
  is;
* the rest grows on the seeds. A part of it is in plates, the more the more silver a seed gets;
  the mean volume of a plate is the silver per seed (mass balance). What is left is in compact
  particles, whose volume follows a power of it, an empirical law.

Silver is conserved; seeds are so for the plates alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plasmonbench import FloatArray


@dataclass(frozen=True)
class GrowthParameters:
    """Numbers of the growth model; reduced flows are relative to `REFERENCE`."""

    rate: float = 4.226
    rate_time_exponent: float = 0.4058
    rate_seed_exponent: float = 0.6359
    rate_silver_exponent: float = -1.004
    citrate_half: float = 3.653
    """Citrate flow, %, that halves the rate."""

    secondary_logit: float = -0.1825
    secondary_ratio_slope: float = 0.2104
    secondary_silver_slope: float = 0.6122
    secondary_radius: float = 11.16
    """Median radius of the newly nucleated spheres, nm."""
    secondary_spread: float = 0.3302

    grown_volume: float = 15_870.0
    """Mean volume of a plate that gets one unit of silver per unit of seeds, nm^3."""
    seed_silver: float = 0.02942
    """Silver that the seeds bring themselves, in units of the silver flow."""

    plate_logit: float = 0.5501
    plate_citrate_slope: float = 0.07851
    plate_volume_slope: float = 0.6445
    plate_thickness: float = 8.67
    """nm, at the grown volume of one unit."""
    plate_thickness_exponent: float = 0.1005
    plate_spread: float = 0.4325
    plate_spread_volume_exponent: float = 0.2666
    plate_spread_pva_exponent: float = 0.05556

    compact_volume_exponent: float = 0.4567
    compact_aspect: float = 1.304
    compact_spread: float = 0.398


REFERENCE = np.array([25.0, 25.0, 5.0, 5.0])
"""Flows of silver nitrate, PVA, citrate and seeds, %, that the reduced flows are relative to."""
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
    """Volume of the plate of median size, nm^3."""
    plate_thickness: FloatArray
    """nm."""
    plate_spread: FloatArray
    """Standard deviation of the logarithm of the diameter or edge."""
    compact_silver: FloatArray
    compact_volume: FloatArray
    """Volume of the particle of median size, nm^3."""
    sphere_silver: FloatArray


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
        time = REFERENCE_TOTAL / recipes[:, 4]
        rate = (
            p.rate
            * rate_factor
            * time**p.rate_time_exponent
            * seeds**p.rate_seed_exponent
            * silver**p.rate_silver_exponent
            * (1 + REFERENCE[2] / p.citrate_half)
            / (1 + recipes[:, 2] / p.citrate_half)
        )
        conversion = -np.expm1(-rate)
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
        thickness = p.plate_thickness * relative_volume**p.plate_thickness_exponent
        spread = (
            p.plate_spread
            * relative_volume**p.plate_spread_volume_exponent
            * pva**p.plate_spread_pva_exponent
        )
        return Particles(
            conversion=conversion,
            plate_silver=grown * plates,
            # The diameter is log-normal, so that the mean volume is exp(2 spread^2) the median's.
            plate_volume=p.grown_volume * relative_volume * np.exp(-2 * spread**2),
            plate_thickness=thickness,
            plate_spread=spread,
            compact_silver=grown * (1 - plates),
            compact_volume=p.grown_volume * relative_volume**p.compact_volume_exponent,
            sphere_silver=reduced * secondary,
        )


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-x)))
