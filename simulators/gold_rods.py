"""Silver-assisted seeded growth of gold nanorods: published trends, not fitted to any campaign."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from plasmonbench import FloatArray, PlasmonbenchError, RecipeSpace
from simulators.optics.rods import GoldOptics
from simulators.stages.rod_droplets import draw_rod_droplets
from simulators.stages.rod_growth import GoldParticles, RodGrowth
from simulators.stages.spectrometer import Spectrometer

Noise = Literal["none", "real"]

WAVELENGTHS = np.arange(400.0, 1101.0, 2.0)
WAVELENGTHS.setflags(write=False)
MOLAR_VOLUME = 10.21
"""Of gold, cm^3/mol: 196.97 g/mol over 19.3 g/cm^3."""
PATH = 5e6
"""Optical path, nm: a flow cell of 5 mm (assumption)."""
SPHERE_SPREAD = 0.15
"""Standard deviation of the logarithm of the spheres' diameter (assumption)."""


class GoldRods:
    """Recipe -> rods and spheres -> extinction -> droplets -> absorbance.

    A recipe holds the concentrations in the growth mixture. The trends are those of the
    literature, the numbers are set by hand: see `simulators.stages.rod_growth`.

    Parameters
    ----------
    noise
        "real" for droplets that scatter as real ones may, "none" for the truth in every droplet.
    gold
        Data set of gold's permittivity: Johnson, McPeak, Olmon-sc, Olmon-ev, Babar, ...

    Raises
    ------
    PlasmonbenchError
        If a parameter is not one of those.
    """

    name: ClassVar[str] = "gold-rods"

    def __init__(self, noise: Noise = "real", gold: str = "Johnson") -> None:
        if noise not in get_args(Noise):
            options = ", ".join(get_args(Noise))
            raise PlasmonbenchError(f"noise must be one of {options}; got '{noise}'")
        self.noise = noise
        self.growth = RodGrowth()
        self.optics = GoldOptics(WAVELENGTHS, gold, sphere_spread=SPHERE_SPREAD)
        self.spectrometer = Spectrometer(WAVELENGTHS)

    @property
    def space(self) -> RecipeSpace:
        """Concentrations around those of the published recipes."""
        return RecipeSpace.of(
            [
                ("haucl4", "mM", 0.1, 1.0),
                ("agno3", "mM", 0.005, 0.3),
                ("ascorbic_acid", "mM", 0.1, 2.5),
                ("ctab", "mM", 5, 150),
                ("seed", "uM", 0.1, 4),
            ]
        )

    @property
    def wavelengths(self) -> FloatArray:
        """400 to 1100 nm in steps of 2 nm, shape (351,)."""
        return WAVELENGTHS

    def measure(self, recipes: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
        """Return absorbance (n, replicates, 351) of recipes (n, 5)."""
        if self.noise == "none":
            return np.repeat(self.truth(recipes)[:, None], replicates, axis=1)
        rngs = rng.spawn(len(recipes))
        droplets = draw_rod_droplets(recipes, replicates, rngs)
        reading = self.truth(droplets.recipes.reshape(-1, recipes.shape[1]))
        reading = reading.reshape(len(recipes), replicates, -1)
        reading *= droplets.gain[:, :, None]
        reading += droplets.offset[:, :, None]
        for slot, slot_rng in enumerate(rngs):
            reading[slot] += self.spectrometer.noise(reading[slot], slot_rng)
        return reading

    def truth(self, recipes: FloatArray) -> FloatArray:
        """Return absorbance (n, 351) without noise of recipes (n, 5)."""
        particles = self.growth.grow(recipes)
        # mM are 1e-6 mol/cm^3; ln 10 turns optical depth into decadic absorbance.
        per_gold = PATH * MOLAR_VOLUME * 1e-6 / np.log(10)
        rods = self.optics.rod_extinction(
            particles.rod_length, particles.rod_diameter, particles.rod_spread
        )
        rods *= (per_gold * particles.rod_gold)[:, None]
        spheres = self.optics.sphere_extinction(sphere_diameter(particles))
        spheres *= (per_gold * particles.sphere_gold)[:, None]
        rods += spheres
        return rods

    def populations(self, recipes: FloatArray) -> pd.DataFrame:
        """Return the particles of recipes (n, 5), a row each.

        Lengths are medians, nm; spreads are those of the rods' length and the spheres' diameter;
        gold is in shares of all there is, seeds included.
        """
        particles = self.growth.grow(recipes)
        gold = particles.rod_gold + particles.sphere_gold + particles.unreduced_gold
        return pd.DataFrame(
            {
                "rod_length_nm": particles.rod_length,
                "rod_diameter_nm": particles.rod_diameter,
                "aspect_ratio": particles.rod_length / particles.rod_diameter,
                "rod_log_spread": particles.rod_spread,
                "sphere_diameter_nm": sphere_diameter(particles),
                "sphere_log_spread": SPHERE_SPREAD,
                "gold_in_rods": particles.rod_gold / gold,
                "gold_in_spheres": particles.sphere_gold / gold,
                "gold_unreduced": particles.unreduced_gold / gold,
            }
        )


def sphere_diameter(particles: GoldParticles) -> FloatArray:
    """Return the median diameter, nm, (n,), of log-normal spheres of the mean volume."""
    shrink = np.exp(-3 * SPHERE_SPREAD**2 / 2)
    return np.asarray(np.cbrt(6 * particles.mean_volume / np.pi) * shrink)
