"""A mechanistic model of the lab as a belief about spectra, its numbers and its error uncertain.

The mean of the spectrum is a growth model that was fitted to the history; Gaussian processes
learn what it leaves over (Kennedy & O'Hagan, J. R. Stat. Soc. B 63, 425 (2001)). A sample of the
posterior draws the model's numbers, then the error that those numbers would leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from plasmonbench import FittedMechanism, FloatArray, RecipeSpace
from strategies.models.component_gps import JointDraws
from strategies.models.composite_ei import Loss
from strategies.models.spectral_gp import Prior, SpectralModel, log_spectra

STRIDE = 4
"""Every how many wavelengths the spectra of a twin are computed."""


def spectra_at(twin: FittedMechanism, space: RecipeSpace) -> Prior:
    """Return what maps points (k, d) of the unit cube to a twin's spectra (k, ceil(W/STRIDE))."""

    def spectra(points: FloatArray) -> FloatArray:
        return twin.spectra(space.from_unit(points), STRIDE)

    return spectra


@dataclass(frozen=True, eq=False)
class Twins:
    """A fitted mechanism with other numbers that the history allows, and no error beyond them.

    ``spectra`` maps points (k, d) to spectra (k, W), one function for each draw of the numbers.
    """

    spectra: Sequence[Prior]

    def draw(self, count: int, rng: np.random.Generator) -> Twins:  # noqa: ARG002
        """Return itself: what there is to draw is drawn."""
        return self

    def mean(self, points: FloatArray) -> FloatArray:
        """Return the spectra of the first draw at points (k, d), (k, W)."""
        return self.spectra[0](points)

    def losses(self, points: FloatArray, loss: Loss) -> FloatArray:
        """Return the losses at points (k, d) in every draw, (count, k)."""
        return np.array([loss(spectra(points)) for spectra in self.spectra])

    def expected_loss(self, points: FloatArray, loss: Loss, normals: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the mean loss (k,) at points (k, d) over the draws; there is no other doubt."""
        return np.asarray(self.losses(points, loss).mean(axis=0))


@dataclass(frozen=True, eq=False)
class CorrectedTwins:
    """Twins, each with the error that Gaussian processes learn from what it misses.

    Parameters
    ----------
    model
        Of the error of the best twin, which is its ``prior``.
    others
        Twins of other numbers, as the ``spectra`` of `Twins`.
    taught
        By how much each of them differs from the best at what the model was fitted to: scores
        (m, c) of the components.
    """

    model: SpectralModel
    others: Sequence[Prior]
    taught: Sequence[FloatArray]

    @classmethod
    def fit(
        cls,
        points: FloatArray,
        spectra: FloatArray,
        droplets: FloatArray,
        best: Prior,
        others: Sequence[Prior],
    ) -> CorrectedTwins:
        """Learn what a twin misses of median spectra (m, W) at points (m, d).

        ``droplets`` (m, r, W), of which the spectra are the medians, tell their noise.
        """
        model = SpectralModel.fit(points, spectra, droplets, mean=best)
        expected = log_spectra(best(points))
        moves = [log_spectra(other(points)) - expected for other in others]
        return cls(model, others, [move @ model.components.T for move in moves])

    def mean(self, points: FloatArray) -> FloatArray:
        """Return the median spectra at points (k, d), (k, W)."""
        return self.model.mean(points)

    def draw(self, count: int, rng: np.random.Generator) -> CorrectedDraws:
        """Return ``count`` joint samples; the draws of the numbers take turns in them."""
        return CorrectedDraws(self, self.model.processes.draw(count, rng))

    def expected_loss(self, points: FloatArray, loss: Loss, normals: FloatArray) -> FloatArray:
        """Return the mean loss (k,) at points (k, d), see `SpectralModel.expected_loss`."""
        means, deviations = self.model.processes.marginals(points)
        error = means + deviations * normals[:, None, : means.shape[1]]
        return np.asarray(self.losses_with(error, points, loss).mean(axis=0))

    def losses_with(self, error: FloatArray, points: FloatArray, loss: Loss) -> FloatArray:
        """Return the losses (count, k) at points (k, d), given scores of the error (count, k, c).

        The draws of the numbers take turns.
        """
        model, others = self.model, self.others
        if model.prior is None:
            raise TypeError("a corrected twin is a spectral model whose mean is a twin")
        best = log_spectra(model.prior(points))
        losses = np.empty(error.shape[:2])
        for k in range(len(others) + 1):
            logs = best if k == 0 else best + self._moved(k - 1, points, best)
            for sample in range(k, len(error), len(others) + 1):
                spectra = error[sample] @ model.components
                spectra += logs + model.centre
                losses[sample] = loss(np.exp(spectra, out=spectra))
        return losses

    def _moved(self, k: int, points: FloatArray, best: FloatArray) -> FloatArray:
        """Return by how much log-spectra (k, W) change when other numbers replace the best.

        Twin and error add up in the log-spectrum: where the twin moves at a measured recipe, what
        the processes learn of it there moves back by nearly as much.
        """
        model, processes = self.model, self.model.processes
        learnt = np.empty((len(points), len(model.components)))
        for j, scores in enumerate(self.taught[k].T):
            weights = cho_solve((processes.factors[j], True), scores)
            learnt[:, j] = processes.covariance(j, points, processes.points) @ weights
        moved = log_spectra(self.others[k](points)) - best
        return np.asarray(moved - learnt @ model.components)


@dataclass(frozen=True, eq=False)
class CorrectedDraws:
    """Joint samples of `CorrectedTwins`."""

    twins: CorrectedTwins
    scores: JointDraws

    def losses(self, points: FloatArray, loss: Loss) -> FloatArray:
        """Return the losses at points (k, d) in every sample, (count, k)."""
        return self.twins.losses_with(self.scores(points), points, loss)
