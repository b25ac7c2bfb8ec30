"""Triangular plates, disks and rods, by a model fitted to full electrodynamics.

Source: Yu, Liz-Marzan & Garcia de Abajo, Chem. Soc. Rev. 46, 6710 (2017), doi 10.1039/C6CS00919K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.optics.checks import broadcast_shapes, positive
from simulators.optics.modes import PlasmonMode, dipole_extinction, dipole_scattering


@dataclass(frozen=True)
class PlateShape:
    """The universal model of one shape: functions of the aspect ratio R, length over thickness.

    Parameters
    ----------
    name
        What users call it.
    resonance
        e1(R): the metal-to-host permittivity ratio at the static resonance.
    mode_share
        V1/V(R): share of the volume that takes part in the mode.
    quadratic, quartic
        a2(R, e1) and a4(R, e1) of the retardation series.
    filling
        V/L^3(R): volume over length cubed.
    surface
        S/L^2(R): surface of the sharp-edged body over length squared.
    orientation_factor
        Mean square of the field along the mode over all orientations: 2/3 for two equal axes,
        1/3 for one.
    """

    name: str
    resonance: Callable[[FloatArray], FloatArray]
    mode_share: Callable[[FloatArray], FloatArray]
    quadratic: Callable[[FloatArray, FloatArray], FloatArray]
    quartic: Callable[[FloatArray, FloatArray], FloatArray]
    filling: Callable[[FloatArray], FloatArray]
    surface: Callable[[FloatArray], FloatArray]
    orientation_factor: float


TRIANGLE = PlateShape(
    name="triangle",
    resonance=lambda r: -0.87 * r**1.12 - 4.33,
    mode_share=lambda r: -0.645 * r**-1.24 + 0.678,
    quadratic=lambda r, e1: 5.57 / (1 - e1),  # noqa: ARG005 - all shapes share one signature
    quartic=lambda r, e1: -6.83 / (1 - e1),  # noqa: ARG005
    filling=lambda r: 0.433 / r - 0.00544 / r**2,
    surface=lambda r: math.sqrt(3) / 2 + 3 / r,
    orientation_factor=2 / 3,
)
"""Triangular prism; the length is its edge."""

DISK = PlateShape(
    name="disk",
    resonance=lambda r: -0.479 - 1.36 * r**0.872,
    mode_share=lambda r: np.full_like(r, 0.944),
    quadratic=lambda r, e1: 7.05 / (1 - e1),  # noqa: ARG005
    quartic=lambda r, e1: -10.9 / r**0.98,  # noqa: ARG005
    filling=lambda r: np.pi * (4 + 3 * (r - 1) * (2 * r + np.pi - 2)) / (24 * r**3),
    # A flat face on either side and half a torus around them, by Pappus.
    surface=lambda r: np.pi / 2 * (1 - 1 / r) ** 2 + np.pi * (np.pi / 2 * (1 - 1 / r) + 1 / r) / r,
    orientation_factor=2 / 3,
)
"""Disk with a round rim; the length is its diameter."""

ROD = PlateShape(
    name="rod",
    resonance=lambda r: -1.73 * r**1.45 - 0.296,
    mode_share=lambda r: np.full_like(r, 0.896),
    quadratic=lambda r, e1: 6.92 / (1 - e1),  # noqa: ARG005
    quartic=lambda r, e1: -11 / r**2.49 - 0.0868,  # noqa: ARG005
    filling=lambda r: np.pi * (3 * r - 1) / (12 * r**3),
    surface=lambda r: np.pi / r,
    orientation_factor=1 / 3,
)
"""Rod with round caps; the thickness is its diameter."""

PLATE_SHAPES = {shape.name: shape for shape in (TRIANGLE, DISK, ROD)}


def truncated_triangle(triangle: float) -> PlateShape:
    """Return a shape between the disk (0) and the triangle (1): a prism whose corners are cut.

    Every function of the universal model is a weighted mean of those of the two shapes. The model
    itself knows no cut corners; full electrodynamics shifts their resonance from that of the
    triangle towards that of the disk (Kelly et al., J. Phys. Chem. B 107, 668 (2003)), which a
    weighted mean imitates.

    Raises
    ------
    PlasmonbenchError
        If the weight does not lie in 0 to 1.
    """
    if not 0 <= triangle <= 1:
        raise PlasmonbenchError(f"the weight of the triangle must lie in 0 to 1; got {triangle}")
    rest = 1 - triangle
    return PlateShape(
        name="truncated triangle",
        resonance=lambda r: triangle * TRIANGLE.resonance(r) + rest * DISK.resonance(r),
        mode_share=lambda r: triangle * TRIANGLE.mode_share(r) + rest * DISK.mode_share(r),
        quadratic=lambda r, e1: triangle * TRIANGLE.quadratic(r, e1) + rest * DISK.quadratic(r, e1),
        quartic=lambda r, e1: triangle * TRIANGLE.quartic(r, e1) + rest * DISK.quartic(r, e1),
        filling=lambda r: triangle * TRIANGLE.filling(r) + rest * DISK.filling(r),
        surface=lambda r: triangle * TRIANGLE.surface(r) + rest * DISK.surface(r),
        orientation_factor=2 / 3,
    )


def plate_shape(name: str) -> PlateShape:
    """Return the shape of a name.

    Raises
    ------
    PlasmonbenchError
        If there is no such shape.
    """
    if name not in PLATE_SHAPES:
        raise PlasmonbenchError(f"no shape {name!r}; choose one of {', '.join(PLATE_SHAPES)}")
    return PLATE_SHAPES[name]


def plate_volume(
    shape: PlateShape | str, edge: npt.ArrayLike, thickness: npt.ArrayLike
) -> FloatArray:
    """Return volumes, nm^3, shape (...,).

    Parameters
    ----------
    shape
        A shape or its name: "triangle", "disk" or "rod".
    edge, thickness
        nm, shapes (...,) that fit each other; the edge is a disk's diameter or a rod's length.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit, a size is not positive and finite, or an edge is shorter than the
        thickness: the model is fitted to plates.
    """
    model, length, aspect = _plate(shape, edge, thickness)
    return model.filling(aspect) * length**3


def plate_effective_length(
    shape: PlateShape | str, edge: npt.ArrayLike, thickness: npt.ArrayLike
) -> FloatArray:
    """Return four times volume over surface, nm, shape (...,), the length of size damping.

    Takes and raises the same as `plate_volume`.
    """
    model, length, aspect = _plate(shape, edge, thickness)
    return 4 * length * model.filling(aspect) / model.surface(aspect)


def plate_mode(
    shape: PlateShape | str, edge: npt.ArrayLike, thickness: npt.ArrayLike
) -> PlasmonMode:
    """Return the mode along the plate (or rod); the one across it is left out.

    Takes and raises the same as `plate_volume`.
    """
    model, length, aspect = _plate(shape, edge, thickness)
    e1 = model.resonance(aspect)
    # The source writes the series in s = sqrt(eps_h) L / lambda0 = k L / (2 pi).
    scale = length / (2 * np.pi)
    return PlasmonMode(
        volume=model.mode_share(aspect) * model.filling(aspect) * length**3,
        static=-1 / (e1 - 1),
        quadratic=-model.quadratic(aspect, e1) * scale**2,
        quartic=-model.quartic(aspect, e1) * scale**4,
    )


def plate_extinction(
    shape: PlateShape | str,
    edge: npt.ArrayLike,
    thickness: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    permittivity: npt.ArrayLike,
    medium_index: npt.ArrayLike,
    orientation_factor: float | None = None,
) -> FloatArray:
    """Return extinction cross-sections, nm^2, shape (..., W).

    Parameters
    ----------
    shape
        A shape or its name: "triangle", "disk" or "rod".
    edge, thickness
        nm, shapes (...,) that fit each other; the edge is a disk's diameter or a rod's length.
    wavelengths
        Vacuum wavelengths, shape (W,), nm.
    permittivity
        Of the particle, shape (W,) or (..., W).
    medium_index
        Refractive index of the medium, scalar or (W,).
    orientation_factor
        1 for a field along the mode; None: the average over all orientations, 2/3 for a plate and
        1/3 for a rod.

    Raises
    ------
    PlasmonbenchError
        If shapes do not fit, a number cannot be physical, or an edge is shorter than the
        thickness.
    """
    model = plate_shape(shape) if isinstance(shape, str) else shape
    factor = model.orientation_factor if orientation_factor is None else orientation_factor
    alpha = plate_mode(model, edge, thickness).polarizability(
        wavelengths, permittivity, medium_index
    )
    return factor * dipole_extinction(alpha, wavelengths, medium_index)


def plate_scattering(
    shape: PlateShape | str,
    edge: npt.ArrayLike,
    thickness: npt.ArrayLike,
    wavelengths: npt.ArrayLike,
    permittivity: npt.ArrayLike,
    medium_index: npt.ArrayLike,
    orientation_factor: float | None = None,
) -> FloatArray:
    """Return scattering cross-sections, nm^2, shape (..., W).

    Takes and raises the same as `plate_extinction`.
    """
    model = plate_shape(shape) if isinstance(shape, str) else shape
    factor = model.orientation_factor if orientation_factor is None else orientation_factor
    alpha = plate_mode(model, edge, thickness).polarizability(
        wavelengths, permittivity, medium_index
    )
    return factor * dipole_scattering(alpha, wavelengths, medium_index)


def _plate(
    shape: PlateShape | str, edge: npt.ArrayLike, thickness: npt.ArrayLike
) -> tuple[PlateShape, FloatArray, FloatArray]:
    """Return the model, the lengths and the aspect ratios."""
    model = plate_shape(shape) if isinstance(shape, str) else shape
    length, height = positive("edge", edge), positive("thickness", thickness)
    broadcast_shapes(edge=length.shape, thickness=height.shape)
    aspect = length / height
    # Below one the fits leave their range; the triangle's mode would even lose all its volume.
    if np.any(aspect < 1):
        raise PlasmonbenchError("the plate model needs an edge of at least the thickness")
    return model, length, aspect
