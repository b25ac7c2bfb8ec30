"""How all figures look: the layout that they share, and the look of each strategy."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from plasmonbench.strategy import BOUND_MARK

OKABE_ITO = (
    "#0072B2",  # blue
    "#D55E00",  # vermillion
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#E69F00",  # orange
    "#56B4E9",  # sky blue
    "#000000",  # black
    "#802000",  # brown, for their yellow, which cannot be seen on white
)
"""Colours that the colour-blind tell apart (Okabe and Ito, Color Universal Design (2002))."""
DASHES = ("solid", "dash", "dot", "dashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "triangle-down", "star")
BOUND_GREY = "#6b6b6b"
"""Of bounds, which are no competitors."""
FADED = "rgba(120, 120, 120, 0.55)"
"""Of strategies that stand in the background of a figure with many."""
INK = "#1a1a1a"
GRID = "#e3e3e3"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Look:
    """How a strategy is drawn, in every figure of a page."""

    colour: str
    dash: str
    marker: str


def look_of(strategies: Iterable[str]) -> dict[str, Look]:
    """Return the look of each strategy, in alphabetical order.

    It depends on the names alone, not on their order: figures of the same strategies agree. The
    first eight have Okabe and Ito's colours and solid lines, the next eight the same colours with
    other dashes and markers, and so on; bounds (`BOUND_MARK`) are dashed and grey.
    """
    names = sorted(set(strategies))
    looks = {}
    rivals = 0
    for name in names:
        if name.endswith(BOUND_MARK):
            looks[name] = Look(BOUND_GREY, "dash", "hexagon")
            continue
        turn, place = divmod(rivals, len(OKABE_ITO))
        looks[name] = Look(
            colour=OKABE_ITO[place],
            dash=DASHES[turn % len(DASHES)],
            marker=MARKERS[(place + turn) % len(MARKERS)],
        )
        rivals += 1
    return looks


def colour_of(strategies: Iterable[str]) -> dict[str, str]:
    """Return the colour of each strategy as #rrggbb; see `look_of`."""
    return {name: look.colour for name, look in look_of(strategies).items()}


def translucent(colour: str, opacity: float) -> str:
    """Return #rrggbb as rgba(...), for bands."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def plain(text: str) -> str:
    """Return a text that Plotly shows as it is written; it would take <b> for a mark-up."""
    return html.escape(text, quote=False)


def in_words(items: Sequence[str]) -> str:
    """Join texts as a sentence does: a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


LEGEND_BELOW = {"yref": "container", "y": 0, "yanchor": "bottom"}
"""A legend at the lower edge: the axes make room for it, however many lines it takes."""

_AXIS = {
    "automargin": True,
    "gridcolor": GRID,
    "linecolor": INK,
    "showline": True,
    "ticks": "outside",
    "tickcolor": INK,
    "title": {"standoff": 10},
    "zeroline": False,
}

template = go.layout.Template(
    layout={
        "colorway": list(OKABE_ITO),
        "font": {"family": FONT, "size": 14, "color": INK},
        "title": {"font": {"size": 17}, "x": 0, "xref": "paper", "xanchor": "left"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "hoverlabel": {"align": "left", "namelength": -1},
        "hovermode": "closest",
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -0.22,
            "yanchor": "top",
            "font": {"size": 13},
        },
        "margin": {"l": 64, "r": 16, "t": 56, "b": 56},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)
"""The layout template of every figure: ``go.Figure(layout={"template": template})``."""
