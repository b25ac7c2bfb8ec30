import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    PlasmonbenchError,
    SpectralLoss,
    silver_prism_loss,
    silver_prism_points,
)

LOSS = silver_prism_loss()
COLUMNS = [f"a{w:.0f}" for w in CAMPAIGN_WAVELENGTHS]


def plain_loss(spectrum, target):
    """Compute the published formula, word by word."""

    def mm(x):
        return (x - x.min()) / (x.max() - x.min())

    a, t = mm(spectrum), mm(target)
    cosine = a @ t / np.sqrt((a @ a) * (t @ t))
    peak = spectrum.max()
    delta = 0.0 if peak <= 0 or peak > 1.2 else min(peak / 0.7, 1.0)
    return 1 - delta * cosine


def test_reproduces_the_real_losses_from_their_spectra(campaign_data):
    keys = ["recipe", "droplet"]
    spectra = pd.read_csv(campaign_data / "agnp_spectra_run1.csv")
    losses = pd.read_csv(campaign_data / "agnp_losses.csv")[[*keys, "loss"]]
    both = spectra.merge(losses, on=keys)
    assert len(both) == 177
    difference = LOSS(both[COLUMNS].to_numpy()) - both["loss"].to_numpy()
    assert np.abs(difference).max() < 1e-8


def test_target_points_are_the_published_ones(campaign_data):
    published = np.genfromtxt(campaign_data / "prism_target.csv", delimiter=",", names=True)
    wavelengths, absorbance = silver_prism_points()
    assert np.allclose(wavelengths, published["wavelength_nm"], atol=1e-9)
    assert np.array_equal(absorbance, published["absorbance"])


def test_target_has_the_published_peak():
    peak = LOSS.wavelengths[LOSS.target.argmax()]
    assert abs(peak - 642.5) <= 0.5
    above = LOSS.wavelengths[LOSS.target >= LOSS.target.max() / 2]
    assert np.ptp(above) == pytest.approx(80, abs=2)


def test_agrees_with_the_formula_word_by_word(rng):
    spectra = rng.random((50, 421)) * rng.uniform(0.2, 1.5, (50, 1)) - 0.1
    expected = [plain_loss(spectrum, LOSS.target) for spectrum in spectra]
    assert np.allclose(LOSS(spectra), expected, rtol=0, atol=1e-13)


def test_leading_shape_is_kept(rng):
    spectra = rng.random((3, 4, 421))
    losses = LOSS(spectra)
    assert losses.shape == (3, 4)
    assert LOSS(spectra[1, 2]).shape == ()
    assert losses[1, 2] == LOSS(spectra[1, 2])
    assert LOSS(spectra[::2, ::-1])[1, 0] == losses[2, 3]
    assert LOSS(np.empty((0, 421))).shape == (0,)


@given(st.floats(0.6, 1.0))
def test_the_target_itself_is_perfect_inside_the_amplitude_window(scale):
    # The target peaks at 1.2; scaled to 0.7 .. 1.2 only rounding is left.
    assert LOSS(LOSS.target * scale * 0.99 + 0.001) == pytest.approx(0, abs=1e-12)


def test_amplitude_window():
    shape = LOSS.target / LOSS.target.max()
    assert LOSS(0.35 * shape) == pytest.approx(0.5)
    assert LOSS(1.2000001 * shape) == 1
    assert LOSS(-shape) == 1


def test_flat_spectra_lose_everything_and_nan_stays_nan():
    flat = np.full(421, 0.9)
    broken = LOSS.target * 0.8
    broken[7] = np.nan
    assert LOSS(flat) == 1
    assert np.isnan(LOSS(broken))
    assert np.isnan(LOSS(np.full(421, np.nan)))


@given(st.floats(0.01, 100), st.floats(-0.2, 0.2), st.integers(0, 2**32 - 1))
def test_scale_and_baseline_matter_only_through_the_peak(scale, baseline, seed):
    spectrum = np.random.default_rng(seed).random(421) + 0.3
    moved = scale * spectrum + baseline
    cosine = {}
    for name, values in (("as it is", spectrum), ("moved", moved)):
        peak = values.max()
        delta = min(peak / 0.7, 1) if 0 < peak <= 1.2 else 0
        if delta == 0:
            return
        cosine[name] = (1 - LOSS(values)) / delta
    assert cosine["moved"] == pytest.approx(cosine["as it is"], rel=1e-9)


# -- its gradient --------------------------------------------------------------------------------


def smooth_spectrum(seed, height):
    """Draw a few broad bands on a baseline, scaled to a height."""
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(380, 800, (5, 1)), rng.uniform(20, 150, (5, 1))
    bands = rng.uniform(0.1, 1, (5, 1)) * np.exp(-(((LOSS.wavelengths - centre) / width) ** 2))
    spectrum = bands.sum(axis=0) + rng.uniform(-0.05, 0.2)
    return spectrum * height / spectrum.max()


def two_lowest_and_two_highest(spectrum):
    ordered = np.sort(spectrum)
    return ordered[[0, 1, -2, -1]]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.15), st.booleans())
def test_gradient_is_the_slope_of_the_loss(seed, height, whole):
    """Against central differences, which are off by rounding: 2e-16 over a step of 1e-6."""
    step = 1e-6
    spectrum = smooth_spectrum(seed, height)
    lowest, next_low, next_high, highest = two_lowest_and_two_highest(spectrum)
    # Away from edges: no other wavelength takes the place of the peak or the foot in a step.
    assume(next_low - lowest > 4 * step)
    assume(highest - next_high > 4 * step)
    assume(abs(height - 0.7) > 4 * step)
    gradient = LOSS.gradient(spectrum)
    moves = np.eye(421) if whole else np.random.default_rng(seed).standard_normal((8, 421))
    if not whole:
        moves /= np.abs(moves).max(axis=1, keepdims=True)
    expected = (LOSS(spectrum + step * moves) - LOSS(spectrum - step * moves)) / (2 * step)
    assert gradient.shape == (421,)
    assert moves @ gradient == pytest.approx(expected, rel=1e-6, abs=2e-9)


def test_gradient_by_hand():
    """Three wavelengths, A = (0, a, .5), T = (0, 1, 1): cos = (a + .5) / sqrt(2 (a^2 + .25))."""
    loss = SpectralLoss(np.arange(3.0), np.array([0.0, 1, 1]))
    a, top = 0.3, 0.5
    cosine = (a + top) / np.sqrt(2 * (a**2 + top**2))
    by_a = (1 - (a + top) * a / (a**2 + top**2)) / np.sqrt(2 * (a**2 + top**2))
    by_top = (1 - (a + top) * top / (a**2 + top**2)) / np.sqrt(2 * (a**2 + top**2))
    delta = top / 0.7
    found = loss.gradient(np.array([0.0, a, top]))
    assert found[1] == pytest.approx(-delta * by_a)
    assert found[2] == pytest.approx(-delta * by_top - cosine / 0.7)
    # Moved as a whole a spectrum changes by its peak alone.
    assert found.sum() == pytest.approx(-cosine / 0.7)


def test_gradient_is_zero_where_nothing_counts():
    flat, strong, dark = np.full(421, 0.9), 1.3 * np.abs(LOSS.target), -LOSS.target
    broken = LOSS.target.copy()
    broken[3] = np.nan
    for spectrum in (flat, strong / strong.max() * 1.21, dark, broken, np.full(421, np.nan)):
        assert (LOSS.gradient(spectrum) == 0).all()
    assert np.abs(LOSS.gradient(0.5 * LOSS.target)).max() > 0


def test_gradient_of_many_is_that_of_each():
    spectra = np.array([[smooth_spectrum(3 * k + j, 0.3 + 0.3 * k) for j in range(3)]
                        for k in range(2)])  # fmt: skip
    before = spectra.copy()
    found = LOSS.gradient(spectra)
    assert found.shape == (2, 3, 421)
    assert np.array_equal(spectra, before)
    for k in range(2):
        for j in range(3):
            assert np.allclose(found[k, j], LOSS.gradient(spectra[k, j]), rtol=1e-12, atol=1e-15)
    assert LOSS.gradient(np.empty((0, 421))).shape == (0, 421)
    assert np.allclose(LOSS.gradient(spectra.tolist()), found, rtol=1e-15)
    with pytest.raises(PlasmonbenchError, match=r"\(\.\.\., 421\)"):
        LOSS.gradient(np.zeros((2, 420)))


@given(st.integers(0, 2**32 - 1), st.floats(0.71, 1.15))
def test_inside_the_window_neither_scale_nor_baseline_changes_the_loss(seed, height):
    spectrum = smooth_spectrum(seed, height)
    gradient = LOSS.gradient(spectrum)
    assert gradient.sum() == pytest.approx(0, abs=1e-12)
    assert gradient @ spectrum == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.arange(3.0), np.ones(3)), "flat"),
        ((np.arange(3.0), np.arange(4.0)), "must be"),
        ((np.arange(3.0)[::-1], np.arange(3.0)), "increase"),
        ((np.arange(3.0), np.array([0, 1, np.nan])), "finite"),
        ((np.arange(3.0), np.arange(3.0), 1.0, 0.5), "amplitude window"),
    ],
)
def test_bad_definitions_are_refused(arguments, message):
    with pytest.raises(PlasmonbenchError, match=message):
        SpectralLoss(*arguments)


def test_wrong_number_of_wavelengths_is_refused():
    with pytest.raises(PlasmonbenchError, match=r"\(\.\.\., 421\)"):
        LOSS(np.zeros((2, 420)))
