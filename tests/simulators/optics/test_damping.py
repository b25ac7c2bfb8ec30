import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from simulators.optics.damping import (
    EV_NM,
    DrudeDamping,
    damped_permittivity,
    damped_permittivity_at,
)
from simulators.optics.materials import silver_permittivity

WAVELENGTHS = np.arange(380.0, 801.0, 20.0)
BULK = silver_permittivity(WAVELENGTHS)


def test_rate_of_a_ten_nanometre_sphere() -> None:
    """By hand: hbar vF = 0.65821 eV fs x 1.39 nm/fs = 0.91491 eV nm, over 4 x 10/3 nm."""
    rate = DrudeDamping(strength=1.0).rate(4 * 10 / 3)
    np.testing.assert_allclose(rate, 0.021 + 0.91491 / (40 / 3), rtol=1e-5)


def test_no_damping_at_zero_strength_or_infinite_size() -> None:
    free = damped_permittivity(BULK, WAVELENGTHS, 5.0, DrudeDamping(strength=0.0))
    np.testing.assert_allclose(free, BULK, rtol=1e-14)
    huge = damped_permittivity(BULK, WAVELENGTHS, 1e12, DrudeDamping())
    np.testing.assert_allclose(huge, BULK, rtol=1e-11)


def test_a_pure_drude_metal_stays_one_with_the_higher_rate() -> None:
    """If the bulk is a Drude metal, the damped one is the same metal with another rate."""
    damping = DrudeDamping(strength=2.0)
    energy = EV_NM / WAVELENGTHS

    def drude(rate: float) -> np.ndarray:
        return 1 - damping.plasma_energy**2 / (energy**2 + 1j * rate * energy)

    found = damped_permittivity(drude(damping.bulk_rate), WAVELENGTHS, 11.8, damping)
    np.testing.assert_allclose(found, drude(float(damping.rate(11.8))), rtol=1e-13)


def test_smaller_particles_lose_more() -> None:
    epsilon = damped_permittivity(BULK, WAVELENGTHS, [3.0, 10.0, 30.0], DrudeDamping())
    assert epsilon.shape == (3, len(WAVELENGTHS))
    assert (np.diff(epsilon.imag, axis=0) < 0).all()
    assert (epsilon.imag > BULK.imag).all()


def test_scalar_kernel_is_the_same_formula() -> None:
    damping = DrudeDamping(strength=1.5)
    whole = damped_permittivity(BULK, WAVELENGTHS, 9.0, damping)
    rate = float(damping.rate(9.0))
    points = [
        damped_permittivity_at(
            complex(e), EV_NM / w, damping.plasma_energy, damping.bulk_rate, rate
        )
        for e, w in zip(BULK, WAVELENGTHS, strict=True)
    ]
    np.testing.assert_allclose(points, whole, rtol=1e-12)


@pytest.mark.parametrize("length", [0.0, -1.0, np.nan, np.inf])
def test_impossible_lengths_are_refused(length: float) -> None:
    with pytest.raises(PlasmonbenchError, match="effective_length"):
        damped_permittivity(BULK, WAVELENGTHS, length, DrudeDamping())


def test_wrong_shapes_and_strengths_are_refused() -> None:
    with pytest.raises(PlasmonbenchError, match="permittivity must have shape"):
        damped_permittivity(BULK[1:], WAVELENGTHS, 5.0, DrudeDamping())
    with pytest.raises(PlasmonbenchError, match="strength"):
        DrudeDamping(strength=-1.0)
