"""Whether the network can be trusted: what two-step strategies say of theirs, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from plasmonbench.figures.panels import panels, place
from plasmonbench.figures.style import LEGEND_BELOW, Look, in_words, look_of, plain, translucent

MEASURES = {
    "accuracy": "accuracy: cosine similarity",
    "error": "error: mean square (absorbance²)",
    "stability": "stability: cosine similarity",
    "loss": "lowest median loss",
}
"""What `explain` of a two-step strategy says, and how a panel is titled."""
QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}
COLUMNS = 2
LEGEND_LINE = 22
"""px."""
TITLE_LENGTH = 40


def has_network_quality(explanations: pd.DataFrame) -> bool:
    """Tell whether any strategy said how stable and accurate its network is."""
    return {"accuracy", "stability"} <= set(explanations["name"])


def network_quality(
    explanations: pd.DataFrame,
    *,
    looks: Mapping[str, Look] | None = None,
    columns: int = COLUMNS,
) -> go.Figure:
    """Draw accuracy, error, stability and lowest loss against the rounds measured.

    Lines are medians over campaigns, bands go from the 25th to the 75th percentile. Accuracy and
    error: spectra that the network of the round before predicted for the newest round, against
    those measured. Stability: predictions of two successive networks on the same recipes.

    Parameters
    ----------
    explanations
        As `plasmonbench.Results.explanations`, of one problem.
    looks
        Of all strategies of a page; None: of those in ``explanations``.
    columns
        Panels beside each other.
    """
    told = _of_networks(explanations)
    strategies = sorted(told["strategy"].unique())
    looks = looks or look_of(strategies)
    figure = panels(
        list(MEASURES.values()),
        title="How far the network can be trusted",
        x_title="rounds measured",
        y_title="",
        columns=columns,
        shared_y=False,
        title_length=TITLE_LENGTH,
    )
    for number, measure in enumerate(MEASURES):
        where = place(number, columns, len(MEASURES))
        for strategy in strategies:
            curve = quartiles(told, strategy, measure)
            figure.add_traces(
                _curve(strategy, curve, looks[strategy], named=number == 0),
                rows=[where["row"]] * 2,
                cols=[where["col"]] * 2,
            )
    figure.update_xaxes(tickmode="linear", dtick=max(1, -(-int(told["round"].max()) // 10)))
    figure.update_layout(showlegend=True, legend=LEGEND_BELOW)
    _make_room(figure, len(strategies))
    return figure


def _make_room(figure: go.Figure, names: int) -> None:
    """Keep the legend, at worst a line for each name, clear of the axis title above it."""
    room = LEGEND_LINE * names
    figure.update_layout(
        height=figure.layout.height + room, margin={"b": figure.layout.margin.b + room}
    )


def network_quality_text(explanations: pd.DataFrame) -> str:
    """Say what accuracy and stability each strategy's network had in the end."""
    told = _of_networks(explanations)
    sayings = []
    for strategy in sorted(told["strategy"].unique()):
        ends = {name: quartiles(told, strategy, name) for name in ("accuracy", "stability")}
        parts = [
            f"{name} {curve['median'].iloc[-1]:.3f} (first {curve['median'].iloc[0]:.3f})"
            for name, curve in ends.items()
            if len(curve)
        ]
        sayings.append(f"{strategy} after {int(told['round'].max())} rounds: {in_words(parts)}")
    return f"Median over campaigns, {'; '.join(sayings)}. 1 would be perfect."


def quartiles(told: pd.DataFrame, strategy: str, measure: str) -> pd.DataFrame:
    """Return columns low, median, high over campaigns, by rounds measured."""
    own = told[(told["strategy"] == strategy) & (told["name"] == measure)]
    by_round = own.groupby("round")["value"]
    return pd.DataFrame({name: by_round.quantile(share) for name, share in QUARTILES.items()})


def _of_networks(explanations: pd.DataFrame) -> pd.DataFrame:
    """Return what strategies with a network said, by rounds measured when they said it.

    A plan of round k rests on k - 1 rounds measured.
    """
    with_network = explanations.loc[explanations["name"] == "stability", "strategy"].unique()
    told = explanations[explanations["strategy"].isin(with_network)]
    told = told[told["name"].isin(list(MEASURES))]
    return told.assign(round=told["round"] - 1)


def _curve(strategy: str, curve: pd.DataFrame, look: Look, *, named: bool) -> Sequence[go.Scatter]:
    rounds = curve.index.to_numpy()
    band = go.Scatter(
        x=np.concatenate([rounds, rounds[::-1]]),
        y=np.concatenate([curve["high"].to_numpy(), curve["low"].to_numpy()[::-1]]),
        fill="toself",
        fillcolor=translucent(look.colour, 0.15),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=strategy,
        showlegend=False,
    )
    line = go.Scatter(
        x=rounds,
        y=curve["median"],
        mode="lines+markers",
        line={"color": look.colour, "dash": look.dash, "width": 2},
        marker={"symbol": look.marker, "size": 7},
        name=plain(strategy),
        legendgroup=strategy,
        showlegend=named,
        hovertemplate=f"{plain(strategy)}<br>%{{y:.4g}} after %{{x}} rounds<extra></extra>",
    )
    return [band, line]
