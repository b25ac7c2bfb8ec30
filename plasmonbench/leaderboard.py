"""A page of results: for every problem of a run the strategies, best first, with paired tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.markdown import NOTHING, header, row
from plasmonbench.scoring.paired import Comparison, compare_with
from plasmonbench.scoring.scores import Median, Score, first_round_at, score_campaigns, target_loss
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
    parts = [f"This page is generated: `{made_by}`", "# Strategies compared", _explanation(against)]
    used = {
        name: [campaign for campaign in campaigns if campaign.problem == name] for name in problems
    }
    used = {name: own for name, own in used.items() if own}
    sections = [_section(name, problems[name], own, against, rng) for name, own in used.items()]
    if len(used) > 1:
        parts.append(_overall(used, problems))
    return "\n\n".join([*parts, *sections]) + "\n"


def _overall(
    used: Mapping[str, Sequence[StoredCampaign]], problems: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return a table over all problems: ranks and shares of all (problem, seed) pairs."""
    ranks: dict[str, list[float]] = {}
    arrived: dict[str, list[bool]] = {}
    everywhere = set.intersection(*({one.strategy for one in own} for own in used.values()))
    for name, own in used.items():
        needed: dict[str, list[float]] = {}
        for campaign in own:
            # Ranks compare only among the same rivals, and a bound is no rival.
            if campaign.strategy not in everywhere or campaign.strategy.endswith(BOUND_MARK):
                continue
            recipes = _recipes_to(campaign, target_loss(problems[name], None))
            needed.setdefault(campaign.strategy, []).append(recipes)
            arrived.setdefault(campaign.strategy, []).append(np.isfinite(recipes))
        # Infinite where a campaign never arrived: those are ties, and last.
        pooled = rankdata(np.concatenate([np.array(values) for values in needed.values()]))
        ends = np.cumsum([len(values) for values in needed.values()])[:-1]
        means = [part.mean() for part in np.split(pooled, ends)]
        for strategy, rank in zip(needed, rankdata(means), strict=True):
            ranks.setdefault(strategy, []).append(float(rank))
    rows = [
        row(
            [
                _name(strategy),
                f"{len(ranks[strategy])}",
                f"{np.mean(ranks[strategy]):.1f} ({min(ranks[strategy]):g} to "
                f"{max(ranks[strategy]):g})",
                f"{sum(arrived[strategy])}/{len(arrived[strategy])}",
            ]
        )
        for strategy in sorted(ranks, key=lambda one: np.mean(ranks[one]))
    ]
    titles = ["strategy", "problems", "mean rank (best to worst)", "reached the headline level"]
    return "\n".join(
        [
            "## Over all problems",
            "",
            "Strategies are ranked on each problem by the recipes that they needed to the headline "
            "level (mean rank over all campaigns); the mean of these ranks, 1 being the best. Only "
            "those that were run on every problem of this page are ranked, and no bound:",
            "",
            header(titles),
            *rows,
        ]
    )


def _recipes_to(campaign: StoredCampaign, loss: float | None) -> float:
    """Return the recipes made when a campaign arrived; infinite if it never did."""
    hit = None if loss is None else first_round_at(campaign, loss)
    return np.inf if hit is None else float(campaign.recipes_by_round[hit])


def _explanation(against: str) -> str:
    return (
        "*By round* is the share of campaigns whose recommended recipe was truly at or below the "
        "level after that round or an earlier one; where a strategy asks for one recipe at a time, "
        "after as many recipes. Recipes to it are medians over seeds with 95 % intervals "
        "(Kaplan-Meier; campaigns that never arrived or failed count as such); the fewest stand "
        "first, bounds last. A strategy may recommend a recipe that was never made, which must "
        "still be made then; with `recommended=model` those that do so name one that was. Planner "
        "seconds are CPU seconds for all that a strategy decides, by the recipes planned, whatever "
        "the size of its rounds. *Saved* are the recipes that a strategy needed less than "
        f"`{against}` "
        "on the same seed, on average (never arrived: one more than the budget), with the p-value "
        "of a paired permutation test on common seeds, corrected by Holm for all strategies of the "
        "table."
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
    # A bound is no competitor, nor one more comparison to correct for.
    rivals = [one for one in campaigns if not one.strategy.endswith(BOUND_MARK)]
    compared = {one.strategy: one for one in compare_with(rivals, settings, against, rng=rng)}
    levels = [headline] if harder == headline else [headline, harder]
    early = [n for n in EARLY_ROUNDS if n < settings["rounds"]]
    ends = " / ".join([*(str(n) for n in early), str(settings["rounds"])])
    titles = ["strategy", "seeds"]
    for level in levels:
        titles += [f"{level} by round {ends}, %", "recipes to it"]
    titles += [
        "best true loss",
        f"planner CPU s per {settings['batch_size']} recipes",
        "recipes saved",
        "p",
    ]
    table = []
    for score in sorted(scores, key=_by_recipes):
        cells = [_name(score.strategy), _seeds(score)]
        for level, found in zip(levels, (score, at_harder[score.strategy]), strict=False):
            cells += [
                _by_round(campaigns, score.strategy, settings, level, early),
                _median(found.recipes_to_target),
            ]
        cells += [
            _number(score.best_true_loss_median, ".4f"),
            _number(score.planner_cpu_seconds_per_batch, ".2g"),
            *_saved(compared.get(score.strategy)),
        ]
        table.append(row(cells))
    heading = f"## {name}\n\n{_budget(settings, headline)}\n\n"
    return heading + "\n".join([header(titles), *table])


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
    campaigns: Sequence[StoredCampaign],
    strategy: str,
    settings: Mapping[str, Any],
    level: str,
    early: Sequence[int],
) -> str:
    """Return the shares of campaigns that have arrived after some rounds and in the end, in %."""
    loss = target_loss(settings, level)
    own = [campaign for campaign in campaigns if campaign.strategy == strategy]
    if loss is None:
        return NOTHING
    # Sequential strategies make smaller rounds: what counts is how many recipes were made.
    needed = [_recipes_to(campaign, loss) for campaign in own]
    budgets = [*(n * settings["batch_size"] for n in early), settings["recipe_budget"]]
    shares = [np.mean(np.array(needed) <= budget) for budget in budgets]
    return " / ".join(f"{100 * share:.0f}" for share in shares)


def _by_recipes(score: Score) -> tuple[bool, float, float]:
    """Return the key of sorting: competitors first, by recipes to the headline level."""
    median, loss = score.recipes_to_target.value, score.best_true_loss_median
    return (
        score.strategy.endswith(BOUND_MARK),
        np.inf if median is None else median,
        np.inf if loss is None else loss,
    )


def _name(strategy: str) -> str:
    plain = strategy.removesuffix(BOUND_MARK)
    return f"`{plain}`" + (BOUND_MARK if plain != strategy else "")


def _seeds(score: Score) -> str:
    failed = f" ({score.failed} failed)" if score.failed else ""
    return f"{score.campaigns}{failed}"


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
