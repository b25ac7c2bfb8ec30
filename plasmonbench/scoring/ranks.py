"""Which strategies can be told apart over many problems and seeds: Friedman ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from plasmonbench.arrays import FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.estimates import CONFIDENCE
from plasmonbench.scoring.scores import times_to_target
from plasmonbench.strategy import BOUND_MARK

LEAST_STRATEGIES = 3
"""Two are compared by `plasmonbench.scoring.paired`."""


@dataclass(frozen=True)
class Ranks:
    """Ranks of strategies within blocks, 1 being the best, averaged over the blocks."""

    mean_ranks: dict[str, float]
    """By strategy, the best first."""
    blocks: int
    """(problem, seed) pairs that every strategy was run on."""
    statistic: float
    """Friedman's chi-squared, corrected for ties; 0 where all tie in all blocks."""
    p: float
    """That strategies which are all alike would differ as much."""
    critical_difference: float
    """Mean ranks closer than this are not told apart at 5 % (Nemenyi)."""
    cliques: tuple[tuple[str, ...], ...]
    """Largest groups of neighbours, two or more, none of whom are told apart, the best first."""


def friedman_ranks(
    campaigns: Sequence[StoredCampaign],
    problems: Mapping[str, Mapping[str, Any]],
    *,
    level: str | None = None,
) -> Ranks:
    """Rank strategies by the recipes that they needed to a target level, block by block.

    Blocks are the (problem, seed) pairs that all of them were run on: on the same seed they met
    the same luck. Never arrived (or failed) is last, and a tie among several such. Bounds, which
    compete with nobody, are left out.

    Parameters
    ----------
    campaigns
        Of one or more problems.
    problems
        The manifest's entry for each problem; those without target levels are left out.
    level
        Name of the target level; None: each problem's headline.

    Raises
    ------
    PlasmonbenchError
        If fewer than three strategies share two blocks, or a problem lacks the level.
    """
    needed: dict[str, dict[tuple[str, int], float]] = {}
    for campaign in campaigns:
        settings = problems[campaign.problem]
        if campaign.strategy.endswith(BOUND_MARK) or not settings["levels"]:
            continue
        times, reached = times_to_target([campaign], settings, level)
        block = (campaign.problem, campaign.seed)
        arrived = float(times[0]) if reached[0] else math.inf
        needed.setdefault(campaign.strategy, {})[block] = arrived
    common = sorted(set.intersection(*(set(one) for one in needed.values()))) if needed else []
    values = np.array([[own[block] for own in needed.values()] for block in common])
    return rank_blocks(list(needed), values.reshape(len(common), len(needed)))


def rank_blocks(strategies: Sequence[str], values: npt.ArrayLike) -> Ranks:
    """Rank the columns of a table within its rows, the lowest value first.

    Friedman's test (scipy, with its correction for ties) and Nemenyi's critical difference
    q sqrt(k (k + 1) / (6 N)), q the studentized range at 5 % for k groups and infinitely many
    degrees of freedom over sqrt(2): Demšar, J. Mach. Learn. Res. 7, 1 (2006).

    Parameters
    ----------
    strategies
        Names of the k columns.
    values
        Shape (N, k), lower is better; infinite for: beyond all. Ties share the mean of their ranks.

    Raises
    ------
    PlasmonbenchError
        If there are fewer than three strategies or two blocks, or a value is NaN.
    """
    table = np.asarray(values, dtype=np.float64)
    n, k = table.shape
    if k < LEAST_STRATEGIES or k != len(strategies) or n < 2:
        raise PlasmonbenchError(
            f"{k} strategies on {n} problems and seeds that all of them share cannot be ranked; "
            f"{LEAST_STRATEGIES} strategies and 2 such blocks are needed"
        )
    if np.isnan(table).any():
        raise PlasmonbenchError("what is NaN cannot be ranked")
    ranks = stats.rankdata(table, axis=1)
    means = ranks.mean(axis=0)
    order = np.argsort(means, kind="stable")
    mean_ranks = {strategies[k]: float(means[k]) for k in order}
    # Where all tie in all blocks, the correction for ties divides nothing by nothing.
    all_tied = bool((ranks == ranks[:, :1]).all())
    statistic, p = (0.0, 1.0) if all_tied else stats.friedmanchisquare(*ranks.T)
    difference = critical_difference(k, n)
    return Ranks(
        mean_ranks=mean_ranks,
        blocks=n,
        statistic=float(statistic),
        p=float(p),
        critical_difference=difference,
        cliques=_cliques(mean_ranks, difference),
    )


def critical_difference(strategies: int, blocks: int) -> float:
    """Return Nemenyi's critical difference of mean ranks at 5 %, see `rank_blocks`."""
    return _nemenyi_q(strategies) * math.sqrt(strategies * (strategies + 1) / (6 * blocks))


@cache
def _nemenyi_q(strategies: int) -> float:
    """Return the critical value of a number of strategies; kept, since it is a slow integral."""
    return float(stats.studentized_range.ppf(CONFIDENCE, strategies, np.inf)) / math.sqrt(2)


def _cliques(mean_ranks: Mapping[str, float], difference: float) -> tuple[tuple[str, ...], ...]:
    names: list[str] = list(mean_ranks)
    ranks: FloatArray = np.array(list(mean_ranks.values()))
    found: list[tuple[str, ...]] = []
    reach = 0
    for first in range(len(names)):
        last = int(np.flatnonzero(ranks - ranks[first] <= difference + 1e-12)[-1])
        # One that ends where the one before it ended lies within that one.
        if last > max(first, reach):
            found.append(tuple(names[first : last + 1]))
        reach = max(reach, last)
    return tuple(found)
