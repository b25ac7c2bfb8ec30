"""A lab's growth model, fitted every round, with a spectral surrogate for what it gets wrong.

The model comes from the lab's plug-in with all of its numbers unknown, and wrong in parts that
it states. Its error is learnt (Kennedy and O'Hagan 2001). Beside it stands the surrogate of
`spectral`, which knows no chemistry, since two that err in different ways miss less together;
batches come from the noisy expected improvement of the exact loss over samples of both.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from plasmonbench import (
    FittedMechanism,
    FloatArray,
    History,
    PlasmonbenchError,
    PredictedLoss,
    Strategy,
    check_ranges,
    find_mechanism,
)
from strategies.models.coarse import coarse_loss
from strategies.models.composite_ei import noisy_ei_batch
from strategies.models.inferred_best import inferred_best
from strategies.models.loss_planner import of_recipes
from strategies.models.mixture import Mixture, Surrogate
from strategies.models.readings import readable_spectra
from strategies.models.spectral_views import fit_views
from strategies.models.twin import STRIDE, CorrectedTwins, spectra_at
from strategies.models.twin_fit import droplets_of, fit_once, forget_twins

POOL, LOCAL = 512, 192
"""Random points of the pool, and those added around the best in each step, see `noisy_ei_batch`.

Fewer than `spectral` has, for the sake of time: each point costs several twins."""


class DigitalTwin(Strategy):
    """Choose a batch by what it may gain over the best recipe in samples of the corrected twin.

    Parameters
    ----------
    mechanism
        Lab whose growth model the twin is.
    form
        Form of the model; for silver-prisms "textbook", "no-nucleation" or "all-reduced".
    draws
        Sets of the model's numbers that the history allows, beside the best, among the samples.
    samples
        Joint samples that an improvement is averaged over.
    free
        Share of them that come from the surrogate without a growth model.
    recommended
        What a campaign is judged by: the recipe of the lowest expected loss "anywhere", made or
        not; of those made the one of the lowest loss in the "model", or of the lowest "measured"
        median.
    min_distance
        Least distance between recipes of a batch, in the unit cube.

    Raises
    ------
    PlasmonbenchError
        If there is no such mechanism, or its recipes are not those of the space.
    """

    mechanism: str = "silver-prisms"
    form: str = "textbook"
    draws: int = 8
    samples: int = 128
    free: float = 0.5
    recommended: Literal["anywhere", "model", "measured"] = "anywhere"
    min_distance: float = 0.01

    needs_spectra: ClassVar[bool] = True
    surrogate: ClassVar[str] = "growth model and its error"

    def __post_init__(self) -> None:
        check_ranges(
            {
                "draws": (self.draws, 0, 1000),
                "samples": (self.samples, 1, 10_000),
                "free": (self.free, 0, 1),
                "min_distance": (self.min_distance, 0, 1),
            }
        )
        model = find_mechanism(self.mechanism, self.form)
        if not model.misspecified and not self.bound:
            raise PlasmonbenchError(
                f"form '{self.form}' of {self.mechanism} is the lab itself, which no planner "
                "knows; ask the strategy oracle for that bound, or choose another form"
            )
        if self.space.names != model.axes:
            raise PlasmonbenchError(
                f"the growth model of {self.mechanism} is of recipes of {', '.join(model.axes)}, "
                f"not {', '.join(self.space.names)}; choose the lab with mechanism=..."
            )
        if self.loss is not None and not np.array_equal(self.loss.wavelengths, model.wavelengths):
            raise PlasmonbenchError(
                f"the growth model of {self.mechanism} has other wavelengths than the problem; "
                "choose the lab with mechanism=..."
            )

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d); the first promises most."""
        loss = self.require_spectra(history)
        if not len(history):
            forget_twins()  # a campaign begins: it must not profit from one before it
            return self.initial_design(n)
        measured, _ = readable_spectra(history)
        if not len(measured):  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, self.rng(history))
        batch = noisy_ei_batch(
            self._posterior(history),
            coarse_loss(loss, STRIDE),
            self.space,
            n,
            self._luck(history)[2],
            measured=self.space.to_unit(measured),
            pending=np.empty((0, self.space.dimension)),
            min_distance=self.min_distance,
            samples=self.samples,
            pool=POOL,
            local=LOCAL,
        )
        return self.space.project(self.space.from_unit(batch))

    def recommend(self, history: History) -> FloatArray:
        """Return the recipe (d,) to be judged by."""
        loss = self.require_spectra(history)
        measured, _ = readable_spectra(history)
        if self.recommended == "measured" or not len(measured):
            return super().recommend(history)
        posterior, coarse = self._posterior(history), coarse_loss(loss, STRIDE)
        if self.recommended == "model":
            expected = coarse(posterior.mean(self.space.to_unit(measured)))
            return np.asarray(measured[int(expected.argmin())])
        rng = self._luck(history)[3]
        return inferred_best(posterior, coarse, self.space, rng, measured=measured)

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the loss of the corrected twin's median spectrum; None without a spectrum."""
        loss = coarse_loss(self.require_spectra(history), STRIDE)
        if not len(readable_spectra(history)[0]):
            return None
        mean = self._posterior(history).mean
        return of_recipes(lambda points: loss(mean(points)), self.space)

    def explain(self, history: History) -> dict[str, float]:
        """Return what the fitted model misses a median spectrum by, in absorbance."""
        if not len(readable_spectra(history)[0]):
            return {}
        return {"twin_error": self._fitted(history).error}

    def _luck(self, history: History) -> list[np.random.Generator]:
        """Return generators of fit, draws, batch and advice, the same whenever a history is met."""
        return self.rng(history).spawn(4)

    def _fitted(self, history: History) -> FittedMechanism:
        return fit_once(self.mechanism, self.form, history, self.seed, self._luck(history)[0])

    def _twins(self, history: History) -> list[FittedMechanism]:
        """Return the best fit and draws around it."""
        best = self._fitted(history)
        return [best, *best.draws(self.draws, self._luck(history)[1])]

    def _posterior(self, history: History) -> Surrogate:
        """Return what is believed of spectra after a history with a readable recipe."""
        readable, droplets = droplets_of(history)
        droplets = droplets[:, :, ::STRIDE]
        points = self.space.to_unit(readable)
        twins = [spectra_at(twin, self.space) for twin in self._twins(history)]
        spectra = readable_spectra(history)[1][:, ::STRIDE]
        corrected = CorrectedTwins.fit(points, spectra, droplets, twins[0], twins[1:])
        if not self.free:
            return corrected
        without = fit_views(self.space, readable, spectra, droplets)
        return Mixture([corrected, without], [1 - self.free, self.free])
