"""A tiny laboratory whose optimum is known, for the tests of the planners."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from plasmonbench import FloatArray, History, RecipeSpace, SpectralLoss, silver_prism_loss


@dataclass(frozen=True, eq=False)
class TinyLab:
    """One Gaussian peak on an offset, its place, height and width smooth in the recipe.

    AgNO3 raises the peak, seed moves it to the blue and TSC widens it; PVA and the total flow do
    nothing, as they nearly do in the real campaign. The lowest loss of 200,000 random recipes is
    0.0179; 1 in 100 is below 0.028, 1 in 10,000 below 0.0181; the median is 0.52.
    """

    space: RecipeSpace
    loss: SpectralLoss

    def truth(self, recipes: FloatArray) -> FloatArray:
        """Return noise-free spectra (n, W) of recipes (n, d)."""
        agno3, _, tsc, seed, _ = self.space.to_unit(recipes).T[:, :, None]
        centre = 750 - 220 * seed**0.7 + 30 * (agno3 - 0.5)
        height = 0.25 + 0.9 * agno3 - 0.2 * tsc
        width = 30 + 70 * tsc
        shift = (self.loss.wavelengths - centre) / width
        return 0.03 + height * np.exp(-(shift**2) / 2)

    def measure(
        self, recipes: FloatArray, rng: np.random.Generator, replicates: int = 4
    ) -> tuple[FloatArray, FloatArray]:
        """Return spectra (n, r, W) with 2 % gain noise, and their losses (n, r)."""
        gain = 1 + 0.02 * rng.standard_normal((len(recipes), replicates, 1))
        spectra = gain * self.truth(recipes)[:, None]
        return spectra, self.loss(spectra)

    def history(self, sizes: tuple[int, ...], seed: int = 0) -> History:
        """Return rounds of random recipes of the given sizes, measured."""
        rng = np.random.default_rng(seed)
        history = History.empty(self.space.dimension, 4, len(self.loss.wavelengths))
        for size in sizes:
            recipes = self.space.sample(size, rng)
            spectra, losses = self.measure(recipes, rng)
            history = history.append(recipes, losses, spectra)
        return history


def make_lab() -> TinyLab:
    """Return the tiny lab over the box of the campaign's grid."""
    solids = ["q_agno3", "q_pva", "q_tsc", "q_seed"]
    space = RecipeSpace.of(
        [
            ("q_agno3", "%", 4, 45),
            ("q_pva", "%", 10, 40),
            ("q_tsc", "%", 0.5, 30),
            ("q_seed", "%", 0.5, 20),
            ("q_total", "uL/min", 200, 1000),
        ],
        sum_limit=(solids, 90),
    )
    return TinyLab(space=space, loss=silver_prism_loss())


@pytest.fixture(scope="session")
def lab() -> TinyLab:
    return make_lab()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Plan as the harness does: sums of several threads may differ in the last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        yield
    torch.set_num_threads(threads)
