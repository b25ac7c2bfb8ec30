import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError
from simulators.stages.spectrometer import (
    GAIN_KNOTS,
    Spectrometer,
    SpectrometerParameters,
    gain_basis,
)

INSTRUMENT = Spectrometer(CAMPAIGN_WAVELENGTHS)
"""At the priors' means: its gain is 1 everywhere."""


def with_gain(seed):
    """Return an instrument with gains drawn from three times their prior."""
    log_gain = 0.18 * np.random.default_rng(seed).standard_normal(len(GAIN_KNOTS) - 1)
    return Spectrometer(CAMPAIGN_WAVELENGTHS, SpectrometerParameters(log_gain=tuple(log_gain)))


def test_stray_light_formula_at_every_wavelength():
    absorbance = np.linspace(0, 2, 421) + np.linspace(0, 1, 3)[:, None]
    stray = INSTRUMENT.stray_light
    expected = -np.log10((10**-absorbance + stray) / (1 + stray)) + INSTRUMENT.parameters.offset
    assert np.allclose(INSTRUMENT.read(absorbance), expected, rtol=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_gain_is_the_natural_spline_of_its_knots(seed):
    instrument = with_gain(seed)
    heights = [*instrument.parameters.log_gain, 0.0]
    spline = CubicSpline(GAIN_KNOTS, heights, bc_type="natural")(CAMPAIGN_WAVELENGTHS)
    inside = GAIN_KNOTS[-1] >= CAMPAIGN_WAVELENGTHS
    assert instrument.gain == pytest.approx(np.exp(np.where(inside, spline, 0.0)), rel=1e-12)
    at_knots = np.isin(CAMPAIGN_WAVELENGTHS, GAIN_KNOTS)
    assert np.log(instrument.gain[at_knots]) == pytest.approx(heights, abs=1e-12)
    assert (instrument.gain[~inside] == 1).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_reading_is_the_gain_times_what_stray_light_leaves_and_the_offset(seed):
    instrument = with_gain(seed)
    absorbance = np.random.default_rng(seed).uniform(0, 2, (3, 421))
    stray, offset = instrument.stray_light, instrument.parameters.offset
    shown = -np.log10((10**-absorbance + stray) / (1 + stray))
    assert np.allclose(
        instrument.read(absorbance), instrument.gain * shown + offset, rtol=1e-12, atol=1e-14
    )
    assert np.allclose(instrument.read(absorbance[1]), instrument.read(absorbance)[1], rtol=1e-14)


def test_splines_of_the_gain_are_one_at_their_knot_alone():
    basis = gain_basis(GAIN_KNOTS)
    assert basis.shape == (len(GAIN_KNOTS) - 1, len(GAIN_KNOTS))
    assert basis == pytest.approx(np.eye(len(GAIN_KNOTS))[:-1], abs=1e-14)
    assert (gain_basis(np.array([300.0, 379.9, 510.1, 900.0])) == 0).all()


def test_reading_leaves_the_absorbance_as_it_was():
    absorbance = np.linspace(0.1, 1, 421)
    before = absorbance.copy()
    with_gain(0).read(absorbance)
    assert np.array_equal(absorbance, before)


def test_stray_light_caps_what_can_be_read_in_the_violet_only():
    black = INSTRUMENT.read(np.full(421, 6.0)) - INSTRUMENT.parameters.offset
    s = INSTRUMENT.parameters.stray_at_380
    assert black[0] == pytest.approx(np.log10((1 + s) / s), rel=1e-5)
    assert black[-1] == pytest.approx(6.0)
    assert (np.diff(black) >= -1e-12).all()


def test_stray_light_ends_without_an_edge():
    # A ramp with an edge would put an artificial peak there; the second difference is smooth.
    grey = INSTRUMENT.read(np.full(421, 1.0))
    assert np.abs(np.diff(grey, 2)).max() < 1e-3


def test_clear_droplets_read_the_baseline():
    assert np.allclose(INSTRUMENT.read(np.zeros(421)), INSTRUMENT.parameters.offset, atol=1e-15)


def test_noise_has_the_size_and_correlation_of_the_recorded_spectra(rng):
    reading = np.full((400, 421), 0.5)
    noise = INSTRUMENT.noise(reading, rng)
    size = noise.std(axis=0)
    assert 2e-4 < np.median(size) < 6e-4  # 2 to 5e-4 in the campaign
    assert 420 < CAMPAIGN_WAVELENGTHS[size.argmax()] < 540  # where it is largest there
    central = noise[:, 150:350] / size[150:350]
    lags = [np.mean(central[:, :-k] * central[:, k:]) for k in (1, 2, 4)]
    # A Gaussian kernel of SD w gives exp(-k^2 / 4 w^2): gone at 4 nm.
    width = INSTRUMENT.parameters.noise_correlation
    assert lags == pytest.approx([np.exp(-(k**2) / (4 * width**2)) for k in (1, 2, 4)], abs=0.05)
    assert abs(np.corrcoef(noise[:, 0], noise[:, -1])[0, 1]) < 0.2, "the ends know nothing"


def test_noise_is_that_of_the_real_spectra_wavelength_by_wavelength(campaign_data, rng):
    spectra = pd.read_csv(campaign_data / "agnp_spectra_run1.csv")
    columns = [f"a{w:.0f}" for w in CAMPAIGN_WAVELENGTHS]
    real, simulated = [], []
    for _, rows in spectra.groupby("recipe"):
        settled = rows[columns].to_numpy()[8:]
        real.append(settled - settled.mean(axis=0))
        simulated.append(INSTRUMENT.noise(np.tile(settled.mean(axis=0), (30, 1)), rng))

    def roughness(blocks, at):
        window = np.concatenate(blocks)[:, at - 388 : at - 371]
        return np.diff(window, 2, axis=1).std()

    for wavelength in (390, 430, 480, 520, 600, 700, 790):
        ratio = roughness(simulated, wavelength) / roughness(real, wavelength)
        assert 0.5 < ratio < 1.5, wavelength  # measured .59 to 1.17


def test_noise_grows_with_absorbance_as_light_runs_out(rng):
    clear, dark = (INSTRUMENT.noise(np.full((200, 421), a), rng).std() for a in (0.1, 2.0))
    assert dark > 3 * clear


@pytest.mark.parametrize("wavelengths", [np.arange(800.0, 379, -1), np.array([380.0, 381, 383])])
def test_a_grid_that_it_cannot_read_is_refused(wavelengths):
    with pytest.raises(PlasmonbenchError, match="equal steps"):
        Spectrometer(wavelengths)


def test_noise_has_its_stated_variance(rng):
    quiet = SpectrometerParameters(flicker_noise=1e-3, shot_noise=0, dark_noise=0)
    noise = Spectrometer(CAMPAIGN_WAVELENGTHS, quiet).noise(np.zeros((500, 421)), rng)
    assert noise.std() == pytest.approx(1e-3 / np.log(10), rel=0.02)
