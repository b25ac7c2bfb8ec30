"""One benchmark problem: a lab, a loss, a budget, and what is known of the optimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from plasmonbench.arrays import FloatArray, frozen
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.growth_of_bounds import GrowthOfBounds
from plasmonbench.history import History
from plasmonbench.lab import Lab, RecordedLab
from plasmonbench.loss import SpectralLoss
from plasmonbench.randomness import generator
from plasmonbench.space import RecipeSpace


@dataclass(frozen=True)
class TargetLevel:
    """A loss worth reaching, named by how rare it is among feasible recipes."""

    name: str
    loss: float


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best recipe known, shape (d,), and its true loss."""

    recipe: FloatArray
    loss: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", frozen(self.recipe))


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that a campaign needs to know, and nothing of who plays it.

    Parameters
    ----------
    name
        As written on the command line, parameters included.
    lab
        Simulated or recorded.
    loss
        Loss of a spectrum; None for a recorded lab without spectra.
    space
        Hard bounds, constraints, initial box, candidates.
    batch_size, replicates, rounds
        Recipes a round, droplets a recipe, rounds a campaign.
    levels
        Target levels, the easiest first.
    headline
        Name of the level that tables show.
    optimum
        Best recipe known; None where it is not.
    growth
        How bounds grow from the initial box; None: the hard bounds hold from the start.
    """

    name: str
    lab: Lab | RecordedLab
    loss: SpectralLoss | None
    space: RecipeSpace
    batch_size: int = 15
    replicates: int = 20
    rounds: int = 9
    levels: tuple[TargetLevel, ...] = ()
    headline: str | None = None
    optimum: Optimum | None = None
    growth: GrowthOfBounds | None = None

    def __post_init__(self) -> None:
        for what in ("batch_size", "replicates", "rounds"):
            if getattr(self, what) < 1:
                raise PlasmonbenchError(f"{self.name}: {what} must be at least 1")
        if self.headline is not None and self.headline not in [x.name for x in self.levels]:
            raise PlasmonbenchError(f"{self.name}: no target level is named '{self.headline}'")
        if self.loss is None and self.has_spectra:
            raise PlasmonbenchError(f"{self.name}: a lab with spectra needs a loss")

    @property
    def has_spectra(self) -> bool:
        """Whether a measurement gives spectra, not losses alone."""
        return self.lab.has_spectra if isinstance(self.lab, RecordedLab) else True

    @property
    def recipe_budget(self) -> int:
        """Recipes that a campaign may make; never more than a finite set holds."""
        budget = self.batch_size * self.rounds
        return budget if self.space.candidates is None else min(budget, len(self.space.candidates))

    @property
    def headline_level(self) -> TargetLevel | None:
        """The level that tables show; None where no level is known."""
        return next((level for level in self.levels if level.name == self.headline), None)

    def empty_history(self) -> History:
        """Return the history that a campaign begins with."""
        wavelengths = len(self.loss.wavelengths) if self.loss and self.has_spectra else None
        return History.empty(self.space.dimension, self.replicates, wavelengths)

    def space_at(self, history: History) -> RecipeSpace:
        """Return where the next recipes may lie: bounds as grown, recorded recipes not yet tried.

        A function of the history alone, so that a resumed campaign sees the same bounds.
        """
        space = self.space
        if self.growth is not None:
            space = self.growth.space_after(space, history, self.batch_size)
        return space.without(history.recipes)

    def measure(self, recipes: FloatArray, seed: int, round_number: int) -> History:
        """Make a round of recipes (n, d); the result is a history of that one round.

        The luck is keyed by (seed, round, slot): every strategy meets the same on the same seed.
        """
        rng = generator("noise", seed, round_number)
        rounds = np.zeros(len(recipes), dtype=np.int64)
        if not self.has_spectra:
            recorded = cast(RecordedLab, self.lab)
            return History(recipes, recorded.measure_losses(recipes, self.replicates, rng), rounds)
        spectra = cast(Lab, self.lab).measure(recipes, self.replicates, rng)
        return History(recipes, self._loss()(spectra), rounds, spectra)

    def true_loss(self, recipes: FloatArray) -> FloatArray:
        """Return the noise-free loss (n,) of recipes (n, d), by which campaigns are judged."""
        if isinstance(self.lab, RecordedLab):
            return self.lab.reference_losses(recipes)
        truth = self.lab.truth(recipes)
        if truth is None:
            raise PlasmonbenchError(f"{self.name}: its lab knows no truth to judge recipes by")
        return self._loss()(truth)

    def with_budget(self, **settings: int) -> Problem:
        """Return the problem with another batch_size, replicates or rounds."""
        return replace(self, **settings)  # type: ignore[arg-type]

    def _loss(self) -> SpectralLoss:
        if self.loss is None:  # pragma: no cover
            raise AssertionError("checked in __post_init__")
        return self.loss
