"""What adapters to planners of other libraries share: told a history, asked for a batch."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import random
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch

from plasmonbench import (
    FloatArray,
    History,
    PlasmonbenchError,
    RecipeSpace,
    Strategy,
    missing_modules,
    require_modules,
)
from strategies.models.readings import readable_losses
from strategies.models.spread import apart, nearest_gap

ON_THE_SPOT = 1e-6
"""A proposal moved by less than this, in the unit cube, was feasible but for rounding."""
SPACING = 0.01
"""Least distance of two recipes of a batch in the unit cube."""


@contextlib.contextmanager
def unless_missing(*modules: str) -> Iterator[None]:
    """Let an import of modules that are not installed pass; any other failure is raised.

    A strategy file that can be loaded without its peer can be listed and can show its knobs.
    """
    try:
        with warnings.catch_warnings():  # some libraries change the filters as they are imported
            yield
    except ModuleNotFoundError:
        if not missing_modules(modules):
            raise


@dataclass(frozen=True, eq=False)
class Batch:
    """Recipes (n, d) of a round, and what was done to the peer's proposals to get them."""

    recipes: FloatArray
    projected: int
    """Proposals that could not be made and were moved to the nearest recipe that can."""
    projected_distance: float
    """Their mean distance to it in the unit cube; 0 if there are none."""
    respaced: int
    """Proposals nearer than `SPACING` to an earlier one of the batch, moved away from it."""


class Peer(Strategy):
    """A planner of another library, told all medians so far and asked for one batch.

    Its state is built anew each round from the history and the round's own seed, so that a peer
    is as much a pure function as any strategy; random generators that it finds in global state
    are seeded for it and put back. It works in the unit cube of the current bounds. Proposals
    that cannot be made are moved to the nearest recipe that can, and the record says how many
    (`explain`). A subclass says in `modules` what it imports and in `extra` how that is
    installed, and asks its library in `ask`.
    """

    modules: ClassVar[tuple[str, ...]] = ()
    """Top-level modules that must be installed."""
    extra: ClassVar[str] = ""
    """Name of the optional dependencies that bring them."""

    def __post_init__(self) -> None:
        require_modules(self.modules, self.extra)

    @abstractmethod
    def ask(
        self, points: FloatArray, losses: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return n proposals (n, d) of the peer in the unit cube, feasible or not.

        Parameters
        ----------
        points, losses
            What it may learn from: recipes (m, d) in the unit cube and median losses (m,), m >= 1.
        n
            Size of the batch.
        rng
            Where its seeds come from.
        """

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d), in the peer's own order."""
        if not len(history):
            return self.initial_design(n)
        recipes, losses = readable_losses(history)
        if not len(losses):  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, self.rng(history))
        if self.space.candidates is not None and n > len(self.space.candidates):
            return self.space.project(np.repeat(recipes[:1], n, axis=0))  # says what is wrong
        return self._planned(history, n).recipes

    def explain(self, history: History) -> dict[str, float]:
        """Return what was done to the peer's proposals: see `Batch`.

        For the batch that was proposed from this history; where none was, for one of the size of
        the newest round.
        """
        if not len(readable_losses(history)[1]):
            return {}
        made = self._rounds.get(_digest(history))
        if made is None:
            made = self._planned(history, int((history.round == history.round[-1]).sum()))
        return {
            "projected": float(made.projected),
            "projected_distance": made.projected_distance,
            "respaced": float(made.respaced),
        }

    def _planned(self, history: History, n: int) -> Batch:
        recipes, losses = readable_losses(history)
        rng = self.rng(history)
        # Some libraries change the filters of warnings in passing.
        with global_randomness_of_its_own(int(rng.integers(2**32))), warnings.catch_warnings():
            asked = np.asarray(self.ask(self.space.to_unit(recipes), losses, n, rng))
        if asked.shape != (n, self.space.dimension) or not np.isfinite(asked).all():
            raise PlasmonbenchError(
                f"{type(self).__name__} was asked for {n} recipes and proposed {len(asked)} rows"
                f"{'' if np.isfinite(asked).all() else ', some of them not numbers'}"
            )
        made = makeable(self.space, asked, rng)
        self._rounds.clear()
        self._rounds[_digest(history)] = made
        return made

    @cached_property
    def _rounds(self) -> dict[bytes, Batch]:
        """The newest batch by its history, so that explaining it costs nothing."""
        return {}


def makeable(space: RecipeSpace, asked: FloatArray, rng: np.random.Generator) -> Batch:
    """Turn proposals (n, d) of the unit cube into n different recipes that a lab can make.

    Each is moved to the nearest feasible recipe (the nearest candidate not yet taken, in a finite
    set); one that is then nearer than `SPACING` to an earlier one is moved on to the nearest of
    some random places that are not.
    """
    recipes = space.project(space.from_unit(asked))
    unit = space.to_unit(recipes)
    moved = np.linalg.norm(unit - asked, axis=1)
    far = moved > ON_THE_SPOT
    respaced = 0
    if space.candidates is None:
        for row in range(1, len(unit)):
            if nearest_gap(unit[[row]], unit[:row])[0] < SPACING:
                unit[row] = _moved_off(unit[row], unit[:row], space, rng)
                respaced += 1
        recipes = space.project(space.from_unit(unit))
    return Batch(
        recipes=recipes,
        projected=int(far.sum()),
        projected_distance=float(moved[far].mean()) if far.any() else 0.0,
        respaced=respaced,
    )


def _moved_off(
    point: FloatArray, taken: FloatArray, space: RecipeSpace, rng: np.random.Generator
) -> FloatArray:
    """Return a feasible point (d,) near one given, `SPACING` away from those taken (m, d)."""
    directions = rng.standard_normal((256, len(point)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = SPACING * np.geomspace(1.01, 50, len(directions))[:, None]
    places = space.to_unit(space.project(space.from_unit(point + lengths * directions)))
    places = places[apart(places, taken, SPACING)]
    nearest: FloatArray = places[np.linalg.norm(places - point, axis=1).argmin()]
    return nearest


@contextlib.contextmanager
def global_randomness_of_its_own(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch for a block, and put them back.

    torch's default type and number of threads are put back too.
    """
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - guarded here
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)


@contextlib.contextmanager
def only_errors_logged() -> Iterator[None]:
    """Let loggers tell errors alone for a block: peers note each trial, on handlers of their own.

    Their logs would drown the progress of a run.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def small_seed(rng: np.random.Generator) -> int:
    """Return a seed for libraries that take 31 bits."""
    return int(rng.integers(2**31 - 1))


def _digest(history: History) -> bytes:
    parts = (history.recipes, history.losses, history.round)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).digest()
