"""Scores as tables: for people on a terminal, for machines as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from plasmonbench.scoring import Median, Score, target_loss


def score_tables(
    scores: Sequence[Score], problems: Mapping[str, Mapping[str, Any]], level: str | None
) -> list[Table]:
    """Return one table per problem."""
    return [
        _score_table([s for s in scores if s.problem == name], name, settings, level)
        for name, settings in problems.items()
        if any(s.problem == name for s in scores)
    ]


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
                "planner_seconds_per_round": s.planner_seconds_per_round,
                "pool_recipes_median": None if s.pool_recipes is None else s.pool_recipes.value,
            }
            for s in scores
        ],
    }


def _score_table(
    scores: Sequence[Score], name: str, settings: Mapping[str, Any], level: str | None
) -> Table:
    loss = target_loss(settings, level)
    shown = settings["headline"] if level is None else level
    aim = "no target level is known" if loss is None else f"target: loss {loss:.4f} ({shown})"
    # As Text, since rich would take the brackets of a spec for markup.
    table = Table(
        title=Text(f"{name}: {aim}"),
        caption=Text(_caption(settings)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("strategy", overflow="fold", min_width=18)
    for heading in ("reached", "rounds to\ntarget", "recipes to\ntarget"):
        table.add_column(heading, justify="right", no_wrap=True)
    if settings["finite"]:
        table.add_column("recipes to 4/5\nof best 5 %", justify="right", no_wrap=True)
    table.add_column("best true\nloss", justify="right", no_wrap=True)
    table.add_column("planner s\n/ round", justify="right", no_wrap=True)
    if any(s.failed for s in scores):
        table.add_column("failed", justify="right")
    for s in scores:
        cells = [
            s.strategy,
            f"{s.reached}/{s.campaigns}",
            _interval(s.rounds_to_target),
            _interval(s.recipes_to_target),
        ]
        if s.pool_recipes is not None:
            cells.append(_interval(s.pool_recipes))
        cells.append("-" if s.best_true_loss_median is None else f"{s.best_true_loss_median:.4f}")
        seconds = s.planner_seconds_per_round
        cells.append(
            "-" if seconds is None else f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"
        )
        if any(other.failed for other in scores):
            cells.append(str(s.failed))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _caption(settings: Mapping[str, Any]) -> str:
    optimum = settings["optimum_loss"]
    known = "" if optimum is None else f" Best loss known: {optimum:.4f}."
    return (
        f"{settings['batch_size']} recipes a round, {settings['replicates']} droplets a recipe, "
        f"{settings['recipe_budget']} recipes in all.{known}\n"
        "Medians over seeds with 95 % intervals; '-' not reached by half of the campaigns."
    )


def _interval(median: Median) -> str:
    def text(value: float | None) -> str:
        return "-" if value is None else f"{value:g}"

    return f"{text(median.value)} [{text(median.low)}, {text(median.high)}]"
