"""Batch Thompson sampling: every recipe of a round minimises its own draw from the posterior.

Thompson 1933; in batches: Kandasamy et al., AISTATS 2018; paths of the posterior: Wilson et al.,
ICML 2020.
"""

from math import inf
from typing import ClassVar

import numpy as np

from plasmonbench import FloatArray, History, PredictedLoss, check_ranges
from strategies.models.gp import GaussianProcess
from strategies.models.loss_planner import LossPlanner
from strategies.models.paths import PosteriorPaths
from strategies.models.readings import readable_losses
from strategies.models.search import starting_points


class Thompson(LossPlanner):
    """Draw as many functions from a Gaussian process as recipes are asked; minimise each.

    Parameters
    ----------
    samples
        Random feasible points on which each function is looked at first.
    starts
        From so many of the lowest each function is descended.
    features
        Fourier features of the draws.
    min_distance
        Least distance between recipes of a batch, in the unit cube.
    """

    samples: int = 2000
    starts: int = 3
    features: int = 1024
    min_distance: float = 0.02

    surrogate: ClassVar[str] = "Gaussian process"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "samples": (self.samples, 1, inf),
                "starts": (self.starts, 0, self.samples),
                "features": (self.features, 1, inf),
                "min_distance": (self.min_distance, 0, 1),
            }
        )

    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d), in no order of merit."""
        paths = PosteriorPaths.draw(self._model(history), n, rng, features=self.features)
        batch = paths.minima(
            self.space,
            starting_points(self.space, max(self.samples, 2 * n), rng),
            min_distance=self.min_distance,
            starts=self.starts,
        )
        return self.space.project(self.space.from_unit(batch))

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss:  # noqa: ARG002
        """Return the mean of the Gaussian process at points (k, d) of the unit cube."""
        return self._model(history).mean_at

    def _model(self, history: History) -> GaussianProcess:
        recipes, losses = readable_losses(history)
        return GaussianProcess.fit(self.space.to_unit(recipes), losses)
