"""Measures a stored campaign's droplets once more: files keep losses, and seldom spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.campaign_file import SPECTRA, read_campaign_table
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.problem import Problem

TOLERANCE = 1e-6
"""Largest difference of a loss that is still the same droplet: other machines round otherwise.

On one machine they agree to the last digit; another lab, target or luck moves them by 1e-3 and
more.
"""


def replayed_history(
    problem: Problem,
    recipes: FloatArray,
    rounds: IntArray,
    seed: int,
    losses: FloatArray | None = None,
) -> History:
    """Return what a campaign measured, spectra included, by measuring it again.

    The lab's luck is keyed by (seed, round, slot), so that the same recipes give the very same
    droplets.

    Parameters
    ----------
    problem
        What the campaign was played on.
    recipes
        In the order made, shape (N, d).
    rounds
        Round of each recipe, shape (N,), 0 for the first, counting up without gaps.
    seed
        Of the campaign.
    losses
        What was measured then, shape (N, r), NaN for droplets without a reading, to be compared;
        None: nothing is compared.

    Raises
    ------
    PlasmonbenchError
        If the recipes are not the problem's, or their droplets have other losses than those kept:
        then the lab, its noise or the target has changed since.
    """
    recipes = np.asarray(recipes, dtype=np.float64)
    rounds = np.asarray(rounds, dtype=np.int64)
    if recipes.ndim != 2 or recipes.shape[1] != problem.space.dimension:
        raise PlasmonbenchError(
            f"{problem.name} has recipes of {problem.space.dimension} flows "
            f"({', '.join(problem.space.names)}); the campaign's have shape {recipes.shape}"
        )
    history = problem.empty_history()
    if not len(recipes):
        return history
    if rounds.shape != (len(recipes),) or rounds[0] or not np.isin(np.diff(rounds), (0, 1)).all():
        raise PlasmonbenchError(
            f"{len(recipes)} recipes need as many rounds that count up from 0; got {rounds}"
        )
    for number in np.unique(rounds):
        made = problem.measure(recipes[rounds == number], seed, int(number))
        history = history.append(made.recipes, made.losses, made.spectra)
    if losses is not None:
        _check_same(problem, history, np.asarray(losses, dtype=np.float64))
    return history


def stored_history(path: Path, problem: Problem) -> History:
    """Return what the campaign in a file measured: its spectra as kept, or measured again.

    Spectra are kept in single precision, losses in double.

    Raises
    ------
    PlasmonbenchError
        If it is no campaign's file, or its droplets cannot be had again; see `replayed_history`.
    """
    table = read_campaign_table(path)
    file = pq.ParquetFile(path)
    rounds = table.round - 1
    if SPECTRA not in file.schema_arrow.names:
        return replayed_history(problem, table.recipes, rounds, table.stored.seed, table.losses)
    flat = file.read(columns=[SPECTRA])[SPECTRA].combine_chunks().flatten().to_numpy()
    spectra = flat.astype(np.float64).reshape(*table.losses.shape, -1)
    if problem.loss is None or spectra.shape[2] != len(problem.loss.wavelengths):
        raise PlasmonbenchError(
            f"{path} holds spectra of {spectra.shape[2]} wavelengths, which {problem.name} has "
            "not; it was made on another version of the problem: run it again"
        )
    return History(table.recipes, table.losses, rounds, spectra)


def _check_same(problem: Problem, history: History, kept: FloatArray) -> None:
    if kept.shape != history.losses.shape:
        raise PlasmonbenchError(
            f"{problem.name} measures {history.losses.shape[1]} droplets of each of "
            f"{len(history)} recipes; the campaign kept losses of shape {kept.shape}: "
            "it was made on another version of the problem; run it again"
        )
    same = np.isclose(history.losses, kept, rtol=0, atol=TOLERANCE, equal_nan=True)
    if not same.all():
        row = int(np.flatnonzero(~same.all(axis=1))[0])
        raise PlasmonbenchError(
            f"this run was made by another version of the lab {problem.name}: "
            f"{int((~same).sum()):,} of {same.size:,} droplets have other losses now (first in "
            f"round {int(history.round[row]) + 1}); run it again to see its spectra"
        )
