import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score

from plasmonbench import PlasmonbenchError
from plasmonbench.agreement import (
    bootstrap_interval,
    bootstrap_intervals,
    loss_agreement,
    loss_intervals,
    plate_peak,
    spectrum_agreement,
    spectrum_errors,
    spectrum_intervals,
)

GRID = np.arange(380.0, 801.0)
LOSSES = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        *[arrays(np.float64, n, elements=st.floats(0, 1, width=16)) for _ in range(2)]
    )
)


def band(center, height=1.0, width=30.0):
    return height * np.exp(-0.5 * ((GRID - center) / width) ** 2)


def test_losses_by_hand():
    found = loss_agreement(np.array([0.0, 1, 2, 3]), np.array([0.0, 1, 2, 5]))
    # One residual of 2; the squares about the mean 1.5 sum up to 5.
    assert (found.n, found.mae, found.bias) == (4, 0.5, 0.5)
    assert found.spearman == pytest.approx(1, abs=1e-12)
    assert found.r2 == pytest.approx(1 - 4 / 5, abs=1e-15)
    # Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * 4 / (4 * 15).
    swapped = loss_agreement(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.2, 0.1, 0.9, 0.3]))
    assert swapped.spearman == pytest.approx(0.6, abs=1e-12)


def test_bias_is_positive_where_the_prediction_is_too_high():
    measured = np.array([0.2, 0.4, 0.9])
    assert loss_agreement(measured, measured + 0.1).bias == pytest.approx(0.1)
    assert loss_agreement(measured, measured - 0.1).bias == pytest.approx(-0.1)


@given(LOSSES)
def test_losses_agree_with_scikit_learn_and_pandas(pair):
    measured, predicted = pair
    found = loss_agreement(measured, predicted)
    assert found.mae == pytest.approx(mean_absolute_error(measured, predicted), abs=1e-12)
    if np.ptp(measured) > 0:
        # Half floats leave spreads of 6e-8, whose squares only just do not vanish.
        assert found.r2 == pytest.approx(r2_score(measured, predicted), rel=1e-6)
    else:
        assert found.r2 is None
    if np.ptp(measured) > 0 and np.ptp(predicted) > 0:
        ranks = pd.DataFrame({"a": measured, "b": predicted}).rank()
        assert found.spearman == pytest.approx(ranks["a"].corr(ranks["b"]), abs=1e-9)
    else:
        assert found.spearman is None


def test_equal_losses_have_no_variance_to_explain():
    """0.4 is no binary fraction: about a rounded mean the squares do not sum up to 0."""
    assert np.sum((np.full(3, 0.4) - np.full(3, 0.4).mean()) ** 2) > 0
    found = loss_agreement(np.full(3, 0.4), np.array([0.1, 0.2, 0.3]))
    assert found.r2 is found.spearman is None


def test_one_recipe_has_no_correlation_and_no_variance():
    found = loss_agreement(np.array([0.3]), np.array([0.4]))
    assert (found.n, found.spearman, found.r2) == (1, None, None)
    assert found.mae == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("measured", "predicted", "complaint"),
    [
        ([0.1, 0.2], [0.1], "shapes"),
        ([[0.1]], [[0.1]], "shapes"),
        ([], [], "no recipe"),
        ([0.1, np.nan], [0.1, 0.2], "finite"),
        ([0.1, 0.2], [0.1, np.inf], "finite"),
    ],
)
def test_losses_that_cannot_be_compared(measured, predicted, complaint):
    with pytest.raises(PlasmonbenchError, match=complaint):
        loss_agreement(np.array(measured), np.array(predicted))


def test_a_shifted_band():
    """Two Gaussians d apart differ by 2 sqrt(pi) s (1 - exp(-d^2 / 4 s^2)) in the integral."""
    measured, predicted = band(580)[None], band(600)[None]
    found = spectrum_agreement(GRID, measured, predicted)
    square = 2 * np.sqrt(np.pi) * 30 * (1 - np.exp(-(20**2) / (4 * 30**2)))
    assert found.rmse == pytest.approx(np.sqrt(square / len(GRID)), rel=1e-6)
    assert found.peak_nm == 20
    assert found.centroid_nm == pytest.approx(20, abs=1e-6)
    assert found.amplitude == pytest.approx(0, abs=1e-12)
    assert (found.n, found.without_peak) == (1, 0)


def test_a_taller_band():
    measured = np.array([band(550), band(600), band(620)])
    predicted = measured * np.array([[1.3], [0.8], [1.1]])
    errors = spectrum_errors(GRID, measured, predicted)
    np.testing.assert_allclose(errors.amplitude, [0.3, 0.2, 0.1], atol=1e-12)
    np.testing.assert_allclose(errors.peak_nm, 0)
    np.testing.assert_allclose(errors.centroid_nm, 0, atol=1e-9)
    assert spectrum_agreement(GRID, measured, predicted).amplitude == pytest.approx(0.2)


def test_a_shoulder_is_left_out_and_counted():
    fall = np.exp(-(GRID - 380) / 100)
    shoulder = fall + 0.02 * band(600)
    measured = np.array([band(600), shoulder, band(550), band(640)])
    predicted = np.array([band(610), band(600), shoulder, band(644)])
    found = spectrum_agreement(GRID, measured, predicted)
    assert found.without_peak == 2
    assert found.peak_nm == 7  # of 10 and 4
    only = spectrum_agreement(GRID, shoulder[None], fall[None])
    assert (only.peak_nm, only.without_peak) == (None, 1)
    assert only.centroid_nm is not None


@pytest.mark.parametrize(
    ("spectrum", "peak"),
    [
        (band(430) + 0.5 * band(620), 620),  # the spheres' band is higher, but not the plates'
        (0.5 * band(520, width=15) + band(700, width=15), 700),
        (band(470), None),
        (band(900, width=80), None),  # rises to the end of the window
        (np.ones_like(GRID), None),
        (band(600) + 0.7 * (GRID == 640), 600),  # one noisy pixel, higher than the band
    ],
)
def test_the_plates_peak_is_the_highest_maximum_inside_the_window(spectrum, peak):
    assert plate_peak(GRID, spectrum) == peak


@pytest.mark.parametrize("step", [0.5, 1, 2, 5, 20])
def test_the_peak_is_found_on_other_grids(step):
    grid = np.arange(400, 801, step)
    spectrum = np.exp(-0.5 * ((grid - 600) / 40) ** 2)
    assert plate_peak(grid, spectrum) == 600


def test_spectra_without_light_have_no_centroid_and_no_height():
    dark = np.full((1, len(GRID)), -0.01)
    found = spectrum_agreement(GRID, dark, band(600)[None])
    assert (found.centroid_nm, found.amplitude, found.peak_nm) == (None, None, None)
    assert found.rmse > 0


def test_spectra_that_do_not_fit_the_wavelengths():
    with pytest.raises(PlasmonbenchError, match="421 points do not fit 400 wavelengths"):
        spectrum_agreement(GRID[:400], band(600)[None], band(600)[None])


def test_the_interval_of_a_mean_is_that_of_the_textbook(rng):
    values = rng.normal(3, 2, 200)
    low, high = bootstrap_interval(lambda rows: values[rows].mean(), 200, rng, resamples=4000)
    half = 1.96 * values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_of_a_rank_correlation_is_that_of_scipy(rng):
    measured = rng.random(60)
    predicted = measured + rng.normal(0, 0.2, 60)
    ours = loss_intervals(measured, predicted, rng)["spearman"]
    theirs = stats.bootstrap(
        (measured, predicted),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=rng,
    ).confidence_interval
    # The ends scatter by some .01 from one bootstrap to the next.
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_intervals_hold_their_figures(rng):
    measured = rng.random(40)
    predicted = measured + rng.normal(0.05, 0.1, 40)
    found = loss_agreement(measured, predicted)
    for name, (low, high) in loss_intervals(measured, predicted, rng).items():
        assert low < getattr(found, name) < high
    spectra = np.array([band(c) for c in rng.uniform(500, 700, 12)])
    simulated = np.array([band(c, 1.1) for c in rng.uniform(500, 700, 12)])
    agreement = spectrum_agreement(GRID, spectra, simulated)
    intervals = spectrum_intervals(spectrum_errors(GRID, spectra, simulated), rng)
    assert set(intervals) == {"rmse", "peak_nm", "centroid_nm", "amplitude"}
    for name, (low, high) in intervals.items():
        assert low <= getattr(agreement, name) <= high


def test_too_few_rows_have_no_interval(rng):
    assert bootstrap_interval(lambda rows: 1.0, 4, rng) is None
    assert bootstrap_interval(lambda rows: 1.0, 5, rng) == (1.0, 1.0)


def test_a_figure_that_is_mostly_undefined_has_no_interval(rng):
    intervals = bootstrap_intervals(
        lambda rows: {
            # Row 0 is in a resample of 8 with probability 1 - (7/8)^8 = .66.
            "often": 1.0 if 0 in rows else None,
            "seldom": None if 0 in rows else 1.0,
            "never": None,
        },
        8,
        rng,
    )
    assert intervals == {"often": (1.0, 1.0), "seldom": None, "never": None}


def test_the_same_generator_gives_the_same_interval():
    values = np.linspace(0, 1, 20)
    first, second = (
        bootstrap_interval(lambda rows: values[rows].mean(), 20, np.random.default_rng(5))
        for _ in range(2)
    )
    assert first == second
