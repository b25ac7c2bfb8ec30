"""The share of campaigns that reached a target, with Wilson's interval."""

from __future__ import annotations

from scipy.stats import binomtest

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import CONFIDENCE, Estimate


def success_share(reached: int, campaigns: int) -> Estimate:
    """Return the share of campaigns that reached a target.

    The 95 % interval is Wilson's score interval without continuity correction (J. Am. Stat.
    Assoc. 22, 209 (1927)), which stays within 0 and 1 and has a width even where all or none
    succeeded; so it is given from one campaign on.

    Raises
    ------
    PlasmonbenchError
        If there is no campaign, or not 0 to all of them reached it.
    """
    if campaigns < 1 or not 0 <= reached <= campaigns:
        raise PlasmonbenchError(f"{reached} of {campaigns} campaigns is no share")
    interval = binomtest(reached, campaigns).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(reached / campaigns, float(interval.low), float(interval.high))
