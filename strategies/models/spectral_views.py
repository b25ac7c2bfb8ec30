"""What a surrogate of spectra sees of recipes: what makes the spectra so far most probable."""

from __future__ import annotations

from typing import Literal

from plasmonbench import FloatArray, RecipeSpace
from strategies.models.recipe_inputs import different_views, input_view
from strategies.models.spectral_gp import SpectralModel

Inputs = Literal["auto", "linear", "log", "log-ratio"]


def fit_views(
    space: RecipeSpace,
    recipes: FloatArray,
    spectra: FloatArray,
    droplets: FloatArray,
    inputs: Inputs = "auto",
) -> SpectralModel:
    """Fit a surrogate to median spectra (m, W) of recipes (m, d) that sees them as ``inputs`` say.

    ``droplets`` (m, r, W) tell the noise; "auto" tries every view and keeps the one of the
    highest evidence.
    """
    views = different_views(space) if inputs == "auto" else (inputs,)
    points = space.to_unit(recipes)
    fits = [
        SpectralModel.fit(points, spectra, droplets, view=input_view(space, view)) for view in views
    ]
    return max(fits, key=lambda fit: fit.log_evidence)
