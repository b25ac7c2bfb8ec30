"""The two figures of the explorer, as Plotly's own JSON.

They are built anew on every move, so without the validation that ``plotly.graph_objects`` would
repeat each time; the tests do it instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.explore.bench import DROPLETS, Bench, Readout
from plasmonbench.explore.measured_csv import MeasuredSpectrum
from plasmonbench.explore.theme import (
    ACCENT,
    IMPOSSIBLE,
    INK,
    OWN,
    POPULATIONS,
    QUIET,
    VISIBLE,
    axis,
    base_layout,
    rainbow,
)
from plasmonbench.figures.style import DASHES
from plasmonbench.particle_sizes import ParticleSizes, Population

Figure = dict[str, Any]
SPECTRUM = "spectrum, no noise"
NEAREST = "nearest recipe that can be made"
TARGET = "target, scaled"
BAND_NAME = f"{DROPLETS} droplets, 10–90 %"  # noqa: RUF001
SIZES = np.geomspace(2, 1000, 241)
"""Sizes at which populations are drawn, nm."""
SIZE_TICKS = [2, 5, 10, 20, 50, 100, 200, 500, 1000]


def spectrum_figure(
    bench: Bench, readout: Readout, own: MeasuredSpectrum | None = None, *, feasible: bool = True
) -> Figure:
    """Draw the spectrum, its droplets' band, the target, labelled peaks, and one's own spectrum.

    The target is scaled to minimum and maximum of the spectrum, as the loss compares them. What
    is not ``feasible`` is drawn in grey: the readout is that of the nearest recipe that is.
    """
    loss, spectrum = bench.loss, readout.spectrum
    grid = loss.wavelengths
    tone = ACCENT if feasible else IMPOSSIBLE
    traces: list[dict[str, Any]] = []
    if readout.droplets is not None:
        traces += _band(grid, readout.droplets.low, readout.droplets.high, tone)
    shape = (loss.target - loss.target.min()) / np.ptp(loss.target)
    target = spectrum.min() + np.ptp(spectrum) * shape
    traces.append(_line(grid, target, TARGET, INK, 1.8, "dash"))
    name = SPECTRUM if feasible else NEAREST
    traces.append(_line(grid, spectrum, name, tone, 2.8, "solid"))
    if own is not None:
        traces.append(_line(own.wavelengths, own.absorbance, own.name[:30], OWN, 2.2, "dot"))
    window = (loss.amplitude_low, loss.amplitude_high)
    tallest = [window[1] * 1.12, spectrum.max() * 1.14]
    deepest = [-0.05, spectrum.min() * 1.1]
    if readout.droplets is not None:
        tallest.append(readout.droplets.high.max() * 1.06)
        deepest.append(readout.droplets.low.min() * 1.1)
    if own is not None:
        tallest.append(own.absorbance.max() * 1.06)
        deepest.append(own.absorbance.min() * 1.1)
    layout = base_layout() | {
        # Zooms stay while sliders move, and go with another problem.
        "uirevision": bench.problem.name,
        "hovermode": "x unified",
        "xaxis": axis(
            "wavelength, nm",
            range=[float(grid[0]), float(grid[-1])],
            showgrid=False,
            nticks=9,
            unifiedhovertitle={"text": "%{x:.0f} nm"},
            spikecolor=QUIET,
            spikethickness=1,
            spikedash="dot",
        ),
        "yaxis": axis("absorbance", range=[float(min(deepest)), float(max(tallest))]),
        "shapes": [_window_shape(*window)],
        "annotations": [
            _window_label(*window, left=grid[spectrum.argmax()] > grid.mean()),
            *(_peak_label(p.wavelength, p.absorbance, grid) for p in readout.peaks),
        ],
        "images": [_visible_light()],
    }
    return {"data": traces, "layout": layout}


def sizes_figure(grown: ParticleSizes, *, feasible: bool = True) -> Figure:
    """Draw each population as a curve over size whose area is its share of the metal.

    A population whose spread is not told is a line at its median.
    """
    traces = []
    highest = max([float(_density(p).max()) for p in grown.populations if p.log_spread] or [1.0])
    for number, population in enumerate(grown.populations):
        tone = POPULATIONS[number % len(POPULATIONS)] if feasible else IMPOSSIBLE
        dash = DASHES[number % len(DASHES)]
        traces.append(_population(population, grown.metal, tone, dash, highest))
    layout = base_layout() | {
        "hovermode": "closest",
        "xaxis": axis(
            "size of the particles, nm",
            type="log",
            range=[float(np.log10(4)), float(np.log10(400))],
            tickvals=SIZE_TICKS,
            showgrid=True,
        ),
        "yaxis": axis(
            f"particles, area: share of {grown.metal}",
            range=[0, max(1.08 * highest, 0.3)],
            nticks=5,
        ),
    }
    return {"data": traces, "layout": layout}


def population_name(population: Population, metal: str) -> str:
    """Return what a population is called on the page: kind, median size, share of the metal."""
    return (
        f"{population.kind}: {population.dimension} {population.median:.0f} nm, "
        f"{100 * population.share:.0f} % of the {metal}"
    )


def _line(
    x: FloatArray, y: FloatArray, name: str, tone: str, width: float, dash: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.round(x, 2).tolist(),
        "y": np.round(y, 4).tolist(),
        "name": name,
        "line": {"color": tone, "width": width, "dash": dash},
        "hovertemplate": "%{y:.3f}  %{fullData.name}<extra></extra>",
    }


def _band(grid: FloatArray, low: FloatArray, high: FloatArray, tone: str) -> list[dict[str, Any]]:
    edge = {"mode": "lines", "line": {"width": 0, "color": tone}, "hoverinfo": "skip"}
    under = _line(grid, low, "", tone, 0, "solid") | edge | {"showlegend": False}
    del under["hovertemplate"]
    over = _line(grid, high, BAND_NAME, tone, 0, "solid")
    del over["hovertemplate"]
    rgb = ",".join(str(int(tone[place : place + 2], 16)) for place in (1, 3, 5))
    return [under, over | edge | {"fill": "tonexty", "fillcolor": f"rgba({rgb},0.2)"}]


def _window_shape(low: float, high: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": low,
        "y1": high,
        "line": {"width": 0},
        "fillcolor": "rgba(93,107,122,0.07)",
        "layer": "below",
    }


def _window_label(low: float, high: float, *, left: bool) -> dict[str, Any]:
    """Return the window's label, on the side where the highest peak is not."""
    return {
        "xref": "paper",
        "x": 0.008 if left else 0.995,
        "xanchor": "left" if left else "right",
        "y": high,
        "yanchor": "bottom",
        "text": f"a highest point of {low:g} to {high:g} costs nothing",
        "showarrow": False,
        "font": {"size": 11.5, "color": QUIET},
    }


def _peak_label(wavelength: float, absorbance: float, grid: FloatArray) -> dict[str, Any]:
    # Near the ends the label leans inwards, so that nothing of it is cut.
    place = (wavelength - grid[0]) / (grid[-1] - grid[0])
    anchor = "left" if place < 0.08 else "right" if place > 0.92 else "center"
    return {
        "x": wavelength,
        "y": absorbance,
        "text": f"<b>{wavelength:.0f} nm</b>",
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": QUIET,
        "ax": 0,
        "ay": -20,
        "xanchor": anchor,
        "bgcolor": "rgba(255,255,255,0.75)",
        "font": {"size": 12.5, "color": INK},
    }


def _visible_light() -> dict[str, Any]:
    return {
        "source": rainbow(),
        "xref": "x",
        "yref": "paper",
        "x": VISIBLE[0],
        "sizex": VISIBLE[1] - VISIBLE[0],
        "y": 0,
        "sizey": 0.014,
        "xanchor": "left",
        "yanchor": "bottom",
        "sizing": "stretch",
        "layer": "above",
        "opacity": 0.85,
    }


def _population(
    population: Population, metal: str, tone: str, dash: str, highest: float
) -> dict[str, Any]:
    name = population_name(population, metal)
    trace = {"type": "scatter", "mode": "lines", "name": name}
    line = {"color": tone, "width": 2.4, "dash": dash}
    if population.log_spread is None:
        # Its share cannot be read off a line: the name says it.
        x, y = [population.median] * 2, [0.0, highest]
        return trace | {"x": x, "y": y, "line": line, "hovertemplate": "%{x:.0f} nm<extra></extra>"}
    rgb = ",".join(str(int(tone[place : place + 2], 16)) for place in (1, 3, 5))
    return trace | {
        "x": np.round(SIZES, 2).tolist(),
        "y": np.round(_density(population), 4).tolist(),
        "line": line,
        "fill": "tozeroy",
        "fillcolor": f"rgba({rgb},0.14)",
        "hovertemplate": "%{x:.0f} nm<extra></extra>",
    }


def _density(population: Population) -> FloatArray:
    """Return the share of all metal per unit of ln(size) at `SIZES`: its area is the share."""
    return population.share * SIZES * population.density(SIZES)
