"""The command `pool`: how much of a recorded pool's best is found, as in Liang et al. (2021)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plasmonbench import store
from plasmonbench.randomness import generator
from plasmonbench.scoring import pools
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.pools import PoolScore

out = Console(soft_wrap=False, highlight=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)
NOTHING = "-"


@click.command("pool")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For machines; holds the whole curves.")
def pool_command(runs: tuple[Path, ...], *, as_json: bool) -> None:
    """Score RUNS (folders) on recorded campaigns: acceleration and enhancement over random."""
    problems, campaigns = store.merged([store.Store(folder) for folder in runs])
    # Its own key: intervals do not depend on what else is drawn.
    scores = pools.score_pools(campaigns, problems, generator("landscape", 3))
    if as_json:
        click.echo(json.dumps(pools.as_record(scores), allow_nan=False))
        return
    for problem in dict.fromkeys(score.problem for score in scores):
        _print(problem, [score for score in scores if score.problem == problem])
    _print_references()


def _print(problem: str, scores: Sequence[PoolScore]) -> None:
    wanted, size = scores[0].wanted, scores[0].pool_size
    out.print(Text(problem, style="bold"), soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("strategy", overflow="fold", min_width=12)
    shares = list(scores[0].acceleration)
    for heading in ("seeds", *(f"AF({share:g})" for share in shares), "largest EF", "at\nrecipe"):
        table.add_column(heading, justify="right", no_wrap=True)
    for score in scores:
        cells = [
            score.strategy,
            str(score.campaigns),
            *(_factor(score.acceleration[share]) for share in shares),
            _factor(score.enhancement),
            str(score.enhancement_at),
        ]
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)
    lines = [
        f"The best {wanted} of {size} recipes are wanted. AF(a): recipes that random search needs "
        "to find a share a of",
        "them on average, over those that the strategy needs. EF: share found over that of random",
        "search, with as many recipes. 95 % intervals, from 5 seeds on.",
    ]
    if any(score.failed for score in scores):
        lines.append("Failed campaigns count as having found nothing.")
    out.print(Text("\n".join(lines)), soft_wrap=True)


def _print_references() -> None:
    title = "Elsewhere, on a larger pool: all 164 silver recipes, one at a time after 2 starts"
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("planner")
    for heading in ("AF(0.8)", "largest EF"):
        table.add_column(heading, justify="right")
    for one in pools.REFERENCES:
        table.add_row(Text(one.strategy), f"{one.acceleration:.1f}", f"{one.enhancement:.1f}")
    out.print(table)
    out.print(
        Text("A replication of Liang et al., npj Comput. Mater. 7:188 (2021), 25 seeds."),
        soft_wrap=True,
    )


def _factor(factor: Estimate) -> str:
    if factor.value is None:
        return NOTHING
    if factor.low is None or factor.high is None:
        return f"{factor.value:.1f}"
    return f"{factor.value:.1f} [{factor.low:.1f}, {factor.high:.1f}]"
