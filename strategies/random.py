"""Uniform random search, the floor that every strategy must beat."""

from typing import ClassVar

from plasmonbench import FloatArray, History, Strategy


class RandomSearch(Strategy):
    """Draw feasible recipes uniformly."""

    learns: ClassVar[bool] = False

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n random recipes, shape (n, d)."""
        return self.space.sample(n, self.rng(history))
