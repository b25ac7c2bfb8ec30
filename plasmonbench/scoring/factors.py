"""How many times sooner, and how many times better, than random search on a simulated problem.

The factors of Liang et al., npj Comput. Mater. 7:188 (2021), where the whole landscape is not a
pool whose best can be counted. On recorded pools see `plasmonbench.scoring.pools`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasmonbench.arrays import BoolArray, FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import (
    LEAST_FOR_INTERVAL,
    Estimate,
    finite_or_none,
    percentile_interval,
    quantile,
    resampled_rows,
)
from plasmonbench.scoring.regret import regret_after
from plasmonbench.scoring.running_time import (
    expected_running_time,
    resampled_running_times,
    running_time_interval,
)
from plasmonbench.scoring.scores import by_strategy, times_to_target

REFERENCE = "random"


def acceleration_factors(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    rng: np.random.Generator,
    *,
    level: str | None = None,
    against: str = REFERENCE,
) -> dict[str, Estimate]:
    """Return AF by strategy: recipes that random search needs to a target level, over its own.

    Both are expected running times (`.running_time`), so that campaigns which never
    arrived have their say. The interval is a bootstrap over the whole campaigns of both. Where
    random search or the strategy never arrived at all the factor is None; where random search did
    not, ``low`` still says how large it must be at least, and where the strategy did not, ``high``
    how large at most.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    rng
        Of the resamples.
    level
        Name of the target level; None: the headline.
    against
        Name of the strategy that stands for random search.

    Raises
    ------
    PlasmonbenchError
        If there are no campaigns of ``against``, they are of several problems, or there is no
        such level.
    """
    groups = _groups(campaigns, against)
    reference = times_to_target(groups[against], settings, level)
    budget = float(settings["recipe_budget"])
    return {
        strategy: _acceleration(reference, times_to_target(group, settings, level), budget, rng)
        for strategy, group in groups.items()
        if strategy != against
    }


def enhancement_factors(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    rng: np.random.Generator,
    *,
    recipes: int | None = None,
    against: str = REFERENCE,
) -> dict[str, Estimate]:
    """Return EF by strategy: the regret of random search over its own after as many recipes.

    Both are medians over campaigns of the simple regret (`.regret`); the interval is
    a bootstrap over the whole campaigns of both. None where there is nothing to divide by: the
    strategy's regret is nothing, or most of its campaigns (or those of random search) failed.

    Parameters
    ----------
    campaigns, settings, rng, against
        As in `acceleration_factors`.
    recipes
        How many recipes have been made; None: the whole budget.

    Raises
    ------
    PlasmonbenchError
        If there are no campaigns of ``against``, they are of several problems, no optimum is
        known, or there are fewer recipes than a first round makes, or more than the budget.
    """
    groups = _groups(campaigns, against)
    budget = int(settings["recipe_budget"])
    made = budget if recipes is None else recipes
    first = min(int(settings["batch_size"]), budget)
    if not first <= made <= budget:
        raise PlasmonbenchError(
            f"an enhancement factor is defined after {first} to {budget} recipes, not {made}"
        )
    regrets = {
        strategy: np.array([regret_after(one, settings, np.array([made]))[0] for one in group])
        for strategy, group in groups.items()
    }
    return {
        strategy: _enhancement(regrets[against], own, rng)
        for strategy, own in regrets.items()
        if strategy != against
    }


def _groups(campaigns: Sequence[StoredCampaign], against: str) -> dict[str, list[StoredCampaign]]:
    groups = by_strategy(campaigns)
    if against not in groups:
        raise PlasmonbenchError(
            f"there are no campaigns of {against} to compare with; there are: {', '.join(groups)}"
        )
    return groups


def _acceleration(
    reference: tuple[FloatArray, BoolArray],
    own: tuple[FloatArray, BoolArray],
    budget: float,
    rng: np.random.Generator,
) -> Estimate:
    theirs, mine = expected_running_time(*reference), expected_running_time(*own)
    value = None if theirs is None or mine is None else theirs / mine
    if min(len(reference[0]), len(own[0])) < LEAST_FOR_INTERVAL:
        return Estimate(value, None, None)
    if value is None:
        slow, fast = (running_time_interval(*one, budget, rng) for one in (reference, own))
        return Estimate(None, _ratio(slow.low, fast.high), _ratio(slow.high, fast.low))
    slower, faster = (resampled_running_times(*one, budget, rng) for one in (reference, own))
    return _interval(value, slower, faster)


def _enhancement(reference: FloatArray, own: FloatArray, rng: np.random.Generator) -> Estimate:
    theirs, mine = float(quantile(reference, 0.5)), float(quantile(own, 0.5))
    value = finite_or_none(theirs / mine) if mine > 0 and np.isfinite(mine) else None
    if value is None or min(len(reference), len(own)) < LEAST_FOR_INTERVAL:
        return Estimate(value, None, None)
    slower, faster = (
        quantile(one[resampled_rows(len(one), rng)].T, 0.5) for one in (reference, own)
    )
    return _interval(value, np.maximum(slower, 0.0), np.maximum(faster, 0.0))


def _interval(value: float, above: FloatArray, below: FloatArray) -> Estimate:
    """Return the interval of a ratio; what is undefined in a resample widens it on both sides."""
    undefined = (np.isinf(above) & np.isinf(below)) | ((above == 0) & (below == 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = above / below
    low, _ = percentile_interval(np.where(undefined, 0.0, ratio))
    _, high = percentile_interval(np.where(undefined, np.inf, ratio))
    return Estimate(value, low, high)


def _ratio(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else above / below
