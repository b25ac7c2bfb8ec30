"""How settled droplets scatter: gain, offset, duds and jitter from a campaign's replicates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plasmonbench import BoolArray, DropletTable, FloatArray
from simulators.fitting.jitter import autocorrelation, with_jitter
from simulators.fitting.objective import LONG, SPECTRA_FROM
from simulators.stages.parameters import SilverParameters

DUD_RANGE = (0.45, 0.75)
"""A droplet whose peak, relative to the median of its neighbours', lies in between is a dud."""
NEIGHBOURS = 2
"""Droplets on either side that a droplet's peak is compared with."""
FEWEST_SPECTRA = 6
"""Settled droplets that a recipe needs for its gain and offset to be told."""
MOST_MEMORY = 0.95


def with_scatter(
    parameters: SilverParameters, losses: DropletTable, spectra: DropletTable | None
) -> SilverParameters:
    """Return the parameters with gain, offset, duds and jitter as in a campaign.

    Gain and offset come from regressing each settled spectrum on its recipe's median; the flows'
    jitter is what the settled losses scatter beyond that. Without spectra all but the jitter stay
    as they are.

    The regression takes some of the gain for jitter and the other way round: stray light hides a
    quarter of a gain in the violet, and plates that grow show as one beyond it.
    """
    if spectra is not None:
        changed = replace(parameters.droplets, **_of_reading(parameters, spectra))
        parameters = replace(parameters, droplets=changed)
    rows = [row[:, 0] for row in losses.values if len(row) >= LONG]
    long = losses.recipes[[len(row) >= LONG for row in losses.values]]
    if len(rows):
        parameters = replace(parameters, droplets=with_jitter(parameters, long, rows))
    return parameters


def _of_reading(parameters: SilverParameters, spectra: DropletTable) -> dict[str, float]:
    """Return gain, offset and duds, medians over recipes; nothing if too few droplets settled."""
    wobbles, duds = [], []
    for rows in spectra.values:
        dud = _duds(rows.max(axis=1))
        duds.append(dud)
        settled = rows[SPECTRA_FROM:][~dud[SPECTRA_FROM:]]
        if len(settled) < FEWEST_SPECTRA:
            continue
        middle = np.median(settled, axis=0)
        light = middle - parameters.spectrometer.offset
        basis = np.stack([light, np.ones_like(light)], axis=1)
        wobbles.append(np.linalg.lstsq(basis, (settled - middle).T)[0])
    if not wobbles:
        return {}
    memories = [autocorrelation(gain) for gain, _ in wobbles]
    gain_spread, offset_spread = np.median([w.std(axis=1, ddof=1) for w in wobbles], axis=0)
    together = np.median([np.corrcoef(wobble)[0, 1] for wobble in wobbles])
    return {
        "gain_spread": float(gain_spread),
        "gain_memory": float(np.clip(np.nanmedian(memories), 0.0, MOST_MEMORY)),
        "offset_spread": float(offset_spread),
        "gain_offset_correlation": float(together),
        "dud_probability": float(np.concatenate(duds).mean()),
    }


def _duds(peaks: FloatArray) -> BoolArray:
    """Return whether each of a recipe's peaks (r,) lies far below its neighbours', (r,)."""
    dud = np.zeros(len(peaks), dtype=bool)
    for k, peak in enumerate(peaks):
        around = np.delete(peaks[max(0, k - NEIGHBOURS) : k + NEIGHBOURS + 1], min(k, NEIGHBOURS))
        if len(around):
            dud[k] = DUD_RANGE[0] < peak / np.median(around) < DUD_RANGE[1]
    return dud
