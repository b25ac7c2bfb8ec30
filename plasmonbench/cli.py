"""The command line: list, run, compare, landscape."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
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
from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.commands.calibrate import calibrate_command
from plasmonbench.commands.check import check_command
from plasmonbench.commands.crossvalidate import crossvalidate_command
from plasmonbench.commands.hardness import hardness_command
from plasmonbench.commands.leaderboard import leaderboard_command
from plasmonbench.commands.options import jobs_option
from plasmonbench.commands.pool import pool_command
from plasmonbench.commands.sensitivity import sensitivity_command
from plasmonbench.commands.validate import validate_command
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import (
    StrategyPlan,
    lab_names,
    strategy_defaults,
    strategy_names,
)
from plasmonbench.runner import Job, check_jobs, end_workers, local_executor, run_jobs
from plasmonbench.scoring import score_campaigns
from plasmonbench.specs import parse_spec
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
        notes.print("stopped")
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
    """Benchmark experiment planners on simulated nanoparticle laboratories."""


@cli.command("list")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_command(name: str | None, as_json: bool) -> None:
    """List strategies, problems, suites and labs; or the knobs of the one with a NAME."""
    if name is not None:
        _list_knobs(name, as_json=as_json)
        return
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


def _list_knobs(name: str, *, as_json: bool) -> None:
    if name in catalogue.problem_names():
        knobs = catalogue.problem_knobs(name)
    elif name in suites.suites() or name in lab_names():
        raise PlasmonbenchError(f"'{name}' has no knobs of its own; name a strategy or a problem")
    else:
        knobs = strategy_defaults(name)
    if as_json:
        click.echo(json.dumps({"name": name, "knobs": {k: str(v) for k, v in knobs.items()}}))
        return
    if not knobs:
        out.print(Text(f"{name} has no knobs"))
        return
    table = Table(title=Text(f"{name}[knob=value]"), title_justify="left", box=None)
    table.add_column("knob")
    table.add_column("default and kind")
    for knob, text in knobs.items():
        table.add_row(Text(knob), Text(text))
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
    _show(settings["problems"], campaigns, None, as_json=as_json)
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


@cli.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--level", help="Target level by name, such as '1 in 100' (default: the headline).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def compare_command(runs: tuple[Path, ...], level: str | None, as_json: bool) -> None:
    """Score the strategies of one or more RUNS (folders)."""
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
    _show(problems, campaigns, level, as_json=as_json)


def _show(
    problems: Mapping[str, Any],
    campaigns: Sequence[StoredCampaign],
    level: str | None,
    *,
    as_json: bool,
) -> None:
    failures = Counter((c.strategy, c.failure) for c in campaigns if c.failure is not None)
    for (strategy, reason), n in failures.items():
        count = f"{n} campaign{'s' if n > 1 else ''}"
        notes.print(f"failed: {strategy} ({count}): {reason}", markup=False)
    if failures:
        notes.print("failed campaigns are run again with: --retry-failed")
    scores = score_campaigns(campaigns, problems, level=level)
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
    if write:
        _refuse_to_spoil(problem, landscape.load(path, key), sample)
    with Progress(console=notes, transient=True) as progress:
        task = progress.add_task("sampling and polishing", total=1.0)
        found = landscape.explore(
            chosen,
            sample_size=sample,
            starts=max(8, min(64, sample // 16_384)),
            progress=lambda share: progress.update(task, completed=share),
        )
    if write:
        landscape.save(path, key, found)
        notes.print(f"written to {path}", markup=False)
    else:
        notes.print("not kept; to use these levels add --write")
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
    table.add_row("best known", f"{found.optimum_loss:.6f}")
    out.print(table)
    space = chosen.space
    recipe = zip(space.names, space.units, found.optimum_recipe, strict=True)
    best = ", ".join(f"{name} {value:.4g} {unit}" for name, unit, value in recipe)
    out.print(Text(f"Best known recipe: {best}"))


def _refuse_to_spoil(problem: str, kept: landscape.Landscape | None, sample: int) -> None:
    """Keep what came along: better levels, and a file that is not somebody's own."""
    if kept is not None and kept.sample_size > sample:
        raise PlasmonbenchError(
            f"the levels kept for {problem} rest on {kept.sample_size:,} recipes; a sample of "
            f"{sample:,} is not written over them"
        )
    spec = parse_spec(problem)
    if not spec.name.endswith(".toml") and "parameters" in dict(spec.knobs):
        raise PlasmonbenchError(
            f"the levels of a lab of your own are not kept with {spec.name}; copy its TOML file, "
            'add lab_settings = { parameters = "..." }, and give that file instead'
        )


cli.add_command(calibrate_command)
cli.add_command(check_command)
cli.add_command(crossvalidate_command)
cli.add_command(hardness_command)
cli.add_command(leaderboard_command)
cli.add_command(pool_command)
cli.add_command(sensitivity_command)
cli.add_command(validate_command)


if __name__ == "__main__":
    main()
