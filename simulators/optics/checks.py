"""Checks of sizes, wavelengths and optical constants that every optics module shares."""

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError

ComplexArray = npt.NDArray[np.complex128]


def positive(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values of any shape as float64; refuse any that is not positive and finite."""
    array = np.asarray(values, dtype=np.float64)
    # The negation catches NaN, which compares false with everything.
    if not (np.all(array > 0) and np.all(np.isfinite(array))):
        raise PlasmonbenchError(f"{name} must be positive and finite")
    return array


def not_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values of any shape as float64; refuse any that is negative or not finite."""
    array = np.asarray(values, dtype=np.float64)
    if not (np.all(array >= 0) and np.all(np.isfinite(array))):
        raise PlasmonbenchError(f"{name} must be finite and not negative")
    return array


def wavelength_grid(wavelengths: npt.ArrayLike) -> FloatArray:
    """Return wavelengths as (W,); refuse another shape, and what is not positive and finite."""
    grid = positive("wavelengths", wavelengths)
    if grid.ndim != 1 or not len(grid):
        raise PlasmonbenchError(f"wavelengths must have shape (W,), W >= 1; got {grid.shape}")
    return grid


def over_wavelengths(
    medium_index: npt.ArrayLike, permittivity: npt.ArrayLike, wavelengths: FloatArray
) -> tuple[FloatArray, ComplexArray]:
    """Return a medium index (W,) and a particle permittivity (..., W) that fit the wavelengths.

    Raises
    ------
    PlasmonbenchError
        If a shape does not fit, the index is not positive, or the permittivity is not finite or
        has a negative imaginary part (gain; or the other sign convention of time).
    """
    w = len(wavelengths)
    index = positive("medium_index", medium_index)
    if index.shape not in ((), (w,)):
        raise PlasmonbenchError(f"medium_index must be a scalar or ({w},); got {index.shape}")
    epsilon = np.asarray(permittivity, dtype=np.complex128)
    if epsilon.ndim == 0 or epsilon.shape[-1] != w:
        raise PlasmonbenchError(f"permittivity must have shape (..., {w}); got {epsilon.shape}")
    if not np.isfinite(epsilon).all() or np.any(epsilon.imag < 0):
        raise PlasmonbenchError("permittivity must be finite, with an imaginary part >= 0")
    return np.broadcast_to(index, (w,)), epsilon


def broadcast_shapes(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the common shape of named arrays, or say which shapes do not fit."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise PlasmonbenchError(f"shapes do not fit each other: {listed}") from None
