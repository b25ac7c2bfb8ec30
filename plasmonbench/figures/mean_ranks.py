"""Which strategies can be told apart: mean ranks with the critical difference."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from plasmonbench.figures.style import GRID, INK, Look, in_words, look_of, plain, template
from plasmonbench.scoring.ranks import Ranks

ROW_HEIGHT = 30
"""px."""


def mean_ranks(ranks: Ranks, *, looks: Mapping[str, Look] | None = None) -> go.Figure:
    """Draw mean ranks, the best on top, with bars of the critical difference's width.

    Two strategies are told apart at 5 % if, and only if, their bars do not overlap: each bar
    reaches half a critical difference to both sides (Nemenyi; Demšar, J. Mach. Learn. Res. 7, 1
    (2006), whose diagram this is, turned so that long names can be read).

    Parameters
    ----------
    ranks
        From `plasmonbench.scoring.ranks.friedman_ranks`.
    looks
        Of all strategies of a page; None: of those ranked.
    """
    names = list(ranks.mean_ranks)
    looks = looks or look_of(names)
    half = ranks.critical_difference / 2
    figure = go.Figure(layout={"template": template})
    for name, rank in ranks.mean_ranks.items():
        look = looks[name]
        figure.add_trace(
            go.Scatter(
                x=[rank],
                y=[plain(name)],
                mode="markers",
                marker={"color": look.colour, "symbol": look.marker, "size": 11},
                error_x={"type": "data", "array": [half], "color": look.colour, "thickness": 3},
                showlegend=False,
                hovertemplate=f"{plain(name)}<br>mean rank %{{x:.2f}}<extra></extra>",
            )
        )
    _mark_best(figure, ranks, half)
    figure.update_layout(
        title="Mean ranks; those whose bars overlap are not told apart",
        xaxis={"title": "mean rank"},
        yaxis={"autorange": "reversed", "type": "category", "ticks": "", "gridcolor": GRID},
        height=130 + ROW_HEIGHT * len(names),
        margin={"t": 56, "b": 60},
    )
    return figure


def mean_ranks_text(ranks: Ranks) -> str:
    """Say the ranks of the best strategies, what differs at all, and who is not told apart."""
    best = [f"{name} ({rank:.2f})" for name, rank in list(ranks.mean_ranks.items())[:3]]
    p = "below 0.001" if ranks.p < 1e-3 else f"{ranks.p:.2g}"
    [first, *_] = ranks.mean_ranks
    rivals = [
        name
        for name, rank in ranks.mean_ranks.items()
        if name != first and rank - ranks.mean_ranks[first] <= ranks.critical_difference
    ]
    told = f" {first} is not told apart from {in_words(rivals)}." if rivals else ""
    return (
        f"Lowest mean ranks over {ranks.blocks} pairs of problem and seed: {in_words(best)}. "
        f"Friedman's test: chi-squared {ranks.statistic:.1f}, p {p}; critical difference "
        f"{ranks.critical_difference:.2f}.{told}"
    )


def _mark_best(figure: go.Figure, ranks: Ranks, half: float) -> None:
    """Draw the end of the best one's bar through all rows."""
    best = min(ranks.mean_ranks.values())
    figure.add_vline(x=best + half, line={"color": INK, "width": 1, "dash": "dot"})
