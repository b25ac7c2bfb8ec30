"""The best spectrum of each strategy against the target, with the colour of its droplet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from plasmonbench.arrays import FloatArray
from plasmonbench.best_spectra import BestSpectrum
from plasmonbench.figures.panels import NARROW_COLUMNS, WIDE_COLUMNS, panels, place
from plasmonbench.figures.style import INK, Look, in_words, look_of
from plasmonbench.loss import SpectralLoss

HEADROOM = 1.45
"""Height of a panel over the strongest absorbance: room for the droplet and its loss."""
KEY_LINE = 18
"""Height of a line below the title, px."""
NAMED = 3
"""Strategies whose figures the text alternative gives."""


def best_spectra(
    spectra: Sequence[BestSpectrum],
    loss: SpectralLoss,
    *,
    looks: Mapping[str, Look] | None = None,
    columns: int = WIDE_COLUMNS,
) -> go.Figure:
    """Draw a panel for each strategy: its best spectrum, the target, the droplet's colour.

    The target (dotted) is scaled to the spectrum's own minimum and maximum, as the loss compares
    them: what is left between the curves is the fault in shape. The circle has the colour of the
    droplet against white light.

    Parameters
    ----------
    spectra
        In the order of the panels.
    loss
        Of the problem; holds wavelengths and target.
    looks
        Of all strategies of a page; None: of those in ``spectra``.
    columns
        Panels beside each other, at most.
    """
    looks = looks or look_of(one.strategy for one in spectra)
    figure = panels(
        [one.strategy for one in spectra],
        title="Best spectrum of each strategy",
        x_title="wavelength (nm)",
        y_title="absorbance",
        columns=columns,
    )
    _write_key(figure, columns)
    top = max(float(one.spectrum.max()) for one in spectra) * HEADROOM
    for number, one in enumerate(spectra):
        cell = place(number, columns, len(spectra))
        for trace in _traces(one, loss, looks[one.strategy], top):
            figure.add_trace(trace, **cell)
    lowest = min(0.0, *(float(one.spectrum.min()) for one in spectra))
    figure.update_yaxes(range=[lowest, top])
    left, right = float(loss.wavelengths[0]), float(loss.wavelengths[-1])
    # Three ticks away from the ends, where those of panels side by side would run together.
    ticks = [50 * round((left + share * (right - left)) / 50) for share in (1 / 6, 1 / 2, 5 / 6)]
    figure.update_xaxes(range=[left, right], tickvals=ticks)
    return figure


def best_spectra_text(spectra: Sequence[BestSpectrum], loss: SpectralLoss) -> str:
    """Return in words what `best_spectra` shows."""
    ordered = sorted(spectra, key=lambda one: one.true_loss)
    peak = loss.wavelengths[int(loss.target.argmax())]
    told = [
        f"{one.strategy} (loss {one.true_loss:.3f}, peak {_peak(one.spectrum, loss):g} nm, "
        f"droplet {one.colour})"
        for one in ordered[:NAMED]
    ]
    text = (
        f"Best recommended spectrum of the median campaign of {len(spectra)} "
        f"{'strategy' if len(spectra) == 1 else 'strategies'}, beside the target, which peaks at "
        f"{peak:g} nm. Closest: {in_words(told)}."
    )
    if len(ordered) > NAMED:
        last = ordered[-1]
        text += f" Farthest: {last.strategy}, loss {last.true_loss:.3f}."
    return text


def _write_key(figure: go.Figure, columns: int) -> None:
    """Say below the title what is drawn: in a line, or two where the figure is narrow."""
    keys = ["dotted: target, scaled to the spectrum", "circle: colour of the droplet"]
    narrow = columns <= NARROW_COLUMNS
    room = KEY_LINE * (len(keys) if narrow else 1)
    key = ("<br>" if narrow else "; ").join(keys)
    figure.update_layout(
        title={
            "text": f"{figure.layout.title.text}<br><span style='font-size:12px'>{key}</span>",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 18},
        },
        margin={"t": figure.layout.margin.t + room},
        height=figure.layout.height + room,
    )


def _peak(spectrum: FloatArray, loss: SpectralLoss) -> float:
    return float(loss.wavelengths[int(spectrum.argmax())])


def _traces(one: BestSpectrum, loss: SpectralLoss, look: Look, top: float) -> list[go.Scatter]:
    low, high = float(one.spectrum.min()), float(one.spectrum.max())
    target = (loss.target - loss.target.min()) / np.ptp(loss.target)
    left, right = float(loss.wavelengths[0]), float(loss.wavelengths[-1])
    return [
        go.Scatter(
            x=loss.wavelengths,
            y=low + (high - low) * target,
            mode="lines",
            line={"color": INK, "width": 1.5, "dash": "dot"},
            name="target, scaled",
            hovertemplate="%{x:.0f} nm: %{y:.2f}",
        ),
        go.Scatter(
            x=loss.wavelengths,
            y=one.spectrum,
            mode="lines",
            line={"color": look.colour, "width": 2.5},
            name=one.strategy,
            hovertemplate="%{x:.0f} nm: %{y:.3f}",
        ),
        go.Scatter(
            x=[left + 0.9 * (right - left)],
            y=[0.86 * top],
            mode="markers+text",
            marker={
                "color": one.colour,
                "size": 26,
                "line": {"color": INK, "width": 1},
                "opacity": 1,
            },
            text=[f"loss {one.true_loss:.3f}  "],
            textposition="middle left",
            textfont={"size": 12, "color": INK},
            name="droplet",
            hovertemplate=f"droplet, colour {one.colour}<br>seed {one.seed}, round {one.round}",
            cliponaxis=False,
        ),
    ]
