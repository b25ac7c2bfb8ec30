"""Latin hypercube, then local penalization, then local penalization and a network side by side.

The two-step framework of Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021), with its rules
for when to stop.
"""

from math import inf
from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray, History, Strategy, check_ranges
from strategies.dnn_grid import DnnGrid
from strategies.local_penalization import LocalPenalization
from strategies.models.network import SpectrumNetwork, forget_networks, train_once
from strategies.models.readings import readable_losses, readable_spectra

STABILITY_SAMPLE = 256
"""Recipes on which the spectra of successive networks are compared."""


class TwoStep(Strategy):
    """Let the network propose half of every round from ``switch_round`` on.

    Parameters
    ----------
    switch_round
        First round, counted from 0, in which the network proposes; the campaign's was 5.
    stop
        End the campaign when "any" or "all" of its three criteria hold: low loss, stable
        network, accurate network.
    stop_loss
        Loss is low: the lowest median loss is at or below this.
    stop_stability
        Network is stable: spectra that it and the network of the round before predict, on a
        fixed sample of recipes, have at least this mean cosine similarity.
    stop_accuracy, stop_error
        Network is accurate: spectra that the network of the round before predicts for the newest
        round have at least this mean cosine similarity to those measured, and at most this mean
        squared error (absorbance squared).
    """

    switch_round: int = 5
    stop: Literal["never", "any", "all"] = "never"
    stop_loss: float = 0.15
    stop_stability: float = 0.99
    stop_accuracy: float = 0.98
    stop_error: float = 0.005

    needs_spectra: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_ranges({"switch_round": (self.switch_round, 1, inf)})

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d); those of network and local penalization alternate.

        The network proposes first, the odd one too; local penalization fills up beside it.
        """
        self.require_spectra(history)
        if not len(history):  # a campaign begins: it must not profit from one before it
            forget_networks()
        penalization = LocalPenalization(space=self.space, loss=self.loss, seed=self.seed)
        if history.n_rounds < self.switch_round or not len(readable_spectra(history)[0]):
            return penalization.propose(history, n)
        batch = np.empty((n, self.space.dimension))
        batch[0::2] = self._dnn().propose_by(self._network(history), history, (n + 1) // 2)
        batch[1::2] = penalization.propose_beside(history, n // 2, batch[0::2])
        return batch

    def explain(self, history: History) -> dict[str, float]:
        """Return what the stop rules look at: loss, stability, accuracy, error.

        Empty before the network has its first say, and where the newest round, or all rounds
        before it, could not be read.
        """
        self.require_spectra(history)
        before = history.until(history.n_rounds - 1)
        newest_recipes, newest = readable_spectra(history)
        n_old = len(readable_spectra(before)[0])
        losses = readable_losses(history)[1]
        if (
            history.n_rounds < max(self.switch_round, 2)
            or not 0 < n_old < len(newest)
            or not len(losses)
        ):
            return {}
        network, previous = self._network(history), self._network(before)
        sample = self._sample(history)
        predicted = previous(self.space.to_unit(newest_recipes[n_old:]))
        return {
            "loss": float(losses.min()),
            "stability": _cosine(network(sample), previous(sample)),
            "accuracy": _cosine(predicted, newest[n_old:]),
            "error": float(np.mean((predicted - newest[n_old:]) ** 2)),
        }

    def stop_reason(self, history: History) -> str | None:
        """Return which criteria are met, if they are enough to stop."""
        if self.stop == "never":
            return None
        found = self.explain(history)
        if not found:
            return None
        met = {
            f"loss {found['loss']:.3g}": found["loss"] <= self.stop_loss,
            f"stability {found['stability']:.4g}": found["stability"] >= self.stop_stability,
            f"accuracy {found['accuracy']:.4g}": found["accuracy"] >= self.stop_accuracy
            and found["error"] <= self.stop_error,
        }
        enough = all(met.values()) if self.stop == "all" else any(met.values())
        reached = ", ".join(name for name, holds in met.items() if holds)
        return f"reached: {reached}" if enough else None

    def _dnn(self) -> DnnGrid:
        return DnnGrid(space=self.space, loss=self.loss, seed=self.seed)

    def _network(self, history: History) -> SpectrumNetwork:
        """Return the network of a history; that of the round before need not be trained again."""
        rule = (self.stop, self.stop_loss, self.stop_stability, self.stop_accuracy, self.stop_error)
        owner = (self.switch_round, *rule)
        return train_once(*self._dnn().lesson(history), owner=owner)

    def _sample(self, history: History) -> FloatArray:
        """Return points (k, d) of the unit cube that are the same in every round of a campaign."""
        if self.space.candidates is not None:
            return self.space.to_unit(self.space.candidates)
        rng = self.rng(history.until(0))
        return self.space.to_unit(self.space.sample(STABILITY_SAMPLE, rng))


def _cosine(a: FloatArray, b: FloatArray) -> float:
    """Return the mean cosine similarity of spectra (k, W) with spectra (k, W)."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(norms, 1e-300)))
