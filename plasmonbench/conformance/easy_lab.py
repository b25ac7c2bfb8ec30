"""A laboratory with one smooth valley, whose optimum is known by construction."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.loss import SpectralLoss
from plasmonbench.problem import Optimum, Problem, TargetLevel
from plasmonbench.space import RecipeSpace

WAVELENGTHS = np.arange(400.0, 801.0, 4.0)
WAVELENGTHS.setflags(write=False)
BEST_RECIPE = (6.0, 9.0, 70.0, 1.5)
"""Well inside the bounds and the constraint."""
LEVELS = {"1 in 100": 0.00368, "1 in 1,000": 0.00111, "1 in 10,000": 0.000366}
"""Quantiles of the loss over 2^20 feasible Sobol points; the median is 0.093."""


class EasyLab:
    """A band that acid moves, time widens, metal feeds and ligand skews, beside a fixed shoulder.

    Neither the number of axes (4) nor that of wavelengths (101) is the silver campaign's, and no
    name is, so that a planner that counts on those is found out.

    Parameters
    ----------
    noise
        Relative standard deviation of a droplet's path length; readings have a tenth of it in
        absorbance besides.
    """

    name: ClassVar[str] = "easy-lab"

    def __init__(self, noise: float = 0.01) -> None:
        self.noise = noise

    @property
    def space(self) -> RecipeSpace:
        """Metal, acid and time; a corner of much metal and much acid cannot be mixed."""
        return RecipeSpace.of(
            [
                ("metal", "mM", 1, 10),
                ("acid", "mM", 2, 20),
                ("time", "s", 10, 120),
                ("ligand", "mM", 0, 4),
            ],
            sum_limit=(["metal", "acid"], 24),
        )

    @property
    def wavelengths(self) -> FloatArray:
        """400 to 800 nm in steps of 4 nm, shape (101,)."""
        return WAVELENGTHS

    def truth(self, recipes: FloatArray) -> FloatArray:
        """Return noise-free spectra (n, 101) of recipes (n, 3)."""
        metal, acid, time, ligand = np.asarray(recipes, dtype=np.float64).T[:, :, None]
        centre = 500 + 10 * acid
        width = 35 + 0.4 * time
        band = np.exp(-(((WAVELENGTHS - centre) / width) ** 2) / 2)
        red = np.exp(-(((WAVELENGTHS - centre - 110) / 40) ** 2) / 2)
        # Metal feeds the band alone, so that its height beside the shoulder has a say in the shape.
        shoulder = 0.3 * np.exp(-(((WAVELENGTHS - 430) / 30) ** 2) / 2)
        return np.asarray(0.05 + (0.1 + 0.07 * metal) * (band + 0.12 * ligand * red) + shoulder)

    def measure(self, recipes: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
        """Return spectra (n, replicates, 101) of recipes (n, 3)."""
        spectra = np.repeat(self.truth(recipes)[:, None], replicates, axis=1)
        for slot, own in enumerate(rng.spawn(len(recipes))):
            gain = 1 + self.noise * own.standard_normal((replicates, 1))
            grain = 0.1 * self.noise * own.standard_normal((replicates, len(WAVELENGTHS)))
            spectra[slot] = gain * spectra[slot] + grain
        return spectra


def easy_problem() -> Problem:
    """Return the easy lab as a problem: a loss of 0, the least that there can be, at its optimum.

    Its budget is 8 rounds of 10 recipes, with which random search meets the headline level in 8 of
    100 campaigns.
    """
    lab = EasyLab()
    best = np.array(BEST_RECIPE)
    loss = SpectralLoss(WAVELENGTHS, lab.truth(best[None])[0], 0.25, 2.0)
    return Problem(
        name=lab.name,
        lab=lab,
        loss=loss,
        space=lab.space,
        batch_size=10,
        replicates=4,
        rounds=8,
        levels=tuple(TargetLevel(name, value) for name, value in LEVELS.items()),
        headline="1 in 1,000",
        optimum=Optimum(best, 0.0),
    )
