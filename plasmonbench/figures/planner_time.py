"""What a strategy costs to compute against what it saves in the laboratory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.figures.style import (
    INK,
    LEGEND_BELOW,
    Look,
    in_words,
    look_of,
    plain,
    template,
)
from plasmonbench.scoring.scores import Score, score_campaigns
from plasmonbench.strategy import BOUND_MARK

BEYOND = 1.08
"""Where a median beyond the budget is drawn, in budgets."""
LEAST_SECONDS = 1e-4
"""Planners that take no measurable time stand here on the logarithmic axis."""


def planner_time(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    *,
    level: str | None = None,
    looks: Mapping[str, Look] | None = None,
) -> go.Figure:
    """Draw median recipes to the target against the planner's CPU seconds for a full round.

    Vertical bars are 95 % intervals (Kaplan-Meier). A line joins the Pareto front: strategies
    that no other one beats in both. A median beyond the budget is drawn above the budget, hollow.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    level
        Name of the target level; None: the headline.
    looks
        Of all strategies of a page; None: of those in ``campaigns``.
    """
    scores = _scores(campaigns, settings, level)
    looks = looks or look_of(score.strategy for score in scores)
    budget = float(settings["recipe_budget"])
    front = pareto_front(scores)
    figure = go.Figure(layout={"template": template})
    figure.add_trace(_front_line(front))
    for score in scores:
        figure.add_trace(_point(score, looks[score.strategy], budget, named=score in front))
    figure.add_hline(y=budget, line={"color": INK, "width": 1, "dash": "dot"})
    figure.add_annotation(
        text=f"budget: {budget:g} recipes",
        xref="paper",
        x=0.01,
        y=budget,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 12},
    )
    figure.update_layout(
        title="Recipes to the target against planning time",
        xaxis={
            "type": "log",
            "title": f"planner CPU time (s per {settings['batch_size']} recipes)",
            "exponentformat": "power",
            "dtick": 1,
            "range": _decades([seconds(score) for score in scores]),
        },
        yaxis={"title": "median recipes to target", "rangemode": "tozero"},
        height=520,
        margin={"t": 56},
        legend=LEGEND_BELOW,
    )
    return figure


def planner_time_text(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], *, level: str | None = None
) -> str:
    """Say which strategies no other one beats in both planning time and recipes."""
    scores = _scores(campaigns, settings, level)
    front = [
        f"{one.strategy} ({seconds(one):.2g} s, {_recipes(one):g} recipes)"
        for one in pareto_front(scores)
    ]
    never = [one.strategy for one in scores if one.recipes_to_target.value is None]
    beyond = (
        f" The median campaign of {in_words(never)} did not reach the level within "
        f"{settings['recipe_budget']} recipes."
        if never
        else ""
    )
    if not front:
        return f"No strategy's median campaign reached the level.{beyond}"
    return (
        f"No strategy is both faster to plan {settings['batch_size']} recipes and sooner there "
        f"than {in_words(front)}.{beyond}"
    )


def pareto_front(scores: Sequence[Score]) -> list[Score]:
    """Return the scores that no other beats in planning time and recipes, the fastest first.

    Bounds know what no planner can, and those that never arrive save nothing: none is on it.
    """
    able = [
        one
        for one in scores
        if one.recipes_to_target.value is not None and not one.strategy.endswith(BOUND_MARK)
    ]
    front: list[Score] = []
    for one in sorted(able, key=lambda one: (seconds(one), _recipes(one))):
        if not front or _recipes(one) < _recipes(front[-1]):
            front.append(one)
    return front


def seconds(score: Score) -> float:
    """Return the CPU seconds of a full round of the problem, as they are drawn."""
    return max(score.planner_cpu_seconds_per_batch or 0.0, LEAST_SECONDS)


def _decades(values: Sequence[float]) -> list[float]:
    """Return the powers of ten around some values, with air for the names beside them."""
    powers = [math.log10(value) for value in values]
    return [math.floor(min(powers) - 0.2), math.ceil(max(powers) + 0.2)]


def _recipes(score: Score) -> float:
    value = score.recipes_to_target.value
    return math.inf if value is None else value


def _scores(
    campaigns: Sequence[StoredCampaign], settings: Mapping[str, Any], level: str | None
) -> list[Score]:
    [problem] = {campaign.problem for campaign in campaigns}
    return score_campaigns(campaigns, {problem: settings}, level=level)


def _front_line(front: Sequence[Score]) -> go.Scatter:
    return go.Scatter(
        x=[seconds(one) for one in front],
        y=[_recipes(one) for one in front],
        mode="lines",
        line={"color": INK, "width": 1.5, "shape": "hv"},
        name="Pareto front",
        hoverinfo="skip",
    )


def _point(score: Score, look: Look, budget: float, *, named: bool) -> go.Scatter:
    """Return the marker of one strategy with its interval; hollow where the median is beyond."""
    median = score.recipes_to_target
    arrived = median.value is not None
    height = _recipes(score) if arrived else BEYOND * budget
    # An end of the interval beyond the budget is drawn up to where such medians stand.
    above = (BEYOND * budget if median.high is None else median.high) - height
    below = height - (height if median.low is None else median.low)
    told = f"{height:g}" if arrived else f"more than {budget:g}"
    return go.Scatter(
        x=[seconds(score)],
        y=[height],
        mode="markers+text" if named else "markers",
        text=[plain(score.strategy)],
        textposition="bottom center",
        textfont={"size": 11},
        name=plain(score.strategy),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [above if arrived and median.low is not None else 0],
            "arrayminus": [below],
            "color": look.colour,
            "thickness": 1.2,
            "width": 3,
        },
        marker={
            "color": look.colour if arrived else "white",
            "symbol": look.marker,
            "size": 11,
            "line": {"color": look.colour, "width": 2},
        },
        hovertemplate=(
            f"{plain(score.strategy)}<br>{told} recipes (median)<br>"
            f"{seconds(score):.2g} s<extra></extra>"
        ),
    )
