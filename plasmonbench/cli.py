"""The command line: list, run, compare, landscape."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from plasmonbench import catalogue, landscape, manifest, store, suites
from plasmonbench.campaign import Campaign
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import StrategyPlan, lab_names, strategy_names
from plasmonbench.runner import Job, check_jobs, end_workers, local_executor, run_jobs
from plasmonbench.scoring import score_campaigns
from plasmonbench.tables import print_scores, score_record

RUNS = Path("runs")
out = Console(soft_wrap=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> NoReturn:
    """Run the command line; bad input ends with one clear line and exit code 2."""
    # A stranger's module:Class is looked for in the current folder too; last, so that no file
    # there stands in for a library.
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.append(os.getcwd())  # noqa: PTH109
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        cli.main(prog_name="plasmonbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        _fail(error.format_message())
    except PlasmonbenchError as error:
        _fail(str(error))
    except (KeyboardInterrupt, click.Abort):
        notes.print("stopped; finished campaigns are kept: run the same command again to go on")
        sys.exit(130)
    sys.exit(0)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    notes.print("error: " + " ".join(message.split()), markup=False)
    sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plasmonbench")
def cli() -> None:
    """Benchmark experiment planners on simulated silver-nanoprism laboratories."""


@cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_command(as_json: bool) -> None:
    """List strategies, problems, suites and labs."""
    groups = {
        "strategies": strategy_names(),
        "problems": catalogue.problem_names(),
        "suites": {name: suite.description for name, suite in suites.suites().items()},
        "labs": lab_names(),
    }
    if as_json:
        click.echo(json.dumps({kind: list(names) for kind, names in groups.items()}))
        return
    for kind, names in groups.items():
        table = Table(title=kind, title_justify="left", show_header=False, box=None)
        for name, description in names.items():
            table.add_row(Text(name), Text(description))
        out.print(table)


@cli.command("run")
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
@click.option(
    "-j",
    "--jobs",
    "workers",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Worker processes.",
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the run; an unfinished run there goes on.",
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
    _show([run], None, as_json=as_json)
    if not as_json:
        out.print(f"Results: {run.folder}", soft_wrap=True, highlight=False, markup=False)
    if all(campaign.failure is not None for campaign in run.campaigns()):
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
    failures: list[str] = []
    columns = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Progress(*columns, console=notes) as progress, local_executor(workers) as executor:
        task = progress.add_task("campaigns", total=len(todo))

        def keep(job: Job, campaign: Campaign) -> None:
            run.write(campaign)
            if campaign.failure is not None:
                failures.append(f"{campaign.strategy}, seed {job.seed}: {campaign.failure.reason}")
            progress.update(task, advance=1, description=f"last: {campaign.strategy}")

        try:
            run_jobs(todo, executor, keep)
        except KeyboardInterrupt:
            end_workers()
            raise
    for line in failures:
        notes.print(f"failed: {line}", markup=False)


@cli.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--level", help="Target level by name, such as '1 in 100' (default: the headline).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def compare_command(runs: tuple[Path, ...], level: str | None, as_json: bool) -> None:
    """Score the strategies of one or more RUNS (folders)."""
    _show([store.Store(folder) for folder in runs], level, as_json=as_json)


def _show(runs: Sequence[store.Store], level: str | None, *, as_json: bool) -> None:
    problems, campaigns = store.merged(runs)
    if len({run.manifest["code"] for run in runs}) > 1:
        notes.print("note: these runs were made by different code or libraries", markup=False)
    scores = score_campaigns(campaigns, problems, level=level)
    if not scores:
        raise PlasmonbenchError(f"{runs[0].folder} holds no finished campaign yet")
    if as_json:
        click.echo(json.dumps(score_record(scores, problems, level), allow_nan=False))
        return
    print_scores(out, scores, problems, level)


@cli.command("landscape")
@click.argument("problem")
@click.option(
    "--sample",
    type=click.IntRange(10_000),
    default=landscape.SAMPLE_SIZE,
    show_default=True,
    help="Feasible recipes in the Sobol sample.",
)
@click.option("--write", is_flag=True, help="Keep the result beside the problem's definition.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def landscape_command(problem: str, sample: int, write: bool, as_json: bool) -> None:
    """Find the target levels and the optimum of a PROBLEM on its truth."""  # fmt: skip
    path, key = catalogue.landscape_file(problem)
    chosen = catalogue.find_problem_without_landscape(problem)
    with Progress(console=notes, transient=True) as progress:
        task = progress.add_task("sampling and polishing", total=1.0)
        found = landscape.explore(
            chosen,
            sample_size=sample,
            progress=lambda share: progress.update(task, completed=share),
        )
    if write:
        landscape.save(path, key, found)
        notes.print(f"written to {path}")
    if as_json:
        click.echo(json.dumps(landscape.as_record(found)))
        return
    title = Text(f"{problem}: {sample:,} feasible recipes")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("feasible recipes")
    table.add_column("loss at or below", justify="right")
    table.add_row("1 in 2", f"{found.median_loss:.4f}")
    for name, loss in found.levels.items():
        table.add_row(name, f"{loss:.4f}")
    names = chosen.space.names
    best = ", ".join(f"{n} {v:.4g}" for n, v in zip(names, found.optimum_recipe, strict=True))
    table.add_row(f"best known: {best}", f"{found.optimum_loss:.6f}")
    out.print(table)


if __name__ == "__main__":
    main()
