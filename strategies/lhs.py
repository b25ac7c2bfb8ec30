"""A fresh Latin hypercube each round: space filling without learning."""

from typing import ClassVar

from plasmonbench import FloatArray, History, Strategy


class LatinHypercube(Strategy):
    """Draw a centred Latin hypercube each round."""

    learns: ClassVar[bool] = False

    def propose(self, history: History, n: int) -> FloatArray:
        """Return a Latin hypercube of n recipes, shape (n, d)."""
        if not len(history):
            return self.initial_design(n)
        return self.space.latin_hypercube(n, self.rng(history))
