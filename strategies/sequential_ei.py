"""Gaussian process of scikit-optimize and expected improvement, one recipe at a time.

The planner of pool benchmarks such as Liang et al., npj Comput. Mater. 7:188 (2021).
"""

import warnings
from typing import ClassVar, Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from skopt.acquisition import gaussian_ei
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import ConstantKernel, Matern

from plasmonbench import FloatArray, History, PredictedLoss, check_ranges
from strategies.models.loss_planner import LossPlanner
from strategies.models.readings import readable_losses
from strategies.models.search import perturb, starting_points
from strategies.models.spread import apart


class SequentialEI(LossPlanner):
    """Maximise expected improvement below the lowest median loss.

    Parameters
    ----------
    batch
        "single": rounds of one recipe after the first; "constant-liar": whole rounds, where each
        chosen recipe counts as measured at the lowest loss so far (Ginsbourger et al. 2010).
    xi
        Improvement asked for, in standard deviations of the losses.
    restarts
        Random starts of the fit beside the default one.
    """

    batch: Literal["single", "constant-liar"] = "single"
    xi: float = 0.01
    restarts: int = 1

    surrogate: ClassVar[str] = "Gaussian process"

    def __post_init__(self) -> None:
        check_ranges({"xi": (self.xi, 0, 10), "restarts": (self.restarts, 0, 1000)})

    def round_size(self, history: History, n: int) -> int:
        """Return 1 after the first round, unless whole rounds are asked for."""
        return 1 if self.batch == "single" and len(history) else n

    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d); the first maximises expected improvement."""
        recipes, losses = readable_losses(history)
        points = self.space.to_unit(recipes)
        scale = losses.std() if losses.std() > 1e-12 else 1.0
        values = (losses - losses.mean()) / scale
        pool = starting_points(self.space, 1000, rng)
        model = self._fit(points, values, rng)
        chosen = np.empty((0, self.space.dimension))
        for _ in range(n):
            if len(chosen):  # believe the lies, with the hyperparameters of the true data
                lies = np.full(len(chosen), values.min())
                model = _refit(
                    model, np.concatenate([points, chosen]), np.concatenate([values, lies])
                )
            chosen = np.concatenate([chosen, self._best(model, values.min(), pool, chosen, rng)])
        return self.space.project(self.space.from_unit(chosen))

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss:
        """Return the mean of the Gaussian process at points (k, d) of the unit cube."""
        recipes, losses = readable_losses(history)
        scale = losses.std() if losses.std() > 1e-12 else 1.0
        values = (losses - losses.mean()) / scale
        model = self._fit(self.space.to_unit(recipes), values, rng)
        return lambda points: np.asarray(losses.mean() + scale * model.predict(points))

    def _fit(
        self, points: FloatArray, values: FloatArray, rng: np.random.Generator
    ) -> GaussianProcessRegressor:
        kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(
            np.ones(self.space.dimension), [(1e-2, 1e2)] * self.space.dimension, nu=2.5
        )
        model = GaussianProcessRegressor(
            kernel,
            noise="gaussian",
            n_restarts_optimizer=self.restarts,
            random_state=int(rng.integers(2**31)),
        )
        with warnings.catch_warnings():
            # Says that a length scale or the noise lies at its bound (an inert axis, constant
            # losses) or that L-BFGS stopped early; the best hyperparameters found still stand.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(points, values)

    def _best(
        self,
        model: GaussianProcessRegressor,
        lowest: float,
        pool: FloatArray,
        chosen: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return the point (1, d) of the highest expected improvement."""

        def improvement(points: FloatArray) -> FloatArray:
            return np.asarray(gaussian_ei(points, model, lowest, self.xi), dtype=np.float64)

        values = improvement(pool)
        points = pool
        if self.space.candidates is None:
            top = pool[np.argsort(-values, kind="stable")[:10]]
            climbed = perturb(improvement, top, self.space, rng, steps=12, children=20)
            points = np.concatenate([climbed, pool])
            values = np.concatenate([improvement(climbed), values])
        free = apart(points, chosen, 1e-6)
        return points[[np.where(free, values, -np.inf).argmax()]]


def _refit(
    model: GaussianProcessRegressor, points: FloatArray, values: FloatArray
) -> GaussianProcessRegressor:
    """Return a model of the same hyperparameters on other data."""
    # scikit-optimize sets the noise of a fitted kernel to 0 and keeps it in `noise_`.
    refit = GaussianProcessRegressor(model.kernel_.k1, noise=model.noise_, optimizer=None)
    return refit.fit(points, values)
