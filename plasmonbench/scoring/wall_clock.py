"""Time to target on the clock: what the lab takes to make droplets and the planner to plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasmonbench.arrays import BoolArray, FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.scores import by_strategy, first_round_at, target_loss
from plasmonbench.scoring.survival import kaplan_meier_median


def seconds_to_target(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    seconds_per_droplet: float,
    level: str | None = None,
) -> tuple[FloatArray, BoolArray]:
    """Return how long campaigns took to a target level, and whether they reached it.

    Recipes made x droplets a recipe x seconds per droplet, and the planner's wall time of all
    rounds until then. What did not arrive, be it that it stopped or failed, is held to the time
    of the longest of these campaigns with its whole budget of droplets, so that nobody gains by
    giving up.

    Parameters
    ----------
    campaigns
        Of one strategy on one problem.
    settings
        The manifest's entry for the problem.
    seconds_per_droplet
        That the lab takes to make and measure a droplet, one after the other; 0 for the planner
        alone.
    level
        Name of the target level; None: the headline.

    Returns
    -------
    seconds, reached
        Shapes (n,).

    Raises
    ------
    PlasmonbenchError
        If the time per droplet is negative or not finite, or there is no such level.
    """
    if not 0 <= seconds_per_droplet < math.inf:
        raise PlasmonbenchError(
            f"the seconds per droplet must be finite and not negative, got {seconds_per_droplet}"
        )
    per_recipe = float(settings["replicates"]) * seconds_per_droplet
    loss = target_loss(settings, level)
    hits = [None if loss is None else first_round_at(campaign, loss) for campaign in campaigns]
    whole = max(
        (
            settings["recipe_budget"] * per_recipe + math.fsum(campaign.planner_wall_seconds)
            for campaign in campaigns
        ),
        default=0.0,
    )
    seconds = [
        whole
        if hit is None
        else campaign.recipes_by_round[hit] * per_recipe
        + math.fsum(campaign.planner_wall_seconds[: hit + 1])
        for campaign, hit in zip(campaigns, hits, strict=True)
    ]
    return np.array(seconds, dtype=np.float64), np.array([hit is not None for hit in hits])


def time_to_target(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    seconds_per_droplet: float,
    *,
    level: str | None = None,
) -> dict[str, Estimate]:
    """Return the median seconds to a target level by strategy, with its interval.

    Kaplan-Meier medians (`.survival`) of `seconds_to_target`; None: not reached by
    half of the campaigns.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings, seconds_per_droplet, level
        As in `seconds_to_target`.

    Raises
    ------
    PlasmonbenchError
        As `seconds_to_target`; if there is no campaign, or they are of several problems.
    """
    return {
        strategy: kaplan_meier_median(
            *seconds_to_target(group, settings, seconds_per_droplet, level)
        )
        for strategy, group in by_strategy(campaigns).items()
    }
