"""Seeded growth of silver nanoprisms in droplets, as in Mekki-Berrada et al. (2021)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, get_args

import numpy as np

from plasmonbench import CAMPAIGN_WAVELENGTHS, FloatArray, PlasmonbenchError, RecipeSpace
from simulators.stages.droplets import HARSH, Droplets
from simulators.stages.extinction import Extinction, ExtinctionParameters, PlateModel
from simulators.stages.growth import Particles, SeededGrowth
from simulators.stages.spectrometer import Spectrometer

Noise = Literal["none", "real", "harsh"]


class SilverPrisms:
    """Recipe -> particles -> extinction -> droplets -> spectrometer.

    Parameters
    ----------
    noise
        "real" as the campaign's replicates, "harsh" with every cause of scatter but the detector
        1.2 to 3 times as large, "none" for the truth in every droplet.
    plates
        Optics of the plates: oblate spheroids (Kuwata), or triangles or disks of the universal
        plasmon model. The growth was fitted with spheroids.
    silver
        Data set of silver's permittivity: Johnson, McPeak, Yang, Babar, Jiang, ...

    Raises
    ------
    PlasmonbenchError
        If a parameter is not one of those.
    """

    name: ClassVar[str] = "silver-prisms"

    def __init__(
        self, noise: Noise = "real", plates: PlateModel = "spheroid", silver: str = "Johnson"
    ) -> None:
        for what, value, kind in (("noise", noise, Noise), ("plates", plates, PlateModel)):
            if value not in get_args(kind):
                options = ", ".join(get_args(kind))
                raise PlasmonbenchError(f"{what} must be one of {options}; got '{value}'")
        self.noise = noise
        self.growth = SeededGrowth()
        self.extinction = Extinction(
            CAMPAIGN_WAVELENGTHS,
            self.growth.parameters,
            replace(ExtinctionParameters(), plates=plates, silver=silver),
        )
        self.droplets = Droplets(HARSH if noise == "harsh" else None)
        self.spectrometer = Spectrometer(CAMPAIGN_WAVELENGTHS)

    @property
    def space(self) -> RecipeSpace:
        """The campaign's final bounds: what its pumps could run."""
        return RecipeSpace.of(
            [
                ("q_agno3", "%", 0.5, 80),
                ("q_pva", "%", 10, 40),
                ("q_tsc", "%", 0.5, 80),
                ("q_seed", "%", 0.5, 80),
                ("q_total", "uL/min", 100, 1000),
            ],
            sum_limit=(["q_agno3", "q_pva", "q_tsc", "q_seed"], 90),
        )

    @property
    def wavelengths(self) -> FloatArray:
        """380 to 800 nm in steps of 1 nm, shape (421,)."""
        return CAMPAIGN_WAVELENGTHS

    def measure(self, recipes: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
        """Return absorbance (n, replicates, 421) of a round of recipes (n, 5), run in order."""
        if self.noise == "none":
            return np.repeat(self.truth(recipes)[:, None], replicates, axis=1)
        rngs = rng.spawn(len(recipes))
        luck = self.droplets.draw(recipes, replicates, rngs)
        mixed = luck.recipes.reshape(-1, recipes.shape[1])
        particles = self.growth.grow(mixed, luck.rate_factor.ravel())
        absorbance = self.extinction.absorbance(particles)
        absorbance = absorbance.reshape(len(recipes), replicates, -1)
        reading = self.spectrometer.read(absorbance * luck.gain[:, :, None])
        reading += luck.offset[:, :, None]
        for slot, slot_rng in enumerate(rngs):
            reading[slot] += self.spectrometer.noise(reading[slot], slot_rng)
        return reading

    def truth(self, recipes: FloatArray) -> FloatArray:
        """Return what the spectrometer would show of settled droplets without noise, (n, 421)."""
        return self.spectrometer.read(self.absorbance(recipes))

    def particles(self, recipes: FloatArray) -> Particles:
        """Return the particles in settled droplets of recipes (n, 5)."""
        return self.growth.grow(recipes)

    def absorbance(self, recipes: FloatArray) -> FloatArray:
        """Return true absorbance (n, 421), before the spectrometer."""
        return self.extinction.absorbance(self.particles(recipes))
