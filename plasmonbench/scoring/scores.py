"""Scores campaigns: rounds and recipes to target as censored data, loss, planner time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from plasmonbench.arrays import BoolArray, FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.running_time import expected_running_time, running_time_interval
from plasmonbench.scoring.success import success_share
from plasmonbench.scoring.survival import kaplan_meier_median, restricted_mean

Median = Estimate
"""A median that may lie beyond what was observed (None), with its interval."""
POOL_BEST_SHARE = 0.05
POOL_FOUND_SHARE = 0.8
"""On recorded pools: recipes until 80 % of the best 5 % are found, as in Liang et al. 2021."""


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
    planner_cpu_seconds_per_batch: float | None
    """CPU seconds for as many recipes as a full round of the problem holds: what compares
    strategies whose rounds differ in size."""
    pool_recipes: Median | None
    """Recipes until 80 % of the best 5 % of a recorded pool were made; None elsewhere."""
    success_share: Estimate | None = None
    """Share of campaigns that reached the target level, Wilson's interval."""
    expected_recipes: Estimate | None = None
    """Expected running time in recipes; it has an interval where a generator was given."""
    restricted_mean_recipes: Estimate | None = None
    """Mean of the recipes made until the target was reached or the budget was spent."""


def score_campaigns(
    campaigns: Iterable[StoredCampaign],
    problems: Mapping[str, Mapping[str, Any]],
    *,
    level: str | None = None,
    rng: np.random.Generator | None = None,
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
    rng
        Of the bootstrap of expected running times; None: those have no interval.

    Raises
    ------
    PlasmonbenchError
        If a problem has target levels, but not this one.
    """
    groups: dict[tuple[str, str], list[StoredCampaign]] = {}
    for campaign in campaigns:
        groups.setdefault((campaign.problem, campaign.strategy), []).append(campaign)
    scores = [
        _score(strategy, problem, group, problems[problem], level, rng)
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


def times_to_target(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    level: str | None = None,
    *,
    unit: Literal["recipes", "rounds"] = "recipes",
) -> tuple[FloatArray, BoolArray]:
    """Return when campaigns of one problem reached a target level, and whether they did.

    What stopped early or failed will not reach the target: it is held to the whole budget, so
    that nobody gains by giving up.

    Parameters
    ----------
    campaigns
        Of one problem and, for rounds, of one strategy: some make more rounds of their budget.
    settings
        The manifest's entry for the problem.
    level
        Name of the target level; None: the headline.
    unit
        What is counted until then.

    Returns
    -------
    times, reached
        Shapes (n,), in the order of the campaigns; without any level nobody arrived.

    Raises
    ------
    PlasmonbenchError
        If the problem has target levels, but not this one.
    """
    loss = target_loss(settings, level)
    hits = [None if loss is None else first_round_at(campaign, loss) for campaign in campaigns]
    budget = settings["recipe_budget"]
    if unit == "rounds":
        budget = max([settings["rounds"], *(len(c.true_loss) for c in campaigns)])
    times = [
        budget if hit is None else hit + 1 if unit == "rounds" else c.recipes_by_round[hit]
        for c, hit in zip(campaigns, hits, strict=True)
    ]
    return np.array(times, dtype=np.float64), np.array(
        [hit is not None for hit in hits], dtype=bool
    )


def by_strategy(campaigns: Sequence[StoredCampaign]) -> dict[str, list[StoredCampaign]]:
    """Return campaigns of one problem by strategy.

    Raises
    ------
    PlasmonbenchError
        If there is none, or they are of several problems.
    """
    if len({campaign.problem for campaign in campaigns}) != 1:
        raise PlasmonbenchError("this is measured on the campaigns of one problem at a time")
    groups: dict[str, list[StoredCampaign]] = {}
    for campaign in campaigns:
        groups.setdefault(campaign.strategy, []).append(campaign)
    return groups


def _score(
    strategy: str,
    problem: str,
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    level: str | None,
    rng: np.random.Generator | None,
) -> Score:
    rounds, reached = times_to_target(campaigns, settings, level, unit="rounds")
    recipes, _ = times_to_target(campaigns, settings, level)
    planned = [c for c in campaigns if c.planner_wall_seconds]
    return Score(
        strategy=strategy,
        problem=problem,
        campaigns=len(campaigns),
        failed=sum(c.failure is not None for c in campaigns),
        reached=int(reached.sum()),
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
        planner_cpu_seconds_per_batch=_median(
            [
                sum(c.planner_cpu_seconds) * settings["batch_size"] / c.recipes_by_round[-1]
                for c in planned
            ]
        ),
        pool_recipes=_pool_recipes(campaigns, settings) if settings["finite"] else None,
        success_share=success_share(int(reached.sum()), len(campaigns)),
        expected_recipes=Estimate(expected_running_time(recipes, reached), None, None)
        if rng is None
        else running_time_interval(recipes, reached, float(settings["recipe_budget"]), rng),
        restricted_mean_recipes=restricted_mean(recipes, reached, float(settings["recipe_budget"])),
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
