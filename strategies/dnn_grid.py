"""Neural network that predicts spectra, and a grid of recipes ranked by them: the campaign's DNN.

Network, training and grid of Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021).
"""

from math import inf
from typing import ClassVar, Literal

from plasmonbench import FloatArray, History, PredictedLoss, Strategy, check_ranges
from strategies.models.grid import search_grid
from strategies.models.loss_planner import of_recipes
from strategies.models.network import Device, SpectrumNetwork, Training, find_device, train
from strategies.models.readings import readable_spectra
from strategies.models.spread import best_apart


class DnnGrid(Strategy):
    """Propose the grid points whose predicted spectra have the lowest loss, kept apart.

    A recipe that was measured before is not proposed again.

    Parameters
    ----------
    epochs, batch_size, learning_rate, schedule, held_out, patience, device
        See `strategies.models.network.Training`. The campaign's own training is epochs=1000,
        batch_size=39, learning_rate=0.001, schedule=constant: as accurate, and longer.
    levels
        Grid points per axis, over the bounds of the round.
    exhaustive
        Score the whole grid (3.2 million points, 40 s on a core) instead of a sample of it and
        then the neighbours of the best.
    samples, beam
        Size of that sample, and of the set whose neighbours are tried.
    min_distance
        Least distance between recipes of a batch in the unit cube, halved where the grid has no
        point left that keeps it.
    """

    epochs: int = 350
    batch_size: int = 60
    learning_rate: float = 3e-3
    schedule: Literal["constant", "one-cycle"] = "one-cycle"
    held_out: float = 0.0
    patience: int = 50
    device: Device = "auto"
    levels: int = 20
    exhaustive: bool = False
    samples: int = 20_000
    beam: int = 200
    min_distance: float = 0.1

    needs_spectra: ClassVar[bool] = True
    surrogate: ClassVar[str] = "neural network"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "epochs": (self.epochs, 1, inf),
                "batch_size": (self.batch_size, 1, inf),
                "learning_rate": (self.learning_rate, 1e-12, 1),
                "held_out": (self.held_out, 0, 0.9),
                "patience": (self.patience, 1, inf),
                "levels": (self.levels, 2, 1000),
                "samples": (self.samples, 1, inf),
                "beam": (self.beam, 1, inf),
                "min_distance": (self.min_distance, 0, 1),
            }
        )

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d), the best predicted one first."""
        self.require_spectra(history)
        find_device(self.device)  # said at once, and not after the first round is measured
        if not len(history):
            return self.initial_design(n)
        if not len(readable_spectra(history)[0]):  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, self.rng(history))
        return self.propose_by(self.train(history), history, n)

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the loss of the spectra that the network predicts; None without a spectrum."""
        loss = self.require_spectra(history)
        if not len(readable_spectra(history)[0]):
            return None
        network = self.train(history)
        return of_recipes(lambda points: loss(network(points)), self.space)

    def train(self, history: History) -> SpectrumNetwork:
        """Train a network on the median spectra of a history."""
        points, spectra, seed, how = self.lesson(history)
        return train(points, spectra, seed, how)

    def lesson(self, history: History) -> tuple[FloatArray, FloatArray, int, Training]:
        """Return what `train` learns from: points (m, d), spectra (m, W), seed and settings."""
        recipes, spectra = readable_spectra(history)
        how = Training(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            held_out=self.held_out,
            patience=self.patience,
            device=self.device,
        )
        seed = int(self.rng(history).integers(2**63))
        return self.space.to_unit(recipes), spectra, seed, how

    def propose_by(self, model: SpectrumNetwork, history: History, n: int) -> FloatArray:
        """Return the n recipes (n, d) that a trained network thinks best."""
        loss = self.require_spectra(history)

        def score(points: FloatArray) -> FloatArray:
            return -loss(model(points))

        if self.space.candidates is not None:
            points = self.space.to_unit(self.space.candidates)
            scores = score(points)
        else:
            points, scores = search_grid(
                score,
                self.space,
                self.rng(history),
                levels=self.levels,
                samples=None if self.exhaustive else self.samples,
                beam=self.beam,
            )
        batch = best_apart(
            points, scores, n, self.min_distance, self.space.to_unit(history.recipes)
        )
        return self.space.project(self.space.from_unit(batch))
