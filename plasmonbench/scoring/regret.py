"""Simple regret: how much worse the recommended recipe is than the best one known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import (
    CONFIDENCE,
    LEAST_FOR_INTERVAL,
    Estimate,
    finite_or_none,
    percentile_interval,
    quantile,
    resampled_rows,
)
from plasmonbench.scoring.scores import by_strategy, finished

QUARTILES = (0.25, 0.75)


def regret_after(
    campaign: StoredCampaign, settings: Mapping[str, Any], recipes: IntArray
) -> FloatArray:
    """Return the simple regret that stood after so many recipes (m,), shape (m,).

    The noise-free loss of the recipe recommended at that time, less the best loss known: it may
    rise again, where a strategy changes its mind for the worse. A campaign that stopped keeps its
    last recommendation. Infinite before the first recommendation, and throughout for a campaign
    that failed.

    Raises
    ------
    PlasmonbenchError
        If no optimum of the problem is known.
    """
    optimum = settings["optimum_loss"]
    if optimum is None:
        raise PlasmonbenchError(
            f"no optimum of {campaign.problem} is known to measure regret by; find one with: "
            f"plasmonbench landscape '{campaign.problem}' --write"
        )
    if not finished(campaign):
        return np.full(len(recipes), np.inf)
    standing = np.searchsorted(campaign.recipes_by_round, recipes, side="right") - 1
    regret = np.array(campaign.true_loss) - optimum
    return np.where(standing >= 0, regret[np.maximum(standing, 0)], np.inf)


def regret_curves(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the median simple regret of every strategy against the recipes made.

    Counted in recipes, not rounds, so that strategies with other round sizes compare.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    rng
        Of the bootstrap of the median, over whole campaigns.

    Returns
    -------
    DataFrame
        Columns ``strategy``, ``recipes``, ``regret`` (median over seeds; it holds until the next
        row), ``low`` and ``high`` (quartiles: half of the campaigns lie between, which shows how
        they scatter), ``median_low`` and ``median_high`` (95 % interval of the median, which shows
        how well it is known; missing below `LEAST_FOR_INTERVAL` campaigns), ``campaigns`` and
        ``failed``. NaN is: beyond any figure, since too many failed. A curve begins where all of
        its campaigns have recommended something, and ends at the budget.

    Raises
    ------
    PlasmonbenchError
        If no optimum of the problem is known, or there is no campaign.
    """
    frames = []
    for strategy, group in by_strategy(campaigns).items():
        made = _when_it_changes(group, settings)
        regret = np.array([regret_after(one, settings, made) for one in group])
        low, high = (quantile(regret, share) for share in QUARTILES)
        median_low, median_high = _median_band(regret, rng)
        columns = {
            "regret": quantile(regret, 0.5),
            "low": low,
            "high": high,
            "median_low": median_low,
            "median_high": median_high,
        }
        frames.append(
            pd.DataFrame(
                {"strategy": strategy, "recipes": made}
                | {name: np.where(np.isfinite(x), x, np.nan) for name, x in columns.items()}
                | {"campaigns": len(group), "failed": sum(not finished(one) for one in group)}
            )
        )
    return pd.concat(frames, ignore_index=True)


def area_under_regret(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], rng: np.random.Generator
) -> dict[str, Estimate]:
    """Return, by strategy, the simple regret averaged over the recipes of a campaign.

    The area under a campaign's regret between its first full round (before which nobody need
    have recommended anything) and its budget, over its width: one number for how low it came and
    how soon, in units of the loss. The median over campaigns, with the 95 % interval of a
    bootstrap over whole campaigns; a failed campaign has an infinite area.

    Parameters
    ----------
    campaigns, settings, rng
        As in `regret_curves`.

    Raises
    ------
    PlasmonbenchError
        As `regret_curves`.
    """
    budget = int(settings["recipe_budget"])
    made = np.arange(min(int(settings["batch_size"]), budget), budget + 1)
    areas = {}
    for strategy, group in by_strategy(campaigns).items():
        own = np.array([regret_after(one, settings, made).mean() for one in group])
        value = finite_or_none(float(quantile(own, 0.5)))
        if len(own) < LEAST_FOR_INTERVAL:
            areas[strategy] = Estimate(value, None, None)
            continue
        medians = quantile(own[resampled_rows(len(own), rng)].T, 0.5)
        areas[strategy] = Estimate(value, *percentile_interval(medians))
    return areas


def _when_it_changes(group: Sequence[StoredCampaign], settings: Mapping[str, Any]) -> IntArray:
    """Return the numbers of recipes at which a recommendation may change, and the budget."""
    rounds = [one.recipes_by_round for one in group if finished(one)]
    budget = int(settings["recipe_budget"])
    begun = max((own[0] for own in rounds), default=budget)
    made = np.unique(np.concatenate([*rounds, [budget]])).astype(np.int64)
    return made[(made >= begun) & (made <= budget)]


def _median_band(regret: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the pointwise 95 % interval (m,) of the median of curves (n, m)."""
    n, points = regret.shape
    if n < LEAST_FOR_INTERVAL:
        return np.full(points, np.nan), np.full(points, np.nan)
    rows = resampled_rows(n, rng)
    medians = np.array([quantile(column[rows].T, 0.5) for column in regret.T])
    low, high = (quantile(medians.T, (1 + sign * CONFIDENCE) / 2) for sign in (-1, 1))
    return low, high
