"""The whole of a calibration: fit, scatter of droplets, labs around it, and its own scores."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from plasmonbench import DropletTable, FloatArray, IntArray, silver_prism_loss
from simulators.fitting.fit import Fit, fit
from simulators.fitting.instances import draw_labs, labs_file, write_labs
from simulators.fitting.linearised import Droplet, Model
from simulators.fitting.objective import Campaign
from simulators.fitting.scatter import with_scatter
from simulators.fitting.structures import CHOSEN, STRUCTURES, Structure
from simulators.stages.parameters import SilverParameters, read_parameters, write_parameters

CALIBRATION_NOTE = (
    "The silver lab is refitted in each fold as `plasmonbench calibrate` fits it, from six starts "
    "of which the lowest cost is taken; *priors twice as wide* from three, the other structures "
    "from the priors' means alone. The means of the growth's priors come from a prototype that an "
    "earlier fit to all of these recipes gave, so that no fold is wholly ignorant of what it holds "
    "out. How much that is worth shows in the row *priors twice as wide*. The reference models "
    "have no such help."
)


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted lab with all that was found on the way."""

    fit: Fit
    parameters: SilverParameters
    labs: tuple[SilverParameters, ...]
    """Draws around it, see `instances`."""
    scores: Mapping[str, float]
    """How well it describes what it was fitted to: not how well it predicts."""

    def write(self, path: Path, source: Mapping[str, Any] | None = None) -> list[Path]:
        """Write the parameter file and, beside it, the labs; return the files.

        ``source``, of texts and numbers, says what was fitted, and is kept in the file.
        """
        heading: dict[str, Any] = {
            "about": "Written by plasmonbench calibrate; scores are of the data fitted to.",
            "starts": len(self.fit.costs),
            "costs": [round(cost, 3) for cost in self.fit.costs],
            "scores": dict(self.scores),
        }
        if source:
            heading["source"] = dict(source)
        write_parameters(path, self.parameters, self.fit.uncertainties(), heading)
        if not self.labs:
            # Labs of an earlier fit would pass for this one's.
            labs_file(path).unlink(missing_ok=True)
            return [path]
        write_labs(labs_file(path), self.labs, around=read_parameters(path))
        return [path, labs_file(path)]


def calibrate(
    losses: DropletTable,
    spectra: DropletTable | None,
    *,
    starts: int,
    labs: int,
    rng: np.random.Generator,
    executor: Executor | None = None,
) -> Calibration:
    """Fit the chosen structure to droplets.

    Parameters
    ----------
    losses, spectra
        Droplets of recipes (n, 5): silver nitrate, PVA, citrate, seeds (%), total flow (uL/min).
        Without spectra the amplitudes rest on the priors.
    starts
        Descents, of which the best is taken.
    labs
        Draws around it.

    Raises
    ------
    PlasmonbenchError
        If there are too few recipes.
    """
    campaign = Campaign.of(losses, spectra)
    start_rng, lab_rng = rng.spawn(2)
    best = fit(campaign, CHOSEN, starts, start_rng, executor)
    drawn = draw_labs(best, campaign, CHOSEN, labs, lab_rng, executor)
    return Calibration(
        fit=best,
        parameters=with_scatter(best.parameters, losses, spectra),
        labs=tuple(with_scatter(lab, losses, spectra) for lab in drawn),
        scores=_scores(best, campaign),
    )


@dataclass(frozen=True, eq=False)
class FittedLab:
    """A fit that predicts recipes it has not seen."""

    model: Model
    vector: FloatArray

    def losses(self, recipes: FloatArray, droplets: IntArray) -> FloatArray:
        """Return the median loss (n,) over the first ``droplets`` (n,) droplets."""
        middle = (np.asarray(droplets) - 1) / 2
        return silver_prism_loss()(self.model.readings(self.vector, Droplet(recipes, middle)))

    def spectra(self, recipes: FloatArray) -> FloatArray:
        """Return spectra (n, W) of settled droplets: the 15th, midway between the 9th and 21st."""
        return self.model.readings(self.vector, Droplet(recipes, np.full(len(recipes), 14.0)))


def calibrators() -> dict[str, tuple[partial[FittedLab], int]]:
    """Return each structure as something to be fitted, with the number of numbers it fits.

    The first is the chosen one.
    """
    return {
        structure.name: (
            partial(_fitted, structure),
            len(structure.model().labels),
        )
        for structure in STRUCTURES
    }


def _fitted(structure: Structure, losses: DropletTable, spectra: DropletTable | None) -> FittedLab:
    campaign = Campaign.of(losses, spectra if structure.spectra else None)
    found = fit(campaign, structure, structure.starts, np.random.default_rng(len(campaign.recipes)))
    return FittedLab(found.model, found.vector)


def _scores(best: Fit, campaign: Campaign) -> dict[str, float]:
    measured = campaign.median_loss
    droplets = Droplet(campaign.recipes, campaign.middle)
    predicted = silver_prism_loss()(best.model.readings(best.vector, droplets))
    residual = predicted - measured
    scores = {
        "recipes": len(measured),
        "loss_r2": float(1 - residual @ residual / np.sum((measured - measured.mean()) ** 2)),
        "loss_mae": float(np.abs(residual).mean()),
    }
    if np.ptp(predicted) > 0 and np.ptp(measured) > 0:
        scores["loss_spearman"] = float(spearmanr(predicted, measured).statistic)
    if len(campaign.spectra):
        settled = Droplet(campaign.spectrum_recipes, campaign.spectrum_middle)
        error = best.model.readings(best.vector, settled) - campaign.spectra
        rmse = np.sqrt(np.mean(error**2, axis=1))
        scores |= {"spectra": len(campaign.spectra), "spectrum_rmse": float(np.median(rmse))}
    return {name: round(score, 5) for name, score in scores.items()}
