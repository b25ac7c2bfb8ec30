"""Gaussian processes of whole spectra, and noisy expected improvement of the loss they imply.

Composite Bayesian optimisation (Astudillo and Frazier, ICML 2019): what is modelled is the
spectrum, a smooth function of the recipe; the loss, which is sharp and kinked, is computed.
"""

from typing import ClassVar, Literal

import numpy as np

from plasmonbench import FloatArray, History, PredictedLoss, Strategy, check_ranges
from strategies.models.coarse import coarse_loss, coarse_model, stride_for
from strategies.models.composite_ei import noisy_ei_batch
from strategies.models.inferred_best import inferred_best
from strategies.models.loss_planner import of_recipes
from strategies.models.spectral_gp import SpectralModel
from strategies.models.spectral_views import Inputs, fit_views

POOL, LOCAL = 2048, 256
"""Random recipes that may be recommended, and those tried around the best in each step."""


class Spectral(Strategy):
    """Choose a batch by what it may gain over the best recipe in samples of the whole lab.

    Parameters
    ----------
    inputs
        What the surrogate sees of a recipe: "linear" flows, their "log", their "log-ratio", or
        "auto", whichever makes the spectra so far most probable.
    samples
        Joint samples that an improvement is averaged over.
    recommended
        What a campaign is judged by: the recipe of the lowest expected loss "anywhere", made or
        not; of those made the one of the lowest loss in the "model", or of the lowest "measured"
        median.
    min_distance
        Least distance between recipes of a batch, in the unit cube.
    """

    inputs: Inputs = "auto"
    samples: int = 256
    recommended: Literal["anywhere", "model", "measured"] = "anywhere"
    min_distance: float = 0.01

    needs_spectra = True
    surrogate: ClassVar[str] = "Gaussian processes of the spectrum"

    def __post_init__(self) -> None:
        check_ranges(
            {"samples": (self.samples, 1, 10_000), "min_distance": (self.min_distance, 0, 1)}
        )

    def propose(self, history: History, n: int) -> FloatArray:
        """Return n recipes, shape (n, d); the first promises most."""
        loss = self.require_spectra(history)
        if not len(history):
            return self.initial_design(n)
        rng = self.rng(history)
        recipes, model = self._learnt(history)
        if model is None:  # nothing to learn from: fill the space once more
            return self.space.latin_hypercube(n, rng)
        stride = stride_for(loss)
        batch = noisy_ei_batch(
            coarse_model(model, stride),
            coarse_loss(loss, stride),
            self.space,
            n,
            rng,
            measured=self.space.to_unit(recipes),
            pending=np.empty((0, self.space.dimension)),
            min_distance=self.min_distance,
            samples=self.samples,
        )
        return self.space.project(self.space.from_unit(batch))

    def recommend(self, history: History) -> FloatArray:
        """Return the recipe (d,) to be judged by, see ``recommended``."""
        loss = self.require_spectra(history)
        recipes, model = self._learnt(history)
        if self.recommended == "measured" or model is None:
            return super().recommend(history)
        if self.recommended == "model":
            expected = loss(model.mean(self.space.to_unit(recipes)))
            return np.asarray(recipes[int(expected.argmin())])
        rng = self.rng(history).spawn(1)[0]
        stride = stride_for(loss)
        belief = coarse_model(model, stride)
        return inferred_best(
            belief,
            coarse_loss(loss, stride),
            self.space,
            rng,
            measured=recipes,
            pool=POOL,
            local=LOCAL,
        )

    def predicted_loss(self, history: History) -> PredictedLoss | None:
        """Return the loss of the median spectrum in the model; None without a spectrum."""
        loss = self.require_spectra(history)
        model = self._learnt(history)[1]
        if model is None:
            return None
        mean = model.mean
        return of_recipes(lambda points: loss(mean(points)), self.space)

    def explain(self, history: History) -> dict[str, float]:
        """Return the components in use and their share, and the lowest loss in the model."""
        loss = self.require_spectra(history)
        recipes, model = self._learnt(history)
        if model is None:
            return {}
        expected = loss(model.mean(self.space.to_unit(recipes)))
        return {
            "components": float(len(model.components)),
            "explained_variance": float(model.explained.sum()),
            "log_evidence": model.log_evidence,
            "predicted_loss_of_best": float(expected.min()),
        }

    def _learnt(self, history: History) -> tuple[FloatArray, SpectralModel | None]:
        """Return the recipes with a readable droplet, shape (m, d), and the model of them."""
        if history.spectra is None or not len(history):
            return history.recipes, None
        medians = history.median_spectra
        read = np.isfinite(medians).all(axis=1)
        recipes = history.recipes[read]
        if not len(recipes):
            return recipes, None
        return recipes, fit_views(
            self.space, recipes, medians[read], history.spectra[read], self.inputs
        )
