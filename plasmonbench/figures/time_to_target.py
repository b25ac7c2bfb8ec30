"""How soon campaigns arrive: the share at the target level against recipes or rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from plasmonbench.arrays import FloatArray
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.figures.order import best_first, summary_order
from plasmonbench.figures.panels import WIDE_COLUMNS, panels, place
from plasmonbench.figures.steps import background, end_mark, step_band
from plasmonbench.figures.style import Look, in_words, look_of, plain
from plasmonbench.scoring.scores import times_to_target
from plasmonbench.scoring.success import success_share
from plasmonbench.scoring.survival import kaplan_meier

Unit = Literal["recipes", "rounds"]
AXIS_TITLES = {"recipes": "recipes made", "rounds": "rounds"}


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Share of campaigns that have arrived, as steps (n,), from nothing made to the budget."""

    when: FloatArray
    share: FloatArray
    low: FloatArray
    """95 % interval (Kaplan-Meier); NaN for too few campaigns."""
    high: FloatArray


def time_to_target(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    *,
    level: str | None = None,
    unit: Unit = "recipes",
    order: Sequence[str] | None = None,
    looks: Mapping[str, Look] | None = None,
    columns: int = WIDE_COLUMNS,
) -> go.Figure:
    """Draw the share of campaigns that have arrived at a level, a panel a strategy.

    Arrived is one whose recommended recipe is truly at or below the level; what failed or
    stopped early never arrives. Bands are 95 % intervals (Kaplan-Meier); grey curves are the
    other strategies.

    Parameters
    ----------
    campaigns
        Of one problem.
    settings
        The manifest's entry for the problem.
    level
        Name of the target level; None: the headline.
    unit
        Of the horizontal axis.
    order
        Strategies in the order of panels; None: the best first.
    looks
        Of all strategies of a page; None: of those in ``campaigns``.
    columns
        Panels beside each other.

    Raises
    ------
    PlasmonbenchError
        If the problem has no such level.
    """
    order = best_first(campaigns, settings, level) if order is None else order
    looks = looks or look_of(order)
    curves = {name: arrivals(campaigns, settings, name, level, unit) for name in order}
    figure = panels(
        order,
        title=f"Share of campaigns that have reached {level or settings['headline']}",
        x_title=AXIS_TITLES[unit],
        y_title="campaigns arrived (%)",
        columns=columns,
    )
    for number, (name, curve) in enumerate(curves.items()):
        where = place(number, columns, len(order))
        look = looks[name]
        band = step_band(curve.when, 100 * curve.low, 100 * curve.high, look.colour)
        traces = [_others(curves, name), band, _steps(name, curve, look)]
        figure.add_traces(traces, rows=[where["row"]] * 3, cols=[where["col"]] * 3)
    budget = settings["recipe_budget" if unit == "recipes" else "rounds"]
    figure.update_yaxes(range=[-3, 103], tickvals=[0, 25, 50, 75, 100])
    figure.update_xaxes(range=[0, max(curve.when[-1] for curve in curves.values()) * 1.03])
    figure.update_xaxes(nticks=6 if budget > 5 else int(budget) + 1)
    return figure


def time_to_target_text(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    *,
    level: str | None = None,
    order: Sequence[str] | None = None,
) -> str:
    """Say what share of campaigns arrived within the budget, of the best and of the floor."""
    order = best_first(campaigns, settings, level) if order is None else order
    parts = []
    for name in summary_order(order):
        own = [one for one in campaigns if one.strategy == name]
        _, reached = times_to_target(own, settings, level)
        share = success_share(int(reached.sum()), len(own))
        parts.append(
            f"{reached.sum()} of {len(own)} campaigns of {name} "
            f"(95 % interval {100 * (share.low or 0):.0f} to {100 * (share.high or 0):.0f} %)"
        )
    return (
        f"Within {settings['recipe_budget']} recipes {in_words(parts)} reached "
        f"{level or settings['headline']}.{_rest(order)}"
    )


def arrivals(
    campaigns: Sequence[StoredCampaign],
    settings: Mapping[str, Any],
    strategy: str,
    level: str | None = None,
    unit: Unit = "recipes",
) -> Arrivals:
    """Return the share of a strategy's campaigns that have arrived, 1 less Kaplan-Meier's curve."""
    own = [one for one in campaigns if one.strategy == strategy]
    curve = kaplan_meier(*times_to_target(own, settings, level, unit=unit))
    end = float(settings["recipe_budget" if unit == "recipes" else "rounds"])
    last = max(end, float(curve.times[-1]))
    known = ~np.isnan(curve.low)
    begin = 0.0 if known.any() else np.nan
    return Arrivals(
        when=np.concatenate([[0.0], curve.times, [last]]),
        share=np.concatenate([[0.0], 1 - curve.survival, [1 - curve.survival[-1]]]),
        low=np.concatenate([[begin], 1 - curve.high, [1 - curve.high[-1]]]),
        high=np.concatenate([[begin], 1 - curve.low, [1 - curve.low[-1]]]),
    )


def _rest(order: Sequence[str]) -> str:
    left = len(order) - len(summary_order(order))
    return f" The table has the other {left}." if left else ""


def _steps(name: str, curve: Arrivals, look: Look) -> go.Scatter:
    return go.Scatter(
        x=curve.when,
        y=100 * curve.share,
        mode="lines+markers",
        line={"shape": "hv", "color": look.colour, "width": 2.5},
        marker=end_mark(len(curve.when), look.colour),
        name=plain(name),
        hovertemplate=f"{plain(name)}<br>%{{y:.0f}} % within %{{x:g}}<extra></extra>",
    )


def _others(curves: Mapping[str, Arrivals], name: str) -> go.Scatter:
    rest = [(curve.when, 100 * curve.share) for other, curve in curves.items() if other != name]
    return background(rest)
