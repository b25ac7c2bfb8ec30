"""What was measured: the loss of every droplet, round by round, as in Fig. 2 of the campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.figures.order import summary_order
from plasmonbench.figures.panels import WIDE_COLUMNS, panels, place
from plasmonbench.figures.style import INK, Look, in_words, look_of, translucent

POINTS_PER_ROUND = 40
"""Droplets drawn of each round of a strategy; boxes are of all of them."""
POINTS_IN_ALL = 4000
"""Droplets drawn in a figure, so that a page with twenty strategies stays light."""
TITLE = "Losses that were measured, round by round"
QUANTILES = (5, 25, 50, 75, 95)


def observed_losses(
    droplets: pd.DataFrame,
    order: Sequence[str] | None = None,
    *,
    looks: Mapping[str, Look] | None = None,
    columns: int = WIDE_COLUMNS,
) -> go.Figure:
    """Draw the droplets' losses of each strategy, a panel a strategy, a box a round.

    Points are droplets: of many, an even selection by rank, which keeps the lowest, the highest
    and the shape between them (`observed_losses_text` says how many). Boxes are quartiles with
    whiskers from 5 to 95 % of all readable droplets of the round, over all seeds.

    Parameters
    ----------
    droplets
        As `plasmonbench.Results.droplets`, of one problem.
    order
        Strategies in the order of panels; None: alphabetical.
    looks
        Of all strategies of a page; None: of those in ``droplets``.
    columns
        Panels beside each other.
    """
    order = sorted(droplets["strategy"].unique()) if order is None else order
    looks = looks or look_of(order)
    figure = panels(order, title=TITLE, x_title="round", y_title="loss", columns=columns)
    limit = _points_per_round(droplets, len(order))
    for number, strategy in enumerate(order):
        rounds = _losses_by_round(droplets, strategy)
        where = place(number, columns, len(order))
        figure.add_traces(
            [_points(rounds, looks[strategy], limit), _boxes(rounds)], **_twice(where)
        )
    figure.update_yaxes(range=_heights(droplets["loss"]))
    figure.update_xaxes(tickmode="linear", tick0=1, dtick=_tick(droplets), range=_range(droplets))
    return figure


def observed_losses_text(droplets: pd.DataFrame, order: Sequence[str] | None = None) -> str:
    """Say how the median loss went from the first round to the last, and what is drawn.

    Of many strategies, of the first three and of the floor.
    """
    order = sorted(droplets["strategy"].unique()) if order is None else order
    readable = droplets.dropna(subset="loss")
    limit = _points_per_round(droplets, len(order))
    drawn = sum(
        min(limit, len(losses)) for name in order for losses in _by_round(readable, name).values()
    )
    ways = []
    for strategy in summary_order(order):
        rounds = _by_round(readable, strategy)
        if rounds:
            first, last = min(rounds), max(rounds)
            ways.append(
                f"{strategy} {np.median(rounds[first]):.3f} in round {first} and "
                f"{np.median(rounds[last]):.3f} in round {last}"
            )
    shown = (
        f"All {len(readable):,} readable droplets are drawn."
        if drawn == len(readable)
        else f"{drawn:,} of {len(readable):,} readable droplets are drawn; boxes are of all."
    )
    unread = len(droplets) - len(readable)
    lost = f" {unread:,} droplets had no reading." if unread else ""
    return f"Median loss of all droplets: {in_words(ways)}. {shown}{lost}"


def in_full_rounds(droplets: pd.DataFrame, batch_size: int) -> pd.DataFrame:
    """Return droplets with ``round`` counted in full rounds of ``batch_size`` recipes.

    Strategies that ask for fewer recipes at a time make many small rounds of the same budget; in
    blocks of as many recipes they can be compared. For all others nothing changes.
    """
    key = ["problem", "strategy", "seed"]
    recipe = droplets.groupby(key, sort=False)["droplet"].transform(lambda own: (own == 1).cumsum())
    return droplets.assign(round=(recipe - 1) // batch_size + 1)


def thinned(values: FloatArray, count: int) -> FloatArray:
    """Return at most ``count`` of the values (n,), evenly by rank, the ends among them."""
    ordered = np.sort(values)
    if len(ordered) <= count:
        return ordered
    return ordered[np.round(np.linspace(0, len(ordered) - 1, count)).astype(np.int64)]


def _by_round(readable: pd.DataFrame, strategy: str) -> dict[int, FloatArray]:
    own = readable[readable["strategy"] == strategy]
    rounds, losses = own["round"].to_numpy(), own["loss"].to_numpy(dtype=np.float64)
    return {int(k): losses[rounds == k] for k in np.unique(rounds)}


def _losses_by_round(droplets: pd.DataFrame, strategy: str) -> dict[int, FloatArray]:
    return _by_round(droplets.dropna(subset="loss"), strategy)


def _points_per_round(droplets: pd.DataFrame, strategies: int) -> int:
    boxes = max(1, strategies * int(droplets["round"].max()))
    return max(8, min(POINTS_PER_ROUND, POINTS_IN_ALL // boxes))


def _points(rounds: Mapping[int, FloatArray], look: Look, limit: int) -> go.Scatter:
    heights, places = [], []
    for k, losses in rounds.items():
        chosen = thinned(losses, limit)
        heights.append(chosen)
        places.append(k + _spread(len(chosen)))
    return go.Scatter(
        x=np.concatenate(places) if places else [],
        y=np.concatenate(heights) if heights else [],
        mode="markers",
        marker={"color": translucent(look.colour, 0.55), "size": 4},
        hovertemplate="droplet: loss %{y:.3f}<extra></extra>",
    )


def _spread(count: int) -> FloatArray:
    """Return places in (-.4, .4) that follow no order: multiples of the golden ratio."""
    k: IntArray = np.arange(1, count + 1)
    return np.asarray(0.8 * ((k * 0.6180339887498949) % 1) - 0.4, dtype=np.float64)


def _boxes(rounds: Mapping[int, FloatArray]) -> go.Box:
    low, first, middle, third, high = (
        np.array([np.percentile(losses, q) for losses in rounds.values()]) for q in QUANTILES
    )
    return go.Box(
        x=list(rounds),
        lowerfence=low,
        q1=first,
        median=middle,
        q3=third,
        upperfence=high,
        width=0.6,
        line={"color": INK, "width": 1.2},
        fillcolor="rgba(255, 255, 255, 0.35)",
        hoverinfo="y",
    )


def _tick(droplets: pd.DataFrame) -> int:
    return max(1, -(-int(droplets["round"].max()) // 6))


def _range(droplets: pd.DataFrame) -> list[float]:
    return [0.4, float(droplets["round"].max()) + 0.6]


def _heights(losses: pd.Series) -> list[float]:
    """Return the ends of the vertical axis: all losses, and a little air."""
    low, high = losses.min(), losses.max()
    air = 0.04 * max(high - low, 0.01)
    return [low - air, high + air]


def _twice(where: Mapping[str, int]) -> dict[str, list[int]]:
    return {"rows": [where["row"]] * 2, "cols": [where["col"]] * 2}
