"""The loss of a spectrum taken apart: what its shape costs, and what its amplitude costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.loss import SpectralLoss
from plasmonbench.problem import TargetLevel


@dataclass(frozen=True)
class LossParts:
    """A loss as the sum of two parts, and what they come from.

    With ``delta`` the factor of the amplitude window and ``cos`` the likeness of the shapes,
    ``1 - delta cos = (1 - cos) + (1 - delta) cos``.
    """

    loss: float
    shape: float
    """1 - cos: 0 if the spectrum has the target's shape."""
    amplitude: float
    """(1 - delta) cos: 0 if the peak lies in the window."""
    peak: float
    """Largest absorbance of the spectrum."""
    window: tuple[float, float]
    """Peak absorbances that cost nothing."""


def loss_parts(loss: SpectralLoss, spectrum: FloatArray) -> LossParts:
    """Take the loss of a spectrum (W,) apart.

    A flat spectrum has no shape: cos counts as 0.
    """
    lifted = spectrum - spectrum.min()
    length = float(np.linalg.norm(lifted))
    cosine = float(lifted @ loss.target_direction) / length if length else 0.0
    whole = float(loss(spectrum))
    return LossParts(
        loss=whole,
        shape=1 - cosine,
        amplitude=max(whole - (1 - cosine), 0.0),
        peak=float(spectrum.max()),
        window=(loss.amplitude_low, loss.amplitude_high),
    )


def level_reached(levels: Sequence[TargetLevel], loss: float) -> TargetLevel | None:
    """Return the hardest of the levels that a loss reaches; None if it reaches none."""
    reached = [level for level in levels if loss <= level.loss]
    return min(reached, key=lambda level: level.loss, default=None)
