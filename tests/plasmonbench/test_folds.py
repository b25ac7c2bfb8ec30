from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import DropletTable, PlasmonbenchError
from plasmonbench.folds import (
    Fold,
    contiguous_blocks,
    extrapolation,
    interleaved,
    left_out_spectra,
)


@pytest.fixture
def campaign(rng):
    """Return losses of 40 recipes and spectra of 6 of them, as another file rounds their flows."""
    recipes, rows = rng.uniform(1, 9, (40, 2)), np.array([0, 3, 8, 20, 21, 39])
    labels = tuple(str(2 * k) for k in range(40))
    losses = DropletTable(labels, recipes, [np.zeros((3, 1))] * 40)
    spectra = DropletTable(
        tuple(labels[row] for row in rows), recipes[rows] * (1 + 1e-6), [np.zeros((3, 5))] * 6
    )
    return losses, spectra


@given(st.integers(2, 12), st.integers(0, 60))
def test_every_recipe_is_held_out_once_and_never_fitted_there(folds, more):
    recipes = 2 * folds + more
    for split in (contiguous_blocks(recipes, folds), interleaved(recipes, folds)):
        held = np.concatenate([fold.test for fold in split.folds])
        assert sorted(held) == list(range(recipes))
        for fold in split.folds:
            assert sorted([*fold.train, *fold.test]) == list(range(recipes))
        sizes = [len(fold.test) for fold in split.folds]
        assert max(sizes) - min(sizes) <= 1
    blocks = contiguous_blocks(recipes, folds)
    assert all(np.all(np.diff(fold.test) == 1) for fold in blocks.folds)
    steps = interleaved(recipes, folds)
    assert all(np.all(np.diff(fold.test) == folds) for fold in steps.folds)


def test_extrapolation_goes_by_number_not_by_row():
    labels = tuple(str(number) for number in [90, 10, 80, 20, 70, 30, 60, 40, 75, 50, 95, 99])
    (fold,) = extrapolation(labels, 75).folds
    assert [labels[row] for row in fold.test] == ["90", "80", "75", "95", "99"]
    assert all(int(labels[row]) < 75 for row in fold.train)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: contiguous_blocks(10, 6), "at least 12 recipes"),
        (lambda: interleaved(10, 1), "at least 2"),
        (lambda: extrapolation(("1", "2", "b3"), 2), "found 'b3'"),
        (lambda: extrapolation(tuple("123456789"), 2), "1 below and 8"),
        (lambda: Fold("f", np.array([1, 2]), np.array([2])), "row 2 is fitted and judged"),
    ],
)
def test_folds_that_cannot_be(make, message):
    with pytest.raises(PlasmonbenchError, match=message):
        make()


def test_one_label_with_two_recipes_is_refused(campaign):
    losses, spectra = campaign
    wrong = replace(spectra, recipes=spectra.recipes * 1.01)
    with pytest.raises(PlasmonbenchError, match="recipe 0 has other flows"):
        left_out_spectra(losses, wrong)


def test_a_recipe_made_twice_is_held_out_with_its_twin(campaign):
    losses, spectra = campaign
    twice = replace(losses, recipes=losses.recipes.copy())
    twice.recipes[5] = twice.recipes[8] * (1 + 1e-5)
    fold = left_out_spectra(twice, spectra).folds[2]
    assert list(fold.test) == [5, 8]
    assert not {5, 8} & set(fold.train)
