"""Gaussian process with one length scale per axis, small enough to be called thousands of times.

BoTorch finds the hyperparameters; the posterior is written out here, because an acquisition is
climbed by thousands of calls with a few points each, where a general library is mostly overhead.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from dataclasses import dataclass

import numpy as np
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
    noise
        Variance of the noise at each point, standardised, shape (m,).
    constant
        Prior mean of the standardised values.
    centre, scale
        Mean and standard deviation of the values; scale 1 where they do not vary.
    added_variance
        Standardised variance of a reading, for planners whose deviation is that of the next
        reading and not that of the function.
    """

    points: Tensor
    lengthscales: Tensor
    weights: Tensor
    whitener: Tensor
    noise: Tensor
    constant: Tensor
    centre: float
    scale: float
    added_variance: float = 0.0

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
        model, noise = fit_single_task(x, y, known)
        lengthscales = model.covar_module.lengthscale.detach().reshape(-1)
        constant = model.mean_module.constant.detach()
        return cls.conditioned(x, y, lengthscales, noise, constant, centre, scale)

    @classmethod
    def conditioned(
        cls,
        points: Tensor,
        standardised: Tensor,
        lengthscales: Tensor,
        noise: Tensor,
        constant: Tensor,
        centre: float,
        scale: float,
        added_variance: float = 0.0,
    ) -> GaussianProcess:
        """Return the posterior of given hyperparameters; ``noise`` (m,) in standardised units."""
        gram = correlation(points, points, lengthscales) + torch.diag(noise)
        factor = torch.linalg.cholesky(gram)
        whitener = torch.linalg.solve_triangular(
            factor, torch.eye(len(points), dtype=torch.float64), upper=False
        )
        weights = whitener.T @ (whitener @ (standardised - constant))
        return cls(
            points,
            lengthscales,
            weights,
            whitener,
            noise,
            constant,
            centre,
            scale,
            added_variance,
        )

    def mean(self, x: Tensor) -> Tensor:
        """Return the posterior mean at x (k, d), shape (k,)."""
        cross = correlation(x, self.points, self.lengthscales)
        return self.centre + self.scale * (self.constant + cross @ self.weights)

    def mean_at(self, points: FloatArray) -> FloatArray:
        """Return the posterior mean at points (k, d), shape (k,), as NumPy speaks it."""
        with torch.no_grad():
            return np.asarray(self.mean(torch.tensor(points, dtype=torch.float64)).numpy())

    def mean_and_deviation(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation at x (k, d): of the function, without noise.

        With ``added_variance`` the deviation is that of a reading.
        """
        cross = correlation(x, self.points, self.lengthscales)
        mean = self.centre + self.scale * (self.constant + cross @ self.weights)
        explained = (cross @ self.whitener.T).square().sum(dim=1)
        deviation = (1 - explained + self.added_variance).clamp_min(1e-12).sqrt()
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


def correlation(a: Tensor, b: Tensor, lengthscales: Tensor) -> Tensor:
    """Return the Matérn 5/2 correlation of points (k, d) with points (m, d), shape (k, m)."""
    return matern(((a[:, None] - b) / lengthscales).square().sum(dim=2))


def matern(squares: Tensor) -> Tensor:
    """Return the Matérn 5/2 correlation at squared distances, in length scales; elementwise."""
    distance = ROOT_5 * _root(squares)
    return (1 + distance + distance.square() / 3) * torch.exp(-distance)


def fit_single_task(
    points: Tensor, standardised: Tensor, known: Tensor | None
) -> tuple[SingleTaskGP, Tensor]:
    """Fit BoTorch's model, tried again with higher noise floors (`NOISE_FLOORS`) where it fails.

    Returns the model and its noise variance at each point, shape (m,). ``known`` (m,): known noise
    variances of the standardised values; None: one, inferred.

    Raises
    ------
    botorch.exceptions.ModelFittingError
        If it fails with the highest floor too.
    """
    for floor in NOISE_FLOORS[:-1]:
        with contextlib.suppress(ModelFittingError):
            return _fitted(points, standardised, known, floor)
    return _fitted(points, standardised, known, NOISE_FLOORS[-1])


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
