"""Latin hypercube, then local penalization, then local penalization and a network side by side.

The two-step framework of Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021), with its rules
for when to stop.
"""

from math import inf
from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray, History, PredictedLoss, Strategy, check_ranges
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
    switch
        "round": not before that round; "accurate": before it too, whenever the network of the
        round before predicted the newest round as well as stop_accuracy and stop_error ask.
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
    switch: Literal["round", "accurate"] = "round"
    stop: Literal["never", "any", "all"] = "never"
    stop_loss: float = 0.15
    stop_stability: float = 0.99
    stop_accuracy: float = 0.98
    stop_error: float = 0.005

    needs_spectra: ClassVar[bool] = True
    surrogate: ClassVar[str] = "neural network"

    def __post_init__(self) -> None:
        check_ranges({"switch_round": (self.switch_round, 1, inf)})

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d); those of network and local penalization alternate.

        The network proposes first, the odd one too; local penalization fills up beside it.
        """
        self.require_spectra(history)
        if not len(history):  # a campaign begins: it must not profit from one before it
            forget_networks()
        penalization = self.optimiser()
        if not self._network_proposes(history):
            return penalization.propose(history, n)
        batch = np.empty((n, self.space.dimension))
        batch[0::2] = self.dnn().propose_by(self._network(history), history, (n + 1) // 2)
        batch[1::2] = penalization.propose_beside(history, n // 2, batch[0::2])
        return batch

    def explain(self, history: History) -> dict[str, float]:
        """Return what the rules look at: loss, stability, accuracy, error.

        Before the switch too, for the record. The last three need a newest round, and rounds
        before it, that could be read; the loss needs one reading.
        """
        self.require_spectra(history)
        losses = readable_losses(history)[1]
        found = {"loss": float(losses.min())} if len(losses) else {}
        accuracy = self._accuracy(history)
        if accuracy:
            network, previous = self._network(history), self._network(_before(history))
            sample = self._sample(history)
            found |= {"stability": _cosine(network(sample), previous(sample))} | accuracy
        return found

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the loss of the spectra that the network predicts, before the switch too."""
        return self.dnn().predicted_loss(history)

    def stop_reason(self, history: History) -> str | None:
        """Return which criteria are met, if they are enough to stop; not before the switch."""
        if self.stop == "never" or not self._network_proposes(history):
            return None
        found = self.explain(history)
        if not {"loss", "stability"} <= found.keys():
            return None
        met = {
            f"loss {found['loss']:.3g}": found["loss"] <= self.stop_loss,
            f"stability {found['stability']:.4g}": found["stability"] >= self.stop_stability,
            f"accuracy {found['accuracy']:.4g}": self._accurate(found),
        }
        enough = all(met.values()) if self.stop == "all" else any(met.values())
        reached = ", ".join(name for name, holds in met.items() if holds)
        return f"reached: {reached}" if enough else None

    def optimiser(self) -> LocalPenalization:
        """Return the first step: Bayesian optimisation."""
        return LocalPenalization(space=self.space, loss=self.loss, seed=self.seed)

    def dnn(self) -> DnnGrid:
        """Return the second step: the network and its grid."""
        return DnnGrid(space=self.space, loss=self.loss, seed=self.seed)

    def _network_proposes(self, history: History) -> bool:
        """Tell whether a round after this history is shared with the network."""
        if not len(readable_spectra(history)[0]):
            return False
        if history.n_rounds >= self.switch_round:
            return True
        return self.switch == "accurate" and self._accurate(self._accuracy(history))

    def _accurate(self, found: dict[str, float]) -> bool:
        if not found:
            return False
        return found["accuracy"] >= self.stop_accuracy and found["error"] <= self.stop_error

    def _accuracy(self, history: History) -> dict[str, float]:
        """Return how well the network of the round before predicted the newest round.

        Empty where the newest round, or all rounds before it, could not be read.
        """
        before = _before(history)
        recipes, spectra = readable_spectra(history)
        n_old = len(readable_spectra(before)[0])
        if not 0 < n_old < len(spectra):
            return {}
        predicted = self._network(before)(self.space.to_unit(recipes[n_old:]))
        return {
            "accuracy": _cosine(predicted, spectra[n_old:]),
            "error": float(np.mean((predicted - spectra[n_old:]) ** 2)),
        }

    def _network(self, history: History) -> SpectrumNetwork:
        """Return the network of a history; that of the round before need not be trained again."""
        rule = (self.stop, self.stop_loss, self.stop_stability, self.stop_accuracy, self.stop_error)
        owner = (type(self).__name__, self.switch_round, self.switch, *rule)
        return train_once(*self.dnn().lesson(history), owner=owner)

    def _sample(self, history: History) -> FloatArray:
        """Return points (k, d) of the unit cube that are the same in every round of a campaign."""
        if self.space.candidates is not None:
            return self.space.to_unit(self.space.candidates)
        rng = self.rng(history.until(0))
        return self.space.to_unit(self.space.sample(STABILITY_SAMPLE, rng))


def _before(history: History) -> History:
    """Return the history without its newest round."""
    return history.until(max(history.n_rounds - 1, 0))


def _cosine(a: FloatArray, b: FloatArray) -> float:
    """Return the mean cosine similarity of spectra (k, W) with spectra (k, W)."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(norms, 1e-300)))
