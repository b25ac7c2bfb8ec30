"""Gaussian process with one length scale per axis, small enough to be called thousands of times.

BoTorch finds the hyperparameters; the posterior is written out here, because an acquisition is
climbed by thousands of calls with a few points each, where a general library is mostly overhead.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from plasmonbench import FloatArray

with warnings.catch_warnings():
    # linear_operator compiles with torch.jit.script as it is imported; torch calls that old.
    warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated", DeprecationWarning)
    from botorch.exceptions.errors import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
    from botorch.settings import validate_input_scaling
    from gpytorch.constraints import GreaterThan
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from gpytorch.priors import LogNormalPrior

NOISE_FLOORS = (1e-4, 1e-3, 1e-2)
"""Least noise variance, in units of the variance of the values; the later ones for fits that fail.

1e-4 is BoTorch's own floor.
"""
ROOT_5 = math.sqrt(5)


@dataclass(frozen=True)
class GaussianProcess:
    """Posterior of a function on the unit cube; Matérn 5/2, values standardised.

    Parameters
    ----------
    points
        Where the function was measured, shape (m, d).
    lengthscales
        Shape (d,).
    weights
        ``K^-1 (y - constant)`` of the standardised values y, shape (m,); K holds the noise.
    whitener
        Inverse of the Cholesky factor of K, shape (m, m).
    constant
        Prior mean of the standardised values.
    centre, scale
        Mean and standard deviation of the values; scale 1 where they do not vary.
    """

    points: Tensor
    lengthscales: Tensor
    weights: Tensor
    whitener: Tensor
    constant: Tensor
    centre: float
    scale: float

    @classmethod
    def fit(
        cls, points: FloatArray, values: FloatArray, variances: FloatArray | None = None
    ) -> GaussianProcess:
        """Fit to values (m,) at points (m, d) of the unit cube.

        Priors: LogNormal length scales that grow with the dimension, LogNormal(-4, 1) noise
        (Hvarfner et al., ICML 2024; BoTorch's defaults). ``variances`` (m,): known noise, in
        squared units of the values; None: one noise variance, inferred.

        A fit that fails is tried again with a higher noise floor (`NOISE_FLOORS`).

        Raises
        ------
        botorch.exceptions.ModelFittingError
            If it fails with the highest floor too.
        """
        centre = float(values.mean())
        # A spread of rounding size is no spread; dividing by it would only blow up rounding.
        spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        scale = spread if spread > 1e-12 * max(1.0, abs(centre)) else 1.0
        x = torch.tensor(points, dtype=torch.float64)
        y = torch.tensor((values - centre) / scale, dtype=torch.float64)
        known = None
        if variances is not None:
            known = torch.tensor(variances / scale**2, dtype=torch.float64)
        for floor in NOISE_FLOORS:
            try:
                model, noise = _fitted(x, y, known, floor)
            except ModelFittingError:
                if floor == NOISE_FLOORS[-1]:
                    raise
            else:
                break
        lengthscales = model.covar_module.lengthscale.detach().reshape(-1)
        constant = model.mean_module.constant.detach()
        gram = _matern(x, x, lengthscales) + torch.diag(noise)
        factor = torch.linalg.cholesky(gram)
        whitener = torch.linalg.solve_triangular(
            factor, torch.eye(len(x), dtype=torch.float64), upper=False
        )
        weights = whitener.T @ (whitener @ (y - constant))
        return cls(x, lengthscales, weights, whitener, constant, centre, scale)

    def mean(self, x: Tensor) -> Tensor:
        """Return the posterior mean at x (k, d), shape (k,)."""
        cross = _matern(x, self.points, self.lengthscales)
        return self.centre + self.scale * (self.constant + cross @ self.weights)

    def mean_and_deviation(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the noise-free function at x (k, d)."""
        cross = _matern(x, self.points, self.lengthscales)
        mean = self.centre + self.scale * (self.constant + cross @ self.weights)
        explained = (cross @ self.whitener.T).square().sum(dim=1)
        deviation = (1 - explained).clamp_min(1e-12).sqrt()
        return mean, self.scale * deviation

    def mean_gradient(self, x: Tensor) -> Tensor:
        """Return the gradient of the posterior mean at x (k, d), shape (k, d)."""
        difference = (x[:, None] - self.points) / self.lengthscales
        distance = ROOT_5 * _root(difference.square().sum(dim=2))
        slope = -5 / 3 * (1 + distance) * torch.exp(-distance) * self.weights
        gradient = (slope[:, :, None] * difference).sum(dim=1) / self.lengthscales
        return self.scale * gradient


def _root(square: Tensor) -> Tensor:
    """Return a square root whose gradient at 0 is 0 instead of infinite."""
    return square.clamp_min(1e-24).sqrt()


def _matern(a: Tensor, b: Tensor, lengthscales: Tensor) -> Tensor:
    """Return the Matérn 5/2 correlation of points (k, d) with points (m, d), shape (k, m)."""
    difference = (a[:, None] - b) / lengthscales
    distance = ROOT_5 * _root(difference.square().sum(dim=2))
    return (1 + distance + distance.square() / 3) * torch.exp(-distance)


def _fitted(
    x: Tensor, y: Tensor, known: Tensor | None, floor: float
) -> tuple[SingleTaskGP, Tensor]:
    """Return the fitted model and the noise variance at each point, shape (m,)."""
    dimension = x.shape[1]
    likelihood = None
    if known is not None:
        known = known.clamp_min(floor)[:, None]
    else:
        prior = LogNormalPrior(loc=-4.0, scale=1.0)
        likelihood = GaussianLikelihood(
            noise_prior=prior,
            noise_constraint=GreaterThan(
                floor, transform=None, initial_value=max(float(prior.mode), 2 * floor)
            ),
        )
    # Values are standardised already; the check would only warn where they are constant.
    with validate_input_scaling(False):
        model = SingleTaskGP(
            x,
            y[:, None],
            train_Yvar=known,
            likelihood=likelihood,
            covar_module=get_covar_module_with_dim_scaled_prior(dimension, use_rbf_kernel=False),
            outcome_transform=None,
        ).double()
    # A second attempt of BoTorch's own would start from torch's global generator.
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model), max_attempts=1)
    noise = model.likelihood.noise.detach().reshape(-1).expand(len(x))
    return model, noise
