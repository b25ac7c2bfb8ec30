from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad_vec

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.damping import DrudeDamping, damped_permittivity
from simulators.optics.ensemble import SpheroidOptics
from simulators.optics.materials import silver_permittivity, water_index
from simulators.optics.mie import mie_cross_sections
from simulators.optics.modes import dipole_extinction
from simulators.optics.plates import plate_effective_length, plate_extinction, plate_volume
from simulators.optics.spheroid import (
    polar_mode,
    spheroid_effective_length,
    spheroid_extinction,
    spheroid_modes,
)

WAVELENGTHS = np.arange(380.0, 801.0, 5.0)
SILVER = silver_permittivity(WAVELENGTHS)
WATER = water_index(WAVELENGTHS)
DAMPING = DrudeDamping(strength=2.0)
OPTICS = SpheroidOptics(WAVELENGTHS, damping_strength=2.0)
SINGLE = SpheroidOptics(WAVELENGTHS, damping_strength=2.0, nodes=1)
DIAMETER = np.array([25.0, 50.0, 90.0])
THICKNESS = np.array([6.0, 8.6, 10.0])
SPREAD = np.array([0.1, 0.44, 0.6])


def spheroid(equatorial: float, polar: float) -> FloatArray:
    """One spheroid, by complex arithmetic."""
    length = spheroid_effective_length(equatorial, polar)
    silver = damped_permittivity(SILVER, WAVELENGTHS, length, DAMPING)
    return spheroid_extinction(equatorial, polar, WAVELENGTHS, silver, WATER)


def plate(shape: str, edge: float, thickness: float) -> FloatArray:
    """One plate, by complex arithmetic: the mode along it and the one across."""
    edge = max(edge, thickness)
    length = plate_effective_length(shape, edge, thickness)
    silver = damped_permittivity(SILVER, WAVELENGTHS, length, DAMPING)
    along = plate_extinction(shape, edge, thickness, WAVELENGTHS, silver, WATER)
    mode = polar_mode(edge, thickness, plate_volume(shape, edge, thickness))
    across = dipole_extinction(mode.polarizability(WAVELENGTHS, silver, WATER), WAVELENGTHS, WATER)
    return along + across / 3


def sphere(radius: float) -> FloatArray:
    """One sphere, by Mie theory."""
    silver = damped_permittivity(SILVER, WAVELENGTHS, 4 * radius / 3, DAMPING)
    return mie_cross_sections(radius, WAVELENGTHS, silver, WATER)[0]


def log_normal_mean(of_scale, spread: float) -> FloatArray:  # type: ignore[no-untyped-def]
    """Adaptive integral of a function of size/median over a log-normal distribution."""
    mean, _ = quad_vec(
        lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * of_scale(np.exp(spread * z)),
        -9.0,
        11.0,
        epsrel=1e-6,
        norm="max",
    )
    return np.asarray(mean)


# -- the compiled loop is the plain formula --------------------------------------------------


def test_single_particles_are_the_plain_formulas() -> None:
    """Without spread and with one node; measured: within 1e-14 of complex NumPy."""
    tolerance = 1e-12
    for d, h in zip(DIAMETER, THICKNESS, strict=True):
        np.testing.assert_allclose(
            SINGLE.oblate_population(d, h, 0.0)[0], spheroid(d, h), rtol=tolerance
        )
    found = SINGLE.prolate_population(np.pi / 6 * 10**2 * 14.2, 1.42, 0.0)
    np.testing.assert_allclose(found[0], spheroid(10.0, 14.2), rtol=tolerance)
    np.testing.assert_allclose(SINGLE.sphere_population(9.6, 0.0), sphere(9.6), rtol=tolerance)


@pytest.mark.parametrize("shape", ["triangle", "disk"])
def test_single_plates_are_the_plain_formulas(shape: str) -> None:
    for d, h in zip(DIAMETER, THICKNESS, strict=True):
        found = SINGLE.plate_population(shape, d, h, 0.0)[0]
        np.testing.assert_allclose(found, plate(shape, d, h), rtol=1e-12)


@pytest.mark.parametrize(("shape", "tolerance"), [("triangle", 4e-4), ("disk", 1e-4)])
def test_single_plates_are_nearly_the_plain_formulas(shape: str, tolerance: float) -> None:
    """Measured: off by 3.4e-4 and 9e-5 of the peak, of 90 nm plates; see the test above."""
    for d, h in zip(DIAMETER, THICKNESS, strict=True):
        found, expected = SINGLE.plate_population(shape, d, h, 0.0)[0], plate(shape, d, h)
        np.testing.assert_allclose(found, expected, atol=tolerance * expected.max())


@pytest.mark.parametrize("length", [1, 7, 8, 33])
def test_any_number_of_wavelengths_gives_the_same_spectrum(length: int) -> None:
    """Vector registers leave a remainder at the end of a row."""
    few = SpheroidOptics(WAVELENGTHS[:length], damping_strength=2.0)
    whole = OPTICS.oblate_population(DIAMETER, THICKNESS, SPREAD)
    found = few.oblate_population(DIAMETER, THICKNESS, SPREAD)
    np.testing.assert_allclose(found, whole[:, :length], rtol=1e-12)


def test_populations_do_not_touch_each_other() -> None:
    together = OPTICS.oblate_population(DIAMETER, THICKNESS, SPREAD)
    for i in range(3):
        alone = OPTICS.oblate_population(DIAMETER[i], THICKNESS[i], SPREAD[i])
        np.testing.assert_array_equal(alone[0], together[i])


# -- the quadrature is the integral ----------------------------------------------------------


@pytest.mark.parametrize(("index", "tolerance"), [(0, 2e-3), (1, 4e-3), (2, 1.2e-2)])
def test_flat_populations_are_their_integral(index: int, tolerance: float) -> None:
    """Measured at 25 nodes, largest of the three shapes: 0.13, 0.35 and 1.1 % of the peak.

    15 Gauss-Hermite nodes would miss the second by 26 %.
    """
    d, h, s = DIAMETER[index], THICKNESS[index], SPREAD[index]
    triangles, disks = (partial(OPTICS.plate_population, name) for name in ("triangle", "disk"))
    for population, single in (
        (OPTICS.oblate_population, lambda scale: spheroid(d * scale, h)),
        (triangles, lambda scale: plate("triangle", d * scale, h)),
        (disks, lambda scale: plate("disk", d * scale, h)),
    ):
        expected = log_normal_mean(single, s)
        found = population(d, h, s)[0]
        np.testing.assert_allclose(found, expected, atol=tolerance * expected.max())


def test_compact_populations_are_their_integral() -> None:
    """Measured: 0.10 and 0.11 % of the peak, what lies beyond the outermost nodes."""
    expected = log_normal_mean(lambda scale: spheroid(20 * scale, 28.4 * scale), 0.3)
    found = OPTICS.prolate_population(np.pi / 6 * 20**2 * 28.4, 1.42, 0.3)[0]
    np.testing.assert_allclose(found, expected, atol=1.5e-3 * expected.max())
    expected = log_normal_mean(lambda scale: sphere(9.6 * scale), 0.35)
    found = OPTICS.sphere_population(9.6, 0.35)
    np.testing.assert_allclose(found, expected, atol=1.5e-3 * expected.max())


def test_mean_volumes_are_log_normal_moments() -> None:
    """<D^2> = D^2 exp(2 s^2), <r^3> = r^3 exp(9 s^2 / 2), whatever the number of nodes."""
    for optics in (OPTICS, SINGLE):
        expected = np.pi / 6 * DIAMETER**2 * THICKNESS * np.exp(2 * SPREAD**2)
        found = optics.oblate_mean_volume(DIAMETER, THICKNESS, SPREAD)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        found = optics.prolate_mean_volume(DIAMETER**3, 1.42, SPREAD)
        np.testing.assert_allclose(found, DIAMETER**3 * np.exp(4.5 * SPREAD**2), rtol=1e-13)
        volume = optics.sphere_mean_volume(9.6, 0.35)
        assert volume == pytest.approx(4 / 3 * np.pi * 9.6**3 * np.exp(4.5 * 0.35**2))


def test_mean_plate_volumes_are_nearly_log_normal_moments() -> None:
    """Corners, rims and the floor at the thickness take away or add a few per cent."""
    face = DIAMETER**2 * THICKNESS * np.exp(2 * SPREAD**2)
    triangle = OPTICS.plate_mean_volume("triangle", DIAMETER, THICKNESS, SPREAD)
    np.testing.assert_allclose(triangle, 0.433 * face, rtol=0.01)
    disk = OPTICS.plate_mean_volume("disk", DIAMETER, THICKNESS, SPREAD)
    np.testing.assert_allclose(disk, np.pi / 4 * face, rtol=0.12)


# -- physics ----------------------------------------------------------------------------------


def test_small_flat_spheroids_absorb_by_volume() -> None:
    """Far below the wavelength the spectrum of a shape goes with the volume alone."""
    bulk = SpheroidOptics(WAVELENGTHS, damping_strength=0.0)
    small = bulk.prolate_population([0.01, 0.08], 0.2, 0.0)
    np.testing.assert_allclose(small[1], 8 * small[0], rtol=2e-3)


@pytest.mark.parametrize("shape", ["triangle", "disk"])
def test_across_a_plate_light_is_lost_in_the_violet_alone(shape: str) -> None:
    """The mode across lies far in the ultraviolet: its wing adds to the violet, not to the peak."""
    single = SINGLE.plate_population(shape, 60.0, 9.0, 0.0)[0]
    length = plate_effective_length(shape, 60.0, 9.0)
    silver = damped_permittivity(SILVER, WAVELENGTHS, length, DAMPING)
    along = plate_extinction(shape, 60.0, 9.0, WAVELENGTHS, silver, WATER)
    share = (single - along) / single
    assert (share > 0).all()
    assert share[0] > 0.15  # at 380 nm: measured .25 and .16
    assert share[along.argmax()] < 2e-4


def test_the_mode_across_is_that_of_the_spheroid() -> None:
    volume = np.pi / 6 * DIAMETER**2 * THICKNESS
    mode, (_, expected) = (
        polar_mode(DIAMETER, THICKNESS, volume),
        spheroid_modes(DIAMETER, THICKNESS),
    )
    for field in ("volume", "static", "quadratic", "quartic"):
        np.testing.assert_allclose(getattr(mode, field), getattr(expected, field), rtol=1e-14)
    half = polar_mode(DIAMETER, THICKNESS, volume / 2)
    np.testing.assert_allclose(half.volume, volume / 2, rtol=1e-14)
    np.testing.assert_array_equal(half.static, mode.static)
    with pytest.raises(PlasmonbenchError):
        polar_mode(50.0, 10.0, 0.0)


def test_populations_shift_red_with_the_diameter() -> None:
    spectra = OPTICS.oblate_population(np.arange(30.0, 91.0, 10), 8.6, 0.2)
    peaks = WAVELENGTHS[spectra.argmax(axis=1)]
    assert (np.diff(peaks) > 0).all()


@settings(max_examples=50, deadline=None)
@given(
    size=st.floats(1.0, 300.0),
    thickness=st.floats(1.0, 40.0),
    spread=st.floats(0.0, 1.2),
    aspect=st.floats(0.1, 10.0),
)
def test_spectra_are_positive_and_finite(
    size: float, thickness: float, spread: float, aspect: float
) -> None:
    for spectrum in (
        OPTICS.oblate_population(size, thickness, spread),
        OPTICS.plate_population("triangle", size, thickness, spread),
        OPTICS.plate_population("disk", size, thickness, spread),
        OPTICS.prolate_population(size**3, aspect, min(spread, 0.6)),
        OPTICS.sphere_population(min(size, 60.0), min(spread, 0.5)),
    ):
        assert np.isfinite(spectrum).all()
        assert (spectrum > 0).all()


@pytest.mark.parametrize(
    ("diameter", "thickness", "spread"),
    [
        (0.0, 8.0, 0.3),
        ([50.0, np.nan], 8.0, 0.3),
        (50.0, -8.0, 0.3),
        (50.0, 8.0, -0.3),
        (50.0, 8.0, np.inf),
        ([50.0, 60.0], [8.0, 8.0, 8.0], 0.3),
        ([[50.0]], 8.0, 0.3),
    ],
)
def test_bad_populations_are_refused(diameter: object, thickness: object, spread: object) -> None:
    for population in (OPTICS.oblate_population, partial(OPTICS.plate_population, "triangle")):
        with pytest.raises(PlasmonbenchError):
            population(diameter, thickness, spread)  # type: ignore[arg-type]


def test_bad_settings_are_refused() -> None:
    with pytest.raises(PlasmonbenchError, match="node"):
        SpheroidOptics(WAVELENGTHS, nodes=0)
    with pytest.raises(PlasmonbenchError, match="data set"):
        SpheroidOptics(WAVELENGTHS, silver="tin")
    with pytest.raises(PlasmonbenchError, match="strength"):
        SpheroidOptics(WAVELENGTHS, damping_strength=-1.0)
    with pytest.raises(PlasmonbenchError, match="one median radius"):
        OPTICS.sphere_population([5.0, 6.0], 0.3)  # type: ignore[arg-type]
