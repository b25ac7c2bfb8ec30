"""SMAC: Gaussian process or random forest, expected improvement and local search.

Its configuration spaces know no sum of axes: proposals that break the constraint are projected.
"""

import tempfile
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray
from strategies.models.ask_and_tell import Peer, only_errors_logged, small_seed, unless_missing

with unless_missing("smac", "ConfigSpace"):
    from ConfigSpace import Configuration, ConfigurationSpace, Float
    from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialInfo, TrialValue


class PeerSmac(Peer):
    """Tell SMAC's ask-and-tell facade the history and ask for the batch.

    SMAC gives out eight proposals of one search before it looks again, so a batch holds
    neighbours; those too near each other are moved apart and counted.

    Parameters
    ----------
    model
        "gp": SMAC's facade for black boxes; "rf": its random-forest facade.
    """

    model: Literal["gp", "rf"] = "gp"

    modules: ClassVar[tuple[str, ...]] = ("smac", "ConfigSpace")
    extra: ClassVar[str] = "smac"

    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d); see `Peer.ask`."""
        names = [f"x{k}" for k in range(points.shape[1])]
        seed = small_seed(rng)
        axes = ConfigurationSpace({name: Float(name, (0.0, 1.0)) for name in names}, seed=seed)
        facade = BlackBoxFacade if self.model == "gp" else HyperparameterOptimizationFacade
        # SMAC insists on a place for its files, and wonders that it has no initial design.
        with tempfile.TemporaryDirectory() as folder, only_errors_logged():
            scenario = Scenario(
                axes,
                output_directory=Path(folder),
                deterministic=True,
                n_trials=len(points) + n,
                seed=seed,
            )
            smac = facade(
                scenario,
                # The history is the initial design.
                initial_design=facade.get_initial_design(scenario, n_configs=0),
                intensifier=facade.get_intensifier(scenario, max_config_calls=1),
                logging_level=False,
                overwrite=True,
            )
            for point, loss in zip(np.clip(points, 0, 1).tolist(), losses.tolist(), strict=True):
                config = Configuration(axes, dict(zip(names, point, strict=True)))
                smac.tell(TrialInfo(config, seed=0), TrialValue(cost=loss), save=False)
            asked = [smac.ask().config for _ in range(n)]
        return np.array([[config[name] for name in names] for config in asked])
