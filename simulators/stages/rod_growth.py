"""From recipe to particles: silver-assisted seeded growth of gold rods in CTAB.

A compact mechanistic model that shows the published trends. It is NOT fitted to any campaign: its
numbers are set by hand, so that the standard recipe (0.5 mM gold, 0.08 mM silver, 0.55 mM ascorbic
acid, 0.1 M CTAB) gives rods as published. docs/gold-rods.md says which part rests on what. The
mechanisms:

* ascorbic acid gives two electrons. The first equivalent turns Au(III) into Au(I) and makes no
  metal; what is beyond it reduces two Au(I) each, at the surface of seeds. At the usual 1.1
  equivalents a fifth can become metal, where 15 % was measured (Orendorff & Murphy, J. Phys.
  Chem. B 110, 3990 (2006), doi 10.1021/jp0570972);
* seeds share out the reduced gold (mass balance): fewer seeds, larger particles (Jana, Gearheart
  & Murphy, J. Phys. Chem. B 105, 4065 (2001), doi 10.1021/jp0107964);
* silver makes rods longer up to Ag/Au of about 0.2 and shorter beyond it (Nikoobakht & El-Sayed,
  Chem. Mater. 15, 1957 (2003), doi 10.1021/cm020732l);
* much ascorbic acid makes them shorter and leaves more spheres, as little CTAB does (Sau & Murphy,
  Langmuir 20, 6414 (2004), doi 10.1021/la049463z).

Gold and seeds are conserved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plasmonbench import FloatArray


@dataclass(frozen=True)
class RodGrowthParameters:
    """Numbers of the growth model, set by hand; concentrations are those in the growth mixture."""

    seed_diameter: float = 4.0
    """nm; CTAB-capped seeds are smaller than 4 nm (Nikoobakht & El-Sayed 2003)."""

    reduction_width: float = 0.1
    """Rounds off the onset and the end of the reduction of Au(I), in equivalents."""
    rate: float = 2.0
    """Reduction rate times the time given, at `reference_seed` and `reference_ctab`."""
    rate_seed_exponent: float = 0.5
    rate_ctab_half: float = 100.0
    """CTAB, mM, that halves the rate: it binds gold ions."""

    longest: float = 5.0
    """Aspect ratio that nothing but the best silver, little acid and much CTAB would reach."""
    best_silver: float = 0.2
    """Ag/Au of the longest rods."""
    silver_width: float = 0.8
    """Standard deviation, in ln(Ag/Au), of the peak in the aspect ratio."""
    acid_half: float = 2.2
    """Equivalents of ascorbic acid that halve the excess of the aspect ratio over 1."""
    acid_steepness: float = 3.0
    ctab_half: float = 30.0
    """CTAB, mM, that halves it."""
    growth_exponent: float = -0.1
    """Power of the gold per seed with which it goes: large rods are stouter."""

    sphere_logit: float = -2.6
    """Log-odds of a seed to become a sphere under the reference conditions."""
    sphere_acid_slope: float = 1.5
    """Rise per equivalent of ascorbic acid above `reference_acid`."""
    sphere_ctab_slope: float = 1.5
    """Rise per e-fold of CTAB below `reference_ctab`."""
    sphere_growth_slope: float = 0.4
    """Rise per e-fold of gold per seed above `reference_growth`."""

    rod_spread: float = 0.15
    """Standard deviation of the logarithm of the length."""
    rod_spread_spheres: float = 0.5
    """Its relative rise where all seeds but few become spheres."""

    reference_acid: float = 1.1
    """Equivalents."""
    reference_ctab: float = 100.0
    """mM."""
    reference_seed: float = 1.0
    """Gold in seeds, uM."""
    reference_growth: float = 150.0
    """Grown over seed volume."""


@dataclass(frozen=True, eq=False)
class GoldParticles:
    """What grew in each mixture, arrays (n,).

    The gold in rods and spheres includes that of their seeds.
    """

    rod_gold: FloatArray
    """mM."""
    rod_length: FloatArray
    """Median, nm."""
    rod_diameter: FloatArray
    """nm."""
    rod_spread: FloatArray
    """Standard deviation of the logarithm of the length."""
    sphere_gold: FloatArray
    """mM."""
    mean_volume: FloatArray
    """Of rods and spheres alike, nm^3."""
    unreduced_gold: FloatArray
    """Ions left, mM."""


class RodGrowth:
    """Turns recipes into rods and spheres."""

    def __init__(self, parameters: RodGrowthParameters | None = None) -> None:
        self.parameters = parameters or RodGrowthParameters()

    def grow(self, recipes: FloatArray) -> GoldParticles:
        """Return the particles of recipes (n, 5), all numbers above zero.

        Columns: HAuCl4, AgNO3, ascorbic acid and CTAB (mM), gold in seeds (uM).
        """
        p = self.parameters
        gold, silver, acid, ctab, seed_um = recipes.T
        equivalents = acid / gold
        seed = 1e-3 * seed_um
        reduced = gold * self.conversion(equivalents, ctab, seed_um)
        growth = 1 + reduced / seed
        off_silver = (np.log(silver / gold / p.best_silver) / p.silver_width) ** 2 / 2
        aspect = 1 + (p.longest - 1) * (
            np.exp(-off_silver)
            / (1 + (equivalents / p.acid_half) ** p.acid_steepness)
            / (1 + (p.ctab_half / ctab) ** 2)
            * (growth / p.reference_growth) ** p.growth_exponent
            * (1 - 1 / growth)  # a seed that did not grow is round
        )
        spheres = 1 / (
            1
            + np.exp(
                -p.sphere_logit
                - p.sphere_acid_slope * (equivalents - p.reference_acid)
                + p.sphere_ctab_slope * np.log(ctab / p.reference_ctab)
                - p.sphere_growth_slope * np.log(growth / p.reference_growth)
                # What keeps rods short keeps seeds from becoming rods.
                - off_silver
            )
        )
        spread = p.rod_spread * (1 + p.rod_spread_spheres * spheres)
        volume = np.pi / 6 * p.seed_diameter**3 * growth
        diameter = rod_diameter(volume, aspect)
        return GoldParticles(
            rod_gold=(1 - spheres) * (reduced + seed),
            # The mean length is exp(spread^2 / 2) the median, and a rod's volume linear in it.
            rod_length=aspect * diameter * np.exp(-(spread**2) / 2),
            rod_diameter=diameter,
            rod_spread=spread,
            sphere_gold=spheres * (reduced + seed),
            mean_volume=volume,
            unreduced_gold=gold - reduced,
        )

    def conversion(self, equivalents: FloatArray, ctab: FloatArray, seed: FloatArray) -> FloatArray:
        """Return the share of the gold ions that became metal, shape (n,).

        Takes ascorbic acid per gold, CTAB (mM) and gold in seeds (uM), each (n,).
        """
        p = self.parameters
        electrons, width = 2 * (equivalents - 1), p.reduction_width
        # A ramp from 0 to 1 with rounded ends.
        reducible = width * (
            np.logaddexp(0, electrons / width) - np.logaddexp(0, (electrons - 1) / width)
        )
        rate = (
            p.rate
            * (seed / p.reference_seed) ** p.rate_seed_exponent
            * (1 + p.reference_ctab / p.rate_ctab_half)
            / (1 + ctab / p.rate_ctab_half)
        )
        return np.asarray(reducible * -np.expm1(-rate))


def rod_diameter(volume: FloatArray, aspect: FloatArray) -> FloatArray:
    """Return the diameter, nm, of a rod with round caps: pi d^3 (3R - 1)/12 = V."""
    return np.asarray(np.cbrt(12 * volume / (np.pi * (3 * aspect - 1))))
