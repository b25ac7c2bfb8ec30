"""The part of the page about all problems together: tables, data profiles and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.figures import data_profile, mean_ranks
from plasmonbench.figures.style import Look
from plasmonbench.report.parts import (
    NOTHING,
    Cell,
    Drawing,
    Section,
    Table,
    number,
    words,
)
from plasmonbench.report.problem_section import drawing
from plasmonbench.report.scores_table import percentage
from plasmonbench.results import Results
from plasmonbench.scoring.data_profiles import data_profiles
from plasmonbench.scoring.ranks import Ranks, friedman_ranks
from plasmonbench.scoring.scores import Score, score_campaigns
from plasmonbench.scoring.success import success_share
from plasmonbench.strategy import BOUND_MARK


def overall_section(results: Results, level: str | None, looks: Mapping[str, Look]) -> Section:
    """Return the section over all problems of the results; of one problem too.

    What cannot be drawn (too few strategies, no problem that all were run on) is said instead.
    """
    drawings: list[Drawing] = []
    notes: list[str] = []
    try:
        drawings.append(_profile(results, looks))
    except PlasmonbenchError as error:
        notes.append(f"Data profiles are not shown: {error}.")
    try:
        ranks = friedman_ranks(results.stored, results.problems, level=level)
        drawings.append(_ranks(ranks, looks))
    except PlasmonbenchError as error:
        ranks = None
        notes.append(f"Ranks are not shown: {error}.")
    if len({one.problem for one in results.stored}) == 1:
        return Section("Over all target levels and seeds", notes=notes, drawings=drawings)
    scores = score_campaigns(results.stored, results.problems, level=level)
    tables = [_strategies(scores, ranks), _recipes(scores)]
    return Section("Over all problems", tables=tables, notes=notes, drawings=drawings)


def _strategies(scores: Sequence[Score], ranks: Ranks | None) -> Table:
    """Return a row for each strategy over all of its problems, in the order of ranks."""
    mean_rank = {} if ranks is None else ranks.mean_ranks
    names = _ordered(scores, mean_rank)
    rows = []
    for name in names:
        own = [one for one in scores if one.strategy == name]
        campaigns, failed = sum(one.campaigns for one in own), sum(one.failed for one in own)
        share = success_share(sum(one.reached for one in own), campaigns)
        seconds = [one.planner_cpu_seconds_per_batch for one in own]
        known = [value for value in seconds if value is not None]
        rows.append(
            [
                words(name),
                number(len(own), "d"),
                Cell(f"{campaigns}" + (f" ({failed} failed)" if failed else ""), campaigns),
                percentage(share),
                number(mean_rank.get(name), ".2f"),
                number(float(np.median(known)) if known else None, ".2g"),
            ]
        )
    titles = ["strategy", "problems", "campaigns", "reached the level, %", "mean rank",
              "planner CPU, s per full round"]  # fmt: skip
    caption = (
        "Strategies over all of their problems, by mean rank. In brackets 95 % intervals (Wilson) "
        "of the share of campaigns that reached each problem's target level. Bounds "
        "are not ranked."
    )
    return Table(caption, titles, rows)


def _recipes(scores: Sequence[Score]) -> Table:
    """Return the median recipes to target, a row for each problem."""
    names = _ordered(scores, {})
    found = {(one.problem, one.strategy): one for one in scores}
    rows = []
    for problem in dict.fromkeys(one.problem for one in scores):
        cells = [words(problem)]
        for name in names:
            score = found.get((problem, name))
            cells.append(_median(score))
        rows.append(cells)
    caption = (
        f"Median recipes to the target level. {NOTHING}: not run; never: not reached by half of "
        "the campaigns."
    )
    return Table(caption, ["problem", *names], rows)


def _median(score: Score | None) -> Cell:
    if score is None:
        return Cell(NOTHING)
    value = score.recipes_to_target.value
    return Cell("never") if value is None else Cell(f"{value:g}", value)


def _ordered(scores: Sequence[Score], mean_rank: Mapping[str, float]) -> list[str]:
    """Return strategies by rank, then by the share of campaigns that arrived; bounds last."""
    names = list(dict.fromkeys(one.strategy for one in scores))

    def key(name: str) -> tuple[bool, float, float]:
        own = [one for one in scores if one.strategy == name]
        arrived = sum(one.reached for one in own) / sum(one.campaigns for one in own)
        return name.endswith(BOUND_MARK), mean_rank.get(name, np.inf), -arrived

    return sorted(names, key=key)


def _profile(results: Results, looks: Mapping[str, Look]) -> Drawing:
    profiles = data_profiles(results.stored, results.problems)
    order = data_profile.profile_order(profiles)
    return drawing(
        "Solved targets: the data profile",
        "A target is one level on one problem with one seed; easy and hard levels count alike. The "
        "line says what share of them a strategy has solved with so many recipes. Only problems "
        "that all strategies were run on are counted.",
        data_profile.data_profile_text(profiles, order),
        lambda _: data_profile.data_profile(profiles, order, looks=looks),
    )


def _ranks(ranks: Ranks, looks: Mapping[str, Look]) -> Drawing:
    return drawing(
        "Mean ranks",
        "On every pair of problem and seed the strategies are ranked by the recipes that they "
        "needed; 1 is the best. Strategies whose bars overlap are not told apart (Friedman's "
        "test and Nemenyi's critical difference at 5 %).",
        mean_ranks.mean_ranks_text(ranks),
        lambda _: mean_ranks.mean_ranks(ranks, looks=looks),
    )
