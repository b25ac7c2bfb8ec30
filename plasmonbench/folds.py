"""Which recipes of a campaign are held out together, and what may be learned from then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from plasmonbench.arrays import BoolArray, IntArray
from plasmonbench.droplet_table import DropletTable
from plasmonbench.errors import PlasmonbenchError

BLOCKS = 8
"""Folds of the block and the interleaved split: each holds out about 10 recipes of 82."""
BOUNDARIES = (60, 75, 90)
"""Extrapolation splits: fitted on recipes labelled below, judged on the others.

Three neighbours, so that it is seen whether a result hangs on one of them.
"""
LEAST_TO_FIT = 5
SAME_FLOW = 1e-3
"""Flows that agree within this share are one recipe: tables round them differently."""

Resampling = Literal["blocks", "recipes"]


def _no_rows() -> IntArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to learn from and rows to be judged on.

    Parameters
    ----------
    name
        Unique within a split.
    train, test
        Rows of the table of losses, disjoint.
    test_spectra
        Rows of the table of spectra that are judged; none unless the split is about spectra.

    Raises
    ------
    PlasmonbenchError
        If a row of losses is in both.
    """

    name: str
    train: IntArray
    test: IntArray
    test_spectra: IntArray = field(default_factory=_no_rows)

    def __post_init__(self) -> None:
        both = np.intersect1d(self.train, self.test)
        if len(both):
            raise PlasmonbenchError(f"fold {self.name}: row {both[0]} is fitted and judged both")


@dataclass(frozen=True, eq=False)
class Split:
    """Folds that are scored together.

    ``resampling`` says what the bootstrap of their pooled score draws: "recipes", or "blocks" of
    neighbours in the campaign and then recipes within each.
    """

    name: str
    folds: tuple[Fold, ...]
    resampling: Resampling = "recipes"


def contiguous_blocks(recipes: int, blocks: int = BLOCKS) -> Split:
    """Hold out each of ``blocks`` runs of neighbours in campaign order, about equally long.

    Recipes of one batch were chosen together and lie close to each other; held out together, they
    are as new to the model as the next batch of a campaign.

    Raises
    ------
    PlasmonbenchError
        If there are fewer than two blocks, or fewer than two recipes a block.
    """
    _check_number(recipes, blocks)
    rows = np.arange(recipes)
    folds = [
        Fold(f"{held[0] + 1}-{held[-1] + 1}", np.setdiff1d(rows, held), held)
        for held in np.array_split(rows, blocks)
    ]
    return Split("blocks", tuple(folds), "blocks")


def interleaved(recipes: int, folds: int = BLOCKS) -> Split:
    """Hold out every ``folds``-th recipe in campaign order, from each start.

    Neighbours of the same batch stay in the fit, so that this is interpolation: the mildest test.

    Raises
    ------
    PlasmonbenchError
        If there are fewer than two folds, or fewer than two recipes a fold.
    """
    _check_number(recipes, folds)
    rows = np.arange(recipes)
    return Split(
        "interleaved",
        tuple(Fold(f"{k + 1} of {folds}", rows[rows % folds != k], rows[k::folds])
              for k in range(folds)),
    )  # fmt: skip


def extrapolation(labels: tuple[str, ...], boundary: int) -> Split:
    """Fit on the recipes labelled below ``boundary``, judge on the others.

    A campaign leaves the region it began in; what was fitted at its start is asked about its end.

    Raises
    ------
    PlasmonbenchError
        If a label is not a whole number, or one side has fewer than five recipes.
    """
    try:
        numbers = np.array([int(label) for label in labels])
    except ValueError:
        raise PlasmonbenchError(
            f"extrapolation beyond recipe {boundary} needs recipes that are numbered in campaign "
            f"order; found '{next(x for x in labels if not x.strip().lstrip('+-').isdigit())}'"
        ) from None
    train, test = np.flatnonzero(numbers < boundary), np.flatnonzero(numbers >= boundary)
    if min(len(train), len(test)) < LEAST_TO_FIT:
        raise PlasmonbenchError(
            f"extrapolation beyond recipe {boundary} needs at least {LEAST_TO_FIT} recipes on "
            f"either side; there are {len(train)} below and {len(test)} from it on"
        )
    name = f"from {boundary} on"
    return Split(name, (Fold(name, train, test),))


def left_out_spectra(losses: DropletTable, spectra: DropletTable) -> Split:
    """Hold out each recipe that has spectra, its spectra and its losses both.

    Raises
    ------
    PlasmonbenchError
        If a recipe of one label has other flows in the other table, or fewer than two have spectra.
    """
    if len(spectra.labels) < 2:
        raise PlasmonbenchError("one recipe with spectra cannot be left out: none would remain")
    same = same_recipes(losses, spectra)
    folds = [
        Fold(label, np.flatnonzero(~same[:, row]), np.flatnonzero(same[:, row]), np.array([row]))
        for row, label in enumerate(spectra.labels)
    ]
    return Split("left-out spectra", tuple(folds))


def same_recipes(losses: DropletTable, spectra: DropletTable) -> BoolArray:
    """Tell which rows of two tables are one recipe, shape (recipes with losses, with spectra).

    Flows decide, not labels: a recipe that was made twice stands under one label only.

    Raises
    ------
    PlasmonbenchError
        If a recipe of one label has other flows in the other table: then nobody can say what must
        be held out with it.
    """
    ours, theirs = losses.recipes[:, None], spectra.recipes[None]
    same = np.all(np.isclose(ours, theirs, rtol=SAME_FLOW, atol=1e-9), axis=2)
    for row, label in enumerate(spectra.labels):
        if label in losses.labels and not same[losses.labels.index(label), row]:
            raise PlasmonbenchError(
                f"recipe {label} has other flows in the table of losses than in that of spectra"
            )
    return np.asarray(same, dtype=np.bool_)


def standard_splits(
    losses: DropletTable,
    spectra: DropletTable | None,
    *,
    blocks: int = BLOCKS,
    boundaries: tuple[int, ...] = BOUNDARIES,
) -> tuple[Split, ...]:
    """Return blocks, interleaved, one extrapolation per boundary, and left-out spectra if any.

    Raises
    ------
    PlasmonbenchError
        As the functions that make each.
    """
    recipes = len(losses.labels)
    splits = [contiguous_blocks(recipes, blocks), interleaved(recipes, blocks)]
    splits += [extrapolation(losses.labels, boundary) for boundary in boundaries]
    if spectra is not None:
        splits.append(left_out_spectra(losses, spectra))
    return tuple(splits)


def _check_number(recipes: int, folds: int) -> None:
    if folds < 2 or recipes < 2 * folds:
        raise PlasmonbenchError(
            f"{folds} folds need at least {2 * max(folds, 2)} recipes, and there must be at least "
            f"2; there are {recipes} recipes"
        )
