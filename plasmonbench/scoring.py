"""Scores campaigns: rounds and recipes to target as censored data, loss, planner time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError

CONFIDENCE = 0.95
LEAST_FOR_INTERVAL = 5
"""Fewer campaigns have no interval: with 3 it would cover the median in 78 % of cases, not 95."""
POOL_BEST_SHARE = 0.05
POOL_FOUND_SHARE = 0.8
"""On recorded pools: recipes until 80 % of the best 5 % are found, as in Liang et al. 2021."""


@dataclass(frozen=True)
class Median:
    """A median that may lie beyond what was observed (None), with its interval."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Score:
    """One strategy on one problem."""

    strategy: str
    problem: str
    campaigns: int
    failed: int
    reached: int
    """Campaigns whose recommendation reached the target level at some round."""
    rounds_to_target: Median
    recipes_to_target: Median
    best_true_loss_median: float | None
    """Of the best recommendation of each campaign, failed ones counting as infinitely bad."""
    final_true_loss_median: float | None
    """Of the last recommendation of each campaign, likewise."""
    planner_seconds_per_round: float | None
    """Wall seconds: the median over campaigns of their mean. A first campaign's imports and
    compilation do not show in it."""
    planner_cpu_seconds_per_round: float | None
    """The same in CPU seconds, which a busy machine does not lengthen."""
    pool_recipes: Median | None
    """Recipes until 80 % of the best 5 % of a recorded pool were made; None elsewhere."""


def kaplan_meier_median(times: Sequence[float], reached: Sequence[bool]) -> Median:
    """Return the median time to an event, some of whose times are only lower bounds.

    Kaplan-Meier estimate; the interval inverts the log-log interval of the survival function
    (Brookmeyer and Crowley 1982). None stands for: beyond the longest time observed, or, at both
    ends, for too few times to tell.

    Parameters
    ----------
    times
        Time of the event where ``reached``, else the time up to which it had not come.
    reached
        Whether the event came.

    Raises
    ------
    PlasmonbenchError
        If there is no time, or the two do not fit.
    """
    if not times or len(times) != len(reached):
        raise PlasmonbenchError(f"{len(times)} times and {len(reached)} events cannot be scored")
    flags = np.asarray(reached, dtype=bool)
    values = np.asarray(times, dtype=np.float64)
    if not flags.any():
        return Median(None, None, None)
    if len(values) < LEAST_FOR_INTERVAL:
        ordered = np.sort(np.where(flags, values, np.inf))
        middle = float(ordered[(len(ordered) - 1) // 2])
        return Median(middle if math.isfinite(middle) else None, None, None)
    data = stats.CensoredData(uncensored=values[flags], right=values[~flags])
    survival = stats.ecdf(data).sf
    with warnings.catch_warnings():
        # The log-log interval is undefined, and not needed, where the estimate is 0 or 1.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = survival.confidence_interval(CONFIDENCE, method="log-log")
    estimate = survival.probabilities
    low = np.where(np.isnan(interval.low.probabilities), estimate, interval.low.probabilities)
    high = np.where(np.isnan(interval.high.probabilities), estimate, interval.high.probabilities)
    low, high = np.minimum(low, estimate), np.maximum(high, estimate)
    return Median(*(_first_at_half(survival.quantiles, curve) for curve in (estimate, low, high)))


def _first_at_half(times: Any, survival: Any) -> float | None:
    below = np.flatnonzero(survival <= 0.5 + 1e-12)
    return float(times[below[0]]) if len(below) else None


def score_campaigns(
    campaigns: Iterable[StoredCampaign],
    problems: Mapping[str, Mapping[str, Any]],
    *,
    level: str | None = None,
) -> list[Score]:
    """Score every (problem, strategy) pair, in the order of problems, the best strategy first.

    A failed campaign counts as not reached, however far it came.

    Parameters
    ----------
    campaigns
        Of one run.
    problems
        The manifest's entry for each problem.
    level
        Name of the target level; None: each problem's headline.
    """
    groups: dict[tuple[str, str], list[StoredCampaign]] = {}
    for campaign in campaigns:
        groups.setdefault((campaign.problem, campaign.strategy), []).append(campaign)
    scores = [
        _score(strategy, problem, group, problems[problem], level)
        for (problem, strategy), group in groups.items()
    ]
    order = list(problems)
    return sorted(scores, key=lambda score: (order.index(score.problem), *_rank(score)))


def target_loss(problem: Mapping[str, Any], level: str | None) -> float | None:
    """Return the loss of a target level; None if the problem has no levels at all.

    Raises
    ------
    PlasmonbenchError
        If it has levels, but not this one.
    """
    losses = {entry["name"]: float(entry["loss"]) for entry in problem["levels"]}
    name = problem["headline"] if level is None else level
    if name is None:
        return None
    if name not in losses:
        known = ", ".join(losses) or "none (find some with: plasmonbench landscape PROBLEM --write)"
        raise PlasmonbenchError(f"no target level '{name}'; there are: {known}")
    return losses[name]


def first_round_at(campaign: StoredCampaign, loss: float) -> int | None:
    """Return the index of the first round whose recommendation reached a loss; None if none."""
    if campaign.failure is not None:
        return None
    hits = [k for k, value in enumerate(campaign.true_loss) if value <= loss]
    return hits[0] if hits else None


def _score(
    strategy: str,
    problem: str,
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    level: str | None,
) -> Score:
    loss = target_loss(settings, level)
    hits = [None if loss is None else first_round_at(campaign, loss) for campaign in campaigns]
    reached = [hit is not None for hit in hits]
    # What stopped early or failed will not reach the target: it is held to the whole budget.
    budget_rounds = max([settings["rounds"], *(len(c.true_loss) for c in campaigns)])
    rounds = [float(budget_rounds) if hit is None else hit + 1.0 for hit in hits]
    recipes = [
        float(settings["recipe_budget"]) if hit is None else float(c.recipes_by_round[hit])
        for c, hit in zip(campaigns, hits, strict=True)
    ]
    planned = [c for c in campaigns if c.planner_wall_seconds]
    return Score(
        strategy=strategy,
        problem=problem,
        campaigns=len(campaigns),
        failed=sum(c.failure is not None for c in campaigns),
        reached=sum(reached),
        rounds_to_target=kaplan_meier_median(rounds, reached),
        recipes_to_target=kaplan_meier_median(recipes, reached),
        best_true_loss_median=_median(
            [min(c.true_loss) if finished(c) else math.inf for c in campaigns]
        ),
        final_true_loss_median=_median(
            [c.true_loss[-1] if finished(c) else math.inf for c in campaigns]
        ),
        planner_seconds_per_round=_median(
            [float(np.mean(c.planner_wall_seconds)) for c in planned]
        ),
        planner_cpu_seconds_per_round=_median(
            [float(np.mean(c.planner_cpu_seconds)) for c in planned]
        ),
        pool_recipes=_pool_recipes(campaigns, settings) if settings["finite"] else None,
    )


def finished(campaign: StoredCampaign) -> bool:
    """Tell whether a campaign ended in order, with at least one recommendation."""
    return campaign.failure is None and bool(campaign.true_loss)


def _median(values: Sequence[float]) -> float | None:
    median = float(np.median(values)) if len(values) else math.inf
    return median if math.isfinite(median) else None


def _pool_recipes(campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any]) -> Median:
    """Return the recipes made until 80 % of the best 5 % of the pool were among them."""
    threshold = next(
        float(entry["loss"])
        for entry in settings["levels"]
        if entry["name"] == f"best {POOL_BEST_SHARE:.0%} of the pool"
    )
    wanted = math.ceil(POOL_FOUND_SHARE * math.ceil(POOL_BEST_SHARE * settings["pool_size"]))
    times, reached = [], []
    for campaign in campaigns:
        found = np.cumsum(np.array(campaign.recipe_true_losses) <= threshold)
        enough = np.flatnonzero(found >= wanted)
        reached.append(bool(len(enough)) and campaign.failure is None)
        times.append(float(enough[0] + 1) if reached[-1] else float(settings["recipe_budget"]))
    return kaplan_meier_median(times, reached)


def _rank(score: Score) -> tuple[float, float, float, str]:
    """Return the key of sorting: on a pool how soon most of its best was found, else rounds."""
    first = score.rounds_to_target if score.pool_recipes is None else score.pool_recipes
    median = first.value
    loss = score.best_true_loss_median
    return (
        math.inf if median is None else median,
        -score.reached / score.campaigns,
        math.inf if loss is None else loss,
        score.strategy,
    )
