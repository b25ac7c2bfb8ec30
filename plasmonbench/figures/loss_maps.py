"""Loss maps over two flows: the truth, and what surrogates believe, on one colour scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from plasmonbench.arrays import FloatArray
from plasmonbench.figures.style import INK, in_words, plain, template
from plasmonbench.interpretation import NamedMap
from plasmonbench.loss_map import Plane
from plasmonbench.problem import TargetLevel

COLOUR_SCALE = "Cividis_r"
"""Even to the eye, also of the colour-blind; the lowest loss is bright."""
INFEASIBLE = "#f4f4f4"
NEAR, FAR = 10.0, 4.0
"""Size of the mark of a recipe in the plane, and of one that lies far from it, px."""
FADE = 0.6
"""Distance from the plane, in the unit cube, at which marks are smallest and faintest."""
PANEL_HEIGHT = 330


def loss_maps(
    maps: Sequence[NamedMap],
    *,
    level: TargetLevel | None = None,
    optimum: FloatArray | None = None,
    columns: int = 3,
) -> go.Figure:
    """Draw loss maps beside each other, with the recipes that a surrogate learnt from.

    All recipes of a campaign are shown, also those beyond the plane: moved along the flows that
    are held, and the smaller and fainter the farther away they were. The line is the target
    level; nothing is drawn where a recipe is infeasible.

    Parameters
    ----------
    maps
        Of one plane, the truth first.
    level
        Whose contour is drawn.
    optimum
        Best recipe known (d,), marked by a star.
    columns
        Maps beside each other, at most.
    """
    plane = maps[0].map.plane
    columns = max(1, min(columns, len(maps)))
    rows = -(-len(maps) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[two_lines(one.name) for one in maps],
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.04,
        vertical_spacing=0.0 if rows == 1 else 0.26 / rows,
    )
    figure.update_annotations(font_size=13)
    named: set[str] = set()
    for number, one in enumerate(maps):
        cell = {"row": number // columns + 1, "col": number % columns + 1}
        for trace in _traces(one, level, optimum):
            # Each mark stands once in the legend.
            trace.update(showlegend=trace.name is not None and trace.name not in named)
            named.add(trace.name)
            figure.add_trace(trace, **cell)
    _lay_out(figure, plane, rows)
    return figure


def _lay_out(figure: go.Figure, plane: Plane, rows: int) -> None:
    """Title axes and figure, and put legend and colour bar below all maps."""
    across, up = (_axis_title(plane, which) for which in (0, 1))
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text=up, row=row, col=1)
    figure.update_xaxes(showticklabels=True)
    figure.update_xaxes(title_text=across, row=rows)
    figure.update_layout(
        template=template,
        title={"text": _title(plane)},
        height=rows * PANEL_HEIGHT + 230,
        margin={"t": 110, "b": 60},
        plot_bgcolor=INFEASIBLE,
        legend={"y": -0.72 / rows, "itemclick": False, "itemdoubleclick": False},
        coloraxis={
            "colorscale": COLOUR_SCALE,
            "colorbar": {
                "title": {"text": "loss", "side": "top"},
                "orientation": "h",
                "thickness": 12,
                "y": -0.3 / rows,
                "yanchor": "top",
                "len": 0.6,
                "x": 0.5,
            },
        },
    )
    figure.update_xaxes(showgrid=False, range=list(_range(plane, 0)))
    figure.update_yaxes(showgrid=False, range=list(_range(plane, 1)))


def loss_maps_text(maps: Sequence[NamedMap], *, level: TargetLevel | None = None) -> str:
    """Return in words what `loss_maps` shows."""
    plane = maps[0].map.plane
    (across, up), (across_unit, up_unit) = plane.names, plane.units
    told = []
    for one in maps:
        loss, x, y = one.map.lowest
        share = ""
        if level is not None:
            finite = one.map.loss[np.isfinite(one.map.loss)]
            share = f", {(finite <= level.loss).mean():.2%} of it at or below {level.loss:.3f}"
        told.append(
            f"{one.name}: lowest {loss:.3f} at {across} {x:.3g} {across_unit} and {up} {y:.3g} "
            f"{up_unit}{share}"
        )
    held = f" with {held_in_words(plane)} held" if plane.held else ""
    text = f"Loss over {across} and {up}{held}. "
    text += "; ".join(told) + "."
    errors = [
        f"{one.name} by {np.nanmedian(np.abs(one.map.loss - maps[0].map.loss)):.3f}"
        for one in maps[1:]
    ]
    if errors:
        text += f" Off the first map (median over the plane): {in_words(errors)}."
    return text


def _traces(
    one: NamedMap, level: TargetLevel | None, optimum: FloatArray | None
) -> list[go.Heatmap | go.Contour | go.Scatter]:
    found = one.map
    plane = found.plane
    grid: dict[str, Any] = {"x": found.across, "y": found.up, "z": found.loss}
    traces: list[Any] = [
        go.Heatmap(
            **grid,
            coloraxis="coloraxis",
            hoverongaps=False,
            hovertemplate=f"{plane.names[0]} %{{x:.3g}}, {plane.names[1]} %{{y:.3g}}<br>"
            "loss %{z:.3f}<extra></extra>",
        )
    ]
    if level is not None:
        traces.append(
            go.Contour(
                **grid,
                contours={
                    "start": level.loss,
                    "end": level.loss,
                    "size": 1,
                    "coloring": "none",
                },
                line={"color": "#D55E00", "width": 2.5},
                showscale=False,
                hoverinfo="skip",
                name=f"target level {level.loss:.3f}",
            )
        )
    if one.recipes is not None and len(one.recipes):
        traces.append(_visited(plane, one.recipes))
    if optimum is not None:
        traces.append(
            go.Scatter(
                x=[optimum[plane.axes[0]]],
                y=[optimum[plane.axes[1]]],
                mode="markers",
                marker={
                    "symbol": "star",
                    "size": 15,
                    "color": "white",
                    "line": {"color": INK, "width": 1.5},
                },
                name="best recipe known",
                cliponaxis=False,
                hovertemplate="best recipe known<extra></extra>",
            )
        )
    return traces


def _visited(plane: Plane, recipes: FloatArray) -> go.Scatter:
    distance = plane.distance(recipes)
    nearness = 1 - np.clip(distance / FADE, 0, 1)
    return go.Scatter(
        x=recipes[:, plane.axes[0]],
        y=recipes[:, plane.axes[1]],
        mode="markers",
        marker={
            "symbol": "circle",
            "color": "white",
            "size": FAR + (NEAR - FAR) * nearness,
            "opacity": 0.35 + 0.65 * nearness,
            "line": {"color": INK, "width": 1},
        },
        name="recipe learnt from; small if far from the plane",
        cliponaxis=False,
        customdata=np.stack([np.arange(1, len(recipes) + 1), distance], axis=1),
        hovertemplate="recipe %{customdata[0]:.0f}, %{customdata[1]:.2f} from the plane"
        "<extra></extra>",
    )


def _title(plane: Plane) -> str:
    title = "Loss over two flows"
    if plane.held:
        title += f"<br><span style='font-size:12px'>{plain(held_in_words(plane))}</span>"
    return title


def held_in_words(plane: Plane) -> str:
    """Return the flows that a plane holds, with units."""
    units = dict(zip(plane.space.names, plane.space.units, strict=True))
    return in_words([f"{name} {value:.4g} {units[name]}" for name, value in plane.held.items()])


def two_lines(name: str) -> str:
    """Break "network of some-strategy[knob=1]" before the strategy."""
    surrogate, of, strategy = name.partition(" of ")
    return f"{plain(surrogate)}<br>{of.strip()} {plain(strategy)}" if of else plain(name)


def _axis_title(plane: Plane, which: int) -> str:
    return f"{plane.names[which]} ({plane.units[which]})"


def _range(plane: Plane, which: int) -> tuple[float, float]:
    axis = plane.axes[which]
    return float(plane.space.lower[axis]), float(plane.space.upper[axis])
