"""Two surrogates believed at once: where one of them is wrong, the other has a say.

An average over models (Hoeting et al., Statistical Science 14, 382 (1999)) with weights that are
stated, not inferred: the evidence of ten recipes tells little about which of two is right near an
optimum that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from plasmonbench import FloatArray
from strategies.models.composite_ei import Draws, Loss


class Surrogate(Protocol):
    """What is believed of spectra; `SpectralModel` is one."""

    def mean(self, points: FloatArray) -> FloatArray:
        """Return median spectra (k, W) at points (k, d) of the unit cube."""
        ...

    def draw(self, count: int, rng: np.random.Generator) -> Draws:
        """Return ``count`` joint samples."""
        ...

    def expected_loss(self, points: FloatArray, loss: Loss, normals: FloatArray) -> FloatArray:
        """Return mean losses (k,) at points (k, d), with standard normal draws (count, c)."""
        ...


@dataclass(frozen=True, eq=False)
class Mixture:
    """Surrogates with the weight (sum 1) that each of them has."""

    surrogates: Sequence[Surrogate]
    weights: Sequence[float]

    def mean(self, points: FloatArray) -> FloatArray:
        """Return the weighted mean of their spectra (k, W) at points (k, d)."""
        return np.asarray(sum(w * s.mean(points) for w, s in self._weighted()))

    def draw(self, count: int, rng: np.random.Generator) -> MixtureDraws:
        """Return ``count`` joint samples, of each surrogate as many as its weight says."""
        ends = np.rint(count * np.cumsum([0.0, *self.weights])).astype(int)
        return MixtureDraws(
            [
                surrogate.draw(int(n), rng)
                for surrogate, n in zip(self.surrogates, np.diff(ends), strict=True)
                if n
            ]
        )

    def expected_loss(self, points: FloatArray, loss: Loss, normals: FloatArray) -> FloatArray:
        """Return the weighted mean of their expected losses (k,) at points (k, d)."""
        return np.asarray(
            sum(w * s.expected_loss(points, loss, normals) for w, s in self._weighted())
        )

    def _weighted(self) -> list[tuple[float, Surrogate]]:
        return [(w, s) for w, s in zip(self.weights, self.surrogates, strict=True) if w > 0]


@dataclass(frozen=True, eq=False)
class MixtureDraws:
    """Joint samples of several surrogates, one group after the other."""

    groups: Sequence[Draws]

    def losses(self, points: FloatArray, loss: Loss) -> FloatArray:
        """Return the losses at points (k, d) in every sample, (count, k)."""
        return np.concatenate([group.losses(points, loss) for group in self.groups])
