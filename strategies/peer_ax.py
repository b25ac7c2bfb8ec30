"""Ax: its default Bayesian optimisation (log noisy expected improvement, by BoTorch).

It honours the constraint itself.
"""

import warnings
from typing import ClassVar

import numpy as np

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, only_errors_logged, small_seed, unless_missing

with unless_missing("ax"), only_errors_logged():
    # Ax imports modules of its own by their old names; linear_operator compiles with
    # torch.jit.script, which torch calls old.
    warnings.filterwarnings("ignore", r"ax\.service\..* has been moved", DeprecationWarning)
    warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated", DeprecationWarning)
    from ax.api.client import Client
    from ax.api.configs import RangeParameterConfig


class PeerAx(Peer):
    """Attach the history to an Ax client as finished trials and ask for the next ones."""

    modules: ClassVar[tuple[str, ...]] = ("ax",)
    extra: ClassVar[str] = "ax"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        names = [f"x{k}" for k in range(points.shape[1])]
        seed = small_seed(rng)
        with only_errors_logged(), warnings.catch_warnings():
            # Says that Ax itself calls pandas and its own modules in ways that they call old.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"ax\.")
            warnings.filterwarnings("ignore", category=PendingDeprecationWarning, module=r"ax\.")
            # Says that losses that do not vary cannot be standardised.
            warnings.filterwarnings("ignore", "Data .outcome observations. is not standardized")
            client = Client(random_seed=seed)
            client.configure_experiment(
                [RangeParameterConfig(name, (0.0, 1.0), "float") for name in names],
                parameter_constraints=self._constraints(names),
            )
            client.configure_optimization("-loss")
            # The history is the initial design: straight to Bayesian optimisation.
            client.configure_generation_strategy(
                initialization_budget=0, initialize_with_center=False
            )
            for point, loss in zip(np.clip(points, 0, 1).tolist(), losses.tolist(), strict=True):
                index = client.attach_trial(dict(zip(names, point, strict=True)))
                client.complete_trial(index, {"loss": loss})
            trials = client.get_next_trials(n)
        return np.array([[trial[name] for name in names] for trial in trials.values()], dtype=float)

    def _constraints(self, names: list[str]) -> list[str]:
        matrix, limits = self.space.unit_inequalities
        return [
            " + ".join(
                f"{weight!r} * {name}" for weight, name in zip(row, names, strict=True) if weight
            )
            + f" <= {limit!r}"
            for row, limit in zip(matrix.tolist(), limits.tolist(), strict=True)
        ]
