"""In which order strategies stand in figures, and which of many stand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.scores import score_campaigns
from plasmonbench.strategy import BOUND_MARK

FOREMOST = 6
"""Curves in one panel that can still be told apart; those behind are thin and grey."""
SPOKEN_OF = 3
FLOOR = "random"
"""Stands out too, however far behind: what every strategy must beat."""


def best_first(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], level: str | None = None
) -> list[str]:
    """Return the strategies of a problem as scored, the best first and bounds last."""
    [problem] = {campaign.problem for campaign in campaigns}
    scores = score_campaigns(campaigns, {problem: settings}, level=level)
    names = [score.strategy for score in scores]
    return sorted(names, key=lambda name: name.endswith(BOUND_MARK))


def foremost(order: Sequence[str]) -> list[str]:
    """Return the strategies that are drawn in colour: the best few, bounds and the floor."""
    rivals = [name for name in order if not name.endswith(BOUND_MARK)]
    chosen = set(rivals[:FOREMOST]) | {FLOOR} | (set(order) - set(rivals))
    return [name for name in order if name in chosen]


def summary_order(order: Sequence[str]) -> list[str]:
    """Return the few strategies that a text names: the best three and the floor, if there is one.

    A text that names twenty is not read, and the table has them all.
    """
    if len(order) <= SPOKEN_OF + 1:
        return list(order)
    chosen = [name for name in order if not name.endswith(BOUND_MARK)][:SPOKEN_OF]
    return [*chosen, FLOOR] if FLOOR in order and FLOOR not in chosen else chosen
