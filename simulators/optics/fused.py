"""The fused loop over populations, nodes and wavelengths: real arithmetic in vector registers."""

import numpy as np

from plasmonbench import FloatArray, compiled
from simulators.optics.checks import ComplexArray
from simulators.optics.damping import EV_NM, DrudeDamping
from simulators.optics.modes import wave_number


def spectral_rows(
    wavelengths: FloatArray, bulk: ComplexArray, index: FloatArray, damping: DrudeDamping
) -> FloatArray:
    """Return all that a kernel needs of the wavelengths, shape (8, W).

    With w the photon energy and g the damped relaxation rate, ``contrast = (e - em)/em`` is a
    rational function of g; times ``1 + g^2/w^2`` it is a polynomial,
    ``(r0 + r1 g^2) + i (i0 + p g + i1 g^2)``, which spares the kernel a division.
    """
    energy = EV_NM / wavelengths
    medium = index**2
    plasma = damping.plasma_energy**2
    undamped = bulk + plasma / (energy * (energy + 1j * damping.bulk_rate))
    contrast = undamped / medium - 1
    k = wave_number(wavelengths, index)
    return np.stack(
        [
            contrast.real - plasma / (medium * energy**2),
            contrast.real / energy**2,
            contrast.imag,
            plasma / (medium * energy**3),
            contrast.imag / energy**2,
            1 / energy**2,
            k**2,
            k**3 / (6 * np.pi),
        ]
    )


@compiled
def add_two_modes(spectral: FloatArray, particles: FloatArray, extinction: FloatArray) -> None:
    """Add to ``extinction`` (n, W), over k, that of ``particles`` (n, nodes, 11).

    Columns: relaxation rate, volume, then weight, static, quadratic and quartic of each mode. The
    algebra is ``Im 1/(inverse + 1/contrast)`` of `PlasmonMode`, both numerator and denominator
    times ``contrast (1 + g^2/w^2)``, in real arithmetic; the two modes share the numerator and,
    brought to one fraction, the only division. It is written `np.divide`, because ``/`` tests for
    zero as Python does, and that branch would keep the loop out of the vector registers: 25 ms
    for 1,000 populations instead of 4.
    """
    for i in range(particles.shape[0]):
        row = extinction[i]
        for j in range(particles.shape[1]):
            node = particles[i, j]
            rate = node[0]
            square = rate * rate
            volume = node[1]
            weight, static, quadratic, quartic = node[2], node[3], node[4], node[5]
            volume_2 = node[6]
            weight_2, static_2, quadratic_2, quartic_2 = node[7], node[8], node[9], node[10]
            for w in range(row.shape[0]):
                k2 = spectral[6, w]
                real = spectral[0, w] + square * spectral[1, w]
                imag = spectral[2, w] + rate * spectral[3, w] + square * spectral[4, w]
                one = 1.0 + square * spectral[5, w]
                radiated = volume * spectral[7, w]
                inverse = static + k2 * (quadratic + k2 * quartic)
                inverse_2 = static_2 + k2 * (quadratic_2 + k2 * quartic_2)
                radiated_2 = volume_2 * spectral[7, w]
                a = inverse * real + one + radiated * imag
                b = inverse * imag - radiated * real
                below = a * a + b * b
                a = inverse_2 * real + one + radiated_2 * imag
                b = inverse_2 * imag - radiated_2 * real
                below_2 = a * a + b * b
                size = real * real + imag * imag
                above = weight * (one * imag + radiated * size)
                above_2 = weight_2 * (one * imag + radiated_2 * size)
                both = above * below_2 + above_2 * below
                row[w] += np.divide(both, below * below_2)


@compiled
def add_one_mode(spectral: FloatArray, particles: FloatArray, extinction: FloatArray) -> None:
    """Add to ``extinction`` (n, W), over k, that of ``particles`` (n, nodes, 6).

    As `add_two_modes`, for particles with a single mode.
    """
    for i in range(particles.shape[0]):
        row = extinction[i]
        for j in range(particles.shape[1]):
            node = particles[i, j]
            rate = node[0]
            square = rate * rate
            volume = node[1]
            weight, static, quadratic, quartic = node[2], node[3], node[4], node[5]
            for w in range(row.shape[0]):
                k2 = spectral[6, w]
                real = spectral[0, w] + square * spectral[1, w]
                imag = spectral[2, w] + rate * spectral[3, w] + square * spectral[4, w]
                one = 1.0 + square * spectral[5, w]
                radiated = volume * spectral[7, w]
                inverse = static + k2 * (quadratic + k2 * quartic)
                a = inverse * real + one + radiated * imag
                b = inverse * imag - radiated * real
                above = one * imag + radiated * (real * real + imag * imag)
                row[w] += np.divide(weight * above, a * a + b * b)
