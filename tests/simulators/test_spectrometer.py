import numpy as np
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS
from simulators.stages.spectrometer import Spectrometer, SpectrometerParameters

INSTRUMENT = Spectrometer(CAMPAIGN_WAVELENGTHS)


def test_stray_light_formula_at_every_wavelength():
    absorbance = np.linspace(0, 2, 421) + np.linspace(0, 1, 3)[:, None]
    stray = INSTRUMENT.stray_light
    expected = -np.log10((10**-absorbance + stray) / (1 + stray)) + INSTRUMENT.parameters.offset
    assert np.allclose(INSTRUMENT.read(absorbance), expected, rtol=1e-13)


def test_stray_light_caps_what_can_be_read_in_the_violet_only():
    black = INSTRUMENT.read(np.full(421, 6.0)) - INSTRUMENT.parameters.offset
    s = INSTRUMENT.parameters.stray_at_380
    assert black[0] == pytest.approx(np.log10((1 + s) / s), rel=1e-5)
    assert black[-1] == pytest.approx(6.0)
    assert (np.diff(black) >= -1e-12).all()


def test_clear_droplets_read_the_baseline():
    assert np.allclose(INSTRUMENT.read(np.zeros(421)), INSTRUMENT.parameters.offset, atol=1e-15)


def test_noise_has_the_size_and_correlation_of_the_recorded_spectra(rng):
    reading = np.full((400, 421), 0.5)
    noise = INSTRUMENT.noise(reading, rng)
    size = noise.std(axis=0)
    assert 1e-4 < np.median(size) < 8e-4  # 2 to 5e-4 after the spectrometer's own smoothing
    central = noise[:, 150:350] / size[150:350]
    lags = [np.mean(central[:, :-k] * central[:, k:]) for k in (1, 3, 4, 8)]
    # A Gaussian kernel of SD w gives exp(-k^2 / 4 w^2): half gone at 3 to 4 nm, all at 8.
    expected = [np.exp(-(k**2) / (4 * 1.5**2)) for k in (1, 3, 4, 8)]
    assert lags == pytest.approx(expected, abs=0.05)


def test_noise_grows_with_absorbance_as_light_runs_out(rng):
    clear, dark = (INSTRUMENT.noise(np.full((200, 421), a), rng).std() for a in (0.1, 2.0))
    assert dark > 3 * clear


def test_noise_has_its_stated_variance(rng):
    quiet = SpectrometerParameters(flicker_noise=1e-3, shot_noise=0, dark_noise=0)
    noise = Spectrometer(CAMPAIGN_WAVELENGTHS, quiet).noise(np.zeros((500, 421)), rng)
    assert noise.std() == pytest.approx(1e-3 / np.log(10), rel=0.02)
