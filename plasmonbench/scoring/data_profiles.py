"""Data profiles: the share of all (problem, seed, level) pairs solved after so many recipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from plasmonbench.arrays import FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.scores import times_to_target


def data_profiles(
    campaigns: Iterable[StoredCampaign], problems: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Return the profile of every strategy over all target levels, as a step function.

    Moré and Wild, SIAM J. Optim. 20, 172 (2009), with the budget in recipes instead of simplex
    gradients. Every problem weighs the same, whatever its number of seeds, and so does each of
    its (seed, level) pairs; only problems that all strategies were run on count, for others would
    show who was given the easy ones. A failed campaign solves nothing.

    Parameters
    ----------
    campaigns
        Of one or more problems.
    problems
        The manifest's entry for each problem; those without target levels are left out.

    Returns
    -------
    DataFrame
        Columns ``strategy``, ``recipes``, ``share`` (solved at or below so many recipes; it holds
        until the next row of the strategy), ``pairs`` (how many there are) and ``problems``. Each
        strategy begins with 0 recipes and ends at the largest budget.

    Raises
    ------
    PlasmonbenchError
        If no problem with a target level was tried by all strategies.
    """
    groups = _by_strategy_and_problem(campaigns, problems)
    common = set.intersection(*(set(one) for one in groups.values())) if groups else set()
    if not common:
        raise PlasmonbenchError(
            "a data profile needs a problem with target levels that every strategy was run on"
        )
    last = max(float(problems[name]["recipe_budget"]) for name in common)
    frames = []
    for strategy, by_problem in groups.items():
        needed = [_recipes_needed(by_problem[name], problems[name]) for name in sorted(common)]
        made = np.unique(np.concatenate([[0.0, last], *needed]))
        made = made[np.isfinite(made)]
        solved = [(one[:, None] <= made).mean(axis=0) for one in needed]
        frames.append(
            pd.DataFrame(
                {
                    "strategy": strategy,
                    "recipes": made.astype(np.int64),
                    "share": np.mean(solved, axis=0),
                    "pairs": sum(len(one) for one in needed),
                    "problems": len(common),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _by_strategy_and_problem(
    campaigns: Iterable[StoredCampaign], problems: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, list[StoredCampaign]]]:
    groups: dict[str, dict[str, list[StoredCampaign]]] = {}
    for campaign in campaigns:
        if problems[campaign.problem]["levels"]:
            by_problem = groups.setdefault(campaign.strategy, {})
            by_problem.setdefault(campaign.problem, []).append(campaign)
    return groups


def _recipes_needed(campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any]) -> FloatArray:
    """Return the recipes needed for each (seed, level) pair; infinite where it was never solved."""
    needed = []
    for entry in settings["levels"]:
        times, reached = times_to_target(campaigns, settings, entry["name"])
        needed.append(np.where(reached, times, np.inf))
    return np.concatenate(needed)
