"""Colours and type of the explorer's figures: one accent, told apart by the colour-blind too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote

import colour
import numpy as np

from plasmonbench.figures.style import FONT, OKABE_ITO

ACCENT = OKABE_ITO[0]
OWN = OKABE_ITO[1]
POPULATIONS = (OKABE_ITO[0], OKABE_ITO[4], OKABE_ITO[2], OKABE_ITO[3])
INK = "#1d2733"
QUIET = "#5d6b7a"
HAIRLINE = "#e3e8ed"
IMPOSSIBLE = "#9aa5b1"

VISIBLE = (380.0, 780.0)


def base_layout() -> dict[str, Any]:
    """Return the layout that the figures share; what the lines mean the page says above them."""
    return {
        "autosize": True,
        "margin": {"l": 58, "r": 12, "t": 10, "b": 46},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": INK},
        "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": HAIRLINE, "font": {"color": INK}},
        "showlegend": False,
    }


def axis(title: str, **settings: Any) -> dict[str, Any]:
    """Return an axis with a title and thin lines."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 13, "color": QUIET}},
        "gridcolor": HAIRLINE,
        "zeroline": False,
        "linecolor": "#c6ced6",
        "tickfont": {"size": 12, "color": QUIET},
        "ticks": "",
        **settings,
    }


@lru_cache(maxsize=1)
def rainbow() -> str:
    """Return an image (data URI) of the visible wavelengths, left `VISIBLE`'s first, nm."""
    wavelengths = np.linspace(*VISIBLE, 41)
    rgb = np.array([colour.XYZ_to_sRGB(colour.wavelength_to_XYZ(nm)) for nm in wavelengths])
    rgb = np.clip(rgb, 0, None)
    brightest = rgb.max(axis=1)
    # Full colours that fade where the eye sees little.
    levels = np.rint(255 * rgb / brightest[:, None]).astype(int)
    stops = "".join(
        f"<stop offset='{n / 40:.3f}' stop-color='rgb({r},{g},{b})' stop-opacity='{seen:.2f}'/>"
        for n, ((r, g, b), seen) in enumerate(zip(levels, np.clip(brightest, 0, 1), strict=True))
    )
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='8' preserveAspectRatio='none'"
        f" viewBox='0 0 400 8'><defs><linearGradient id='g'>{stops}</linearGradient></defs>"
        "<rect width='400' height='8' fill='url(#g)'/></svg>"
    )
    return "data:image/svg+xml," + quote(svg)
