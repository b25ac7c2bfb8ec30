import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.materials import silver_permittivity, water_index
from simulators.optics.mie import mie_cross_sections
from simulators.optics.modes import dipole_extinction, dipole_scattering
from simulators.optics.spheroid import (
    depolarisation_factors,
    quasistatic,
    spheroid_effective_length,
    spheroid_extinction,
    spheroid_modes,
    spheroid_scattering,
    spheroid_volume,
)

WAVELENGTHS = np.arange(450.0, 851.0, 0.5)
SILVER = silver_permittivity(WAVELENGTHS)
WATER = water_index(WAVELENGTHS)
ASPECTS = [0.001, 0.1, 0.3, 0.9, 0.9486, 0.9487, 0.999999, 1.0, 1.0001, 1.0488, 1.0489, 2.0, 50.0]


def peak(spectrum: FloatArray) -> float:
    return float(WAVELENGTHS[spectrum.argmax()])


@pytest.mark.parametrize("aspect", ASPECTS)
def test_depolarisation_factor_is_its_integral(aspect: float) -> None:
    """L = (a^2 c / 2) int ds / ((s + c^2) f(s)), after s = c^2 (1/v^2 - 1), by quadrature."""
    integral, _ = quad(
        lambda v: v**2 / (aspect**2 + (1 - aspect**2) * v**2), 0, 1, epsabs=0, epsrel=1e-13
    )
    _, polar = depolarisation_factors(1.0, aspect)
    np.testing.assert_allclose(polar, integral, rtol=2e-12)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_surface_is_its_integral(aspect: float) -> None:
    """Surface of revolution by quadrature over the polar angle; the length is 4V/S."""
    area, _ = quad(
        lambda t: np.pi / 2 * np.sin(t) * np.hypot(np.cos(t), aspect * np.sin(t)),
        0,
        np.pi,
        epsabs=0,
        epsrel=1e-12,
        points=[np.pi / 2],
        limit=200,
    )
    expected = 4 * spheroid_volume(1.0, aspect) / area
    np.testing.assert_allclose(spheroid_effective_length(1.0, aspect), expected, rtol=1e-11)


@settings(max_examples=100, deadline=None)
@given(diameter=st.floats(0.01, 1e4), aspect=st.floats(1e-6, 1e6))
def test_depolarisation_factors_share_out_one(diameter: float, aspect: float) -> None:
    equatorial, polar = depolarisation_factors(diameter, aspect * diameter)
    assert 0 < polar < 1
    assert 0 < equatorial <= 0.5
    assert (polar > equatorial) == (aspect < 1) or abs(aspect - 1) < 1e-14


@pytest.mark.parametrize(
    ("diameter", "static", "exact"),
    [(50, 544, 566), (65, 596, 632), (80, 646, 694), (100, 708, 774)],
)
def test_peaks_lie_at_those_of_the_t_matrix(diameter: float, static: float, exact: float) -> None:
    """Exact T-matrix in water; its peaks are known on a grid of 2 nm, so that is where to compare.

    On that grid the model falls short by 2, 4, 4 and 4 nm (on one of 0.5 nm: 1.8, 3.8, 3.2 and
    4.8); quasi-static peaks lie within 1.3 nm of those computed elsewhere.
    """
    spectrum = spheroid_extinction(diameter, 10.0, WAVELENGTHS, SILVER, WATER)
    on_the_grid = WAVELENGTHS[::4][spectrum[::4].argmax()]
    assert abs(on_the_grid - exact) <= 4.0
    flat = [
        share
        * dipole_extinction(
            quasistatic(mode).polarizability(WAVELENGTHS, SILVER, WATER), WAVELENGTHS, WATER
        )
        for share, mode in zip((2 / 3, 1 / 3), spheroid_modes(diameter, 10.0), strict=True)
    ]
    assert abs(peak(flat[0] + flat[1]) - static) <= 1.5


@pytest.mark.parametrize("radius", [2.0, 10.0, 20.0])
def test_round_spheroids_are_mie_spheres(radius: float) -> None:
    """Kuwata's series is a fit: measured within 0.12, 1.9 and 1.7 % of Mie."""
    wavelengths = np.arange(450.0, 801.0, 10.0)
    silver, water = silver_permittivity(wavelengths), water_index(wavelengths)
    exact, _ = mie_cross_sections(radius, wavelengths, silver, water)
    found = spheroid_extinction(2 * radius, 2 * radius, wavelengths, silver, water)
    np.testing.assert_allclose(found, exact, rtol={2.0: 1.5e-3, 10.0: 2e-2, 20.0: 2e-2}[radius])


def test_nothing_jumps_at_the_sphere() -> None:
    lengths = 30 * (1 + np.array([-1e-7, 0.0, 1e-7]))
    spectra = spheroid_extinction(30.0, lengths, WAVELENGTHS, SILVER, WATER)
    np.testing.assert_allclose(spectra[0] - spectra[1], spectra[1] - spectra[2], atol=1e-5)
    np.testing.assert_allclose(spectra[0], spectra[2], rtol=1e-5)


def test_flatter_is_redder_and_so_is_longer() -> None:
    flat = spheroid_extinction(np.arange(40.0, 101.0, 10), 10.0, WAVELENGTHS, SILVER, WATER)
    assert (np.diff([peak(spectrum) for spectrum in flat]) > 10).all()
    long = spheroid_extinction(12.0, 12 * np.arange(1.5, 4.1, 0.5), WAVELENGTHS, SILVER, WATER)
    assert (np.diff([peak(spectrum) for spectrum in long]) > 10).all()


def test_optical_theorem_holds_without_absorption() -> None:
    """All that a lossless spheroid takes from the beam is scattered: fixes radiation damping."""
    lossless = np.full(len(WAVELENGTHS), 4.0 + 0j)
    arguments = ([20.0, 90.0], [60.0, 12.0], WAVELENGTHS, lossless, WATER)
    np.testing.assert_allclose(
        spheroid_extinction(*arguments), spheroid_scattering(*arguments), rtol=1e-11
    )


def test_a_particle_of_water_in_water_is_invisible() -> None:
    assert (spheroid_extinction(50.0, 10.0, WAVELENGTHS, WATER**2 + 0j, WATER) < 1e-25).all()


@settings(max_examples=60, deadline=None)
@given(
    diameter=st.floats(0.5, 200.0),
    length=st.floats(0.5, 200.0),
    real=st.floats(-60.0, 12.0),
    imaginary=st.floats(1e-3, 30.0),
)
def test_spheroids_absorb(diameter: float, length: float, real: float, imaginary: float) -> None:
    epsilon = [complex(real, imaginary)]
    for mode in spheroid_modes(diameter, length):
        alpha = mode.polarizability([500.0], epsilon, 1.33)
        extinction = dipole_extinction(alpha, [500.0], 1.33)
        assert np.isfinite(extinction).all()
        assert extinction >= dipole_scattering(alpha, [500.0], 1.33) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("diameter", "length"), [(0.0, 1.0), (1.0, -2.0), (np.nan, 1.0), ([1.0, 2.0], [1.0, 2.0, 3.0])]
)
def test_bad_sizes_are_refused(diameter: object, length: object) -> None:
    with pytest.raises(PlasmonbenchError):
        spheroid_extinction(diameter, length, WAVELENGTHS, SILVER, WATER)  # type: ignore[arg-type]


def test_a_permittivity_for_other_particles_is_refused() -> None:
    with pytest.raises(PlasmonbenchError, match="shapes do not fit"):
        spheroid_extinction([1.0, 2.0], 1.0, WAVELENGTHS, np.stack([SILVER] * 3), WATER)
