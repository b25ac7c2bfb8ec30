"""Which of two strategies needs fewer recipes: paired tests on common seeds, corrected for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import permutation_test

from plasmonbench.arrays import FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.scoring.scores import first_round_at, target_loss

RESAMPLES = 9999
"""Sign flips; below 14 seeds all of them are tried."""
BEYOND = 1.0
"""Recipes beyond the budget at which campaigns that never reached the target are counted: what they
would have needed is not known, only that it is more."""


@dataclass(frozen=True)
class Comparison:
    """One strategy against another on the seeds that both have."""

    strategy: str
    against: str
    seeds: int
    better: int
    """Seeds on which it needed fewer recipes."""
    worse: int
    saved: float
    """Recipes that it needed less, mean over seeds."""
    p: float
    """Two-sided, corrected for all comparisons made (Holm)."""


def compare_with(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    against: str,
    *,
    level: str | None = None,
    rng: np.random.Generator,
) -> list[Comparison]:
    """Compare every strategy of a problem with one, by recipes to the target level.

    A permutation test of the mean difference over seeds (signs flipped; Good, Permutation,
    Parametric and Bootstrap Tests of Hypotheses (2005)): strategies meet the same luck on the same
    seed, which the difference takes out. Campaigns that failed or never reached the level count
    as one recipe more than the budget, so that two of them are a tie.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    against
        Name of the strategy that the others are compared with.
    level
        Name of the target level; None: the headline.
    rng
        Of the sign flips.

    Raises
    ------
    PlasmonbenchError
        If there is no strategy of that name, it shares no two seeds with another, or the problem
        has no target level.
    """
    needed = _recipes_needed(campaigns, settings, level)
    if against not in needed:
        raise PlasmonbenchError(
            f"there are no campaigns of {against} to compare with; there are: {', '.join(needed)}"
        )
    found = []
    for strategy, by_seed in needed.items():
        common = sorted(by_seed.keys() & needed[against].keys())
        if strategy == against:
            continue
        if len(common) < 2:
            raise PlasmonbenchError(f"{strategy} and {against} share no two seeds")
        saved = np.array([needed[against][seed] - by_seed[seed] for seed in common])
        found.append((strategy, saved, sign_flip_p(saved, rng)))
    corrected = holm([p for _, _, p in found])
    return [
        Comparison(
            strategy=strategy,
            against=against,
            seeds=len(saved),
            better=int((saved > 0).sum()),
            worse=int((saved < 0).sum()),
            saved=float(saved.mean()),
            p=p,
        )
        for (strategy, saved, _), p in zip(found, corrected, strict=True)
    ]


def _recipes_needed(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], level: str | None
) -> dict[str, dict[int, float]]:
    """Return how many recipes each strategy needed on each seed."""
    loss = target_loss(settings, level)
    if loss is None:
        raise PlasmonbenchError("without a target level there is nothing to compare")
    needed: dict[str, dict[int, float]] = {}
    for campaign in campaigns:
        hit = first_round_at(campaign, loss)
        beyond = settings["recipe_budget"] + BEYOND
        recipes = beyond if hit is None else float(campaign.recipes_by_round[hit])
        needed.setdefault(campaign.strategy, {})[campaign.seed] = recipes
    return needed


def sign_flip_p(differences: FloatArray, rng: np.random.Generator) -> float:
    """Return the two-sided p-value of paired differences (n,), n >= 2, having mean 0."""
    if not differences.any():
        return 1.0
    test = permutation_test(
        (differences,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=rng,
    )
    return float(test.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm, Scand. J. Statist. 6, 65 (1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    highest = 0.0
    for rank, position in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = highest
    return [float(p) for p in corrected]
