"""BayBE: Gaussian process and log noisy expected improvement, by BoTorch, with its own defaults.

It honours the constraint and finite sets itself.
"""

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, small_seed, unless_missing

with unless_missing("baybe"):
    # linear_operator compiles with torch.jit.script as it is imported; torch calls that old.
    warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated", DeprecationWarning)
    import botorch  # noqa: F401 - BayBE imports it later, where the warning would come through
    from baybe import Settings
    from baybe.constraints import ContinuousLinearConstraint
    from baybe.parameters import NumericalContinuousParameter
    from baybe.recommenders import BotorchRecommender
    from baybe.searchspace import SearchSpace, SubspaceDiscrete
    from baybe.targets import NumericalTarget


class PeerBaybe(Peer):
    """Give BayBE's `BotorchRecommender` the history as measurements and ask for the batch."""

    modules: ClassVar[tuple[str, ...]] = ("baybe",)
    extra: ClassVar[str] = "baybe"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        names = [f"x{k}" for k in range(points.shape[1])]
        measured = pd.DataFrame(points, columns=names).assign(loss=losses)
        with Settings(random_seed=small_seed(rng)), warnings.catch_warnings():
            # Says that losses that do not vary cannot be standardised.
            warnings.filterwarnings("ignore", "Data .outcome observations. is not standardized")
            batch = BotorchRecommender().recommend(
                n,
                self._search_space(names),
                NumericalTarget("loss", minimize=True).to_objective(),
                measured,
            )
        return np.asarray(batch[names], dtype=np.float64)

    def _search_space(self, names: list[str]) -> "SearchSpace":
        if self.space.candidates is not None:
            candidates = self.space.to_unit(self.space.candidates)
            table = pd.DataFrame(candidates, columns=names)
            return SearchSpace(discrete=SubspaceDiscrete.from_dataframe(table))
        return SearchSpace.from_product(
            [NumericalContinuousParameter(name, (0, 1)) for name in names],
            [
                ContinuousLinearConstraint(names, "<=", row.tolist(), float(limit))
                for row, limit in zip(*self.space.unit_inequalities, strict=True)
            ],
        )
