"""Curves that hold a value until the next one: their bands, and many of them behind one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from plasmonbench.arrays import FloatArray
from plasmonbench.figures.style import FADED, translucent

END_SIZE = 7
"""Of the mark at the end of a curve, px."""


def step_band(when: FloatArray, low: FloatArray, high: FloatArray, colour: str) -> go.Scatter:
    """Return the area between two step curves (n,), which is empty where an end is NaN."""
    known = np.isfinite(low) & np.isfinite(high)
    corners, top = as_steps(when[known], high[known])
    _, bottom = as_steps(when[known], low[known])
    return go.Scatter(
        x=np.concatenate([corners, corners[::-1]]),
        y=np.concatenate([top, bottom[::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(colour, 0.2),
        hoverinfo="skip",
        showlegend=False,
    )


def background(curves: Sequence[tuple[FloatArray, FloatArray]]) -> go.Scatter:
    """Return step curves (when, height) as one thin grey line with gaps."""
    gap = np.array([np.nan])
    return go.Scatter(
        x=np.concatenate([gap, *(np.append(when, np.nan) for when, _ in curves)]),
        y=np.concatenate([gap, *(np.append(height, np.nan) for _, height in curves)]),
        mode="lines",
        line={"shape": "hv", "color": FADED, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )


def end_mark(count: int, colour: str) -> dict[str, object]:
    """Return the marker of a step curve of so many points: at the last one alone.

    What the last round brought would be a stroke at the axis' end otherwise, since nothing follows
    that the curve could hold it for.
    """
    return {"color": colour, "size": [0] * (count - 1) + [END_SIZE]}


def as_steps(when: FloatArray, height: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the corners of a curve (n,) that holds each height until the next time."""
    return np.repeat(when, 2)[1:], np.repeat(height, 2)[:-1]
