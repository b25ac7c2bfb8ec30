"""How every planner begins that learns from losses alone."""

from abc import abstractmethod

import numpy as np

from plasmonbench import FloatArray, History, Strategy
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

    @abstractmethod
    def plan(self, history: History, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n recipes, shape (n, d), after a history with a readable loss."""
