"""How droplets of one gold-rod recipe differ: pumps, optical path, baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from plasmonbench import FloatArray


@dataclass(frozen=True)
class RodDropletParameters:
    """Sizes of the scatter.

    Assumptions: the order of what settled droplets of the silver campaign show
    (docs/simulator.md), with steadier pumps, since the yield hangs on a tenth of an equivalent of
    ascorbic acid.
    """

    flow_jitter: float = 0.006
    """Relative standard deviation of a reagent's flow from droplet to droplet."""
    jitter_memory: float = 0.8
    """Autocorrelation of the jitter from one droplet to the next."""
    gain_spread: float = 0.025
    """Relative standard deviation of the optical path through a droplet."""
    offset_spread: float = 0.010
    """Standard deviation of the baseline, in absorbance."""


@dataclass(frozen=True, eq=False)
class RodDroplets:
    """What chance does to each droplet."""

    recipes: FloatArray
    """What is really mixed in each droplet, shape (n, r, d)."""
    gain: FloatArray
    """Factor of the absorbance, shape (n, r)."""
    offset: FloatArray
    """Added to the reading, shape (n, r)."""


def draw_rod_droplets(
    recipes: FloatArray,
    replicates: int,
    rngs: Sequence[np.random.Generator],
    parameters: RodDropletParameters | None = None,
) -> RodDroplets:
    """Draw ``replicates`` droplets of each recipe (n, d).

    ``rngs`` holds one generator per recipe, so that the luck of one does not depend on the others.
    """
    p = parameters or RodDropletParameters()
    jitter = np.empty((len(recipes), replicates, recipes.shape[1]))
    gain, offset = np.empty((2, len(recipes), replicates))
    # A stationary AR(1) series: the first droplet has the full variance, each further one takes
    # on what is new.
    fresh = np.full((replicates, 1), np.sqrt(1 - p.jitter_memory**2))
    fresh[0] = 1
    for slot, rng in enumerate(rngs):
        steps = fresh * rng.standard_normal(jitter.shape[1:])
        jitter[slot] = lfilter([1.0], [1.0, -p.jitter_memory], steps, axis=0)
        gain[slot], offset[slot] = rng.standard_normal((2, replicates))
    return RodDroplets(
        recipes=recipes[:, None] * np.exp(p.flow_jitter * jitter),
        gain=np.exp(p.gain_spread * gain),
        offset=p.offset_spread * offset,
    )
