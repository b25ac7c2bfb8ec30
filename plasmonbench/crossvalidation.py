"""Predicts recipes that were held out of the fit, for any model of losses and spectra."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from plasmonbench.arrays import BoolArray, FloatArray, IntArray
from plasmonbench.droplet_table import DropletTable
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.folds import Fold, Split, same_recipes, standard_splits
from plasmonbench.validation import settled_spectra


class Predictor(Protocol):
    """A model that was fitted."""

    def losses(self, recipes: FloatArray, droplets: IntArray) -> FloatArray:
        """Return the median loss (n,) over the first ``droplets`` (n,) droplets of recipes (n, d).

        The number matters where the first droplets differ from the settled ones.
        """
        ...

    def spectra(self, recipes: FloatArray) -> FloatArray | None:
        """Return settled spectra (n, W) of recipes (n, d); None from a model without spectra."""
        ...


class Calibrator(Protocol):
    """A model before it is fitted. It must be picklable to run in another process."""

    def __call__(self, losses: DropletTable, spectra: DropletTable | None) -> Predictor:
        """Fit to these droplets and no others; spectra are None where all are held out."""
        ...


@dataclass(frozen=True, eq=False)
class FoldPrediction:
    """What a model said of one fold's held-out recipes.

    Parameters
    ----------
    losses
        Shape (test rows,).
    spectra
        Shape (test spectra, W); None where the fold has none or the model predicts none.
    seconds
        Wall time of the fit and the prediction.
    """

    losses: FloatArray
    spectra: FloatArray | None
    seconds: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What was measured, what was held out together, and what each model said of it.

    Parameters
    ----------
    labels, recipes, measured, droplets
        Of the m recipes with losses: names, flows (m, d), median loss over all droplets (m,),
        number of droplets (m,).
    spectra_labels, wavelengths, measured_spectra
        Of the k recipes with spectra: names, grid (W,) in nm, median spectra of settled
        droplets (k, W), as `settled_spectra` takes them.
    splits
        Each with its folds.
    predictions
        By model and by split, one per fold.
    """

    labels: tuple[str, ...]
    recipes: FloatArray
    measured: FloatArray
    droplets: IntArray
    spectra_labels: tuple[str, ...]
    wavelengths: FloatArray
    measured_spectra: FloatArray
    splits: tuple[Split, ...]
    predictions: Mapping[str, Mapping[str, tuple[FoldPrediction, ...]]]

    def split(self, name: str) -> Split:
        """Return the split of a name.

        Raises
        ------
        PlasmonbenchError
            If there is none.
        """
        for split in self.splits:
            if split.name == name:
                return split
        known = ", ".join(split.name for split in self.splits)
        raise PlasmonbenchError(f"there is no split '{name}'; there are: {known}")


def run(
    models: Mapping[str, Calibrator],
    losses: DropletTable,
    spectra: DropletTable | None = None,
    *,
    executor: Executor,
    wavelengths: FloatArray | None = None,
    splits: Sequence[Split] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> CrossValidation:
    """Fit every model on every fold's training rows and predict what the fold holds out.

    Nothing of a held-out recipe reaches a model: where its losses are held out, its spectra are.

    Parameters
    ----------
    models
        By name; each is called once per fold, in one of the executor's workers.
    losses, spectra
        Droplets in campaign order. Spectra of W columns need ``wavelengths`` (W,), nm.
    executor
        Of `concurrent.futures`; results do not depend on it.
    splits
        None: `standard_splits`.
    progress
        Called with the number of fits done and of all.

    Raises
    ------
    PlasmonbenchError
        If a model's prediction has a wrong shape or is not finite, the tables do not fit each
        other, or a worker process died.
    """
    if not models:
        raise PlasmonbenchError("there is no model to cross-validate")
    grid = _grid(spectra, wavelengths)
    chosen = tuple(standard_splits(losses, spectra) if splits is None else splits)
    tasks = _tasks(models, losses, spectra, chosen)
    futures = {executor.submit(_run_fold, task): key for key, task in tasks.items()}
    found = _collect(futures, progress)
    return CrossValidation(
        labels=losses.labels,
        recipes=losses.recipes,
        measured=np.array([np.median(values) for values in losses.values]),
        droplets=_droplets(losses),
        spectra_labels=() if spectra is None else spectra.labels,
        wavelengths=grid,
        measured_spectra=np.empty((0, 0)) if spectra is None else settled_spectra(spectra),
        splits=chosen,
        predictions={
            name: {
                split.name: tuple(found[name, split.name, k] for k in range(len(split.folds)))
                for split in chosen
            }
            for name in models
        },
    )


@dataclass(frozen=True, eq=False)
class _Task:
    """One fit and what is asked of it, for a worker."""

    what: str
    model: Calibrator
    losses: DropletTable
    spectra: DropletTable | None
    test: DropletTable
    test_spectra: DropletTable | None


def _tasks(
    models: Mapping[str, Calibrator],
    losses: DropletTable,
    spectra: DropletTable | None,
    splits: Sequence[Split],
) -> dict[tuple[str, str, int], _Task]:
    same = None if spectra is None else same_recipes(losses, spectra)
    return {
        (name, split.name, number): _Task(
            f"model '{name}', split '{split.name}', fold '{fold.name}'",
            model,
            losses.subset(fold.train),
            _known_spectra(fold, spectra, same),
            losses.subset(fold.test),
            None if spectra is None else spectra.subset(fold.test_spectra),
        )
        for name, model in models.items()
        for split in splits
        for number, fold in enumerate(split.folds)
    }


def _run_fold(task: _Task) -> FoldPrediction:
    """Fit and predict one fold; what a worker calls."""
    begin = time.perf_counter()
    test = task.test
    # One thread each: workers share the cores, and small matrices gain nothing from more.
    with threadpool_limits(1):
        try:
            predictor = task.model(task.losses, task.spectra)
        except (ArithmeticError, ValueError) as error:  # LinAlgError is a ValueError
            raise PlasmonbenchError(f"{task.what}: the fit failed: {error}") from error
        losses = np.empty(0)
        if len(test.labels):
            losses = np.asarray(predictor.losses(test.recipes, _droplets(test)), dtype=np.float64)
        _check(task.what, "losses", losses, (len(test.labels),))
        spectra = None
        if task.test_spectra is not None and len(task.test_spectra.labels):
            spectra = predictor.spectra(task.test_spectra.recipes)
            if spectra is not None:
                spectra = np.asarray(spectra, dtype=np.float64)
                shape = (len(task.test_spectra.labels), task.test_spectra.values[0].shape[1])
                _check(task.what, "spectra", spectra, shape)
    return FoldPrediction(losses, spectra, time.perf_counter() - begin)


def _collect(
    futures: Mapping[Future[FoldPrediction], tuple[str, str, int]],
    progress: Callable[[int, int], None],
) -> dict[tuple[str, str, int], FoldPrediction]:
    found = {}
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            found[futures[future]] = future.result()
            progress(done, len(futures))
    except BrokenProcessPool as error:
        raise PlasmonbenchError(
            "a worker process died (killed, or out of memory?); run again with fewer workers"
        ) from error
    finally:
        for future in futures:
            future.cancel()
    return found


def _known_spectra(
    fold: Fold, spectra: DropletTable | None, same: BoolArray | None
) -> DropletTable | None:
    """Return the spectra of recipes that the fold does not hold out; None where none are left."""
    if spectra is None or same is None:
        return None
    held_out = np.flatnonzero(same[fold.test].any(axis=0))
    known = np.setdiff1d(np.arange(len(spectra.labels)), [*held_out, *fold.test_spectra])
    return spectra.subset(known) if len(known) else None


def _droplets(table: DropletTable) -> IntArray:
    return np.array([len(values) for values in table.values], dtype=np.int64)


def _grid(spectra: DropletTable | None, wavelengths: FloatArray | None) -> FloatArray:
    if spectra is None:
        return np.empty(0)
    columns = spectra.values[0].shape[1]
    if wavelengths is None or wavelengths.shape != (columns,):
        raise PlasmonbenchError(f"spectra of {columns} columns need as many wavelengths")
    return wavelengths


def _check(what: str, kind: str, values: FloatArray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise PlasmonbenchError(f"{what}: {kind} must have shape {shape}; got {values.shape}")
    if not np.isfinite(values).all():
        raise PlasmonbenchError(f"{what}: the predicted {kind} are not all finite numbers")
