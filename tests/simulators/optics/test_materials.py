import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from simulators.optics.materials import SILVER_DATASETS, silver_permittivity, water_index


def test_silver_is_that_of_johnson_and_christy() -> None:
    """Against figures noted down from the published table, rounded as they were noted."""
    expected = [-4.42 + 0.21j, -9.80 + 0.31j, -16.07 + 0.44j, -18.9 + 0.47j, -23.06 + 0.39j]
    found = silver_permittivity([400, 500, 600, 642, 700])
    np.testing.assert_allclose(found, expected, atol=6e-3)


def test_water_is_that_of_the_sodium_line() -> None:
    """1.33300 at 589.3 nm and 20 degrees: the value of every handbook; Daimon has 1.33336."""
    np.testing.assert_allclose(water_index([589.3]), 1.3330, atol=4e-4)


@pytest.mark.parametrize("dataset", SILVER_DATASETS)
def test_every_data_set_covers_the_spectrometer_and_is_a_metal(dataset: str) -> None:
    epsilon = silver_permittivity(np.arange(380.0, 801.0), dataset)
    assert np.isfinite(epsilon).all()
    assert (epsilon.imag > 0).all()
    assert (np.diff(epsilon.real) < 0).all()  # more metallic towards the red


def test_unknown_data_set_is_refused_with_the_choices() -> None:
    with pytest.raises(PlasmonbenchError, match="choose one of Johnson, McPeak"):
        silver_permittivity([500.0], "Jonson")


@pytest.mark.parametrize("wavelengths", [[100.0], [500.0, 2500.0], [np.nan], [], [[500.0]], [-1.0]])
def test_wavelengths_without_data_are_refused(wavelengths: list[float]) -> None:
    with pytest.raises(PlasmonbenchError):
        silver_permittivity(wavelengths)
