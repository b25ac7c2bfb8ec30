"""Fits a lab's growth model to a history, and remembers it for as long as that history lasts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from plasmonbench import (
    FittedMechanism,
    FloatArray,
    History,
    PlasmonbenchError,
    find_mechanism,
)


def droplets_of(history: History) -> tuple[FloatArray, FloatArray]:
    """Return recipes (m, d) and droplets (m, r, W) of the recipes with a readable droplet.

    Raises
    ------
    PlasmonbenchError
        If the lab records losses alone.
    """
    if history.spectra is None:
        raise PlasmonbenchError("this lab records losses alone; there are no spectra to use")
    readable = np.asarray(np.asarray(np.isfinite(history.spectra).all(axis=2)).any(axis=1))
    return history.recipes[readable], history.spectra[readable]


@dataclass(frozen=True)
class _Task:
    """A fit, known by what it is made of."""

    lab: str
    form: str
    seed: int
    rounds: int
    content: bytes
    """Hash of recipes and droplets."""
    recipes: FloatArray = field(compare=False)
    droplets: FloatArray = field(compare=False)
    rng: np.random.Generator = field(compare=False)


def fit_once(
    lab: str, form: str, history: History, seed: int, rng: np.random.Generator
) -> FittedMechanism:
    """Fit a growth model to a history, or return the fit of an earlier call.

    ``rng`` must be the same for the same seed and history.
    """
    recipes, droplets = droplets_of(history)
    content = hashlib.sha256(recipes.tobytes())
    content.update(droplets.tobytes())
    return _fitted(
        _Task(lab, form, seed, history.n_rounds, content.digest(), recipes, droplets, rng)
    )


@lru_cache(maxsize=2)
def _fitted(task: _Task) -> FittedMechanism:
    return find_mechanism(task.lab, task.form).fit(task.recipes, task.droplets, task.rng)


def forget_twins() -> None:
    """Empty the memory of `fit_once`, so that the next planning is timed from nothing."""
    _fitted.cache_clear()
