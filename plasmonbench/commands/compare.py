"""The command `compare`: scores of runs in the store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.console import Console

from plasmonbench import store
from plasmonbench.commands.scores import show_scores
from plasmonbench.errors import PlasmonbenchError

notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--level", help="Target level by name, such as '1 in 100' (default: the headline).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--campaigns", "each", is_flag=True, help="With --json: every campaign by round.")
def compare_command(runs: tuple[Path, ...], level: str | None, as_json: bool, each: bool) -> None:
    """Score the strategies of one or more RUNS (folders)."""
    if each and not as_json:
        raise PlasmonbenchError("--campaigns adds to the JSON record; give --json as well")
    held = [store.Store(folder) for folder in runs]
    problems, campaigns = store.merged(held)
    if not campaigns:
        raise PlasmonbenchError(f"{runs[0]} holds no finished campaign yet")
    if len({run.manifest["code"] for run in held}) > 1:
        notes.print("note: these runs were made by different code or libraries", markup=False)
    counts = Counter((campaign.problem, campaign.strategy) for campaign in campaigns)
    if len(set(counts.values())) > 1:
        few = ", ".join(f"{strategy} {n}" for (_, strategy), n in counts.items())
        notes.print(f"note: strategies have different numbers of seeds: {few}", markup=False)
    planned = sum(store.planned(run) for run in held)
    if len(campaigns) < planned:
        notes.print(f"note: {len(campaigns)} of {planned} campaigns are there", markup=False)
    show_scores(problems, campaigns, level, as_json=as_json, each=each)
