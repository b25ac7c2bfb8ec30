"""Scores as tables: for people on a terminal, for machines as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.scores import Median, Score, target_loss
from plasmonbench.strategy import BOUND_MARK


def print_scores(
    console: Console,
    scores: Sequence[Score],
    problems: Mapping[str, Mapping[str, Any]],
    level: str | None,
) -> None:
    """Print one table per problem, with its target above and its budget below."""
    for name, settings in problems.items():
        rows = [s for s in scores if s.problem == name]
        if not rows:
            continue
        loss = target_loss(settings, level)
        shown = settings["headline"] if level is None else level
        aim = "no target level is known" if loss is None else f"target: loss {loss:.4f} ({shown})"
        console.print(Text(f"{name}: {aim}", style="bold"), soft_wrap=True)
        console.print(_score_table(rows, finite=settings["finite"]))
        console.print(Text(_caption(settings)))
        if any(row.strategy.endswith(BOUND_MARK) for row in rows):
            console.print(
                Text(f"{BOUND_MARK.strip()}: told what no planner can know; not a competitor."),
                soft_wrap=True,
            )
        if loss is None:
            console.print(
                Text(f"Find levels with: plasmonbench landscape '{name}' --write"), soft_wrap=True
            )


def score_record(
    scores: Sequence[Score], problems: Mapping[str, Mapping[str, Any]], level: str | None
) -> dict[str, Any]:
    """Return the scores as a JSON document; null where a target was not reached.

    ``target_level`` is a number for a single problem; for several it is an object by problem.
    """
    used = {s.problem for s in scores}
    losses = {name: target_loss(s, level) for name, s in problems.items() if name in used}
    return {
        "target_level": next(iter(losses.values())) if len(losses) == 1 else losses,
        "rows": [
            {
                "strategy": s.strategy,
                "problem": s.problem,
                "campaigns": s.campaigns,
                "failed": s.failed,
                "reached": s.reached,
                "rounds_to_target_median": s.rounds_to_target.value,
                "rounds_to_target_interval": [s.rounds_to_target.low, s.rounds_to_target.high],
                "recipes_to_target_median": s.recipes_to_target.value,
                "recipes_to_target_interval": [s.recipes_to_target.low, s.recipes_to_target.high],
                "best_true_loss_median": s.best_true_loss_median,
                "final_true_loss_median": s.final_true_loss_median,
                "planner_seconds_per_round": s.planner_seconds_per_round,
                "planner_cpu_seconds_per_round": s.planner_cpu_seconds_per_round,
                "planner_cpu_seconds_per_batch": s.planner_cpu_seconds_per_batch,
                "pool_recipes_median": None if s.pool_recipes is None else s.pool_recipes.value,
            }
            | _estimate_record("success_share", s.success_share)
            | _estimate_record("expected_recipes", s.expected_recipes)
            | _estimate_record("restricted_mean_recipes", s.restricted_mean_recipes)
            for s in scores
        ],
    }


def _estimate_record(name: str, estimate: Estimate | None) -> dict[str, Any]:
    found = estimate or Estimate(None, None, None)
    return {name: found.value, f"{name}_interval": [found.low, found.high]}


def campaign_records(campaigns: Sequence[StoredCampaign]) -> list[dict[str, Any]]:
    """Return campaigns round by round as JSON objects, ordered by problem, strategy and seed.

    Lists have one entry a round: the recipes made up to and with it, the true loss of what was
    recommended after it, the planner's wall and CPU seconds. A failed campaign holds what it came
    to before it failed.
    """
    return [
        {
            "problem": one.problem,
            "strategy": one.strategy,
            "seed": one.seed,
            "recipes": list(one.recipes_by_round),
            "true_loss": list(one.true_loss),
            "planner_seconds": list(one.planner_wall_seconds),
            "planner_cpu_seconds": list(one.planner_cpu_seconds),
            "stop_reason": one.stop_reason,
            "failure": one.failure,
        }
        for one in sorted(campaigns, key=lambda one: (one.problem, one.strategy, one.seed))
    ]


def _score_table(scores: Sequence[Score], *, finite: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("strategy", overflow="fold", min_width=18)
    for heading in ("reached", "rounds to\ntarget", "recipes to\ntarget"):
        table.add_column(heading, justify="right", no_wrap=True)
    # In the end everybody finds the best of a pool; what counts is how soon.
    last = "recipes to 4/5\nof best 5 %" if finite else "best true\nloss"
    table.add_column(last, justify="right", no_wrap=True)
    table.add_column("planner s\nper round", justify="right", no_wrap=True)
    for s in scores:
        planner = s.planner_seconds_per_round or 0.0
        cells = [
            s.strategy,
            f"{s.reached}/{s.campaigns}" + (f"\n{s.failed} failed" if s.failed else ""),
            _interval(s.rounds_to_target),
            _interval(s.recipes_to_target),
            _number(s.best_true_loss_median, ".4f")
            if s.pool_recipes is None
            else _interval(s.pool_recipes),
            _number(s.planner_seconds_per_round, ".2g" if planner < 10 else ".0f"),
        ]
        # As Text, since rich would take the brackets of a spec for markup.
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _caption(settings: Mapping[str, Any]) -> str:
    optimum = settings["optimum_loss"]
    known = "" if optimum is None else f"Best loss known: {optimum:.4f}. "
    return (
        f"{settings['batch_size']} recipes a round, {settings['replicates']} droplets a recipe, "
        f"{settings['recipe_budget']} recipes in all.\n"
        f"{known}Medians over seeds; rounds and recipes with 95 % intervals from 5 seeds on.\n"
        "'-': not reached by half of the campaigns, or an interval without an end."
    )


def _interval(median: Median) -> str:
    value, low, high = (_number(x, "g") for x in (median.value, median.low, median.high))
    return f"{value} [{low}, {high}]"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
