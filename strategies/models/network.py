"""Neural network from recipes to spectra, after the one of Mekki-Berrada et al. 2021."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import cos, pi
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from plasmonbench import FloatArray, PlasmonbenchError

HIDDEN = (50, 100, 200, 500)
"""Widths of the hidden layers, all ReLU; the output layer is linear."""
RISE = 0.2
"""Share of a one-cycle training in which the learning rate rises."""
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Training:
    """How a network is trained: mean squared error, Adam.

    Parameters
    ----------
    epochs
        At most so many passes over the data.
    batch_size, learning_rate
        Of Adam.
    schedule
        Of the learning rate: "constant", as the campaign's, or "one-cycle": a rise from nothing to
        ``learning_rate`` and a fall by a half cosine to nothing (Smith and Topin 2019), which
        needs a third of the epochs.
    held_out
        Share of the recipes kept out to tell when to stop. Where that is fewer than 5 recipes,
        too few to tell, none is kept out and all epochs are run; so with 0.
    patience
        Stop after so many epochs without a lower error on what is kept out; the weights of the
        lowest error are kept.
    device
        Where to compute; "auto": on a GPU where there is one.
    """

    epochs: int = 350
    batch_size: int = 60
    learning_rate: float = 3e-3
    schedule: Literal["constant", "one-cycle"] = "one-cycle"
    held_out: float = 0.0
    patience: int = 50
    device: Device = "auto"

    def rate(self, progress: float) -> float:
        """Return the learning rate after a share ``progress`` of all steps."""
        if self.schedule == "constant":
            return self.learning_rate
        if progress < RISE:
            return self.learning_rate * max(progress / RISE, 1e-3)
        return self.learning_rate * (1 + cos(pi * (progress - RISE) / (1 - RISE))) / 2


CAMPAIGN_TRAINING = Training(
    epochs=1000, batch_size=39, learning_rate=1e-3, schedule="constant", held_out=0.0
)
"""As Mekki-Berrada et al. trained theirs."""


def find_device(asked: Device) -> torch.device:
    """Return the device to compute on.

    Raises
    ------
    PlasmonbenchError
        If a GPU is asked for and there is none.
    """
    gpu = torch.cuda.is_available()
    if asked == "cuda" and not gpu:
        raise PlasmonbenchError("device=cuda, but torch finds no GPU here; use device=auto or cpu")
    return torch.device("cuda" if gpu and asked != "cpu" else "cpu")


class SpectrumNetwork:
    """A trained network; calling it with points (k, d) gives spectra (k, W), float64."""

    def __init__(self, layers: nn.Sequential, centre: Tensor, scale: Tensor) -> None:
        self._layers = layers
        self._centre = centre
        self._scale = scale

    def __call__(self, points: FloatArray) -> FloatArray:
        """Predict absorbance at points of the unit cube."""
        with torch.no_grad():
            x = torch.tensor(points, dtype=torch.float32, device=self._centre.device)
            spectra = self._layers(x) * self._scale + self._centre
        return np.asarray(spectra.cpu().numpy(), dtype=np.float64)


def train(points: FloatArray, spectra: FloatArray, seed: int, how: Training) -> SpectrumNetwork:
    """Train on spectra (m, W) at points (m, d) of the unit cube; the seed alone gives the luck."""
    device = find_device(how.device)
    x = torch.tensor(points, dtype=torch.float32, device=device)
    y = torch.tensor(spectra, dtype=torch.float32, device=device)
    generator = torch.Generator().manual_seed(seed)
    centre = y.mean(dim=0)
    scale = (y - centre).square().mean().sqrt().clamp_min(1e-6)
    y = (y - centre) / scale
    order = torch.randperm(len(x), generator=generator)
    n_held_out = int(how.held_out * len(x))
    n_held_out = n_held_out if n_held_out >= 5 else 0
    held_out, kept = order[:n_held_out], order[n_held_out:]
    # Drawn on the CPU always, so that the luck is the same on any device.
    layers = _layers(x.shape[1], y.shape[1], generator).to(device)
    optimiser = torch.optim.Adam(layers.parameters(), lr=how.learning_rate, fused=True)
    best_error, best_epoch, best_weights = float("inf"), 0, _weights(layers)
    n_steps = how.epochs * -(-len(kept) // how.batch_size)
    step = 0
    for epoch in range(how.epochs):
        shuffled = kept[torch.randperm(len(kept), generator=generator)]
        for start in range(0, len(kept), how.batch_size):
            rows = shuffled[start : start + how.batch_size]
            optimiser.param_groups[0]["lr"] = how.rate(step / n_steps)
            step += 1
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
