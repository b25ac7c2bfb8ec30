"""A Gaussian process with a single length scale, by maximum likelihood: GPyOpt's default."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from plasmonbench import FloatArray
from strategies.models.gp import GaussianProcess

STARTS = (0.1, 0.3, 1.0)
"""Length scales at which the search begins, in diagonals of the box."""
SIGNAL = (1e-3, 1e3)
NOISE = (1e-6, 1.0)
"""Variances, in units of that of the values."""


def fit_isotropic(
    points: FloatArray,
    values: FloatArray,
    widths: FloatArray,
    *,
    variances: FloatArray | None = None,
    predictive: bool = False,
) -> GaussianProcess:
    """Fit a Matérn 5/2 process with one length scale for all axes, and a variance of its own.

    Parameters
    ----------
    points
        Of the unit cube, shape (m, d).
    values
        Measured there, shape (m,).
    widths
        Length of each axis, shape (d,), in the units in which distance is measured.
    variances
        Known noise (m,), in squared units of the values; None: one noise variance, fitted.
    predictive
        Let the deviation be that of the next reading, noise included.
    """
    centre, spread = float(values.mean()), float(values.std())
    scale = spread if spread > 1e-12 * max(1.0, abs(centre)) else 1.0
    standardised = (values - centre) / scale
    known = None if variances is None else np.maximum(variances / scale**2, NOISE[0])
    fitted = [
        _fitted(points * widths, standardised, start * float(np.linalg.norm(widths)), known)
        for start in STARTS
    ]
    best = max(fitted, key=lambda model: model.log_marginal_likelihood_value_)
    signal = best.kernel_.k1 if known is None else best.kernel_
    noise = np.full(len(points), best.kernel_.k2.noise_level) if known is None else known
    # A unit signal, whose height goes into the scale.
    height = float(np.sqrt(signal.k1.constant_value))
    relative = noise / height**2
    return GaussianProcess.conditioned(
        torch.tensor(points, dtype=torch.float64),
        torch.tensor(standardised / height),
        torch.tensor(signal.k2.length_scale / widths),
        torch.tensor(relative),
        torch.tensor(0.0, dtype=torch.float64),
        centre,
        scale * height,
        float(relative.mean()) if predictive else 0.0,
    )


def _fitted(
    points: FloatArray, standardised: FloatArray, length: float, known: FloatArray | None
) -> GaussianProcessRegressor:
    lengths = (1e-3 * length, 1e3 * length)
    kernel = ConstantKernel(1.0, SIGNAL) * Matern(length, lengths, nu=2.5)
    if known is None:
        model = GaussianProcessRegressor(kernel + WhiteKernel(1e-2, NOISE))
    else:
        model = GaussianProcessRegressor(kernel, alpha=known)
    with warnings.catch_warnings():
        # Says that a hyperparameter lies at its bound or that L-BFGS stopped early; the best
        # found still stands.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points, standardised)
