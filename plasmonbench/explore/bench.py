"""A problem on the bench: its lab, its loss, and what one recipe shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.catalogue import find_problem
from plasmonbench.droplet_colour import droplet_colours
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.explore.flows import middle
from plasmonbench.explore.loss_parts import LossParts, loss_parts
from plasmonbench.explore.peaks import Peak, label_peaks
from plasmonbench.lab import Lab, ParticleLab, RecordedLab
from plasmonbench.loss import SpectralLoss
from plasmonbench.particle_sizes import ParticleSizes, particle_sizes
from plasmonbench.problem import Problem

DROPLETS = 20
"""Droplets measured of a recipe, as in the campaign."""
BAND = (0.1, 0.9)
"""Quantiles of the droplets that the band shows."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A problem whose lab can make any recipe, with its parts at hand."""

    problem: Problem
    lab: Lab
    loss: SpectralLoss

    @property
    def target_absorbance(self) -> float:
        """Peak absorbance at which the target's colour is shown: the middle of the window."""
        return (self.loss.amplitude_low + self.loss.amplitude_high) / 2

    def target_colour(self) -> str:
        """Return '#rrggbb' of the target at that peak absorbance."""
        scaled = self.loss.target * self.target_absorbance / self.loss.target.max()
        return str(droplet_colours(self.loss.wavelengths, scaled).item())


@dataclass(frozen=True, eq=False)
class Droplets:
    """What a round of droplets of one recipe showed, as quantiles over them.

    ``low`` and ``high`` are spectra (W,); the losses are those of single droplets.
    """

    low: FloatArray
    high: FloatArray
    median_loss: float
    loss_low: float
    loss_high: float


@dataclass(frozen=True, eq=False)
class Readout:
    """What a feasible recipe (d,) shows: spectrum (W,) without noise, loss, colour, particles."""

    recipe: FloatArray
    spectrum: FloatArray
    parts: LossParts
    colour: str
    peaks: tuple[Peak, ...]
    droplets: Droplets | None
    grown: ParticleSizes | None


@lru_cache(maxsize=16)
def open_bench(spec: str) -> Bench:
    """Find a problem by its spec and set it up; benches are immutable and kept.

    Raises
    ------
    PlasmonbenchError
        If there is no such problem, or its lab cannot make any recipe or knows no truth.
    """
    problem = find_problem(spec)
    if isinstance(problem.lab, RecordedLab):
        raise PlasmonbenchError(
            f"{spec}: a recorded campaign holds the recipes that were made and no others; "
            "explore a simulated lab"
        )
    if problem.loss is None or problem.lab.truth(middle(problem.space)[None]) is None:
        raise PlasmonbenchError(f"{spec}: its lab knows no truth; there is nothing to explore")
    return Bench(problem, problem.lab, problem.loss)


def read_recipe(bench: Bench, recipe: FloatArray, luck: int | None) -> Readout:
    """Make one feasible recipe (d,).

    ``luck`` keys the noise of its droplets, so that the same luck shows the same scatter
    whatever the recipe; None: no droplets, the truth alone.
    """
    spectrum = cast(FloatArray, bench.lab.truth(recipe[None]))[0]
    return Readout(
        recipe=recipe,
        spectrum=spectrum,
        parts=loss_parts(bench.loss, spectrum),
        colour=str(droplet_colours(bench.loss.wavelengths, spectrum).item()),
        peaks=label_peaks(bench.loss.wavelengths, spectrum),
        droplets=None if luck is None else _droplets(bench, recipe, luck),
        grown=_grown(bench, recipe),
    )


def _droplets(bench: Bench, recipe: FloatArray, luck: int) -> Droplets | None:
    """Measure the droplets; None if no spectrometer could read any of them."""
    measured = bench.problem.with_budget(replicates=DROPLETS).measure(recipe[None], luck, 0)
    spectra = cast(FloatArray, measured.spectra)[0]
    readable = np.isfinite(spectra).all(axis=1)
    if not readable.any():
        return None
    low, high = np.quantile(spectra[readable], BAND, axis=0)
    losses = measured.losses[0, readable]
    loss_low, median, loss_high = np.quantile(losses, [BAND[0], 0.5, BAND[1]])
    return Droplets(low, high, float(median), float(loss_low), float(loss_high))


def _grown(bench: Bench, recipe: FloatArray) -> ParticleSizes | None:
    return particle_sizes(bench.lab, recipe) if isinstance(bench.lab, ParticleLab) else None
