"""How much worse than the best known recipe the recommended one is, as a campaign goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from plasmonbench.arrays import FloatArray
from plasmonbench.figures.order import summary_order
from plasmonbench.figures.panels import WIDE_COLUMNS, panels, place
from plasmonbench.figures.steps import background, end_mark, step_band
from plasmonbench.figures.style import Look, in_words, look_of, plain

FLOOR = 1e-4
"""What is lower is drawn here: a logarithmic axis has no zero, and no lab sees the difference."""


def regret(
    curves: pd.DataFrame,
    order: Sequence[str] | None = None,
    *,
    looks: Mapping[str, Look] | None = None,
    columns: int = WIDE_COLUMNS,
) -> go.Figure:
    """Draw the median simple regret against recipes made, a panel a strategy.

    Bands hold the middle half of the campaigns; grey curves are the other strategies. Regret
    below `FLOOR` is drawn there.

    Parameters
    ----------
    curves
        From `plasmonbench.scoring.regret.regret_curves`.
    order
        Strategies in the order of panels; None: as in ``curves``.
    looks
        Of all strategies of a page; None: of those in ``curves``.
    columns
        Panels beside each other.
    """
    order = list(curves["strategy"].unique()) if order is None else order
    looks = looks or look_of(order)
    figure = panels(
        order,
        title="Regret of the recommended recipe",
        x_title="recipes made",
        y_title="loss above the best known",
        columns=columns,
    )
    medians = {name: _curve(curves, name, "regret") for name in order}
    for number, name in enumerate(order):
        where = place(number, columns, len(order))
        recipes, low = _curve(curves, name, "low")
        _, high = _curve(curves, name, "high")
        traces = [
            background([curve for other, curve in medians.items() if other != name]),
            step_band(recipes, low, high, looks[name].colour),
            _line(name, *medians[name], looks[name]),
        ]
        figure.add_traces(traces, rows=[where["row"]] * 3, cols=[where["col"]] * 3)
    figure.update_yaxes(type="log", dtick=1, exponentformat="power", range=_decades(curves))
    figure.update_xaxes(range=[0, float(curves["recipes"].max()) * 1.03], nticks=6)
    return figure


def regret_text(curves: pd.DataFrame, order: Sequence[str] | None = None) -> str:
    """Say the median regret at the end of the budget, of the best and of the floor."""
    order = list(curves["strategy"].unique()) if order is None else order
    parts = []
    for name in summary_order(order):
        last = curves[curves["strategy"] == name].iloc[-1]
        value = "beyond any figure" if np.isnan(last["regret"]) else f"{last['regret']:.2g}"
        parts.append(f"{value} for {name}")
    budget = int(curves["recipes"].max())
    return f"After {budget} recipes the median regret is {in_words(parts)}."


def _curve(curves: pd.DataFrame, name: str, column: str) -> tuple[FloatArray, FloatArray]:
    own = curves[curves["strategy"] == name]
    heights = own[column].to_numpy(dtype=np.float64)
    return own["recipes"].to_numpy(dtype=np.float64), np.maximum(heights, FLOOR)


def _line(name: str, recipes: FloatArray, heights: FloatArray, look: Look) -> go.Scatter:
    return go.Scatter(
        x=recipes,
        y=heights,
        mode="lines+markers",
        line={"shape": "hv", "color": look.colour, "width": 2.5},
        marker=end_mark(len(recipes), look.colour),
        name=plain(name),
        hovertemplate=f"{plain(name)}<br>regret %{{y:.2g}} after %{{x}}<extra></extra>",
    )


def _decades(curves: pd.DataFrame) -> list[float]:
    known = curves[["regret", "low", "high"]].to_numpy(dtype=np.float64)
    known = np.maximum(known[np.isfinite(known)], FLOOR)
    if not len(known):
        return [-3.0, 0.0]
    return [float(np.log10(known.min())) - 0.1, float(np.log10(known.max())) + 0.1]
