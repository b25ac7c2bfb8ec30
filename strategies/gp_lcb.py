"""Gaussian process with a length scale per axis and a lower confidence bound.

The planner that found most of the best recipes in the pool benchmark of Liang et al., npj Comput.
Mater. 7:188 (2021). Whole rounds by GP-BUCB (Desautels, Krause & Burdick, J. Mach. Learn. Res. 15,
4053 (2014)): a recipe chosen for the round takes away variance, as if it had been measured.
"""

from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, History, PredictedLoss, check_ranges
from strategies.models.gp import GaussianProcess
from strategies.models.hallucination import hallucinated
from strategies.models.loss_planner import LossPlanner
from strategies.models.marginal_likelihood import fit_by_likelihood
from strategies.models.readings import median_variances, readable_losses
from strategies.models.search import ascend, starting_points
from strategies.models.spread import apart


class GpLcb(LossPlanner):
    """Choose where the loss may be lowest: posterior mean less ``kappa`` standard deviations.

    Parameters
    ----------
    kappa
        Standard deviations that an unknown recipe is credited with; 1 in Liang et al.
    batch
        "hallucinated": whole rounds; "single": rounds of one recipe after the first.
    fit
        Length scales by marginal "likelihood" alone, or held long by BoTorch's "priors".
    noise
        Noise of a median loss: one variance "inferred" by the model, or one for each recipe from
        the spread of its "replicates".
    min_distance
        Least distance between recipes of a round, in the unit cube.
    """

    kappa: float = 1.0
    batch: Literal["hallucinated", "single"] = "hallucinated"
    fit: Literal["likelihood", "priors"] = "likelihood"
    noise: Literal["inferred", "replicates"] = "inferred"
    min_distance: float = 0.02

    surrogate: ClassVar[str] = "Gaussian process"

    def __post_init__(self) -> None:
        check_ranges({"kappa": (self.kappa, 0, 100), "min_distance": (self.min_distance, 0, 1)})

    def round_size(self, history: History, n: int) -> int:
        """Return 1 after the first round, where recipes are asked for one by one."""
        return 1 if self.batch == "single" and len(history) else n

    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d); the first has the lowest bound of all."""
        model = self._model(history)
        pool = starting_points(self.space, 2000, rng)
        chosen = np.empty((0, self.space.dimension))
        for _ in range(n):
            point = self._lowest(hallucinated(model, chosen), pool, chosen)
            chosen = np.concatenate([chosen, point[None]])
        return self.space.project(self.space.from_unit(chosen))

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss:  # noqa: ARG002
        """Return the mean of the Gaussian process at points (k, d) of the unit cube."""
        return self._model(history).mean_at

    def _model(self, history: History) -> GaussianProcess:
        recipes, losses = readable_losses(history)
        variances = median_variances(history) if self.noise == "replicates" else None
        fit = fit_by_likelihood if self.fit == "likelihood" else GaussianProcess.fit
        return fit(self.space.to_unit(recipes), losses, variances)

    def _lowest(self, model: GaussianProcess, pool: FloatArray, chosen: FloatArray) -> FloatArray:
        """Return the point (d,) of the unit cube with the lowest bound, away from ``chosen``."""

        def credit(x: Tensor) -> Tensor:
            mean, deviation = model.mean_and_deviation(x)
            return self.kappa * deviation - mean

        with torch.no_grad():
            values = credit(torch.tensor(pool)).numpy()
            points = pool
            if self.space.candidates is None:
                with torch.enable_grad():
                    top = ascend(credit, pool[np.argsort(-values)[:8]], self.space, steps=30)
                points = np.concatenate([top, pool])
                values = np.concatenate([credit(torch.tensor(top)).numpy(), values])
        free = apart(points, chosen, self.min_distance)
        return np.asarray(points[np.where(free, values, -np.inf).argmax()])
