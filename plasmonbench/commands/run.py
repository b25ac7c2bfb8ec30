"""The command `run`: campaigns of a suite, or of problems times strategies, into a folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from plasmonbench import catalogue, manifest, store, suites
from plasmonbench.campaign import Campaign
from plasmonbench.commands.options import jobs_option
from plasmonbench.commands.scores import show_scores
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import StrategyPlan
from plasmonbench.runner import Job, check_jobs, end_workers, local_executor, run_jobs

RUNS = Path("runs")
out = Console(soft_wrap=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("run")
@click.argument("suite", required=False)
@click.option(
    "-p",
    "--problem",
    "problems",
    multiple=True,
    help="name[knob=value], a TOML file, or recorded:losses.csv",
)
@click.option(
    "-s",
    "--strategy",
    "strategies",
    multiple=True,
    help="name[knob=value], path/to/file.py or package.module:Class",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100_000),
    help="Campaigns per pair (default: the suite's, or 5).",
)
@jobs_option
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the run; what it holds already is not run again.",
)
@click.option(
    "--keep-spectra", is_flag=True, help="Keep every droplet's spectrum (5 MB a campaign)."
)
@click.option("--retry-failed", is_flag=True, help="Run failed campaigns again.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def run_command(
    suite: str | None,
    problems: tuple[str, ...],
    strategies: tuple[str, ...],
    seeds: int | None,
    workers: int,
    folder: Path | None,
    keep_spectra: bool,
    retry_failed: bool,
    as_json: bool,
) -> None:
    """Run a SUITE, or problems (-p) times strategies (-s), and print the scores.

    A run that was stopped goes on where it was when the same command is given again.
    """  # fmt: skip
    asked = None if suite is None else suites.find_suite(suite)
    if asked is not None:
        problems = problems or asked.problems
        strategies = strategies or asked.strategies
        seeds = seeds or asked.seeds
    if not problems or not strategies:
        raise PlasmonbenchError(
            "name a suite (plasmonbench run quick), or a problem and a strategy "
            "(plasmonbench run -p silver-prisms -s random)"
        )
    seeds = seeds or 5
    problems = tuple(dict.fromkeys(catalogue.portable_spec(text) for text in problems))
    plans = check_jobs(problems, tuple(dict.fromkeys(strategies)))
    settings = manifest.run_settings(problems, plans, seeds, suite)
    run = store.Store(folder or _default_folder(suite, settings))
    run.open(settings)
    jobs = [
        Job(problem, plan.spec, seed, keep_spectra)
        for seed in range(seeds)
        for problem in problems
        for plan in plans
    ]
    _run_jobs(run, jobs, plans, workers, retry_failed=retry_failed)
    # The folder may hold more, of an earlier command: only what was asked for is shown.
    asked_for = {(text, plan.label) for text in problems for plan in plans}
    campaigns = [
        campaign
        for campaign in run.campaigns()
        if (campaign.problem, campaign.strategy) in asked_for and campaign.seed < seeds
    ]
    show_scores(settings["problems"], campaigns, None, as_json=as_json)
    if not as_json:
        out.print(f"Results: {run.folder}", soft_wrap=True, highlight=False, markup=False)
    if all(campaign.failure is not None for campaign in campaigns):
        notes.print("every campaign failed; nothing was measured to the end", markup=False)
        sys.exit(1)


def _default_folder(suite: str | None, settings: dict[str, Any]) -> Path:
    """Name the folder by what is run and by which code, so that old results are never mixed in."""
    name = suite or "-".join(
        dict.fromkeys(Path(text.partition("[")[0]).stem for text in settings["problems"])
    )
    contents = [problem["content"] for problem in settings["problems"].values()]
    # Files of somebody's own are edited and run again: each version has a folder of its own.
    own = [s["fingerprint"] for s in settings["strategies"].values() if ".py" in s["spec"]]
    digest = manifest.short_hash([*settings["problems"], *contents, *own, settings["code"]])
    return RUNS / f"{name}-{digest}"


def _run_jobs(
    run: store.Store,
    jobs: list[Job],
    plans: Sequence[StrategyPlan],
    workers: int,
    *,
    retry_failed: bool,
) -> None:
    labels = {plan.spec: plan.label for plan in plans}
    todo = store.unfinished(run, jobs, labels, retry_failed=retry_failed)
    if len(todo) < len(jobs):
        done = len(jobs) - len(todo)
        notes.print(f"{done} of {len(jobs)} campaigns are already in {run.folder}", markup=False)
    if not todo:
        return
    columns = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Progress(*columns, console=notes) as progress, local_executor(workers) as executor:
        task = progress.add_task("campaigns", total=len(todo))

        def keep(_: Job, campaign: Campaign) -> None:
            run.write(campaign)
            progress.update(task, advance=1, description=f"last: {campaign.strategy}")

        try:
            run_jobs(todo, executor, keep)
        except KeyboardInterrupt:
            end_workers()
            notes.print("finished campaigns are kept: run the same command again to go on")
            raise
