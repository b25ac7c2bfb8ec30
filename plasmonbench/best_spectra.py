"""The spectrum that each strategy's recommendation has, and the colour of its droplet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.campaign_file import CampaignTable
from plasmonbench.droplet_colour import droplet_colours
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import RecordedLab
from plasmonbench.problem import Problem
from plasmonbench.replay import replayed_history


@dataclass(frozen=True, eq=False)
class BestSpectrum:
    """What the best recommendation of a strategy's median campaign looks like."""

    strategy: str
    seed: int
    """Of that campaign."""
    round: int
    """After which it was recommended, counted from 1."""
    recipe: FloatArray
    """Shape (d,)."""
    true_loss: float
    spectrum: FloatArray
    """Absorbance (W,): without noise, or of the median droplet where nobody knows the truth."""
    colour: str
    """Of the droplet against white light, '#rrggbb'."""


def median_campaign(campaigns: Sequence[CampaignTable]) -> CampaignTable | None:
    """Return the campaign in the middle by the best true loss of its recommendations.

    The better one of two in the middle. Failed campaigns are set aside, unless there are no
    others; None where nothing was ever recommended.
    """
    played = [one for one in campaigns if one.stored.true_loss]
    sound = [one for one in played if one.stored.failure is None] or played
    ordered = sorted(sound, key=lambda one: (min(one.stored.true_loss), one.stored.seed))
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def best_spectrum(problem: Problem, campaign: CampaignTable) -> BestSpectrum:
    """Return the spectrum of the recipe with the lowest true loss that a campaign recommended.

    Raises
    ------
    PlasmonbenchError
        If the problem has no spectra, or its droplets cannot be had again (see
        `plasmonbench.replay`).
    """
    if problem.loss is None:
        raise PlasmonbenchError(f"{problem.name} records losses alone; there are no spectra")
    stored = campaign.stored
    best = int(np.argmin(stored.true_loss))
    recipe = campaign.recommendations[best]
    spectrum = _spectrum(problem, campaign, recipe)
    return BestSpectrum(
        strategy=stored.strategy,
        seed=stored.seed,
        round=best + 1,
        recipe=recipe,
        true_loss=stored.true_loss[best],
        spectrum=spectrum,
        colour=str(droplet_colours(problem.loss.wavelengths, spectrum)),
    )


def _spectrum(problem: Problem, campaign: CampaignTable, recipe: FloatArray) -> FloatArray:
    """Return the spectrum (W,) of a recipe that the campaign recommended."""
    if not isinstance(problem.lab, RecordedLab):
        truth = problem.lab.truth(recipe[None])
        if truth is None:
            raise PlasmonbenchError(f"{problem.name}: its lab knows no truth")
        return np.asarray(truth[0])
    history = replayed_history(
        problem, campaign.recipes, campaign.round - 1, campaign.stored.seed, campaign.losses
    )
    made = np.flatnonzero((history.recipes == recipe).all(axis=1))
    if not len(made):
        # Recommended by a model, made by others: its droplets, as a next round would draw them.
        row = problem.measure(recipe[None], campaign.stored.seed, history.n_rounds)
        history = history.append(row.recipes, row.losses, row.spectra)
        made = np.array([len(history) - 1])
    return np.asarray(history.median_spectra[made[0]])
