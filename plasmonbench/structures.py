"""Variants of a model beside each other: how much each of its parts is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from plasmonbench.agreement import loss_agreement, spectrum_agreement
from plasmonbench.crossvalidation import CrossValidation
from plasmonbench.crossvalidation_scores import error_difference, held_out, held_out_spectra
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.markdown import NOTHING, header, row, with_interval


@dataclass(frozen=True, eq=False)
class Structure:
    """A variant of a model, to be set beside others.

    Parameters
    ----------
    results
        Its cross-validation.
    parameters
        How many numbers were fitted.
    model
        Its name in ``results``; None: the only one there.
    """

    results: CrossValidation
    parameters: int
    model: str | None = None

    @property
    def name(self) -> str:
        """Its name in ``results``.

        Raises
        ------
        PlasmonbenchError
            If there are several models and none was named.
        """
        if self.model is not None:
            return self.model
        names = list(self.results.predictions)
        if len(names) != 1:
            raise PlasmonbenchError(f"say which model is meant: {', '.join(names)}")
        return names[0]


def structures_table(structures: Mapping[str, Structure], rng: np.random.Generator) -> str:
    """Return a row per structure; columns for every split that one of them was judged on."""
    reference = next(iter(structures.values()))
    splits: dict[str, None] = {}
    for structure in structures.values():
        splits |= dict.fromkeys(split.name for split in structure.results.splits)
    titles = ["structure", "parameters"]
    for split in splits:
        titles += [f"{split}: R²", "MAE"]
    compared = reference.results.splits[0].name
    titles.append(f"{compared}: MAE less the first's")
    lines = [header([*titles, "spectra: RMSE", "peak, nm", "centroid, nm", "height, %"])]
    for name, structure in structures.items():
        cells = [name, str(structure.parameters)]
        for split in splits:
            cells += _structure_losses(structure, split)
        cells.append(_structure_gap(structure, reference, compared, rng))
        lines.append(row([*cells, *_structure_spectra(structure)]))
    return "\n".join(lines)


def _structure_losses(structure: Structure, split: str) -> list[str]:
    results = structure.results
    if split not in [one.name for one in results.splits]:
        return [NOTHING, NOTHING]
    measured, predicted = held_out(results, structure.name, split)
    if not len(measured):
        return [NOTHING, NOTHING]
    figures = loss_agreement(measured, predicted)
    return [with_interval(figures.r2, None, ".2f"), with_interval(figures.mae, None, ".3f")]


def _structure_gap(
    structure: Structure, reference: Structure, split: str, rng: np.random.Generator
) -> str:
    """Compare with the first structure on the same held-out recipes; '-' where they differ."""
    ours, theirs = structure.results, reference.results
    same = structure is not reference and ours.labels == theirs.labels
    if not same or split not in [one.name for one in ours.splits]:
        return NOTHING
    pairs = zip(ours.split(split).folds, theirs.split(split).folds, strict=False)
    if not all(np.array_equal(a.test, b.test) for a, b in pairs):
        return NOTHING
    both = {
        "ours": ours.predictions[structure.name],
        "theirs": theirs.predictions[reference.name],
    }
    gap = error_difference(replace(ours, predictions=both), "ours", "theirs", split, rng)
    return with_interval(gap.value, gap.interval, "+.4f")


def _structure_spectra(structure: Structure) -> list[str]:
    results = structure.results
    for split in results.splits:
        rows, predicted = held_out_spectra(results, structure.name, split.name)
        if len(rows):
            medians = spectrum_agreement(
                results.wavelengths, results.measured_spectra[rows], predicted
            )
            return [
                with_interval(medians.rmse, None, ".3f"),
                with_interval(medians.peak_nm, None, ".1f"),
                with_interval(medians.centroid_nm, None, ".1f"),
                with_interval(medians.amplitude, None, ".1f", 100),
            ]
    return [NOTHING] * 4
