"""The part of the page about one problem: its budget, its table, its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.figures import (
    network_quality,
    observed_losses,
    planner_time,
    regret,
    time_to_target,
)
from plasmonbench.figures.order import best_first
from plasmonbench.figures.panels import NARROW_COLUMNS, WIDE_COLUMNS
from plasmonbench.figures.style import Look
from plasmonbench.report.figure_json import figure_record
from plasmonbench.report.parts import Drawing, Section
from plasmonbench.report.scores_table import compared_with, failures, scores_table
from plasmonbench.results import Results
from plasmonbench.scoring.regret import regret_curves


@dataclass(frozen=True, eq=False)
class Subject:
    """One problem of the results, and how the page shows it."""

    results: Results
    problem: str
    level: str | None
    looks: Mapping[str, Look]

    @property
    def settings(self) -> dict[str, Any]:
        """The manifest's entry for the problem."""
        return self.results.problems[self.problem]

    @property
    def campaigns(self) -> list[StoredCampaign]:
        """Those of the problem."""
        return [one for one in self.results.stored if one.problem == self.problem]

    @property
    def order(self) -> list[str]:
        """Its strategies, the best first."""
        return best_first(self.campaigns, self.settings, self.level)


def problem_section(
    subject: Subject,
    against: str | None,
    rng: np.random.Generator,
) -> Section:
    """Return the section of a problem.

    Parameters
    ----------
    subject
        What it is about.
    against
        Strategy that the others are compared with; None: random, where it was run.
    rng
        Of bootstrap and permutation tests.

    Raises
    ------
    PlasmonbenchError
        If the problem lacks the level, or there are no campaigns of ``against``.
    """
    campaigns = subject.campaigns
    other = compared_with(campaigns, against)
    table = scores_table(campaigns, subject.settings, subject.level, other, rng)
    drawings = [
        *_arrival(subject),
        *_regret(subject, rng),
        _observed(subject),
        *_cost(subject),
        *_network(subject),
    ]
    return Section(
        heading=subject.problem,
        paragraphs=[_budget(subject.settings)],
        warnings=failures(campaigns),
        tables=[table],
        drawings=drawings,
    )


def drawing(
    heading: str, explanation: str, text: str, build: Callable[[int], go.Figure]
) -> Drawing:
    """Return a figure of the page; ``build`` draws it with so many panels beside each other."""
    record = figure_record(build(WIDE_COLUMNS), build(NARROW_COLUMNS))
    return Drawing(heading, explanation, text, record)


def _arrival(subject: Subject) -> list[Drawing]:
    level = subject.level or subject.settings["headline"]
    if level is None:
        return []
    campaigns, settings = subject.campaigns, subject.settings
    order = subject.order
    return [
        drawing(
            f"How soon campaigns reach {level}",
            "The line climbs when campaigns arrive: the recipe that they then recommend is truly "
            "at or below the target level. The sooner and the higher, the better. Bands are 95 % "
            "intervals, from 5 campaigns on; the mark at the end is the whole budget's share; the "
            "other strategies are grey.",
            time_to_target.time_to_target_text(
                campaigns, settings, level=subject.level, order=order
            ),
            lambda columns: time_to_target.time_to_target(
                campaigns,
                settings,
                level=subject.level,
                order=order,
                looks=subject.looks,
                columns=columns,
            ),
        )
    ]


def _regret(subject: Subject, rng: np.random.Generator) -> list[Drawing]:
    if subject.settings["optimum_loss"] is None:
        return []
    curves = regret_curves(subject.campaigns, subject.settings, rng)
    order = subject.order
    return [
        drawing(
            "Regret of the recommended recipe",
            "How far the true loss of the recommended recipe lies above the best one known "
            f"({subject.settings['optimum_loss']:.4f}). Lines are medians over campaigns, half of "
            "which lie within the band; the mark is the last round's; the scale is logarithmic and "
            f"ends at {regret.FLOOR:g}.",
            regret.regret_text(curves, order),
            lambda columns: regret.regret(curves, order, looks=subject.looks, columns=columns),
        )
    ]


def _observed(subject: Subject) -> Drawing:
    droplets = subject.results.droplets
    droplets = droplets[droplets["problem"] == subject.problem]
    batch = int(subject.settings["batch_size"])
    blocks = observed_losses.in_full_rounds(droplets, batch)
    smaller = (
        ""
        if blocks["round"].equals(droplets["round"])
        else f" Smaller rounds are put together to blocks of {batch} recipes."
    )
    order = subject.order
    return drawing(
        "Losses that were measured",
        "What a chemist sees on the bench: points are single droplets, boxes are the middle half "
        "of all droplets of a round, whiskers reach from 5 to 95 %. A strategy that has learned "
        f"makes rounds of low loss; one that explores keeps some high ones.{smaller}",
        observed_losses.observed_losses_text(blocks, order),
        lambda columns: observed_losses.observed_losses(
            blocks, order, looks=subject.looks, columns=columns
        ),
    )


def _cost(subject: Subject) -> list[Drawing]:
    if subject.settings["headline"] is None:
        return []
    campaigns, settings = subject.campaigns, subject.settings
    return [
        drawing(
            "Planning time against recipes",
            "Far left: quick to compute; far down: few recipes needed. The line joins the "
            "strategies that no other beats in both. Hollow marks: more than half of the "
            "campaigns did not arrive. Bars are 95 % intervals, from 5 campaigns on.",
            planner_time.planner_time_text(campaigns, settings, level=subject.level),
            lambda _: planner_time.planner_time(
                campaigns, settings, level=subject.level, looks=subject.looks
            ),
        )
    ]


def _network(subject: Subject) -> list[Drawing]:
    told = subject.results.explanations
    told = told[told["problem"] == subject.problem]
    if not network_quality.has_network_quality(told):
        return []
    return [
        drawing(
            "Stability and accuracy of the network",
            "Before a round, two-step strategies check their neural network. Accuracy and error "
            "compare the spectra that it predicted for the newest round with those measured; "
            "stability compares its predictions with those of the network of the round before. "
            "Lines are medians over campaigns, bands hold the middle half of them.",
            network_quality.network_quality_text(told),
            lambda columns: network_quality.network_quality(
                told, looks=subject.looks, columns=columns // 2
            ),
        )
    ]


def _budget(settings: Mapping[str, Any]) -> str:
    levels = ", ".join(f"{entry['name']}: {entry['loss']:.4f}" for entry in settings["levels"])
    optimum = settings["optimum_loss"]
    return " ".join(
        [
            f"{settings['batch_size']} recipes a round, {settings['replicates']} droplets a "
            f"recipe, {settings['rounds']} rounds ({settings['recipe_budget']} recipes).",
            f"Target levels of the true loss, by how rare they are among recipes: {levels}."
            if levels
            else "It has no target levels, so that nothing can be said of arriving.",
            "" if optimum is None else f"Best loss known: {optimum:.4f}.",
        ]
    ).strip()
