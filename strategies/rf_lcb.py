"""Random forest and lower confidence bound: the surrogate that pool benchmarks found strong.

Liang et al., npj Comput. Mater. 7:188 (2021), with the forests of scikit-optimize.
"""

from math import inf
from typing import ClassVar, Literal

import numpy as np
from skopt.learning import ExtraTreesRegressor, RandomForestRegressor

from plasmonbench import FloatArray, History, PredictedLoss, check_ranges
from strategies.models.loss_planner import LossPlanner
from strategies.models.readings import readable_losses
from strategies.models.search import perturb, starting_points
from strategies.models.spread import apart

FORESTS = {"random-forest": RandomForestRegressor, "extra-trees": ExtraTreesRegressor}


class RandomForestLCB(LossPlanner):
    """Take the lowest ``mean - kappa * deviation`` of a forest, recipe by recipe.

    Each chosen recipe counts as measured at the forest's own mean there, and the forest is grown
    anew ("kriging believer", Ginsbourger et al. 2010).

    Parameters
    ----------
    forest
        "random-forest": each tree from a bootstrap sample, best splits; "extra-trees": random
        splits, which give a smoother mean and deviation.
    kappa
        Weight of the deviation. With 2 the forest explores so much that 80 recipes are too few for
        the optimum of an easy lab.
    trees
        In the forest.
    samples, starts
        Feasible points that are scored, and how many of the best are improved further.
    min_distance
        Least distance between recipes of a batch, in the unit cube.
    """

    forest: Literal["random-forest", "extra-trees"] = "extra-trees"
    kappa: float = 1.0
    trees: int = 100
    samples: int = 1000
    starts: int = 10
    min_distance: float = 0.05

    surrogate: ClassVar[str] = "forest"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "kappa": (self.kappa, 0, inf),
                "trees": (self.trees, 2, inf),
                "samples": (self.samples, 1, inf),
                "starts": (self.starts, 1, inf),
                "min_distance": (self.min_distance, 0, 1),
            }
        )

    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d); the first has the lowest bound."""
        recipes, values = readable_losses(history)
        points = self.space.to_unit(recipes)
        pool = starting_points(self.space, max(self.samples, 2 * n), rng)
        chosen = np.empty((0, self.space.dimension))
        for _ in range(n):
            model = self._grown(points, values, rng)
            new = self._lowest(model, pool, chosen, rng)
            chosen = np.concatenate([chosen, new])
            points = np.concatenate([points, new])
            values = np.concatenate([values, model.predict(new)])
        return self.space.project(self.space.from_unit(chosen))

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss:
        """Return the mean of a forest at points (k, d) of the unit cube."""
        recipes, losses = readable_losses(history)
        model = self._grown(self.space.to_unit(recipes), losses, rng)
        return lambda points: np.asarray(model.predict(points), dtype=np.float64)

    def _grown(
        self, points: FloatArray, values: FloatArray, rng: np.random.Generator
    ) -> RandomForestRegressor | ExtraTreesRegressor:
        # skopt's deviation adds the spread of means and the variance inside the leaves.
        model = FORESTS[self.forest](
            self.trees, min_samples_leaf=1, n_jobs=1, random_state=int(rng.integers(2**31))
        )
        return model.fit(points, values)

    def _lowest(
        self,
        model: RandomForestRegressor | ExtraTreesRegressor,
        pool: FloatArray,
        chosen: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return the point (1, d) of the lowest bound."""

        def promise(points: FloatArray) -> FloatArray:
            mean, deviation = model.predict(points, return_std=True)
            return np.asarray(self.kappa * deviation - mean, dtype=np.float64)

        points, values = pool, promise(pool)
        if self.space.candidates is None:
            best = pool[np.argsort(-values, kind="stable")[: self.starts]]
            climbed = perturb(promise, best, self.space, rng, steps=8, children=10)
            points = np.concatenate([climbed, pool])
            values = np.concatenate([promise(climbed), values])
        free = apart(points, chosen, self.min_distance)
        return points[[np.where(free, values, -np.inf).argmax()]]
