"""Cross-validations as JSON documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasmonbench.arrays import IntArray
from plasmonbench.crossvalidation import CrossValidation, FoldPrediction
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.folds import Fold, Split


def as_record(result: CrossValidation) -> dict[str, Any]:
    """Return a result as plain numbers and texts; `from_record` takes it back unchanged."""
    return {
        "labels": list(result.labels),
        "recipes": result.recipes.tolist(),
        "measured": result.measured.tolist(),
        "droplets": result.droplets.tolist(),
        "spectra_labels": list(result.spectra_labels),
        "wavelengths": result.wavelengths.tolist(),
        "measured_spectra": result.measured_spectra.tolist(),
        "splits": [
            {
                "name": split.name,
                "resampling": split.resampling,
                "folds": [
                    {
                        "name": fold.name,
                        "train": fold.train.tolist(),
                        "test": fold.test.tolist(),
                        "test_spectra": fold.test_spectra.tolist(),
                    }
                    for fold in split.folds
                ],
            }
            for split in result.splits
        ],
        "predictions": {
            model: {
                split: [
                    {
                        "losses": one.losses.tolist(),
                        "spectra": None if one.spectra is None else one.spectra.tolist(),
                        "seconds": one.seconds,
                    }
                    for one in folds
                ]
                for split, folds in by_split.items()
            }
            for model, by_split in result.predictions.items()
        },
    }


def from_record(record: Mapping[str, Any]) -> CrossValidation:
    """Rebuild a result from what `as_record` gave.

    Raises
    ------
    PlasmonbenchError
        If it is not such a record.
    """
    try:
        return CrossValidation(
            labels=tuple(record["labels"]),
            recipes=np.array(record["recipes"], dtype=float),
            measured=np.array(record["measured"], dtype=float),
            droplets=_rows(record["droplets"]),
            spectra_labels=tuple(record["spectra_labels"]),
            wavelengths=np.array(record["wavelengths"], dtype=float),
            measured_spectra=np.array(record["measured_spectra"], dtype=float).reshape(
                len(record["spectra_labels"]), len(record["wavelengths"])
            ),
            splits=tuple(_split(split) for split in record["splits"]),
            predictions={
                model: {
                    split: tuple(_prediction(one) for one in folds)
                    for split, folds in by_split.items()
                }
                for model, by_split in record["predictions"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlasmonbenchError(f"this is no record of a cross-validation: {error!r}") from error


def _split(record: Mapping[str, Any]) -> Split:
    folds = tuple(
        Fold(one["name"], _rows(one["train"]), _rows(one["test"]), _rows(one["test_spectra"]))
        for one in record["folds"]
    )
    return Split(record["name"], folds, record["resampling"])


def _prediction(record: Mapping[str, Any]) -> FoldPrediction:
    spectra = record["spectra"]
    return FoldPrediction(
        np.array(record["losses"], dtype=float),
        None if spectra is None else np.array(spectra, dtype=float),
        float(record["seconds"]),
    )


def _rows(numbers: Sequence[int]) -> IntArray:
    return np.array(numbers, dtype=np.int64)
