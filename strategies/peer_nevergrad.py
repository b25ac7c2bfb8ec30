"""nevergrad: differential evolution or a (1+1) evolution strategy, from the recipes so far.

Its constraint is "cheap": proposals that break it are drawn again a number of times.
"""

from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, small_seed, unless_missing

with unless_missing("nevergrad"):
    import nevergrad


class PeerNevergrad(Peer):
    """Tell one of nevergrad's optimizers the history and ask for the batch.

    Parameters
    ----------
    optimizer
        Name in nevergrad's registry. Its own choice, "NGOpt", is not among them: with NumPy 2.4
        it raises a TypeError (it turns an array of one element into a float). Nor are CMA, PSO
        and TBPSA, which hardly learn from recipes that they did not ask for themselves.
    """

    optimizer: Literal["TwoPointsDE", "DE", "OnePlusOne"] = "TwoPointsDE"

    modules: ClassVar[tuple[str, ...]] = ("nevergrad",)
    extra: ClassVar[str] = "nevergrad"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        matrix, limits = self.space.unit_inequalities
        recipe = nevergrad.p.Array(shape=(points.shape[1],), lower=0.0, upper=1.0)
        recipe.random_state = np.random.RandomState(small_seed(rng))

        def room(x: FloatArray) -> float:
            return float((limits - matrix @ x).min())

        if len(matrix):
            recipe.register_cheap_constraint(room)
        optimizer = nevergrad.optimizers.registry[self.optimizer](
            parametrization=recipe, budget=len(points) + n, num_workers=n
        )
        for point, loss in zip(np.clip(points, 0, 1), losses.tolist(), strict=True):
            optimizer.tell(recipe.spawn_child(new_value=point), loss)
        return np.array([optimizer.ask().value for _ in range(n)])
