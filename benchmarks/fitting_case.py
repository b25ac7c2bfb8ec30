"""A calibration to be timed: a small campaign on the lab, and what a fit of it minimises.

Apart from `setups`, so that a commit without the fit can still be timed for all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from plasmonbench import DropletTable, FloatArray
from simulators.fitting.fit import Task
from simulators.fitting.objective import Campaign, Objective
from simulators.fitting.structures import CHOSEN

from . import setups

RECIPES, SPECTRA, DROPLETS = 20, 4, 20
"""A quarter of the real campaign's public data, with its share of recipes whose spectra are kept
and its droplets a recipe."""


@dataclass(frozen=True, eq=False)
class FittingCase:
    """What a fit minimises, and where."""

    objective: Objective
    place: FloatArray
    """Shape (k,), the prior means and a little beside: not where the campaign was made."""


@cache
def fitting_case() -> FittingCase:
    """Return the fit of the chosen structure to a campaign of the lab."""
    rng = np.random.default_rng(setups.SEED)
    task, recipes = setups.problem(), setups.recipes(RECIPES)
    spectra = task.lab.measure(recipes, DROPLETS, rng)
    shown = np.arange(0, RECIPES, RECIPES // SPECTRA)
    losses = _table(recipes, task.loss(spectra)[:, :, None])
    campaign = Campaign.of(losses, _table(recipes[shown], spectra[shown]))
    objective = Task(CHOSEN, campaign).objective()
    # A place where no highest point of a spectrum passes to its neighbour within a difference's
    # step: there the loss has a kink, and no slope.
    beside = 0.11 * objective.spread * rng.standard_normal(len(objective.centre))
    return FittingCase(objective, objective.centre + beside)


def _table(recipes: FloatArray, values: FloatArray) -> DropletTable:
    """Return the droplets (n, r, columns) of recipes (n, 5) as a file of them would be read."""
    return DropletTable(tuple(str(k) for k in range(len(recipes))), recipes, list(values))
