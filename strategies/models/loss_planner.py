"""How every planner begins that learns from losses alone."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from plasmonbench import FloatArray, History, PredictedLoss, RecipeSpace, Strategy
from strategies.models.readings import readable_losses


class LossPlanner(Strategy):
    """Fill the space until a loss can be read, then `plan`."""

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d)."""
        if not len(history):
            return self.initial_design(n)
        rng = self.rng(history)
        if not len(readable_losses(history)[1]):  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, rng)
        return self.plan(history, n, rng)

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the mean of the model; None before a loss can be read, or without a model."""
        if not len(readable_losses(history)[1]):
            return None
        mean = self.model_mean(history, self.rng(history))
        return None if mean is None else of_recipes(mean, self.space)

    def model_mean(self, history: History, rng: np.random.Generator) -> PredictedLoss | None:  # noqa: ARG002
        """Return what maps points (k, d) of the unit cube to mean losses (k,), after a fit."""
        return None

    @abstractmethod
    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d), after a history with a readable loss."""


def of_recipes(of_points: Callable[[FloatArray], FloatArray], space: RecipeSpace) -> PredictedLoss:
    """Return a function of points (k, d) of the unit cube as one of recipes."""
    return lambda recipes: of_points(space.to_unit(recipes))
