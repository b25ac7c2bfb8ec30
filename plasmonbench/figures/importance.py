"""Which flows matter: Shapley values of a network and of the truth, and the true Sobol indices."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from plasmonbench.arrays import FloatArray
from plasmonbench.figures.loss_maps import two_lines
from plasmonbench.figures.style import INK, OKABE_ITO, in_words, plain, template
from plasmonbench.interpretation import Importance
from plasmonbench.sensitivity import Index
from plasmonbench.shap_values import ShapValues

TRUTH, MODEL, FIRST, TOTAL = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[2], OKABE_ITO[4]
BAR_HEIGHT = 46
"""Of the bars of one flow, px."""
SWARM = 0.32
"""Half the height of a row of points, in rows."""


def importance(found: Importance, *, columns: int = 2) -> go.Figure:
    """Draw how much each flow matters, the one that truly matters most at the top.

    Left: the mean of the absolute Shapley values, in units of the loss, of the truth and of the
    network on the same recipes. Right: Sobol indices of the true loss, shares of its variance
    over the whole box, with 95 % intervals; of first order (a flow alone) and total (with what it
    does together with others).

    Parameters
    ----------
    found
        Of one problem.
    columns
        2: panels beside each other; 1: one below the other.
    """
    order = _order(found)
    names = [found.axes[k] for k in order]
    beside = columns > 1
    figure = make_subplots(
        rows=1 if beside else 2,
        cols=2 if beside else 1,
        subplot_titles=["mean |Shapley value| (loss)", "Sobol index of the true loss"],
        shared_yaxes=beside,
        horizontal_spacing=0.06,
        vertical_spacing=0.24,
    )
    figure.update_annotations(font_size=13)
    right = {"row": 1 if beside else 2, "col": 2 if beside else 1}
    if found.model is not None:
        name = found.model_name
        figure.add_trace(_shap_bars(found.model, order, names, name, MODEL, "x"), row=1, col=1)
    figure.add_trace(_shap_bars(found.truth, order, names, "truth", TRUTH, ""), row=1, col=1)
    for name, colour, pattern in (("total order", TOTAL, "/"), ("first order", FIRST, "")):
        indices = [getattr(found.sobol[k], name.partition(" ")[0]) for k in order]
        figure.add_trace(_sobol_bars(indices, names, name, colour, pattern), **right)
    height = BAR_HEIGHT * len(names)
    figure.update_layout(
        template=template,
        title="Which flows matter for the loss",
        barmode="group",
        bargap=0.25,
        height=(height if beside else 2 * height + 90) + 220,
        margin={"t": 90, "b": 120},
        legend={"traceorder": "reversed", "y": -0.22 if beside else -0.1},
    )
    figure.update_xaxes(rangemode="tozero")
    return figure


def importance_text(found: Importance) -> str:
    """Return in words what `importance` shows."""
    shown = [("the truth", found.truth)]
    if found.model is not None:
        shown.append((f"the {found.model_name}", found.model))
    told = [f"in {name} {_ranking(found.axes, values.mean_absolute)}" for name, values in shown]
    totals = np.array([one.total.value or 0.0 for one in found.sobol])
    text = (
        f"Mean absolute Shapley values of the loss: {'; '.join(told)}. "
        f"Sobol indices of the true loss, total order: {_ranking(found.axes, totals, '.2f')}."
    )
    if found.truth.infeasible_share or found.sobol_infeasible_share:
        text += (
            f" {found.truth.infeasible_share:.0%} of the recipes asked for Shapley values and "
            f"{found.sobol_infeasible_share:.0%} of those for Sobol indices break a constraint: "
            "both vary flows one by one."
        )
    if found.model is not None:
        gap = np.abs(found.model.mean_absolute - found.truth.mean_absolute)
        worst = int(gap.argmax())
        text += (
            f" The network is farthest from the truth on {found.axes[worst]} "
            f"({found.model.mean_absolute[worst]:.3f} for {found.truth.mean_absolute[worst]:.3f})."
        )
    return text


def shap_swarm(found: Importance, *, columns: int = 2) -> go.Figure:
    """Draw each Shapley value as a point, coloured by the flow: which way a flow moves the loss.

    Parameters
    ----------
    found
        Of one problem.
    columns
        2: network and truth beside each other; 1: one below the other.
    """
    shown = [("truth", found.truth)]
    if found.model is not None:
        shown.append((found.model_name, found.model))
    columns = max(1, min(columns, len(shown)))
    rows = -(-len(shown) // columns)
    order = _order(found)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[two_lines(name) for name, _ in shown],
        shared_yaxes=columns > 1,
        horizontal_spacing=0.04,
        vertical_spacing=0.2,
    )
    figure.update_annotations(font_size=13)
    for number, (_, values) in enumerate(shown):
        cell = {"row": number // columns + 1, "col": number % columns + 1}
        for row, axis in enumerate(order):
            figure.add_trace(_swarm(values, axis, row, found.axes[axis]), **cell)
    ticks = {"tickvals": list(range(len(order))), "ticktext": [found.axes[k] for k in order]}
    figure.update_yaxes(range=[-0.6, len(order) - 0.4], showgrid=False, **ticks)
    figure.update_xaxes(title_text="Shapley value (loss)", zeroline=True, zerolinecolor=INK)
    for number in range(1, len(shown)):  # all on the scale of the first
        cell = {"row": number // columns + 1, "col": number % columns + 1}
        figure.update_xaxes(matches="x", **cell)
    figure.update_layout(
        template=template,
        title="How each flow moves the loss",
        showlegend=False,
        height=rows * (60 * len(order) + 90) + 130,
        margin={"t": 90, "b": 110},
        coloraxis={
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "title": {"text": "flow, in its range", "side": "top"},
                "orientation": "h",
                "thickness": 12,
                "len": 0.5,
                "x": 0.5,
                "y": -0.26 / rows,
                "yanchor": "top",
                "tickvals": [0, 1],
                "ticktext": ["lowest", "highest"],
            },
        },
    )
    return figure


def shap_swarm_text(found: Importance) -> str:
    """Return in words what `shap_swarm` shows."""
    shown = [("the truth", found.truth)]
    if found.model is not None:
        shown.append((f"the {found.model_name}", found.model))
    told = []
    for name, values in shown:
        axis = int(values.mean_absolute.argmax())
        slope = np.corrcoef(values.recipes[:, axis], values.values[:, axis])[0, 1]
        way = "lowers" if slope < 0 else "raises"
        told.append(
            f"in {name}, {found.axes[axis]} moves the loss most, by "
            f"{values.values[:, axis].min():+.2f} to {values.values[:, axis].max():+.2f}, and on "
            f"the whole more of it {way} it"
        )
    return (
        f"Shapley values of {len(found.truth.recipes)} random recipes, a point each: "
        f"{in_words(told)}."
    )


def _order(found: Importance) -> list[int]:
    """Return axes from the least to the most important in truth: bars are drawn upwards."""
    return [int(k) for k in np.argsort(found.truth.mean_absolute, kind="stable")]


def _ranking(axes: tuple[str, ...], values: FloatArray, style: str = ".3f") -> str:
    order = np.argsort(-values, kind="stable")
    return in_words([f"{axes[k]} {values[k]:{style}}" for k in order])


def _shap_bars(
    values: ShapValues, order: list[int], names: list[str], name: str, colour: str, pattern: str
) -> go.Bar:
    return go.Bar(
        y=names,
        x=values.mean_absolute[order],
        orientation="h",
        name=f"Shapley: {two_lines(name)}",
        marker={"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6}},
        hovertemplate="%{y}: %{x:.3f}",
    )


def _sobol_bars(
    indices: list[Index], names: list[str], name: str, colour: str, pattern: str
) -> go.Bar:
    values = [index.value or 0.0 for index in indices]
    return go.Bar(
        y=names,
        x=[max(value, 0.0) for value in values],
        orientation="h",
        name=f"Sobol: {name}",
        marker={"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(i.high or 0.0) - max(v, 0.0) for i, v in zip(indices, values, strict=True)],
            "arrayminus": [
                max(v, 0.0) - max(i.low or 0.0, 0.0) for i, v in zip(indices, values, strict=True)
            ],
            "color": INK,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="%{y}: %{x:.2f}",
    )


def _swarm(values: ShapValues, axis: int, row: int, name: str) -> go.Scatter:
    """Return the points of one flow; those of like value stand above each other."""
    x = values.values[:, axis]
    flow = values.recipes[:, axis]
    span = np.ptp(flow) or 1.0
    return go.Scatter(
        x=x,
        y=row + SWARM * _spread(x),
        mode="markers",
        marker={
            "color": (flow - flow.min()) / span,
            "coloraxis": "coloraxis",
            "size": 7,
            "line": {"color": INK, "width": 0.5},
        },
        customdata=flow,
        name=name,
        hovertemplate=f"{plain(name)} %{{customdata:.4g}}: %{{x:+.3f}}<extra></extra>",
    )


def _spread(values: FloatArray, bins: int = 30) -> FloatArray:
    """Return a place in [-1, 1] for each value (n,): those of one bin stand apart, evenly."""
    low, width = float(values.min()), float(np.ptp(values)) or 1.0
    cell = np.minimum((bins * (values - low) / width).astype(int), bins - 1)
    places = np.zeros(len(values))
    most = max(int(np.bincount(cell).max()), 2)
    for number in np.unique(cell):
        members = np.flatnonzero(cell == number)
        offsets = np.arange(len(members)) - (len(members) - 1) / 2
        places[members] = 2 * offsets / (most - 1)
    return places
