"""scikit-optimize: its own Gaussian process or forest, whole batches by constant liar.

Its points are drawn within the constraint; the Gaussian process then climbs from them by L-BFGS,
which does not know of it.
"""

import warnings
from typing import Literal

import numpy as np
from skopt import Optimizer

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, small_seed


class PeerSkopt(Peer):
    """Tell a `skopt.Optimizer` the history and let it ask for the batch.

    Parameters
    ----------
    model
        Surrogate: "GP" (Gaussian process), "RF" (random forest) or "ET" (extra trees).
    liar
        What a recipe asked for already counts as: the "min", "mean" or "max" loss so far.
    """

    model: Literal["GP", "RF", "ET"] = "GP"
    liar: Literal["min", "mean", "max"] = "min"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        matrix, limits = self.space.unit_inequalities

        def feasible(point: list[float]) -> bool:
            return bool(np.all(matrix @ np.array(point) <= limits + 1e-9))

        optimizer = Optimizer(
            [(0.0, 1.0)] * points.shape[1],
            base_estimator=self.model,
            n_initial_points=1,
            random_state=small_seed(rng),
            space_constraint=feasible if len(matrix) else None,
        )
        with warnings.catch_warnings():
            # Says that a recipe was asked for before, which the record tells as respaced.
            warnings.filterwarnings("ignore", "The objective has been evaluated at", UserWarning)
            optimizer.tell(np.clip(points, 0, 1).tolist(), losses.tolist())
            return np.array(optimizer.ask(n_points=n, strategy=f"cl_{self.liar}"))
