"""The two steps of the real campaign as they were: its own BO, its own training of the network.

Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021).
"""

from dataclasses import asdict

from strategies.dnn_grid import DnnGrid
from strategies.local_penalization import LocalPenalization
from strategies.models.network import CAMPAIGN_TRAINING
from strategies.paper_bo import PaperBO
from strategies.two_step import TwoStep


class PaperTwoStep(TwoStep):
    """`two-step` with `paper-bo` as its first step and 1000 epochs of training in its second.

    Knobs: see `strategies.two_step.TwoStep`. The grid is searched from a sample of it, which finds
    the same points as scoring all 3.2 million.
    """

    def optimiser(self) -> LocalPenalization:
        """Return the first step: GPyOpt's defaults on raw units."""
        return PaperBO(space=self.space, loss=self.loss, seed=self.seed)

    def dnn(self) -> DnnGrid:
        """Return the second step: the campaign's training, and the grid."""
        return DnnGrid(
            space=self.space, loss=self.loss, seed=self.seed, **asdict(CAMPAIGN_TRAINING)
        )
