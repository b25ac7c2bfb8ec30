"""A Gaussian process that believes in recipes still to be measured: known variance, same mean."""

from __future__ import annotations

from dataclasses import replace

import torch

from plasmonbench import FloatArray
from strategies.models.gp import GaussianProcess, correlation


def hallucinated(model: GaussianProcess, pending: FloatArray) -> GaussianProcess:
    """Return the posterior as if points ``pending`` (m, d) had been measured at their mean.

    What is measured where it was expected moves no mean, but takes away variance, which a
    Gaussian process knows without the value (Desautels, Krause & Burdick, J. Mach. Learn. Res.
    15, 4053 (2014)). The noise of the imagined measurements is the mean of that of the real ones.
    """
    if not len(pending):
        return model
    new = torch.tensor(pending, dtype=torch.float64)
    noise = model.noise.mean().expand(len(new))
    across = correlation(new, model.points, model.lengthscales) @ model.whitener.T
    own = correlation(new, new, model.lengthscales) + torch.diag(noise)
    inverse = torch.linalg.inv(torch.linalg.cholesky(own - across @ across.T))
    # Inverse of the block Cholesky factor [[L, 0], [across, left^(1/2)]].
    above = torch.cat([model.whitener, torch.zeros(len(model.points), len(new)).double()], dim=1)
    below = torch.cat([-inverse @ across @ model.whitener, inverse], dim=1)
    return replace(
        model,
        points=torch.cat([model.points, new]),
        weights=torch.cat([model.weights, torch.zeros(len(new), dtype=torch.float64)]),
        whitener=torch.cat([above, below]),
        noise=torch.cat([model.noise, noise]),
    )
