import numpy as np
import pandas as pd
import pytest
from hypothesis import given
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
