import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plasmonbench.agreement import loss_agreement
from plasmonbench.crossvalidation import CrossValidation, FoldPrediction
from plasmonbench.crossvalidation_scores import (
    FIGURES,
    error_difference,
    fold_scores,
    held_out,
    pooled_score,
)
from plasmonbench.folds import contiguous_blocks, interleaved


def result_of(measured, predictions, split):
    """Return a cross-validation with given losses, measured (m,) and predicted (m,) by model."""
    m = len(measured)
    return CrossValidation(
        labels=tuple(map(str, range(m))),
        recipes=np.zeros((m, 1)),
        measured=np.asarray(measured, float),
        droplets=np.ones(m, dtype=np.int64),
        spectra_labels=(),
        wavelengths=np.empty(0),
        measured_spectra=np.empty((0, 0)),
        splits=(split,),
        predictions={
            name: {
                split.name: tuple(
                    FoldPrediction(np.asarray(values)[fold.test], None, 0.0) for fold in split.folds
                )
            }
            for name, values in predictions.items()
        },
    )


def test_interval_of_the_bias_is_that_of_a_mean(rng):
    measured = rng.random(200)
    error = rng.normal(0.1, 0.5, 200)
    result = result_of(measured, {"m": measured + error}, interleaved(200))
    score = pooled_score(result, "m", "interleaved", rng, resamples=20_000)
    half = 1.96 * error.std() / np.sqrt(200)
    expected = [error.mean() - half, error.mean() + half]
    assert score.intervals["bias"] == pytest.approx(expected, abs=0.03 * half)  # measured .01


def test_intervals_of_blocks_know_that_neighbours_err_alike(rng):
    # All recipes of a block err by the same: then only blocks count, 8 of them, not 80 recipes.
    measured = rng.random(80)
    error = np.repeat(rng.normal(size=8), 10)
    result = result_of(measured, {"m": measured + error}, contiguous_blocks(80))
    low, high = pooled_score(result, "m", "blocks", rng, resamples=20_000).intervals["bias"]
    deviation = error.std() / np.sqrt(8)
    assert (high - low) / (2 * 1.96 * deviation) == pytest.approx(1, abs=0.06)  # measured .02


@settings(max_examples=25, deadline=None)
@example(seed=88, n=6, ties=True)  # one resample holds a single loss six times
@given(st.integers(0, 10_000), st.integers(6, 30), st.booleans())
def test_intervals_are_those_of_a_plain_bootstrap(seed, n, ties):
    rng = np.random.default_rng(seed)
    measured = rng.random(n)
    predicted = measured + 0.1 * rng.normal(size=n)
    if ties:
        measured, predicted = np.round(measured, 1), np.round(predicted, 1)
    result = result_of(measured, {"m": predicted}, interleaved(n, 2))
    # Folds lie one after the other.
    measured, predicted = held_out(result, "m", "interleaved")
    rows = np.random.default_rng(seed).integers(n, size=(60, n))
    drawn = [loss_agreement(measured[r], predicted[r]) for r in rows]
    found = pooled_score(
        result, "m", "interleaved", np.random.default_rng(seed), resamples=60
    ).intervals
    for name in FIGURES:
        values = [getattr(one, name) for one in drawn if getattr(one, name) is not None]
        assert found[name] == pytest.approx(
            np.quantile(values, [0.025, 0.975]), rel=1e-9, abs=1e-12
        )


def test_the_better_model_is_told_from_the_worse(rng):
    measured = rng.random(80)
    error = 0.05 * rng.normal(size=80)
    models = {"good": measured + error, "bad": measured + 2 * error, "same": measured + error}
    result = result_of(measured, models, contiguous_blocks(80))
    gap = error_difference(result, "good", "bad", "blocks", rng)
    assert gap.value == pytest.approx(-np.abs(error).mean())
    assert gap.interval[1] < 0
    back = error_difference(result, "bad", "good", "blocks", rng)
    assert back.value == pytest.approx(-gap.value)
    assert back.interval[0] > 0
    equal = error_difference(result, "good", "same", "blocks", rng)
    assert (equal.value, *equal.interval) == (0, 0, 0)


def test_folds_are_scored_by_themselves(rng):
    measured = np.arange(20.0)
    predicted = measured + np.repeat([1.0, 3.0], 10)
    result = result_of(measured, {"m": predicted}, contiguous_blocks(20, 2))
    scores = fold_scores(result, "m", "blocks", rng)
    assert {name: score.agreement.mae for name, score in scores.items()} == {"1-10": 1, "11-20": 3}
    assert scores["1-10"].intervals["mae"] == (1, 1)


def test_few_recipes_have_no_interval(rng):
    result = result_of(np.arange(4.0), {"m": np.zeros(4)}, interleaved(4, 2))
    assert set(pooled_score(result, "m", "interleaved", rng).intervals.values()) == {None}
    assert error_difference(result, "m", "m", "interleaved", rng).interval is None
