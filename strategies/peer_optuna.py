"""Optuna: tree-structured Parzen estimator, Gaussian process or CMA-ES, as it comes.

Optuna has no constraints on inputs: its first two samplers are told how far each recipe is from
breaking the inequalities and learn them as they would an unknown outcome; CMA-ES does not listen.
"""

import warnings
from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, only_errors_logged, small_seed, unless_missing

with unless_missing("optuna"):
    import optuna
    from optuna.exceptions import ExperimentalWarning


class PeerOptuna(Peer):
    """Tell Optuna the history as finished trials and ask for a batch of running ones.

    Parameters
    ----------
    sampler
        "tpe" and "gp" know of the recipes asked for already (constant liar; joint log EI);
        "cmaes" samples one generation of the batch's size around the best tenth of the recipes
        (warm-started CMA-ES, Nomura et al., AAAI 2021); with fewer than ten, around the middle.
    """

    sampler: Literal["tpe", "gp", "cmaes"] = "tpe"

    modules: ClassVar[tuple[str, ...]] = ("optuna", "cmaes")
    extra: ClassVar[str] = "optuna"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        axes = {
            f"x{k}": optuna.distributions.FloatDistribution(0, 1) for k in range(points.shape[1])
        }
        told = [
            optuna.trial.create_trial(
                params=dict(zip(axes, row.tolist(), strict=True)),
                distributions=axes,
                value=float(loss),
                constraints=self._excess(row),
            )
            # Rounding may leave a recipe at a bound just outside of it.
            for row, loss in zip(np.clip(points, 0, 1), losses, strict=True)
        ]
        with only_errors_logged(), warnings.catch_warnings():
            # Says that CMA-ES's warm start may change in a later version.
            warnings.simplefilter("ignore", ExperimentalWarning)
            study = optuna.create_study(sampler=self._sampler(told, n, small_seed(rng)))
            study.add_trials(told)
            asked = np.empty((n, len(axes)))
            for row in asked:
                trial = study.ask(axes)
                row[:] = [trial.params[name] for name in axes]
                for name, excess in self._excess(row).items():
                    trial.set_constraint(name, excess)
        return asked

    def _excess(self, point: FloatArray) -> dict[str, float]:
        """Return by how much a point (d,) breaks each inequality; at most 0 if it keeps it."""
        matrix, limits = self.space.unit_inequalities
        return {f"c{k}": value for k, value in enumerate((matrix @ point - limits).tolist())}

    def _sampler(
        self, told: "list[optuna.trial.FrozenTrial]", n: int, seed: int
    ) -> "optuna.samplers.BaseSampler":
        if self.sampler == "tpe":
            return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        if self.sampler == "gp":
            return optuna.samplers.GPSampler(seed=seed)
        size = max(n, 5)  # CMA-ES needs a few to a generation
        # The best tenth of fewer than ten is nobody.
        source = told if len(told) >= 10 else None
        return optuna.samplers.CmaEsSampler(seed=seed, popsize=size, source_trials=source)
