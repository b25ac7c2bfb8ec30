"""The colours that the chemistry can reach, each with a recipe that has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import colour
import numpy as np
from sklearn.cluster import KMeans

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.droplet_colour import hex_colours, tristimulus
from plasmonbench.explore.bench import Bench, open_bench
from plasmonbench.explore.flows import settable
from plasmonbench.randomness import generator

SAMPLE = 16_384
"""Feasible recipes whose colours are looked at."""
SWATCHES = 72
ROWS = 6
"""Swatches of one hue, from light to dark."""
RESOLUTION = 0.008
"""Colours nearer than this in Oklab count once, however many recipes have them; two colours are
just told apart at about .02."""
GREY = 0.025
"""Chroma in Oklab below which a colour has no hue worth sorting by."""


@dataclass(frozen=True, eq=False)
class Swatch:
    """A colour '#rrggbb' and a recipe (d,), as it can be set, that has it."""

    colour: str
    recipe: FloatArray


@lru_cache(maxsize=16)
def palette(spec: str) -> tuple[Swatch, ...]:
    """Return the palette of a problem; see `reachable_colours`."""
    return reachable_colours(open_bench(spec), generator("landscape", 8))


def reachable_colours(
    bench: Bench, rng: np.random.Generator, sample: int = SAMPLE, swatches: int = SWATCHES
) -> tuple[Swatch, ...]:
    """Return colours that feasible recipes have, spread over all that they can have.

    A sample of recipes is coloured; in the perceptual space Oklab (Ottosson 2020) its colours,
    each counted once, are clustered, and each cluster shows the recipe nearest to its centre.
    At most ``swatches``, ordered by hue in columns of `ROWS` from light to dark, greys first.
    """
    recipes = bench.problem.space.sample(sample, rng)
    oklab = _oklab(bench, recipes)
    _, firsts = np.unique(np.round(oklab / RESOLUTION), axis=0, return_index=True)
    distinct = oklab[firsts]
    count = min(swatches, len(distinct))
    fit = KMeans(count, n_init=1, random_state=int(rng.integers(2**31))).fit(distinct)
    gaps = ((distinct[:, None] - fit.cluster_centers_[None]) ** 2).sum(axis=2)
    nearest = np.unique(gaps.argmin(axis=0))
    space = bench.problem.space
    chosen = np.array([settable(space, recipe) for recipe in recipes[firsts[nearest]]])
    # The colour of the recipe as it can be set, not of the one that was drawn.
    xyz = _xyz(bench, chosen)
    order = pleasing_order(_from_xyz(xyz))
    colours = hex_colours(xyz)
    return tuple(Swatch(str(colours[i]), chosen[i]) for i in order)


def pleasing_order(oklab: FloatArray) -> IntArray:
    """Return the order (n,) of colours (n, 3): greys, then hues; each column light to dark."""
    lightness, a, b = oklab.T
    # Hue begins at the purple end, where the circle of what droplets show has its widest gap.
    hue = (np.arctan2(b, a) + np.pi / 3) % (2 * np.pi)
    hue = np.where(np.hypot(a, b) < GREY, -1 - lightness, hue)
    by_hue = np.argsort(hue, kind="stable")
    columns = [by_hue[start : start + ROWS] for start in range(0, len(by_hue), ROWS)]
    ordered = [column[np.argsort(-lightness[column], kind="stable")] for column in columns]
    return np.concatenate(ordered).astype(np.int64)


def _oklab(bench: Bench, recipes: FloatArray) -> FloatArray:
    return _from_xyz(_xyz(bench, recipes))


def _xyz(bench: Bench, recipes: FloatArray) -> FloatArray:
    return tristimulus(bench.loss.wavelengths, cast(FloatArray, bench.lab.truth(recipes)))


def _from_xyz(xyz: FloatArray) -> FloatArray:
    return np.asarray(colour.XYZ_to_Oklab(xyz), dtype=np.float64)
