"""A page of results: for every problem of a run the strategies, best first, with paired tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.markdown import NOTHING, header, row
from plasmonbench.paired import Comparison, compare_with
from plasmonbench.scoring import Median, Score, first_round_at, score_campaigns, target_loss
from plasmonbench.strategy import BOUND_MARK

EARLY_ROUNDS = (2, 3, 4)
"""Rounds after which the share of campaigns that have arrived is told."""


def page(
    campaigns: Sequence[StoredCampaign],
    problems: Mapping[str, Mapping[str, Any]],
    against: str,
    rng: np.random.Generator,
    made_by: str,
) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    campaigns, problems
        Of one or more runs, see `plasmonbench.store.merged`.
    against
        Strategy that all others are compared with, seed by seed.
    rng
        Of the permutation tests.
    made_by
        The command that makes the page again.

    Raises
    ------
    PlasmonbenchError
        If a problem has no target level, or no campaigns of ``against``.
    """
    used = {campaign.problem for campaign in campaigns}
    parts = [f"This page is generated: `{made_by}`", "# Strategies compared", _explanation(against)]
    for name, settings in problems.items():
        if name in used:
            own = [campaign for campaign in campaigns if campaign.problem == name]
            parts.append(_section(name, settings, own, against, rng))
    return "\n\n".join(parts) + "\n"


def _explanation(against: str) -> str:
    return (
        "*Reached* counts campaigns whose recommended recipe is truly at or below the target "
        "level at some round; *by round* does so for the first rounds. Rounds to target are "
        "medians over seeds with 95 % intervals (Kaplan-Meier; campaigns that never arrived or "
        "failed count as such). Planner seconds are CPU seconds for all that a strategy decides, "
        f"a round on average. *Saved* are the recipes that a strategy needed less than `{against}` "
        "on the same seed, on average (never arrived: one more than the budget), with the p-value "
        "of a paired permutation test, corrected by Holm for all strategies of the table."
    )


def _section(
    name: str,
    settings: Mapping[str, Any],
    campaigns: Sequence[StoredCampaign],
    against: str,
    rng: np.random.Generator,
) -> str:
    headline = settings["headline"]
    if target_loss(settings, None) is None:
        raise PlasmonbenchError(
            f"{name} has no target level; find some with: plasmonbench landscape '{name}' --write"
        )
    harder = _next_level(settings)
    scores = score_campaigns(campaigns, {name: settings})
    at_harder = {
        score.strategy: score
        for score in score_campaigns(campaigns, {name: settings}, level=harder)
    }
    compared = {one.strategy: one for one in compare_with(campaigns, settings, against, rng=rng)}
    early = [n for n in EARLY_ROUNDS if n <= settings["rounds"]]
    titles = [
        "strategy",
        f"reached {headline}",
        *(f"by round {n}" for n in early),
        "rounds to it",
        *([f"reached {harder}", "rounds to it"] if harder != headline else []),
        "best true loss",
        "planner CPU s per round",
        "recipes saved",
        "p",
    ]
    lines = [f"## {name}", _budget(settings, headline), header(titles)]
    table = [
        row(
            [
                f"`{score.strategy.removesuffix(BOUND_MARK)}`"
                + (BOUND_MARK if score.strategy.endswith(BOUND_MARK) else ""),
                _share(score),
                *(_by_round(campaigns, score.strategy, settings, n) for n in early),
                _median(score.rounds_to_target),
                *(
                    [
                        _share(at_harder[score.strategy]),
                        _median(at_harder[score.strategy].rounds_to_target),
                    ]
                    if harder != headline
                    else []
                ),
                _number(score.best_true_loss_median, ".4f"),
                _number(score.planner_cpu_seconds_per_round, ".2g"),
                *_saved(compared.get(score.strategy)),
            ]
        )
        for score in scores
    ]
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join([lines[2], *table])


def _next_level(settings: Mapping[str, Any]) -> str:
    """Return the name of the next harder level after the headline, the headline if it is last."""
    names = [
        entry["name"] for entry in sorted(settings["levels"], key=lambda entry: -entry["loss"])
    ]
    return str(names[min(names.index(settings["headline"]) + 1, len(names) - 1)])


def _budget(settings: Mapping[str, Any], headline: str) -> str:
    levels = ", ".join(f"{entry['name']}: {entry['loss']:.4f}" for entry in settings["levels"])
    optimum = settings["optimum_loss"]
    best = "" if optimum is None else f" Best loss known: {optimum:.4f}."
    return (
        f"{settings['batch_size']} recipes a round, {settings['replicates']} droplets a recipe, "
        f"{settings['rounds']} rounds. Target level {headline}; levels of the true loss are "
        f"{levels}.{best}"
    )


def _by_round(
    campaigns: Sequence[StoredCampaign], strategy: str, settings: Mapping[str, Any], n: int
) -> str:
    loss = target_loss(settings, None)
    own = [campaign for campaign in campaigns if campaign.strategy == strategy]
    if loss is None:
        return NOTHING
    # Sequential strategies make smaller rounds: what counts is how many recipes were made.
    recipes = n * settings["batch_size"]
    hits = [(first_round_at(campaign, loss), campaign) for campaign in own]
    arrived = sum(hit is not None and one.recipes_by_round[hit] <= recipes for hit, one in hits)
    return f"{arrived / len(own):.0%}"


def _share(score: Score) -> str:
    failed = f" ({score.failed} failed)" if score.failed else ""
    return f"{score.reached}/{score.campaigns}{failed}"


def _median(median: Median) -> str:
    if median.value is None:
        return NOTHING
    low, high = (_number(end, "g") for end in (median.low, median.high))
    return f"{median.value:g} [{low}, {high}]"


def _saved(comparison: Comparison | None) -> tuple[str, str]:
    if comparison is None:
        return NOTHING, NOTHING
    p = "< 0.001" if comparison.p < 1e-3 else f"{comparison.p:.2g}"
    return f"{comparison.saved:+.0f}", p


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)
