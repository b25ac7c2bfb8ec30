import numpy as np
import pandas as pd
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError
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
