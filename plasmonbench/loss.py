"""How far a spectrum is from the target: the campaign's loss, batched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plasmonbench.arrays import FloatArray, frozen
from plasmonbench.compiled import compiled
from plasmonbench.errors import PlasmonbenchError


@dataclass(frozen=True, eq=False)
class SpectralLoss:
    """``1 - delta(A_max) cos(mm(A), mm(T))`` of absorbance spectra A against a target T.

    ``mm`` scales a spectrum to [0, 1] by its own minimum and maximum; ``delta`` is
    ``A_max / amplitude_low`` below the amplitude window, 1 inside it, and 0 above it and for
    ``A_max <= 0``. 0 is perfect, 1 is the worst. A flat spectrum has no shape and loses 1.
    Source: Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021).

    Parameters
    ----------
    wavelengths
        Shape (W,), nm, increasing.
    target
        Target absorbance at those wavelengths, shape (W,); its scale does not matter.
    amplitude_low, amplitude_high
        Window of accepted peak absorbances.

    Raises
    ------
    PlasmonbenchError
        If shapes disagree, numbers are not finite, the target is flat or the window is empty.
    """

    wavelengths: FloatArray
    target: FloatArray
    amplitude_low: float = 0.7
    amplitude_high: float = 1.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "wavelengths", frozen(self.wavelengths))
        object.__setattr__(self, "target", frozen(self.target))
        if self.target.shape != self.wavelengths.shape or self.target.ndim != 1:
            raise PlasmonbenchError(
                f"target has shape {self.target.shape}, wavelengths {self.wavelengths.shape}; "
                "both must be (W,)"
            )
        if not (np.isfinite(self.target).all() and np.isfinite(self.wavelengths).all()):
            raise PlasmonbenchError("target and wavelengths must be finite numbers")
        if np.any(np.diff(self.wavelengths) <= 0):
            raise PlasmonbenchError("wavelengths must increase")
        if np.ptp(self.target) == 0:
            raise PlasmonbenchError("the target spectrum is flat: it has no shape to aim at")
        if not 0 < self.amplitude_low <= self.amplitude_high:
            raise PlasmonbenchError("the amplitude window must satisfy 0 < low <= high")
        scaled = self.target - self.target.min()
        object.__setattr__(self, "_direction", frozen(scaled / np.linalg.norm(scaled)))

    @property
    def target_direction(self) -> FloatArray:
        """The min-max scaled target at unit length, shape (W,)."""
        direction: FloatArray = self._direction  # type: ignore[attr-defined]
        return direction

    def __call__(self, spectra: npt.ArrayLike) -> FloatArray:
        """Return the loss of spectra (..., W) as an array (...); NaN spectra give NaN.

        Raises
        ------
        PlasmonbenchError
            If the last axis is not W long.
        """
        spectra = np.asarray(spectra, dtype=np.float64)
        w = len(self.wavelengths)
        if spectra.ndim == 0 or spectra.shape[-1] != w:
            raise PlasmonbenchError(
                f"spectra must have shape (..., {w}), one value per wavelength; got {spectra.shape}"
            )
        rows = np.ascontiguousarray(spectra.reshape(-1, w))
        losses = np.empty(len(rows))
        _losses(rows, self.target_direction, self.amplitude_low, self.amplitude_high, losses)
        return losses.reshape(spectra.shape[:-1])

    def gradient(self, spectra: npt.ArrayLike) -> FloatArray:
        """Return the derivative of the loss by each absorbance of spectra (..., W), (..., W).

        Where the loss has an edge (at the ends of the amplitude window, or where two wavelengths
        share the minimum or the maximum) it is the derivative on one side; where the loss is 1
        because a spectrum is flat, negative or too strong, or NaN, it is 0.

        Raises
        ------
        PlasmonbenchError
            If the last axis is not W long.
        """
        rows = np.asarray(spectra, dtype=np.float64)
        losses = self(rows)
        smallest, largest = rows.argmin(axis=-1), rows.argmax(axis=-1)
        peak = np.take_along_axis(rows, largest[..., None], axis=-1)
        lifted = rows - np.take_along_axis(rows, smallest[..., None], axis=-1)
        length = np.linalg.norm(lifted, axis=-1, keepdims=True)
        outside = (peak <= 0) | (peak > self.amplitude_high)
        dead = outside | (length == 0) | np.isnan(losses)[..., None]
        length = np.where(dead, 1.0, length)
        cosine = (lifted @ self.target_direction)[..., None] / length
        factor = np.minimum(peak / self.amplitude_low, 1.0)
        slopes = -factor * (self.target_direction - cosine * lifted / length) / length
        lowest = np.take_along_axis(slopes, smallest[..., None], axis=-1)
        lowest = lowest - slopes.sum(axis=-1, keepdims=True)
        np.put_along_axis(slopes, smallest[..., None], lowest, axis=-1)
        by_peak = np.where(peak < self.amplitude_low, -cosine / self.amplitude_low, 0.0)
        highest = np.take_along_axis(slopes, largest[..., None], axis=-1) + by_peak
        np.put_along_axis(slopes, largest[..., None], highest, axis=-1)
        return np.where(dead, 0.0, slopes)


@compiled
def _losses(
    rows: FloatArray, direction: FloatArray, low: float, high: float, losses: FloatArray
) -> None:
    """Fill ``losses`` (n,) from rows (n, W): two passes over a row that stays in the cache."""
    for i in range(rows.shape[0]):
        row = rows[i]
        smallest = row[0]
        largest = row[0]
        for j in range(row.shape[0]):
            smallest = min(smallest, row[j])
            largest = max(largest, row[j])
        # The scale of mm() cancels in the cosine, so that subtracting the minimum is enough.
        along = 0.0
        square = 0.0
        for j in range(row.shape[0]):
            lifted = row[j] - smallest
            along += lifted * direction[j]
            square += lifted * lifted
        if np.isnan(square):
            losses[i] = np.nan
        elif square == 0.0 or largest <= 0.0 or largest > high:
            losses[i] = 1.0
        else:
            cosine = along / np.sqrt(square)
            losses[i] = 1.0 - min(largest / low, 1.0) * cosine
