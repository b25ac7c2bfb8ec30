"""What of a history a model can learn from."""

import numpy as np

from plasmonbench import FloatArray, History, PlasmonbenchError


def readable_losses(history: History) -> tuple[FloatArray, FloatArray]:
    """Return recipes (m, d) and median losses (m,) of the recipes with a readable droplet."""
    losses = history.median_loss
    readable = np.isfinite(losses)
    return history.recipes[readable], losses[readable]


def readable_spectra(history: History) -> tuple[FloatArray, FloatArray]:
    """Return recipes (m, d) and median spectra (m, W) of the recipes with a readable droplet."""
    spectra = history.median_spectra
    readable = np.isfinite(spectra).all(axis=1)
    return history.recipes[readable], spectra[readable]


def median_variances(history: History) -> FloatArray:
    """Return the variance of each readable recipe's median loss, from its replicates; (m,).

    pi/2 times the variance of a mean, as for the median of many normal readings. A recipe with
    a single readable droplet takes the median variance of the others.

    Raises
    ------
    PlasmonbenchError
        If no recipe has two readable droplets.
    """
    losses = history.losses[np.isfinite(history.median_loss)]
    count = np.isfinite(losses).sum(axis=1)
    repeated = count >= 2
    if not repeated.any():
        raise PlasmonbenchError(
            "noise from replicates needs a recipe with two readable droplets; infer it instead"
        )
    variances = np.full(len(losses), np.nan)
    spread = np.nanvar(losses[repeated], axis=1, ddof=1)
    variances[repeated] = np.pi / 2 * spread / count[repeated]
    variances[~repeated] = np.median(variances[repeated])
    return variances
