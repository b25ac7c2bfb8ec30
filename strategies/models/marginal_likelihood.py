"""Gaussian processes fitted by their marginal likelihood alone, as pool benchmarks fit them.

BoTorch's priors (`strategies.models.gp`) hold length scales long until data say otherwise; with a
handful of recipes of a pool that is too slow.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from plasmonbench import FloatArray
from strategies.models.gp import GaussianProcess

FIRST_LENGTH = 1.0
"""Where the search for length scales begins, scikit-learn's default: the width of the unit cube, so
that an axis of which nothing is known yet stays nearly flat. Shorter starts find fewer of the best
recipes of a pool."""
LENGTHS = (0.03, 30.0)
SIGNAL = (1e-2, 1e3)
NOISE = (1e-4, 1.0)
"""Variances, in units of that of the values; known noise has the lower end alone."""


def fit_by_likelihood(
    points: FloatArray, values: FloatArray, variances: FloatArray | None = None
) -> GaussianProcess:
    """Fit a Matérn 5/2 process with a length scale per axis to values (m,) at points (m, d).

    The maximum of the marginal likelihood that scikit-learn finds from one start with little noise,
    as pool benchmarks do; mean 0 of standardised values. Where readings are mostly noise it may end
    in interpolation: `GaussianProcess.fit` is for those. Points lie in the unit cube.
    ``variances`` (m,): known noise, in squared units of the values; None: one variance, fitted.
    """
    centre, spread = float(values.mean()), float(values.std())
    # A spread of rounding size is no spread; dividing by it would only blow up rounding.
    scale = spread if spread > 1e-12 * max(1.0, abs(centre)) else 1.0
    standardised = (values - centre) / scale
    signal = ConstantKernel(1.0, SIGNAL) * Matern(
        np.full(points.shape[1], FIRST_LENGTH), LENGTHS, nu=2.5
    )
    if variances is None:
        model = GaussianProcessRegressor(signal + WhiteKernel(1e-2, NOISE))
    else:
        known = np.maximum(variances / scale**2, NOISE[0])
        model = GaussianProcessRegressor(signal, alpha=known)
    with warnings.catch_warnings():
        # Says that a length scale or the noise lies at its bound (an inert axis, constant
        # losses) or that L-BFGS stopped early; the best found still stands.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, standardised)
    if variances is None:
        signal, noise = model.kernel_.k1, np.full(len(points), model.kernel_.k2.noise_level)
    else:
        signal, noise = model.kernel_, known
    # A unit signal, whose height goes into the scale.
    height = float(np.sqrt(signal.k1.constant_value))
    return GaussianProcess.conditioned(
        torch.tensor(points, dtype=torch.float64),
        torch.tensor(standardised / height),
        torch.tensor(np.atleast_1d(signal.k2.length_scale)),
        torch.tensor(noise / height**2),
        torch.tensor(0.0, dtype=torch.float64),
        centre,
        scale * height,
    )
