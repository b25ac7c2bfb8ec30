"""Expected improvement of a whole round, by BoTorch: qLogEI, greedily.

Ament et al., "Unexpected improvements to expected improvement", NeurIPS 2023.
"""

from math import inf
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, History, PredictedLoss, check_ranges
from strategies.models.botorch_batch import Climb, fit_negative, greedy_batch, own_torch_luck
from strategies.models.gp import GaussianProcess
from strategies.models.loss_planner import LossPlanner
from strategies.models.quiet_botorch import (
    AcquisitionFunction,
    SingleTaskGP,
    SobolQMCNormalSampler,
    qLogExpectedImprovement,
)
from strategies.models.readings import readable_losses


class QLogEI(LossPlanner):
    """Choose each recipe to raise the expected improvement of the round by the most.

    Improvement is upon the model's highest mean at a measured recipe; the linear constraint is
    honoured by the optimiser itself. Parameters of the search are a fraction of BoTorch's own
    (512 samples, 20 restarts, 200 steps), at a tenth of its time.

    Parameters
    ----------
    draws
        Quasi Monte Carlo draws from the joint posterior.
    samples, restarts, steps, min_distance
        See `strategies.models.botorch_batch.Climb`.
    """

    draws: int = 64
    samples: int = 512
    restarts: int = 2
    steps: int = 15
    min_distance: float = 0.02

    surrogate: ClassVar[str] = "Gaussian process"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "draws": (self.draws, 1, inf),
                "samples": (self.samples, 1, inf),
                "restarts": (self.restarts, 1, inf),
                "steps": (self.steps, 1, inf),
                "min_distance": (self.min_distance, 0, 1),
            }
        )

    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d); the first improves the most."""
        recipes, losses = readable_losses(history)
        points = self.space.to_unit(recipes)
        seed = int(rng.integers(2**31))
        climb = Climb(self.samples, self.restarts, self.steps, self.min_distance)
        with own_torch_luck(seed):
            model = fit_negative(points, losses)
            sampler = SobolQMCNormalSampler(torch.Size([self.draws]), seed=seed)
            measured = torch.tensor(points)
            batch = greedy_batch(
                lambda pending: self.acquisition(model, sampler, measured, pending),
                self.space,
                n,
                rng,
                climb,
            )
        return self.space.project(self.space.from_unit(batch))

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss:  # noqa: ARG002
        """Return the mean of the Gaussian process at points (k, d) of the unit cube.

        The fit of `plan` but for the sign, which prior and likelihood do not see.
        """
        recipes, losses = readable_losses(history)
        return GaussianProcess.fit(self.space.to_unit(recipes), losses).mean_at

    def acquisition(
        self,
        model: SingleTaskGP,
        sampler: SobolQMCNormalSampler,
        measured: Tensor,
        pending: Tensor | None,
    ) -> AcquisitionFunction:
        """Return what a recipe adds to the round, given the points chosen for it already."""
        with torch.no_grad():
            best = model.posterior(measured).mean.max()
        return qLogExpectedImprovement(model, best, sampler=sampler, X_pending=pending)
