"""TuRBO: Thompson sampling in a trust region that grows with success and shrinks without.

TuRBO-1 of Eriksson et al., "Scalable global optimization via local Bayesian optimization",
NeurIPS 2019.
"""

from math import inf
from typing import ClassVar

import torch

from plasmonbench import FloatArray, History, PredictedLoss, Strategy, check_ranges
from strategies.models.gp import GaussianProcess
from strategies.models.loss_planner import of_recipes
from strategies.models.paths import PosteriorPaths
from strategies.models.trust_region import TrustRegion


class Turbo(Strategy):
    """Minimise draws from a Gaussian process within a box around the best recipe.

    The region and its data are read from the history each round, so that a resumed campaign goes
    on as if it had never stopped. A region that has shrunk to nothing is given up, and another
    begins with a Latin hypercube.

    Parameters
    ----------
    samples
        Random feasible points of the region on which the draws are looked at.
    min_distance
        Least distance between recipes of a batch in the unit cube, halved where the region has no
        room for it.
    """

    samples: int = 2000
    min_distance: float = 0.02

    surrogate: ClassVar[str] = "Gaussian process of the trust region"

    def __post_init__(self) -> None:
        check_ranges({"samples": (self.samples, 1, inf), "min_distance": (self.min_distance, 0, 1)})

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d), in no order of merit."""
        if not len(history):
            return self.initial_design(n)
        rng = self.rng(history)
        region = TrustRegion.after(history)
        if region.fresh:
            return self.space.latin_hypercube(n, rng)
        points, model = self._model(history, region)
        # The lowest mean of the model instead of the lowest reading, which is partly luck.
        mean = model.mean(torch.tensor(points)).numpy()
        centre = points[mean.argmin()]
        if self.space.candidates is None:  # made before the bounds were moved, perhaps
            centre = self.space.to_unit(self.space.project(self.space.from_unit(centre[None])))[0]
        pool = region.pool(
            self.space,
            centre,
            model.lengthscales.numpy(),
            max(self.samples, 2 * n),
            rng,
            least=2 * n,
        )
        batch = PosteriorPaths.draw(model, n, rng).minima(
            self.space, pool, min_distance=self.min_distance
        )
        return self.space.project(self.space.from_unit(batch))

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the mean of the Gaussian process; None where a region is about to begin anew.

        It was taught the recipes of the region alone: far from them it expects their mean.
        """
        region = TrustRegion.after(history)
        if region.fresh:
            return None
        return of_recipes(self._model(history, region)[1].mean_at, self.space)

    def _model(self, history: History, region: TrustRegion) -> tuple[FloatArray, GaussianProcess]:
        """Return the points (m, d) of the region's recipes and the model of their losses."""
        points = self.space.to_unit(history.recipes[region.member])
        return points, GaussianProcess.fit(points, history.median_loss[region.member])

    def explain(self, history: History) -> dict[str, float]:
        """Return the side of the region in the unit cube and how many recipes it has seen."""
        region = TrustRegion.after(history)
        return {"region_length": region.length, "region_recipes": float(region.member.sum())}
