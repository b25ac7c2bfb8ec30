import numpy as np
import pytest

from plasmonbench import History, PlasmonbenchError


def three_rounds(rng):
    history = History.empty(2, 3, 4)
    for n in (2, 1, 3):
        history = history.append(rng.random((n, 2)), rng.random((n, 3)), rng.random((n, 3, 4)))
    return history


def test_rounds_are_counted_and_cut(rng):
    history = three_rounds(rng)
    assert history.round.tolist() == [0, 0, 1, 2, 2, 2]
    assert history.n_rounds == 3
    cut = history.until(2)
    assert len(cut) == 3
    assert np.array_equal(cut.losses, history.losses[:3])
    assert np.array_equal(cut.spectra, history.spectra[:3])
    assert history.until(0).n_rounds == 0


def test_median_sets_aside_unreadable_droplets(rng):
    losses = np.array([[0.1, np.nan, 0.3], [np.nan] * 3])
    spectra = np.full((2, 3, 4), np.nan)
    spectra[0, 0], spectra[0, 2] = 1, 3
    history = History(rng.random((2, 2)), losses, np.zeros(2), spectra)
    assert history.median_loss[0] == pytest.approx(0.2)
    assert np.isnan(history.median_loss[1])
    assert np.array_equal(history.median_spectra[0], np.full(4, 2.0))
    assert np.isnan(history.median_spectra[1]).all()


def test_history_is_read_only_and_a_copy(rng):
    recipes = rng.random((1, 2))
    history = History(recipes, np.zeros((1, 3)), np.zeros(1))
    recipes[0, 0] = 99
    assert history.recipes[0, 0] != 99
    for array in (history.recipes, history.losses, history.round):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_misfits_are_refused(rng):
    history = three_rounds(rng)
    with pytest.raises(PlasmonbenchError, match="losses alone"):
        _ = History.empty(2, 3, None).median_spectra
    with pytest.raises(PlasmonbenchError, match="or the reverse"):
        history.append(rng.random((1, 2)), rng.random((1, 3)))
    with pytest.raises(PlasmonbenchError, match="must not decrease"):
        History(rng.random((2, 2)), rng.random((2, 3)), np.array([1, 0]))
    with pytest.raises(PlasmonbenchError, match="rows of losses"):
        History(rng.random((2, 2)), rng.random((1, 3)), np.zeros(2))
