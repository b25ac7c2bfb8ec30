"""Over all problems, seeds and target levels: the share that is solved after so many recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from plasmonbench.figures.order import foremost, summary_order
from plasmonbench.figures.steps import end_mark
from plasmonbench.figures.style import (
    FADED,
    LEGEND_BELOW,
    Look,
    in_words,
    look_of,
    plain,
    template,
)


def data_profile(
    profiles: pd.DataFrame,
    order: Sequence[str] | None = None,
    *,
    looks: Mapping[str, Look] | None = None,
) -> go.Figure:
    """Draw the data profiles of all strategies, the best few in colour and the others in grey.

    Parameters
    ----------
    profiles
        From `plasmonbench.scoring.data_profiles.data_profiles`.
    order
        Strategies, the best first; None: by the area under their profiles.
    looks
        Of all strategies of a page; None: of those in ``profiles``.
    """
    order = profile_order(profiles) if order is None else order
    looks = looks or look_of(order)
    coloured = set(foremost(order))
    figure = go.Figure(layout={"template": template})
    # Those behind are drawn first, and lie under the others.
    for name in sorted(order, key=lambda name: name in coloured):
        own = profiles[profiles["strategy"] == name]
        figure.add_trace(
            go.Scatter(
                x=own["recipes"],
                y=100 * own["share"],
                mode="lines+markers" if name in coloured else "lines",
                marker=end_mark(len(own), looks[name].colour) if name in coloured else None,
                line=_line(looks[name], coloured=name in coloured),
                name=plain(name),
                showlegend=name in coloured,
                legendrank=order.index(name) + 1,
                hovertemplate=(
                    f"{plain(name)}<br>%{{y:.0f}} % within %{{x}} recipes<extra></extra>"
                ),
            )
        )
    figure.update_layout(
        title="Solved targets of all problems, seeds and levels",
        xaxis={"title": "recipes made", "rangemode": "tozero"},
        yaxis={"title": "targets solved (%)", "range": [-2, 102]},
        height=480,
        margin={"t": 56},
        legend=LEGEND_BELOW,
    )
    return figure


def data_profile_text(profiles: pd.DataFrame, order: Sequence[str] | None = None) -> str:
    """Say what share of targets each of the best strategies and the floor solved in the end."""
    order = profile_order(profiles) if order is None else order
    shares = profiles.groupby("strategy")["share"].max().to_dict()
    parts = [f"{name} {100 * shares[name]:.0f} %" for name in summary_order(order)]
    grey = len(order) - len(foremost(order))
    behind = f" {grey} strategies behind them are grey." if grey else ""
    return (
        f"Share of targets solved within {int(profiles['recipes'].max())} recipes: "
        f"{in_words(parts)}.{behind}"
    )


def profile_order(profiles: pd.DataFrame) -> list[str]:
    """Return the strategies by the area under their profiles, the largest first."""
    areas = {}
    for name, own in profiles.groupby("strategy", sort=False):
        width = np.diff(own["recipes"].to_numpy(dtype=np.float64))
        areas[str(name)] = float(own["share"].to_numpy(dtype=np.float64)[:-1] @ width)
    return sorted(areas, key=lambda name: -areas[name])


def _line(look: Look, *, coloured: bool) -> dict[str, object]:
    if not coloured:
        return {"shape": "hv", "color": FADED, "width": 1}
    return {"shape": "hv", "color": look.colour, "dash": look.dash, "width": 2.5}
