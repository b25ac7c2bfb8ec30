"""Functions drawn from the posterior of a Gaussian process, cheap to call anywhere.

A draw from the prior by random Fourier features, moved to the data by Matheron's rule (Wilson et
al., "Efficiently sampling functions from Gaussian process posteriors", ICML 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, RecipeSpace
from strategies.models.gp import GaussianProcess, correlation
from strategies.models.search import ascend
from strategies.models.spread import apart

MATERN_DEGREES = 5
"""Degrees of freedom of the Student t that is the spectral density of a Matérn 5/2."""


@dataclass(frozen=True)
class PosteriorPaths:
    """A number of functions p drawn from a posterior.

    Parameters
    ----------
    model
        The posterior.
    frequencies, phases
        Of the D Fourier features that all functions share, shapes (D, d) and (D,).
    amplitudes
        Of each function's features, shape (p, D).
    updates
        Weights (p, m) of the model's points that move each function to the data.
    """

    model: GaussianProcess
    frequencies: Tensor
    phases: Tensor
    amplitudes: Tensor
    updates: Tensor

    @classmethod
    def draw(
        cls, model: GaussianProcess, n: int, rng: np.random.Generator, *, features: int = 1024
    ) -> PosteriorPaths:
        """Draw n functions."""
        dimension = model.points.shape[1]
        normal = rng.standard_normal((features, dimension))
        chi_square = rng.chisquare(MATERN_DEGREES, (features, 1))
        frequencies = torch.tensor(normal * np.sqrt(MATERN_DEGREES / chi_square))
        frequencies = frequencies / model.lengthscales
        phases = torch.tensor(rng.uniform(0, 2 * math.pi, features))
        amplitudes = torch.tensor(rng.standard_normal((n, features)))
        noise = torch.tensor(rng.standard_normal((n, len(model.points)))) * model.noise.sqrt()
        prior = _features(model.points, frequencies, phases) @ amplitudes.T  # (m, n)
        whitened = model.whitener @ (prior + noise.T)
        updates = model.weights - (model.whitener.T @ whitened).T
        return cls(model, frequencies, phases, amplitudes, updates)

    def everywhere(self, x: Tensor) -> Tensor:
        """Return all functions at x (k, d), shape (p, k)."""
        cross = correlation(x, self.model.points, self.model.lengthscales)
        prior = _features(x, self.frequencies, self.phases) @ self.amplitudes.T
        return self._unscaled(prior + cross @ self.updates.T).T

    def each(self, x: Tensor, path: Tensor) -> Tensor:
        """Return function ``path[i]`` at row i of x (k, d), shape (k,)."""
        cross = correlation(x, self.model.points, self.model.lengthscales)
        features = _features(x, self.frequencies, self.phases)
        prior = (features * self.amplitudes[path]).sum(dim=1)
        return self._unscaled(prior + (cross * self.updates[path]).sum(dim=1))

    def minima(
        self,
        space: RecipeSpace,
        pool: FloatArray,
        *,
        min_distance: float,
        starts: int = 0,
        steps: int = 30,
    ) -> FloatArray:
        """Return where each function is lowest, shape (p, d), as points kept apart.

        Of a pool (k, d), and with ``starts`` of each function's descent from its lowest points of
        the pool (continuous spaces only). ``min_distance`` is relaxed by halving, see `apart`.
        """
        with torch.no_grad():
            on_pool = self.everywhere(torch.tensor(pool)).numpy()
        n = len(on_pool)
        starts = starts if space.candidates is None else 0
        lowest = np.argsort(on_pool, axis=1, kind="stable")[:, :starts]
        descended = np.empty((n, 0, space.dimension))
        depths = np.empty((n, 0))
        if starts:
            path = torch.arange(n).repeat_interleave(lowest.shape[1])
            points = ascend(
                lambda x: -self.each(x, path),
                pool[lowest].reshape(-1, space.dimension),
                space,
                steps=steps,
            )
            with torch.no_grad():
                depths = self.each(torch.tensor(points), path).numpy().reshape(n, -1)
            descended = points.reshape(n, -1, space.dimension)
        chosen = np.empty((0, space.dimension))
        for row in range(n):
            tried = np.concatenate([descended[row], pool])
            values = np.concatenate([depths[row], on_pool[row]])
            free = apart(tried, chosen, min_distance)
            chosen = np.concatenate([chosen, tried[[np.where(free, values, np.inf).argmin()]]])
        return chosen

    def _unscaled(self, standardised: Tensor) -> Tensor:
        return self.model.centre + self.model.scale * (self.model.constant + standardised)


def _features(x: Tensor, frequencies: Tensor, phases: Tensor) -> Tensor:
    """Return Fourier features (k, D) of points (k, d); their scalar products are the kernel."""
    return torch.cos(x @ frequencies.T + phases) * math.sqrt(2 / len(phases))
