"""Seeded growth of silver nanoprisms in droplets, as in Mekki-Berrada et al. (2021)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from plasmonbench import CAMPAIGN_WAVELENGTHS, FloatArray, PlasmonbenchError, RecipeSpace
from simulators.fitting.calibration import CALIBRATION_NOTE, calibrate, calibrators
from simulators.fitting.instances import read_lab
from simulators.fitting.twin import mechanism
from simulators.stages.droplets import TYPICAL_DROPLET, Droplets, harsher
from simulators.stages.extinction import Extinction, PlateModel
from simulators.stages.growth import Particles, SeededGrowth
from simulators.stages.parameters import SHIPPED
from simulators.stages.populations import population_table
from simulators.stages.spectrometer import Spectrometer

Noise = Literal["none", "real", "harsh"]


class SilverPrisms:
    """Recipe -> particles -> extinction -> droplets -> spectrometer.

    Parameters
    ----------
    noise
        "real" as the campaign's replicates, "harsh" with all that differs by chance, but for the
        detector, 2 to 3 times as large, "none" for the truth in every droplet.
    lab
        0 is the best fit to the campaign; 1, 2, ... are labs that its data do not rule out
        (`simulators.fitting.instances`).
    parameters
        A parameter file of one's own, written by ``plasmonbench calibrate``, instead of the
        shipped one; its labs lie beside it.
    plates, silver
        Other optics than the fit was made with: shape of the plates (spheroid, triangle, disk,
        mixed, truncated; for the last two see ``triangle_logit`` in the parameter file),
        data set of silver's permittivity (Johnson, McPeak, Yang, Babar, Jiang).

    Raises
    ------
    PlasmonbenchError
        If a parameter is not one of those, or a file cannot be read.
    """

    name: ClassVar[str] = "silver-prisms"
    recipe_space: ClassVar[RecipeSpace] = RecipeSpace.of(
        [
            ("q_agno3", "%", 0.5, 80),
            ("q_pva", "%", 10, 40),
            ("q_tsc", "%", 0.5, 80),
            ("q_seed", "%", 0.5, 80),
            ("q_total", "uL/min", 100, 1000),
        ],
        sum_limit=(["q_agno3", "q_pva", "q_tsc", "q_seed"], 90),
    )
    grid: ClassVar[FloatArray] = CAMPAIGN_WAVELENGTHS
    calibration_note: ClassVar[str] = CALIBRATION_NOTE
    calibrate = staticmethod(calibrate)
    calibrators = staticmethod(calibrators)
    mechanism = staticmethod(mechanism)

    def __init__(
        self,
        noise: Noise = "real",
        lab: int = 0,
        parameters: str = "",
        plates: PlateModel | None = None,
        silver: str | None = None,
    ) -> None:
        for what, value, kind in (("noise", noise, Noise), ("plates", plates, PlateModel)):
            if value is not None and value not in get_args(kind):
                options = ", ".join(get_args(kind))
                raise PlasmonbenchError(f"{what} must be one of {options}; got '{value}'")
        self.noise = noise
        fitted = read_lab(lab, Path(parameters).expanduser() if parameters else SHIPPED)
        optics = fitted.extinction
        optics = replace(optics, plates=plates or optics.plates, silver=silver or optics.silver)
        if optics.plates not in get_args(PlateModel):
            raise PlasmonbenchError(f"plates are no '{optics.plates}' in the parameter file")
        self.parameters = replace(fitted, extinction=optics)
        self.growth = SeededGrowth(self.parameters.growth)
        self.extinction = Extinction(
            CAMPAIGN_WAVELENGTHS, self.parameters.growth, self.parameters.extinction
        )
        droplets = self.parameters.droplets
        self.droplets = Droplets(harsher(droplets) if noise == "harsh" else droplets)
        self.spectrometer = Spectrometer(CAMPAIGN_WAVELENGTHS, self.parameters.spectrometer)

    @property
    def space(self) -> RecipeSpace:
        """The campaign's final bounds: what its pumps could run."""
        return self.recipe_space

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
        reading *= luck.dud[:, :, None]
        for slot, slot_rng in enumerate(rngs):
            reading[slot] += self.spectrometer.noise(reading[slot], slot_rng)
        return reading

    def truth(self, recipes: FloatArray) -> FloatArray:
        """Return what the spectrometer would show of a typical droplet without noise, (n, 421).

        That is the middle one of twenty (`TYPICAL_DROPLET`): its loss is the median over them.
        """
        return self.spectrometer.read(self.absorbance(recipes))

    def particles(self, recipes: FloatArray) -> Particles:
        """Return the particles in a typical droplet of recipes (n, 5)."""
        return self.growth.grow(recipes, self.droplets.rate_factor(recipes, TYPICAL_DROPLET))

    def populations(self, recipes: FloatArray) -> pd.DataFrame:
        """Return sizes and silver shares of the particles of recipes (n, 5), a row per recipe.

        A recipe is silver nitrate, PVA, citrate and seeds in % of the aqueous flow, and the total
        flow in uL/min. Sizes are medians in nm, spreads are of logarithms, ``silver_in_...`` and
        ``silver_unreduced`` shares of all silver in the droplet, the seeds' own included;
        ``conversion`` is the share of the ions that was reduced. See `population_table`.

        Raises
        ------
        PlasmonbenchError
            If a recipe has not five flows, or the lab cannot make it.
        """
        recipes = np.asarray(recipes, dtype=np.float64)
        if recipes.ndim != 2 or recipes.shape[1] != len(self.space.names):
            names = ", ".join(self.space.names)
            raise PlasmonbenchError(f"recipes are rows of {names}; got shape {recipes.shape}")
        if faults := self.space.violations(recipes):
            raise PlasmonbenchError(faults[0])
        return population_table(self.particles(recipes), self.parameters.growth)

    def absorbance(self, recipes: FloatArray) -> FloatArray:
        """Return true absorbance (n, 421), before the spectrometer."""
        return self.extinction.absorbance(self.particles(recipes))
