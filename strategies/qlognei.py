"""Noisy expected improvement of a whole round, by BoTorch: qLogNEI, greedily.

Ament et al., NeurIPS 2023; Balandat et al., "BoTorch", NeurIPS 2020.
"""

from torch import Tensor

from strategies.models.quiet_botorch import (
    AcquisitionFunction,
    SingleTaskGP,
    SobolQMCNormalSampler,
    qLogNoisyExpectedImprovement,
)
from strategies.qlogei import QLogEI


class QLogNEI(QLogEI):
    """The same search as `qlogei`, with improvement upon what the measured recipes may truly be.

    The loss to improve upon is not a number but drawn with the rest, jointly at all measured
    recipes, so that no lucky reading passes for progress. Knobs: see `strategies.qlogei.QLogEI`.
    """

    def acquisition(
        self,
        model: SingleTaskGP,
        sampler: SobolQMCNormalSampler,
        measured: Tensor,
        pending: Tensor | None,
    ) -> AcquisitionFunction:
        """Return what a recipe adds to the round, given the points chosen for it already."""
        return qLogNoisyExpectedImprovement(
            model, measured, sampler=sampler, X_pending=pending, prune_baseline=True
        )
