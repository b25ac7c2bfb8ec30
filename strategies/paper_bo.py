"""The Bayesian optimisation of the real campaign, as it was: GPyOpt's defaults on raw units.

Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021).
"""

from typing import Literal

from strategies.local_penalization import LocalPenalization


class PaperBO(LocalPenalization):
    """Local penalization with one length scale for % and uL/min alike, and jitter 0.1.

    A difference of 10 uL/min counts as much as one of 10 %, so that the flow of a good recipe is
    hardly ever left again: in the real campaign, runs 6 to 8 stayed at 787-818 uL/min. Knobs: see
    `strategies.local_penalization.LocalPenalization`, of which this is a setting.
    """

    kernel: Literal["ard", "isotropic"] = "isotropic"
    inputs: Literal["unit", "raw"] = "raw"
    jitter: float = 0.1
    predictive: bool = True
    min_distance: float = 0.01
