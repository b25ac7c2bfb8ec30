"""Gaussian process, expected improvement and local penalization: the campaign's BO, scaled axes.

Kin to the planner of Mekki-Berrada et al. 2021 (GPyOpt), but with one length scale per axis of
the unit cube, where theirs had a single one on raw units.
"""

from typing import Literal

import numpy as np
import torch

from plasmonbench import FloatArray, History, Strategy, check_ranges
from strategies.models.gp import GaussianProcess
from strategies.models.penalized_ei import PenalizedEI, lipschitz_constant
from strategies.models.readings import median_variances, readable_losses


class LocalPenalization(Strategy):
    """Choose a batch greedily by expected improvement, penalised around what is chosen already.

    Parameters
    ----------
    xi
        Improvement asked for, in units of the loss; the campaign had 0.1 of standardised loss.
    noise
        Noise of a median loss: one variance "inferred" by the model, or one for each recipe from
        the spread of its "replicates".
    incumbent
        What counts as reached: the lowest "model" mean at a measured recipe, or the lowest
        "measured" median, which noise makes too low.
    min_distance
        Least distance between recipes of a batch, in the unit cube.
    """

    xi: float = 0.0
    noise: Literal["inferred", "replicates"] = "inferred"
    incumbent: Literal["model", "measured"] = "model"
    min_distance: float = 0.05

    def __post_init__(self) -> None:
        check_ranges({"xi": (self.xi, 0, 1), "min_distance": (self.min_distance, 0, 1)})

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
        variances = median_variances(history) if self.noise == "replicates" else None
        model = GaussianProcess.fit(points, losses, variances)
        if self.incumbent == "model":
            best = float(model.mean(torch.tensor(points)).min())
        else:
            best = float(losses.min())
        lipschitz = lipschitz_constant(model, self.space, rng)
        acquisition = PenalizedEI(model, best, lipschitz, self.xi)
        batch = acquisition.batch(
            self.space,
            n,
            rng,
            pending=self.space.to_unit(pending),
            min_distance=self.min_distance,
        )
        return self.space.project(self.space.from_unit(batch))
