"""The recipe whose loss a surrogate expects to be lowest, measured or not: what it has learnt.

A planner is judged by that point of the whole space, which tells what it understood from what it
happened to measure (Hennig and Schuler, J. Mach. Learn. Res. 13, 1809 (2012); the inference regret
of Wang and Jegelka, ICML 2017). The loss is averaged over what is believed of the spectrum, so that
a place of which the surrogate knows little is not chosen for a median that looks good.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from plasmonbench import FloatArray, RecipeSpace
from strategies.models.composite_ei import Loss, perturbed
from strategies.models.search import starting_points
from strategies.models.spectral_gp import MOST_COMPONENTS

WIDTHS = (0.1, 0.05, 0.03, 0.015, 0.007, 0.003)
"""Standard deviations, in the unit cube, of the points tried around the best, step by step."""
CENTRES = 8
"""Best points whose surroundings are searched in each step."""


class Belief(Protocol):
    """What is believed of spectra; `SpectralModel` is one."""

    def expected_loss(self, points: FloatArray, loss: Loss, normals: FloatArray) -> FloatArray:
        """Return mean losses (k,) at points (k, d), with standard normal draws (count, c)."""
        ...


def inferred_best(
    belief: Belief,
    loss: Loss,
    space: RecipeSpace,
    rng: np.random.Generator,
    *,
    measured: FloatArray,
    samples: int = 128,
    pool: int = 512,
    local: int = 160,
) -> FloatArray:
    """Return the recipe (d,) of the lowest expected loss.

    Parameters
    ----------
    belief
        Of the spectrum of every recipe.
    loss
        Of a spectrum.
    space
        Where the recipe may lie; in a finite set it is one of the candidates or of ``measured``.
    rng
        Of the search and of the samples.
    measured
        Recipes (m, d) made so far, which are tried too.
    samples
        Spectra at each point that a loss is averaged over; half of them mirror the others.
    pool
        Random points tried at first.
    local
        Normal perturbations of the best tried in each of six steps.
    """
    half = rng.standard_normal(((samples + 1) // 2, MOST_COMPONENTS))
    normals = np.concatenate([half, -half])
    points = np.concatenate([space.to_unit(measured), starting_points(space, pool, rng)])
    expected = belief.expected_loss(points, loss, normals)
    for width in WIDTHS if space.candidates is None else ():
        centres = points[np.argsort(expected, kind="stable")[:CENTRES]]
        new = perturbed(centres, width, local, space, rng)
        points = np.concatenate([points, new])
        expected = np.concatenate([expected, belief.expected_loss(new, loss, normals)])
    best = int(expected.argmin())
    if best < len(measured):  # as it was made, to the last digit
        return np.asarray(measured[best])
    return np.asarray(space.project(space.from_unit(points[[best]]))[0])
