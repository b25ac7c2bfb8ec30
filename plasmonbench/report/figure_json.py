"""Figures as compact JSON that can stand inside a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

TITLE_ROOM = 40
"""px that a title takes above a figure."""
LEGEND_LINE = 20
"""px; on a phone each entry has a line of its own."""
DIGITS = 5
"""Significant ones: a screen has some thousand pixels."""


def figure_record(figure: go.Figure, narrow: go.Figure | None = None) -> dict[str, Any]:
    """Return what a page needs to draw a figure: its data, its layout, its layout on a phone.

    The template is left out, as every figure of a page has the same one, and the title, which
    stands above the figure as a heading.

    Parameters
    ----------
    figure
        As drawn on a wide screen and on paper.
    narrow
        The same data laid out for a phone; None: as on a wide screen.
    """
    whole = figure.to_plotly_json()
    record = {"data": compact(whole["data"]), "layout": _layout(whole["layout"])}
    if narrow is not None:
        record["narrow"] = _layout(narrow.to_plotly_json()["layout"])
        if "height" in record["narrow"]:
            record["narrow"]["height"] += LEGEND_LINE * _named(whole)
    return record


def _named(whole: Mapping[str, Any]) -> int:
    """Return how many lines a legend takes where each has but one entry."""
    if not whole["layout"].get("showlegend", True):
        return 0
    return sum("name" in trace and trace.get("showlegend", True) for trace in whole["data"])


def _layout(layout: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in layout.items() if key not in ("template", "title")}
    found: dict[str, Any] = compact(kept)
    top = found.get("margin", {}).get("t")
    if top is not None and "height" in found:
        found["margin"]["t"] = max(top - TITLE_ROOM, 12)
        found["height"] -= top - found["margin"]["t"]
    return found


def compact(value: Any) -> Any:
    """Return a value that JSON knows: arrays as lists, numbers rounded, null for NaN."""
    if isinstance(value, Mapping):
        return {key: compact(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [compact(entry) for entry in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _rounded(float(value))
    return value


def _rounded(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def script_json(value: Any) -> str:
    """Return JSON that can stand between script tags: nothing in it ends them."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
