"""How the flows jitter from droplet to droplet, from what settled losses still scatter.

Series as short as a campaign's look calmer and more forgetful than they are, about their own mean.
So the expected variance and autocovariance of such a series are worked out from the lab itself,
with what gain, offset and the rest of the start-up bring, and the jitter's size and memory are
those at which they agree with the measured ones, for the median recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import toeplitz
from scipy.optimize import brentq

from plasmonbench import CAMPAIGN_WAVELENGTHS, FloatArray, SpectralLoss, silver_prism_loss
from simulators.fitting.linearised import Droplet, absorbance_of, readings_of, settled
from simulators.fitting.objective import SETTLED_FROM
from simulators.stages.droplets import DropletParameters
from simulators.stages.parameters import SilverParameters
from simulators.stages.spectrometer import Spectrometer

MOST_JITTER = 0.1
MEMORIES = np.linspace(0.0, 0.95, 20)
"""What is tried; pumps that forget less than the last could not be told from a drift."""
STEP = 0.01
OUTLIER = 5.0
"""Robust standard deviations from the median at which a droplet counts as a dud."""
FLOWS = 4


@dataclass(frozen=True, eq=False)
class _Moments:
    """Expected variance and autocovariance of each recipe's series about its own mean, (n,)."""

    variance: FloatArray
    covariance: FloatArray

    def __add__(self, other: _Moments) -> _Moments:
        return _Moments(self.variance + other.variance, self.covariance + other.covariance)

    def __mul__(self, factor: float) -> _Moments:
        return _Moments(factor * self.variance, factor * self.covariance)


def with_jitter(
    parameters: SilverParameters, recipes: FloatArray, rows: list[FloatArray]
) -> DropletParameters:
    """Return the droplets' numbers with jitter and memory as in losses ``rows`` of recipes (n, 5).

    Recipes whose loss does not change tell nothing; if none does, the numbers stay as they are.
    """
    p = parameters.droplets
    late = [_without_outliers(row[SETTLED_FROM:]) for row in rows]
    spread = np.array([row.std(ddof=1) for row in late])
    flows, reading = _slopes(parameters, recipes)
    told = np.flatnonzero((spread > 0) & (flows > 0))
    if not len(told):
        return p
    spread, flows, reading = spread[told], flows[told], reading[told]
    lengths = [len(late[k]) for k in told]
    lags = [autocorrelation(late[k]) for k in told]
    rest = _of_reading(p, reading, lengths)
    rest = rest + _of_curves(_start_up(parameters, recipes[told], lengths))
    tried = []
    for memory in MEMORIES:
        unit = _of_flows(memory, flows, lengths)
        jitter = _matching(unit, rest, spread)
        both = unit * jitter**2 + rest
        lag = float(np.median(both.covariance / both.variance))
        tried.append((abs(lag - float(np.nanmedian(lags))), jitter, float(memory)))
    _, jitter, memory = min(tried)
    return replace(p, flow_jitter=jitter, jitter_memory=memory)


def autocorrelation(row: FloatArray) -> float:
    """Return the correlation of a series with itself one droplet later; NaN if it is too short."""
    if len(row) < 4 or not np.ptp(row[1:]) or not np.ptp(row[:-1]):
        return float("nan")
    return float(np.corrcoef(row[1:], row[:-1])[0, 1])


def _matching(unit: _Moments, rest: _Moments, spread: FloatArray) -> float:
    """Return the jitter at which the median recipe scatters as much as was measured."""

    def excess(jitter: float) -> float:
        expected = (unit * jitter**2 + rest).variance
        return float(np.median(np.sqrt(expected) / spread)) - 1

    if excess(0.0) >= 0:
        return 0.0
    return MOST_JITTER if excess(MOST_JITTER) < 0 else float(brentq(excess, 0.0, MOST_JITTER))


def _slopes(parameters: SilverParameters, recipes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the loss's variance by a unit of jitter (n,), and its slopes by the reading (n, 2).

    The latter are by the logarithm of the gain and by the offset.
    """
    loss = silver_prism_loss()
    spectrometer = Spectrometer(CAMPAIGN_WAVELENGTHS, parameters.spectrometer)
    by_flows = _flow_slopes(parameters, recipes, loss)
    true = absorbance_of(parameters, settled(recipes))
    gained = [loss(spectrometer.read(true * np.exp(s * STEP))) for s in (1, -1)]
    lifted = [loss(spectrometer.read(true) + s * STEP) for s in (1, -1)]
    by_reading = [(ends[0] - ends[1]) / (2 * STEP) for ends in (gained, lifted)]
    return np.sum(np.square(by_flows), axis=0), np.stack(by_reading, axis=1)


def _flow_slopes(
    parameters: SilverParameters, recipes: FloatArray, loss: SpectralLoss
) -> FloatArray:
    """Return the slopes (4, n) of the settled loss by the logarithm of each flow."""
    slopes = []
    for column in range(FLOWS):
        step = np.zeros(recipes.shape[1])
        step[column] = STEP
        ends = [
            loss(readings_of(parameters, settled(recipes * np.exp(sign * step))))
            for sign in (1, -1)
        ]
        slopes.append((ends[0] - ends[1]) / (2 * STEP))
    return np.array(slopes)


def _start_up(
    parameters: SilverParameters, recipes: FloatArray, lengths: list[int]
) -> list[FloatArray]:
    """Return the noise-free loss of each recipe's droplets from `SETTLED_FROM` on."""
    numbers = [np.arange(SETTLED_FROM, SETTLED_FROM + length) for length in lengths]
    droplets = Droplet(np.repeat(recipes, lengths, axis=0), np.concatenate(numbers).astype(float))
    losses = silver_prism_loss()(readings_of(parameters, droplets))
    return np.split(losses, np.cumsum(lengths)[:-1])


def _about_own_mean(covariance: FloatArray) -> tuple[float, float]:
    """Return variance and autocovariance of a series of known covariance about its own mean."""
    m = len(covariance)
    centring = np.eye(m) - 1 / m
    centred = centring @ covariance @ centring
    return float(np.trace(centred)) / (m - 1), float(np.trace(centred, offset=1)) / (m - 1)


def _of_flows(memory: float, slopes: FloatArray, lengths: list[int]) -> _Moments:
    """Return what a unit of jitter brings to recipes with squared slopes (n,)."""
    by_length = {m: _about_own_mean(toeplitz(memory ** np.arange(m))) for m in set(lengths)}
    variance, covariance = np.array([by_length[m] for m in lengths]).T
    return _Moments(slopes * variance, slopes * covariance)


def _of_reading(p: DropletParameters, slopes: FloatArray, lengths: list[int]) -> _Moments:
    """Return what gain and offset bring: a part of the offset goes with the gain and its memory."""
    rho = p.gain_offset_correlation
    together = slopes[:, 0] * p.gain_spread + slopes[:, 1] * p.offset_spread * rho
    alone = slopes[:, 1] * p.offset_spread * np.sqrt(1 - rho**2)
    return _of_flows(p.gain_memory, together**2, lengths) + _of_flows(0.0, alone**2, lengths)


def _of_curves(curves: list[FloatArray]) -> _Moments:
    """Return what the rest of the start-up brings."""
    pairs = [_about_own_mean(np.outer(curve, curve)) for curve in curves]
    variance, covariance = np.array(pairs).T
    return _Moments(variance, covariance)


def _without_outliers(row: FloatArray) -> FloatArray:
    away = np.abs(row - np.median(row))
    scale = 1.4826 * np.median(away)
    return row[away <= OUTLIER * scale] if scale > 0 else row
