from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.damping import DrudeDamping, damped_permittivity
from simulators.optics.materials import SILVER_DATASETS, silver_permittivity, water_index
from simulators.optics.plates import (
    PLATE_SHAPES,
    plate_effective_length,
    plate_extinction,
    plate_mode,
    plate_scattering,
    plate_volume,
)

WAVELENGTHS = np.arange(500.0, 801.0)
SILVER = silver_permittivity(WAVELENGTHS)
WATER = water_index(WAVELENGTHS)


def prism(strength: float) -> FloatArray:
    """Extinction of the campaign's target prism, 50 nm edge and 10 nm height."""
    length = plate_effective_length("triangle", 50.0, 10.0)
    silver = damped_permittivity(SILVER, WAVELENGTHS, length, DrudeDamping(strength=strength))
    return plate_extinction("triangle", 50.0, 10.0, WAVELENGTHS, silver, WATER)


def width(spectrum: FloatArray) -> float:
    return float(np.ptp(WAVELENGTHS[spectrum > spectrum.max() / 2]))


def test_the_target_prism_peaks_at_633_nm_and_is_41_nm_wide() -> None:
    """The published prism peaks at 642.5 nm (discrete dipoles, points 17.5 nm apart)."""
    spectrum = prism(1.0)
    assert WAVELENGTHS[spectrum.argmax()] == 633.0
    assert width(spectrum) == pytest.approx(41, abs=1)


def test_silver_data_sets_differ_by_twenty_nanometres() -> None:
    """As noted from an independent program: 628 to 648 nm among the data sets.

    Jiang's evaporated film stands apart, at 672 nm, and was not among them.
    """
    peaks = []
    for dataset in set(SILVER_DATASETS) - {"Jiang"}:
        silver = silver_permittivity(WAVELENGTHS, dataset)
        spectrum = plate_extinction("triangle", 50.0, 10.0, WAVELENGTHS, silver, WATER)
        peaks.append(WAVELENGTHS[spectrum.argmax()])
    assert min(peaks) == pytest.approx(628, abs=1)
    assert max(peaks) == pytest.approx(648, abs=1)


def test_the_target_has_the_integrated_extinction_of_the_prism(campaign_data: Path) -> None:
    """Discrete dipoles against the model, over the plasmon band from 500 nm.

    The target's efficiency refers to the cross-section of the sphere of equal volume: with the
    prism's own face for reference it would be off by a factor 1.8. Measured: 0.7 % apart at half
    the damping strength, 2.0 % at full strength.
    """
    points = np.loadtxt(campaign_data / "prism_target.csv", delimiter=",", skiprows=1)
    efficiency = np.interp(WAVELENGTHS, points[:, 0], points[:, 1])
    radius = np.cbrt(3 * plate_volume("triangle", 50.0, 10.0) / (4 * np.pi))
    target = efficiency.sum() * np.pi * radius**2
    assert prism(0.5).sum() == pytest.approx(target, rel=0.01)
    assert prism(1.0).sum() == pytest.approx(target, rel=0.025)


@pytest.mark.parametrize(
    ("thickness", "offset", "slope", "tolerance"), [(10.0, 448.5, 37.0, 2.5), (7.0, 467.5, 31.9, 9)]
)
def test_peaks_move_in_line_with_the_aspect_ratio(
    thickness: float, offset: float, slope: float, tolerance: float
) -> None:
    """Lines fitted to an independent program's peaks, over a range of ratios it did not note.

    Measured over ratios 3 to 8: within 1 nm at 10 nm thickness, 8.3 nm at 7 nm.
    """
    ratio = np.arange(3.0, 9.0)
    spectra = plate_extinction("triangle", ratio * thickness, thickness, WAVELENGTHS, SILVER, WATER)
    peaks = WAVELENGTHS[spectra.argmax(axis=1)]
    np.testing.assert_allclose(peaks, offset + slope * ratio, atol=tolerance)


def test_volumes_are_those_of_geometry() -> None:
    """A sharp prism, a disk with a half-torus rim, a rod with half-spheres at its ends."""
    assert plate_volume("triangle", 90.0, 10.0) == pytest.approx(
        np.sqrt(3) / 4 * 90**2 * 10, rel=2e-3
    )
    core, tube = 80.0, 5.0
    # Pappus: the half-circle's centroid lies 4 t / (3 pi) outside the core.
    rim = np.pi * tube**2 / 2 * 2 * np.pi * (core / 2 + 4 * tube / (3 * np.pi))
    assert plate_volume("disk", 90.0, 10.0) == pytest.approx(np.pi / 4 * core**2 * 10 + rim)
    assert plate_volume("rod", 90.0, 10.0) == pytest.approx(np.pi / 4 * 100 * 80 + np.pi / 6 * 1000)


@pytest.mark.parametrize("shape", ["disk", "rod"])
def test_as_thick_as_long_they_are_spheres(shape: str) -> None:
    assert plate_volume(shape, 12.0, 12.0) == pytest.approx(np.pi / 6 * 12**3)
    assert plate_effective_length(shape, 12.0, 12.0) == pytest.approx(4 * 6 / 3)


@pytest.mark.parametrize("shape", PLATE_SHAPES)
def test_effective_length_tends_to_twice_the_thickness(shape: str) -> None:
    """Of a wide plate only the faces count: 4V/S = 2h; of a long rod only the side: h."""
    expected = 10.0 if shape == "rod" else 20.0
    assert plate_effective_length(shape, 1e6, 10.0) == pytest.approx(expected, rel=1e-3)


def test_disks_and_triangles_peak_near_each_other_and_rods_farther_red() -> None:
    peaks = {
        shape: WAVELENGTHS[plate_extinction(shape, 50.0, 10.0, WAVELENGTHS, SILVER, WATER).argmax()]
        for shape in PLATE_SHAPES
    }
    assert peaks["disk"] < peaks["triangle"] < peaks["rod"]


@settings(max_examples=60, deadline=None)
@given(
    shape=st.sampled_from(sorted(PLATE_SHAPES)),
    thickness=st.floats(1.0, 30.0),
    ratio=st.floats(1.0, 25.0),
    real=st.floats(-60.0, 12.0),
    imaginary=st.floats(1e-3, 30.0),
)
def test_plates_absorb(
    shape: str, thickness: float, ratio: float, real: float, imaginary: float
) -> None:
    arguments = (shape, ratio * thickness, thickness, [600.0], [complex(real, imaginary)], 1.33)
    extinction, scattering = plate_extinction(*arguments), plate_scattering(*arguments)
    assert np.isfinite(extinction).all()
    assert (extinction > 0).all()
    assert (extinction >= scattering * (1 - 1e-9)).all()


def test_optical_theorem_holds_without_absorption() -> None:
    arguments = ("triangle", 80.0, 10.0, WAVELENGTHS, np.full(len(WAVELENGTHS), -9.0 + 0j), WATER)
    np.testing.assert_allclose(
        plate_extinction(*arguments), plate_scattering(*arguments), rtol=1e-11
    )


def test_orientation_factor_scales_the_spectrum() -> None:
    arguments = ("triangle", 50.0, 10.0, WAVELENGTHS, SILVER, WATER)
    along = plate_extinction(*arguments, orientation_factor=1.0)
    np.testing.assert_allclose(plate_extinction(*arguments), 2 / 3 * along, rtol=1e-14)


@pytest.mark.parametrize(
    ("shape", "edge", "thickness"),
    [
        ("cube", 50.0, 10.0),
        ("disk", 5.0, 10.0),
        ("triangle", np.nan, 10.0),
        ("triangle", 50.0, 0.0),
        ("triangle", [50.0, 60.0], [10.0, 11.0, 12.0]),
    ],
)
def test_bad_plates_are_refused(shape: str, edge: object, thickness: object) -> None:
    with pytest.raises(PlasmonbenchError):
        plate_mode(shape, edge, thickness)  # type: ignore[arg-type]
