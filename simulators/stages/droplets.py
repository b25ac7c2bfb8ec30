"""From one recipe to its droplets: start-up, carry-over, jitter, duds, gain and offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasmonbench import FloatArray, IntArray
from simulators.stages.growth import REFERENCE, REFERENCE_TOTAL
from simulators.stages.priors import fitted, stated


@dataclass(frozen=True)
class DropletParameters:
    """How droplets of one recipe differ; figures of the campaign's replicates."""

    startup_logit: float = fitted(0.8, 1.0)
    """Of the share by which the growth rate falls short in the first droplet, at `REFERENCE`."""
    startup_seed_slope: float = fitted(-2.0, 1.5)
    """Change of that logit with the logarithm of the seed flow; the next two likewise."""
    startup_citrate_slope: float = fitted(0.0, 0.5)
    startup_flow_slope: float = fitted(0.0, 1.0)
    startup_droplets: float = fitted(8.0, 0.3, log=True)
    """Droplets until the deficit has fallen to 1/e; the loss falls faster, as growth saturates."""
    carryover_probability: float = stated(0.3)
    """Share of recipes whose first droplet is still mostly the recipe before."""
    carryover_share: float = stated(0.7)
    """Share of the recipe before in such a droplet."""
    carryover_usual: float = stated(0.1)
    """The same in all others."""
    carryover_decay: float = stated(0.25)
    """Factor by which the share falls from droplet to droplet."""
    flow_jitter: float = stated(0.018)
    """Relative standard deviation of a reagent's flow from droplet to droplet."""
    total_jitter: float = stated(0.010)
    jitter_memory: float = stated(0.8)
    """Autocorrelation of the jitter from one droplet to the next."""
    gain_spread: float = stated(0.025)
    """Relative standard deviation of the optical path through a droplet."""
    gain_memory: float = stated(0.0)
    """Autocorrelation of the path from one droplet to the next."""
    offset_spread: float = stated(0.010)
    """Standard deviation of the baseline, in absorbance."""
    gain_offset_correlation: float = stated(-0.6)
    dud_probability: float = stated(0.019)
    dud_low: float = stated(0.53)
    dud_high: float = stated(0.66)
    """A dud's absorbance relative to its neighbours', drawn between the two."""


TYPICAL_DROPLET = 9.5
"""The droplet, counted from 0, that stands for a recipe: the middle one of twenty.

A recipe's result is the median over its droplets, and where losses fall steadily the middle one
has it. What droplets would settle to in the end nobody has seen: recipes stop after twenty-odd.
"""
LARGEST_DEFICIT = 0.95
"""Share of the growth rate that may be missing at most: something always grows."""


def harsher(parameters: DropletParameters) -> DropletParameters:
    """Return the same with all that differs by chance but the detector 2 to 3 times as large.

    The start-up stays as it is: it is no chance, and the truth is of droplets that go through it.
    """
    return replace(
        parameters,
        carryover_probability=min(1.0, 2 * parameters.carryover_probability),
        flow_jitter=2 * parameters.flow_jitter,
        total_jitter=2 * parameters.total_jitter,
        gain_spread=2 * parameters.gain_spread,
        offset_spread=2.5 * parameters.offset_spread,
        dud_probability=3 * parameters.dud_probability,
    )


@dataclass(frozen=True, eq=False)
class DropletLuck:
    """What chance does to each droplet; arrays begin with (n, r)."""

    recipes: FloatArray
    """What is really mixed in each droplet, shape (n, r, d)."""
    rate_factor: FloatArray
    """Growth rate relative to the settled one, shape (n, r)."""
    gain: FloatArray
    """Factor of the absorbance, shape (n, r)."""
    offset: FloatArray
    """Added to the reading, shape (n, r)."""
    dud: FloatArray
    """Factor of the reading, below 1 in a dud, shape (n, r)."""


class Droplets:
    """Draws the droplets of a round."""

    def __init__(self, parameters: DropletParameters | None = None) -> None:
        self.parameters = parameters or DropletParameters()

    def draw(
        self, recipes: FloatArray, replicates: int, rngs: Sequence[np.random.Generator]
    ) -> DropletLuck:
        """Draw ``replicates`` droplets of each recipe (n, 5), in the order they are run.

        ``rngs`` holds one generator per recipe, so that the luck of one does not depend on the
        others; the chemistry of its first droplets does, through what is left in the tubes.
        """
        p = self.parameters
        droplet = np.arange(replicates)
        n = len(recipes)
        jitter = np.empty((n, replicates, recipes.shape[1]))
        carried = np.empty((n, 1))
        gain, offset, dud = np.empty((3, n, replicates))
        for slot, rng in enumerate(rngs):
            carried[slot] = (
                p.carryover_share if rng.random() < p.carryover_probability else p.carryover_usual
            )
            jitter[slot] = _autoregressive(replicates, recipes.shape[1], p.jitter_memory, rng)
            gain[slot], offset[slot] = self._gain_and_offset(replicates, rng)
            dud[slot] = self._duds(replicates, rng)
        spread = np.full(recipes.shape[1], p.flow_jitter)
        spread[4] = p.total_jitter

        previous = np.concatenate([recipes[:1], recipes[:-1]])[:, None]
        share = (carried * p.carryover_decay**droplet)[:, :, None]
        mixed = recipes[:, None] + share * (previous - recipes[:, None])
        rate_factor = self.rate_factor(recipes[:, None], droplet)
        return DropletLuck(mixed * np.exp(spread * jitter), rate_factor, gain, offset, dud)

    def rate_factor(
        self, recipes: FloatArray, droplet: FloatArray | IntArray | float
    ) -> FloatArray:
        """Return the growth rate, relative to the settled one, of droplets counted from 0.

        ``recipes`` (..., 5) and ``droplet`` (...) fit each other. In the campaign the loss starts
        too high where seeds are few. Of the causes tried (fewer seeds, less silver, slower growth)
        slower growth describes the size of it best.
        """
        p = self.parameters
        citrate, seeds = (recipes[..., column] / REFERENCE[column] for column in (2, 3))
        flow = recipes[..., 4] / REFERENCE_TOTAL
        logit = (
            p.startup_logit
            + p.startup_seed_slope * np.log(seeds)
            + p.startup_citrate_slope * np.log(citrate)
            + p.startup_flow_slope * np.log(flow)
        )
        deficit = LARGEST_DEFICIT / (1 + np.exp(-logit))
        return np.asarray(1 - deficit * np.exp(-droplet / p.startup_droplets))

    def _gain_and_offset(
        self, replicates: int, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        p = self.parameters
        first = _autoregressive(replicates, 1, p.gain_memory, rng)[:, 0]
        second = rng.standard_normal(replicates)
        rho = p.gain_offset_correlation
        offset = p.offset_spread * (rho * first + np.sqrt(1 - rho**2) * second)
        return np.exp(p.gain_spread * first), offset

    def _duds(self, replicates: int, rng: np.random.Generator) -> FloatArray:
        p = self.parameters
        dud = rng.random(replicates) < p.dud_probability
        return np.where(dud, rng.uniform(p.dud_low, p.dud_high, replicates), 1.0)


def _autoregressive(n: int, columns: int, memory: float, rng: np.random.Generator) -> FloatArray:
    """Draw stationary AR(1) series of length n and unit variance, shape (n, columns)."""
    series = rng.standard_normal((n, columns))
    for k in range(1, n):
        series[k] = memory * series[k - 1] + np.sqrt(1 - memory**2) * series[k]
    return series
