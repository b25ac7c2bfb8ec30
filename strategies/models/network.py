"""Neural network from recipes to spectra, after the one of Mekki-Berrada et al. 2021."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from plasmonbench import FloatArray

HIDDEN = (50, 100, 200, 500)
"""Widths of the hidden layers, all ReLU; the output layer is linear."""


@dataclass(frozen=True)
class Training:
    """How a network is trained: mean squared error, Adam.

    Parameters
    ----------
    epochs
        At most so many passes over the data.
    batch_size, learning_rate
        Of Adam.
    held_out
        Share of the recipes kept out to tell when to stop. Where that is fewer than 5 recipes,
        too few to tell, none is kept out and all epochs are run; so with 0.
    patience
        Stop after so many epochs without a lower error on what is kept out; the weights of the
        lowest error are kept.
    """

    epochs: int = 1000
    batch_size: int = 39
    learning_rate: float = 1e-3
    held_out: float = 0.15
    patience: int = 50


class SpectrumNetwork:
    """A trained network; calling it with points (k, d) gives spectra (k, W), float64."""

    def __init__(self, layers: nn.Sequential, centre: Tensor, scale: Tensor) -> None:
        self._layers = layers
        self._centre = centre
        self._scale = scale

    def __call__(self, points: FloatArray) -> FloatArray:
        """Predict absorbance at points of the unit cube."""
        with torch.no_grad():
            output = self._layers(torch.tensor(points, dtype=torch.float32))
            spectra = output * self._scale + self._centre
        return np.asarray(spectra.numpy(), dtype=np.float64)


def train(points: FloatArray, spectra: FloatArray, seed: int, how: Training) -> SpectrumNetwork:
    """Train on spectra (m, W) at points (m, d) of the unit cube; the seed alone gives the luck."""
    x = torch.tensor(points, dtype=torch.float32)
    y = torch.tensor(spectra, dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    centre = y.mean(dim=0)
    scale = (y - centre).square().mean().sqrt().clamp_min(1e-6)
    y = (y - centre) / scale
    order = torch.randperm(len(x), generator=generator)
    n_held_out = int(how.held_out * len(x))
    n_held_out = n_held_out if n_held_out >= 5 else 0
    held_out, kept = order[:n_held_out], order[n_held_out:]
    layers = _layers(x.shape[1], y.shape[1], generator)
    optimiser = torch.optim.Adam(layers.parameters(), lr=how.learning_rate, fused=True)
    best_error, best_epoch, best_weights = float("inf"), 0, _weights(layers)
    for epoch in range(how.epochs):
        shuffled = kept[torch.randperm(len(kept), generator=generator)]
        for start in range(0, len(kept), how.batch_size):
            rows = shuffled[start : start + how.batch_size]
            optimiser.zero_grad()
            torch.autograd.backward(nn.functional.mse_loss(layers(x[rows]), y[rows]))
            optimiser.step()
        if not n_held_out:
            continue
        with torch.no_grad():
            error = float(nn.functional.mse_loss(layers(x[held_out]), y[held_out]))
        if error < best_error:
            best_error, best_epoch, best_weights = error, epoch, _weights(layers)
        elif epoch - best_epoch >= how.patience:
            break
    if n_held_out:
        layers.load_state_dict(best_weights)
    return SpectrumNetwork(layers, centre, scale)


class _Content(NamedTuple):
    """An array that is looked up by what it holds."""

    shape: tuple[int, ...]
    content: bytes

    @classmethod
    def of(cls, array: FloatArray) -> _Content:
        return cls(array.shape, np.ascontiguousarray(array, dtype=np.float64).tobytes())

    def array(self) -> FloatArray:
        return np.frombuffer(self.content).reshape(self.shape)


def train_once(
    points: FloatArray, spectra: FloatArray, seed: int, how: Training, owner: Hashable
) -> SpectrumNetwork:
    """Train, or return the network of an earlier call with the same arguments.

    ``owner`` keeps apart callers that are timed and must not profit from each other's work.
    """
    return _train_once(_Content.of(points), _Content.of(spectra), seed, how, owner)


@lru_cache(maxsize=4)
def _train_once(
    points: _Content,
    spectra: _Content,
    seed: int,
    how: Training,
    owner: Hashable,  # noqa: ARG001 - a part of the key
) -> SpectrumNetwork:
    return train(points.array(), spectra.array(), seed, how)


def forget_networks() -> None:
    """Empty the memory of `train_once`, so that the next planning is timed from nothing."""
    _train_once.cache_clear()


def _layers(n_inputs: int, n_outputs: int, generator: torch.Generator) -> nn.Sequential:
    """Return the network with torch's own starting weights, drawn from a generator of ours."""
    widths = (n_inputs, *HIDDEN, n_outputs)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        # Made without memory first, so that torch draws no starting weights of its own.
        linear = nn.Linear(n_in, n_out, device="meta", dtype=torch.float32).to_empty(device="cpu")
        for parameter in linear.parameters():
            nn.init.uniform_(parameter, -(n_in**-0.5), n_in**-0.5, generator=generator)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _weights(layers: nn.Sequential) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in layers.state_dict().items()}
