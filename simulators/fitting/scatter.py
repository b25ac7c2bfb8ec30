"""How settled droplets scatter: gain, offset, duds and jitter from a campaign's replicates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    BoolArray,
    DropletTable,
    FloatArray,
    silver_prism_loss,
)
from simulators.fitting.objective import LONG, SETTLED_FROM, SPECTRA_FROM
from simulators.stages.droplets import DropletParameters
from simulators.stages.extinction import Extinction
from simulators.stages.growth import SeededGrowth
from simulators.stages.parameters import SilverParameters
from simulators.stages.spectrometer import Spectrometer

DUD_RANGE = (0.45, 0.75)
"""A droplet whose peak, relative to the median of its recipe, lies between these is a dud."""
NEIGHBOURS = 2
"""Droplets on either side that a droplet's peak is compared with."""
FEWEST_SPECTRA = 6
"""Settled droplets that a recipe needs for its gain and offset to be told."""
MOST_JITTER = 0.1
STEP = 0.01


def with_scatter(
    parameters: SilverParameters, losses: DropletTable, spectra: DropletTable | None
) -> SilverParameters:
    """Return the parameters with gain, offset, duds and jitter as in a campaign.

    Gain and offset come from regressing each settled spectrum on its recipe's median; the flows'
    jitter is then what the settled losses scatter beyond that, as the median recipe has it.
    Without spectra the first three stay as they are.
    """
    droplets = parameters.droplets
    if spectra is not None:
        droplets = replace(droplets, **_from_spectra(spectra))
    rows = [row[:, 0] for row in losses.values if len(row) >= LONG]
    long = losses.recipes[[len(row) >= LONG for row in losses.values]]
    if len(rows):
        droplets = _with_jitter(replace(parameters, droplets=droplets), long, rows)
    return replace(parameters, droplets=droplets)


def _from_spectra(spectra: DropletTable) -> dict[str, float]:
    gains, offsets, correlations, duds, droplets = [], [], [], 0, 0
    for rows in spectra.values:
        dud = _duds(rows.max(axis=1))
        duds, droplets = duds + int(dud.sum()), droplets + len(rows)
        settled = rows[SPECTRA_FROM:][~dud[SPECTRA_FROM:]]
        if len(settled) < FEWEST_SPECTRA:
            continue
        middle = np.median(settled, axis=0)
        basis = np.stack([middle, np.ones_like(middle)], axis=1)
        (gain, offset), *_ = np.linalg.lstsq(basis, settled.T)
        gains.append(gain.std(ddof=1))
        offsets.append(offset.std(ddof=1))
        correlations.append(np.corrcoef(gain, offset)[0, 1])
    if not gains:
        return {}
    return {
        "gain_spread": float(np.median(gains)),
        "offset_spread": float(np.median(offsets)),
        "gain_offset_correlation": float(np.median(correlations)),
        "dud_probability": duds / droplets,
    }


def _duds(peaks: FloatArray) -> BoolArray:
    """Return whether each of a recipe's peaks (r,) lies far below its neighbours', (r,)."""
    dud = np.zeros(len(peaks), dtype=bool)
    for k, peak in enumerate(peaks):
        around = np.delete(peaks[max(0, k - NEIGHBOURS) : k + NEIGHBOURS + 1], min(k, NEIGHBOURS))
        if len(around):
            dud[k] = DUD_RANGE[0] < peak / np.median(around) < DUD_RANGE[1]
    return dud


def _with_jitter(
    parameters: SilverParameters, recipes: FloatArray, rows: list[FloatArray]
) -> DropletParameters:
    p = parameters.droplets
    by_flows, by_reading = _variances(parameters, recipes)
    measured = np.array([row[SETTLED_FROM:].std(ddof=1) for row in rows])

    def excess(jitter: float) -> float:
        return float(np.median(np.sqrt(jitter**2 * by_flows + by_reading) / measured)) - 1

    jitter = 0.0
    if excess(0.0) < 0:
        jitter = MOST_JITTER if excess(MOST_JITTER) < 0 else brentq(excess, 0.0, MOST_JITTER)
    # White noise dilutes what the jitter remembers: the droplets' own autocorrelation is less.
    share = np.median(jitter**2 * by_flows / (jitter**2 * by_flows + by_reading))
    lag = np.nanmedian([_autocorrelation(row[SETTLED_FROM:]) for row in rows])
    memory = float(np.clip(lag / share, 0.0, 0.95)) if share > 0 else 0.0
    return replace(p, flow_jitter=float(jitter), jitter_memory=memory)


def _variances(parameters: SilverParameters, recipes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the loss's variance (n,) from a unit of flow jitter, and from gain and offset."""
    loss, p = silver_prism_loss(), parameters.droplets
    optics = Extinction(CAMPAIGN_WAVELENGTHS, parameters.growth, parameters.extinction)
    spectrometer = Spectrometer(CAMPAIGN_WAVELENGTHS, parameters.spectrometer)

    def absorbance(mixed: FloatArray) -> FloatArray:
        return optics.absorbance(SeededGrowth(parameters.growth).grow(mixed))

    by_flows = np.zeros(len(recipes))
    for column in range(4):
        step = np.zeros(recipes.shape[1])
        step[column] = STEP
        ends = [loss(spectrometer.read(absorbance(recipes * np.exp(s * step)))) for s in (1, -1)]
        by_flows += ((ends[0] - ends[1]) / (2 * STEP)) ** 2
    true = absorbance(recipes)
    gained = [loss(spectrometer.read(true * np.exp(s * STEP))) for s in (1, -1)]
    by_gain = (gained[0] - gained[1]) / (2 * STEP) * p.gain_spread
    lifted = [loss(spectrometer.read(true) + s * STEP) for s in (1, -1)]
    by_offset = (lifted[0] - lifted[1]) / (2 * STEP) * p.offset_spread
    both = by_gain**2 + by_offset**2 + 2 * p.gain_offset_correlation * by_gain * by_offset
    return by_flows, both


def _autocorrelation(row: FloatArray) -> float:
    centred = row - row.mean()
    square = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / square if square > 0 else np.nan
