"""A surrogate of whole spectra: principal components of log-spectra, a Gaussian process for each.

A loss is a sharp, kinked function of a spectrum, and a spectrum a smooth function of the recipe.
Modelling the spectrum leaves the sharp part to be computed instead of learnt (composite Bayesian
optimisation; Astudillo and Frazier, ICML 2019), and 421 wavelengths tell more than one loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plasmonbench import FloatArray
from strategies.models.component_gps import ComponentProcesses, JointDraws

Prior = Callable[[FloatArray], FloatArray]
"""Maps points (k, d) to spectra (k, W) that are expected before any are measured."""
View = Callable[[FloatArray], FloatArray]
"""Maps points (k, d) of the unit cube to the inputs of the processes."""

FLOOR = 0.02
"""Least absorbance that has a logarithm; a baseline below it is noise, and may be negative."""
LEAST_SHARE = 1e-5
"""A component with a smaller share of the variance is left out.

What is left out blurs the loss where it matters: near the optimum of a simulated lab four
components miss it by up to 0.007 and ten by 0.0006; levels ten times as rare lie 0.007 apart.
"""
MOST_COMPONENTS = 10
BLOCK = 256
"""Spectra made at a time, so that they stay in the cache."""
SHARED_DROPLETS = 4
"""Droplets' worth of belief that all recipes are equally noisy."""


@dataclass(frozen=True, eq=False)
class SpectralModel:
    """Posterior of the spectrum of every recipe.

    Parameters
    ----------
    processes
        Of the scores of the components; c of them.
    components
        Orthonormal rows, shape (c, W).
    centre
        Mean of the log-spectra, less the prior's, shape (W,).
    explained
        Share of the variance of the log-spectra (less the prior's) in each component, (c,).
    prior
        Spectra expected beforehand; None: none in particular.
    view
        What the processes see of a point; None: the point.
    """

    processes: ComponentProcesses
    components: FloatArray
    centre: FloatArray
    explained: FloatArray
    prior: Prior | None = None
    view: View | None = None

    @classmethod
    def fit(
        cls,
        points: FloatArray,
        spectra: FloatArray,
        droplets: FloatArray | None = None,
        *,
        mean: Prior | None = None,
        view: View | None = None,
    ) -> SpectralModel:
        """Fit to one spectrum for each recipe.

        Parameters
        ----------
        points
            Recipes in the unit cube, shape (m, d).
        spectra
            Absorbance, shape (m, W), finite; the medians over droplets.
        droplets
            Absorbance of the single droplets, shape (m, r, W), NaN where there is no reading:
            from them comes the noise of each recipe's median. None: noise is inferred alone.
        mean
            Spectra expected beforehand, for example a mechanistic model's; the processes learn
            what it leaves over. Called with points (k, d), returns absorbance (k, W).
        view
            What the processes see of points (k, d); None: the points.
        """
        logs = log_spectra(spectra)
        expected = 0.0 if mean is None else log_spectra(mean(points))
        centre = (logs - expected).mean(axis=0)
        residual = logs - expected - centre
        _, singular, rows = np.linalg.svd(residual, full_matrices=False)
        power = np.square(singular)
        total = float(power.sum())
        share = power / total if total > 0 else np.zeros_like(power)
        kept = max(1, int((share[:MOST_COMPONENTS] > LEAST_SHARE).sum()))
        components = rows[:kept]
        scores = residual @ components.T
        variances = None if droplets is None else score_variances(droplets, components)
        seen = points if view is None else view(points)
        processes = ComponentProcesses.fit(seen, scores, variances)
        return cls(processes, components, centre, share[:kept], mean, view)

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood of the scores: which view of the recipes fits them best."""
        return float(self.processes.log_evidence.sum())

    def mean(self, points: FloatArray) -> FloatArray:
        """Return the median spectra at points (k, d), shape (k, W)."""
        return self._spectra(self.processes.mean(self._seen(points)), self._offset(points))

    def expected_loss(
        self, points: FloatArray, loss: Callable[[FloatArray], FloatArray], normals: FloatArray
    ) -> FloatArray:
        """Return the mean loss (k,) at points (k, d), over what is believed of each.

        ``normals`` (count, `MOST_COMPONENTS`) are draws from the standard normal distribution,
        the same at every point.
        """
        means, deviations = self.processes.marginals(self._seen(points))
        scores = means + deviations * normals[:, None, : means.shape[1]]
        return np.asarray(self._losses(scores, self._offset(points), loss).mean(axis=0))

    def draw(self, count: int, rng: np.random.Generator) -> SpectralDraws:
        """Return ``count`` joint samples of the noise-free spectra of all recipes."""
        return SpectralDraws(self, self.processes.draw(count, rng))

    def sample(self, points: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
        """Return joint samples of the spectra at points (k, d), shape (count, k, W)."""
        return self.draw(count, rng)(points)

    def _seen(self, points: FloatArray) -> FloatArray:
        return points if self.view is None else self.view(points)

    def _offset(self, points: FloatArray) -> FloatArray:
        """Return the log-spectra (k, W) that scores of zero stand for at points (k, d)."""
        if self.prior is None:
            return np.broadcast_to(self.centre, (len(points), len(self.centre)))
        return np.asarray(self.centre + log_spectra(self.prior(points)))

    def _spectra(self, scores: FloatArray, offset: FloatArray) -> FloatArray:
        """Return spectra (..., k, W) of scores (..., k, c) and an offset (k, W)."""
        logs = scores @ self.components
        logs += offset
        return np.asarray(np.exp(logs, out=logs))

    def _losses(
        self, scores: FloatArray, offset: FloatArray, loss: Callable[[FloatArray], FloatArray]
    ) -> FloatArray:
        """Return the losses (count, k) of scores (count, k, c) and an offset (k, W).

        A few points at a time, so that the spectra of hundreds of samples need no room.
        """
        values = np.empty(scores.shape[:2])
        step = max(1, BLOCK // len(scores))
        for first in range(0, scores.shape[1], step):
            block = slice(first, first + step)
            values[:, block] = loss(self._spectra(scores[:, block], offset[block]))
        return values


@dataclass(frozen=True, eq=False)
class SpectralDraws:
    """Samples of spectra as functions of the recipe, consistent from call to call."""

    model: SpectralModel
    scores: JointDraws

    def __call__(self, points: FloatArray) -> FloatArray:
        """Return the spectra at points (k, d), shape (count, k, W)."""
        model = self.model
        return model._spectra(self.scores(model._seen(points)), model._offset(points))

    def losses(self, points: FloatArray, loss: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return the losses at points (k, d), shape (count, k): ``loss(draws(points))``."""
        model = self.model
        return model._losses(self.scores(model._seen(points)), model._offset(points), loss)


def log_spectra(spectra: FloatArray) -> FloatArray:
    """Return the natural logarithm of absorbance (..., W), lifted to `FLOOR` where below."""
    return np.asarray(np.log(np.maximum(spectra, FLOOR)))


def score_variances(droplets: FloatArray, components: FloatArray) -> FloatArray:
    """Return the noise variance of the scores of median spectra, shape (m, c).

    From droplets (m, r, W): pi/2 times the variance of a mean, as for the median of many normal
    readings, with the variance from the median absolute deviation, which duds and the first
    droplets of a recipe do not move. Recipes with few droplets lean on the others.
    """
    scores = log_spectra(droplets) @ components.T
    read = np.isfinite(scores[:, :, 0])
    count = read.sum(axis=1)
    repeated = count >= 2
    if not repeated.any():
        return np.zeros((len(droplets), len(components)))
    variances = np.zeros((len(droplets), len(components)))
    middle = np.nanmedian(scores[repeated], axis=1, keepdims=True)
    spread = 1.4826 * np.nanmedian(np.abs(scores[repeated] - middle), axis=1)
    variances[repeated] = np.square(spread)
    typical = np.median(variances[repeated], axis=0)
    weight = np.where(repeated, count, 0)[:, None]
    shared = (weight * variances + SHARED_DROPLETS * typical) / (weight + SHARED_DROPLETS)
    return np.asarray(np.pi / 2 * shared / np.maximum(count, 1)[:, None])
