"""Fewer wavelengths for what is computed thousands of times: the loss hardly needs them all."""

from __future__ import annotations

from dataclasses import replace

from plasmonbench import PlasmonbenchError, SpectralLoss
from strategies.models.spectral_gp import SpectralModel

ENOUGH = 100
"""Wavelengths that a loss needs: at every fourth of 421 it changes by 3e-4 of its units."""


def stride_for(loss: SpectralLoss) -> int:
    """Return every how many wavelengths of a loss there are still `ENOUGH`, at least 1."""
    return max(1, len(loss.wavelengths) // ENOUGH)


def coarse_loss(loss: SpectralLoss, stride: int) -> SpectralLoss:
    """Return the loss of spectra at every ``stride``-th wavelength."""
    return SpectralLoss(
        wavelengths=loss.wavelengths[::stride],
        target=loss.target[::stride],
        amplitude_low=loss.amplitude_low,
        amplitude_high=loss.amplitude_high,
    )


def coarse_model(model: SpectralModel, stride: int) -> SpectralModel:
    """Return a model whose spectra are those of another at every ``stride``-th wavelength.

    Raises
    ------
    PlasmonbenchError
        If the model has a prior, whose spectra have all wavelengths.
    """
    if model.prior is not None:
        raise PlasmonbenchError("a model with a prior is made coarse by a coarse prior")
    return replace(model, components=model.components[:, ::stride], centre=model.centre[::stride])
