"""What a planner is: history in, next recipes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, dataclass_transform

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.loss import SpectralLoss
from plasmonbench.randomness import generator
from plasmonbench.space import RecipeSpace

PredictedLoss = Callable[[FloatArray], FloatArray]
"""Maps recipes (k, d) to the losses (k,) that a surrogate expects of them."""
BOUND_MARK = " (bound)"
"""Stands behind the name of a strategy that is no competitor, in every table and record."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _KeywordDataclass(ABC):  # noqa: B024 - the abstract methods stand in Strategy
    """Makes every subclass a frozen dataclass, so that a plug-in needs no decorator."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = vars(cls)
        if "__init__" in own:
            raise TypeError(
                f"{cls.__name__} must not define __init__: write its knobs as annotated class "
                "attributes with defaults, and check them in __post_init__"
            )
        taken = {"space", "loss", "seed"} & set(own.get("__annotations__", {}))
        if taken and cls.__name__ != "Strategy":
            raise TypeError(
                f"{cls.__name__} cannot use {', '.join(sorted(taken))} as a knob: every strategy "
                "has a field of that name, set by the campaign"
            )
        dataclass(frozen=True, kw_only=True, eq=False)(cls)


class Strategy(_KeywordDataclass):
    """Plan the next round from everything measured so far.

    A strategy is a pure function of its fields and the history: it keeps no state between
    rounds (a cache is fine), and all its randomness comes from `rng`, so that a campaign resumed
    at round k goes on as if it had never stopped. Annotated class attributes with defaults are
    its tuning knobs, set by ``name[knob=value]``.

    Parameters
    ----------
    space
        Where recipes may lie now. In a finite set only the recipes not yet tried are left.
    loss
        The loss that is to be lowered; None where a recorded lab gives losses alone.
    seed
        Seed of the planner, made from the campaign's; the lab's luck cannot be told from it.
    """

    space: RecipeSpace
    loss: SpectralLoss | None = None
    seed: int = 0

    needs_spectra: ClassVar[bool] = False
    """True if the strategy cannot plan from losses alone."""
    learns: ClassVar[bool] = True
    """False for floors, whose proposals do not depend on what was measured."""
    bound: ClassVar[bool] = False
    """True if it knows of the lab what no planner can: a bound on the others, marked as such."""
    surrogate: ClassVar[str] = ""
    """What `predicted_loss` asks, in words as figures name it; empty where there is nothing."""

    @abstractmethod
    def propose(self, history: History, n: int) -> FloatArray:
        """Return n different feasible recipes, shape (n, d)."""

    def recommend(self, history: History) -> FloatArray:
        """Return the recipe (d,) to be judged by: the one with the lowest median loss.

        The median, because the luckiest droplet is not a result. Before any reading there is
        nothing to recommend but the first recipe.
        """
        median = history.median_loss
        if np.isnan(median).all():
            return np.asarray(history.recipes[0])
        return np.asarray(history.recipes[int(np.nanargmin(median))])

    def round_size(self, history: History, n: int) -> int:  # noqa: ARG002 - for subclasses
        """Return how many recipes, at most n, the next round should hold."""
        return n

    def explain(self, history: History) -> dict[str, float]:  # noqa: ARG002 - for subclasses
        """Return numbers about the plan of the next round, kept in the record."""
        return {}

    def predicted_loss(self, history: History) -> PredictedLoss | None:  # noqa: ARG002
        """Return what the strategy's surrogate believes of the loss after a history.

        A function that maps recipes (k, d), inside the space or not, to expected losses (k,),
        finite numbers; None where there is no surrogate, or nothing to have taught it. Asked by
        those who judge a planner's understanding, never while it plans, and not timed.
        """
        return None

    def stop_reason(self, history: History) -> str | None:  # noqa: ARG002 - for subclasses
        """Return why the campaign should end before its budget is spent; None: go on."""
        return None

    def rng(self, history: History) -> np.random.Generator:
        """Return the generator of the next round, keyed by (campaign seed, round).

        The name of the strategy is left out on purpose: strategies that draw the same things
        draw the same numbers, which makes comparisons on common seeds sharper.
        """
        return generator("strategy", self.seed, history.n_rounds)

    def initial_design(self, n: int) -> FloatArray:
        """Return the Latin hypercube (n, d) that all strategies share on a seed."""
        return self.space.initial_space().latin_hypercube(n, generator("strategy", self.seed, 0))

    def require_spectra(self, history: History) -> SpectralLoss:
        """Return the loss, for strategies that cannot do without spectra.

        Raises
        ------
        PlasmonbenchError
            If the lab records losses alone.
        """
        if self.loss is None or history.spectra is None:
            raise PlasmonbenchError(
                f"{type(self).__name__} learns from spectra, and this lab records losses alone"
            )
        return self.loss
