"""Gaussian process, expected improvement and local penalization: the campaign's BO, scaled axes.

Kin to the planner of Mekki-Berrada et al. 2021 (GPyOpt), but with one length scale per axis of
the unit cube, where theirs had a single one on raw units; theirs as it was is `paper-bo`.
"""

from typing import ClassVar, Literal

import numpy as np
import torch

from plasmonbench import (
    FloatArray,
    History,
    PlasmonbenchError,
    PredictedLoss,
    Strategy,
    check_ranges,
)
from strategies.models.gp import GaussianProcess
from strategies.models.isotropic_gp import fit_isotropic
from strategies.models.loss_planner import of_recipes
from strategies.models.penalized_ei import PenalizedEI, lipschitz_constant
from strategies.models.readings import median_variances, readable_losses


class LocalPenalization(Strategy):
    """Choose a batch greedily by expected improvement, penalised around what is chosen already.

    Parameters
    ----------
    kernel
        "ard": a length scale for each axis, with BoTorch's priors; "isotropic": one for all axes,
        by maximum likelihood, as GPyOpt's default.
    inputs
        Units in which the isotropic kernel and the penalties measure distance: the "unit" cube, or
        "raw" %, uL/min and so on.
    xi
        Improvement asked for, in units of the loss.
    jitter
        The same in standard deviations of the losses, on top of xi; the campaign's was 0.1.
    predictive
        Let expected improvement be that of the next reading, noise included, as GPyOpt does with
        its isotropic kernel.
    noise
        Noise of a median loss: one variance "inferred" by the model, or one for each recipe from
        the spread of its "replicates".
    incumbent
        What counts as reached: the lowest "model" mean at a measured recipe, or the lowest
        "measured" median, which noise makes too low.
    min_distance
        Least distance between recipes of a batch, in the unit cube.
    """

    kernel: Literal["ard", "isotropic"] = "ard"
    inputs: Literal["unit", "raw"] = "unit"
    xi: float = 0.0
    jitter: float = 0.0
    predictive: bool = False
    noise: Literal["inferred", "replicates"] = "inferred"
    incumbent: Literal["model", "measured"] = "model"
    min_distance: float = 0.05

    surrogate: ClassVar[str] = "Gaussian process"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "xi": (self.xi, 0, 1),
                "jitter": (self.jitter, 0, 10),
                "min_distance": (self.min_distance, 0, 1),
            }
        )
        if self.predictive and self.kernel == "ard":
            raise PlasmonbenchError("predictive goes with kernel=isotropic")

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d); the first has the highest expected improvement."""
        return self.propose_beside(history, n, np.empty((0, self.space.dimension)))

    def propose_beside(self, history: History, n: int, pending: FloatArray) -> FloatArray:
        """Return n recipes for a round that holds the recipes ``pending`` (m, d) already."""
        if not len(history):
            return self.initial_design(n)
        rng = self.rng(history)
        recipes, losses = readable_losses(history)
        if not len(losses):  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, rng)
        points = self.space.to_unit(recipes)
        model = self._model(points, losses, history)
        if self.incumbent == "model":
            best = float(model.mean(torch.tensor(points)).min())
        else:
            best = float(losses.min())
        widths = torch.tensor(self._widths())
        acquisition = PenalizedEI(
            model,
            best,
            lipschitz=lipschitz_constant(model, self.space, rng, widths=widths),
            xi=self.xi + self.jitter * float(losses.std()),
            widths=widths,
        )
        batch = acquisition.batch(
            self.space,
            n,
            rng,
            pending=self.space.to_unit(pending),
            min_distance=self.min_distance,
        )
        return self.space.project(self.space.from_unit(batch))

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the mean of the Gaussian process; None before a loss can be read."""
        recipes, losses = readable_losses(history)
        if not len(losses):
            return None
        return of_recipes(
            self._model(self.space.to_unit(recipes), losses, history).mean_at, self.space
        )

    def _model(self, points: FloatArray, losses: FloatArray, history: History) -> GaussianProcess:
        variances = median_variances(history) if self.noise == "replicates" else None
        if self.kernel == "ard":  # scales its axes itself, whatever their units
            return GaussianProcess.fit(points, losses, variances)
        return fit_isotropic(
            points, losses, self._widths(), variances=variances, predictive=self.predictive
        )

    def _widths(self) -> FloatArray:
        """Return the length of each axis (d,) in the units of ``inputs``."""
        if self.inputs == "unit":
            return np.ones(self.space.dimension)
        return self.space.upper - self.space.lower
