"""The headline table of a problem: how its strategies fared, with intervals and paired tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.figures.order import FLOOR, best_first
from plasmonbench.report.parts import NOTHING, Cell, Table, interval, number, words
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.paired import Comparison, compare_with
from plasmonbench.scoring.scores import Score, score_campaigns
from plasmonbench.strategy import BOUND_MARK

LARGE = 100
"""From here on without decimals."""
SIGNIFICANT = 0.05


def scores_table(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    level: str | None,
    against: str | None,
    rng: np.random.Generator,
) -> Table:
    """Return the table of one problem, the best strategy first and bounds last.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    level
        Name of the target level; None: the headline.
    against
        Strategy that the others are compared with; None: no comparison.
    rng
        Of bootstrap and sign flips.

    Raises
    ------
    PlasmonbenchError
        If there is no such level, or there are no campaigns of ``against``.
    """
    [problem] = {campaign.problem for campaign in campaigns}
    scores = {
        one.strategy: one
        for one in score_campaigns(campaigns, {problem: settings}, level=level, rng=rng)
    }
    compared = _compared(campaigns, settings, level, against, rng)
    name = level or settings["headline"]
    titles = ["strategy", "campaigns"]
    if name is not None:
        titles += [f"reached {name}, %", "rounds to it", "recipes to it", "expected recipes"]
    if settings["finite"]:
        titles += ["recipes to 80 % of the best 5 %"]
    titles += ["best true loss", f"planner CPU, s per {settings['batch_size']} recipes"]
    if compared:
        titles += [f"recipes saved against {against}", "p (Holm)"]
    rows = []
    for strategy in best_first(campaigns, settings, level):
        score = scores[strategy]
        row = [words(strategy), _counted(score)]
        if name is not None:
            row += _to_target(score)
        if score.pool_recipes is not None:
            row.append(_estimate(score.pool_recipes))
        row += [
            number(score.best_true_loss_median, ".4f"),
            number(score.planner_cpu_seconds_per_batch, ".2g"),
        ]
        if compared:
            row += _saved(compared.get(strategy))
        rows.append(row)
    caption = f"{problem}: strategies, the best first. {_caption(name)}{_of_test(compared)}"
    return Table(caption, titles, rows)


def compared_with(campaigns: Sequence[StoredCampaign], against: str | None) -> str | None:
    """Return the strategy that the others are compared with: the one asked for, else the floor.

    None where there is no floor, or nothing else to compare with it.

    Raises
    ------
    PlasmonbenchError
        If the one asked for is not there.
    """
    names = {campaign.strategy for campaign in campaigns}
    if against is not None and against not in names:
        raise PlasmonbenchError(
            f"--against {against}: there are no campaigns of it; there are: "
            f"{', '.join(sorted(names))}"
        )
    return against or (FLOOR if FLOOR in names else None)


def failures(campaigns: Sequence[StoredCampaign]) -> list[str]:
    """Return a sentence for every way in which campaigns failed."""
    counts = Counter((one.strategy, one.failure) for one in campaigns if one.failure is not None)
    return [
        f"Failed: {strategy}, {n} campaign{'s' if n > 1 else ''}: {reason}"
        for (strategy, reason), n in counts.items()
    ]


def _compared(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    level: str | None,
    against: str | None,
    rng: np.random.Generator,
) -> dict[str, Comparison]:
    """Compare those that share at least two seeds; a bound is no competitor."""
    if against is None or not settings["levels"]:
        return {}
    seeds: dict[str, set[int]] = {}
    for one in campaigns:
        if not one.strategy.endswith(BOUND_MARK) or one.strategy == against:
            seeds.setdefault(one.strategy, set()).add(one.seed)
    if against not in seeds:
        return {}
    fit = {name for name, own in seeds.items() if len(own & seeds[against]) >= 2}
    if len(fit) < 2:
        return {}
    chosen = [one for one in campaigns if one.strategy in fit]
    found = compare_with(chosen, settings, against, level=level, rng=rng)
    return {one.strategy: one for one in found}


def _counted(score: Score) -> Cell:
    failed = f" ({score.failed} failed)" if score.failed else ""
    return Cell(f"{score.campaigns}{failed}", score.campaigns)


def _to_target(score: Score) -> list[Cell]:
    share = score.success_share or Estimate(score.reached / score.campaigns, None, None)
    return [
        percentage(share),
        _estimate(score.rounds_to_target),
        _estimate(score.recipes_to_target),
        _estimate(score.expected_recipes or Estimate(None, None, None)),
    ]


def percentage(share: Estimate) -> Cell:
    """Return the cell of a share with its interval, in %."""
    value, low, high = (
        None if end is None else 100 * end for end in (share.value, share.low, share.high)
    )
    return interval(value, low, high, ".0f")


def _estimate(estimate: Estimate) -> Cell:
    # Expected recipes run into the thousands where few campaigns arrive.
    largest = max(end for end in (estimate.value, estimate.high, 0.0) if end is not None)
    form = ",.0f" if largest >= LARGE else ".3g"
    return interval(estimate.value, estimate.low, estimate.high, form)


def _saved(comparison: Comparison | None) -> list[Cell]:
    if comparison is None:
        return [Cell(NOTHING), Cell(NOTHING)]
    p = "< 0.001" if comparison.p < 1e-3 else f"{comparison.p:.2g}"
    return [Cell(f"{comparison.saved:+.1f}", comparison.saved), Cell(p, comparison.p)]


def _caption(name: str | None) -> str:
    shown = f"Reached: the recommended recipe is truly at or below {name}. " if name else ""
    return (
        f"{shown}In brackets 95 % intervals (but for shares, from 5 campaigns on); "
        f"{NOTHING}: not reached by half of the campaigns, or "
        "not known. A failed campaign counts as one that never arrives."
    )


def _of_test(compared: Mapping[str, Comparison]) -> str:
    """Say what the comparison is, and where so few seeds can show nothing."""
    if not compared:
        return ""
    seeds = max(one.seeds for one in compared.values())
    least = 2 * 0.5**seeds  # two-sided: all signs alike
    blind = (
        f" With {seeds} seeds no p can be below {least:.2g}, however large the difference."
        if least > SIGNIFICANT
        else ""
    )
    return (
        " Recipes saved: mean over seeds; who never arrives counts as one recipe beyond the "
        f"budget. p: paired permutation test, corrected for all comparisons.{blind}"
    )
