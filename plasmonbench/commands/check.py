"""The command `check`: whether a strategy, a lab or a problem keeps what it promises."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from plasmonbench.catalogue import RECORDED, find_problem, problem_names
from plasmonbench.conformance import (
    LAB_CHECKS,
    PROBLEM_CHECKS,
    STRATEGY_CHECKS,
    Check,
    LabCase,
    Outcome,
    ProblemCase,
    StrategyCase,
    examine,
)
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import lab_names
from plasmonbench.specs import parse_spec, unknown_name

out = Console(soft_wrap=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)
STYLES = {"passed": "green", "failed": "bold red", "left out": "dim"}
SLOW = 1.0
"""Checks that take longer show their seconds."""


@dataclass(frozen=True)
class Examination:
    """What is examined, and the checks that are to be run on it."""

    kind: str
    title: str
    parts: tuple[tuple[Sequence[Check[Any]], Any], ...]


@click.command("check")
@click.argument("name")
@click.option("--lab", "is_lab", is_flag=True, help="NAME is a lab (else it is found out).")
@click.option(
    "-p",
    "--problem",
    help="Try the strategy on this problem, not on the easy lab made for it.",
)
@click.option(
    "--floor", is_flag=True, help="The strategy does not learn: no optimum is asked of it."
)
@click.option("--only", multiple=True, help="Run this check alone; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check_command(
    name: str,
    problem: str | None,
    only: tuple[str, ...],
    *,
    is_lab: bool,
    floor: bool,
    as_json: bool,
) -> None:
    """Check that a strategy, a lab or a problem of this NAME keeps what it promises.

    NAME as for run: name[knob=value], a file, package.module:Class; a problem's TOML file or
    recorded:losses.csv. Exit code 0: it conforms; 1: it does not; 2: there is no such thing.
    """  # fmt: skip
    examination = _examination(name, problem, is_lab=is_lab, floor=floor)
    outcomes = _run(examination, only)
    conforms = all(outcome.verdict != "failed" for outcome in outcomes)
    if as_json:
        record = {
            "name": name,
            "kind": examination.kind,
            "conforms": conforms,
            "checks": [outcome.as_record() for outcome in outcomes],
        }
        click.echo(json.dumps(record, allow_nan=False))
    else:
        _print(examination.title, outcomes)
    if not conforms:
        sys.exit(1)


def _examination(name: str, problem: str | None, *, is_lab: bool, floor: bool) -> Examination:
    """Find out what a name names."""
    asked_of_strategy = problem is not None or floor
    if is_lab:
        found = _lab(name)
    elif _names_problem(name):
        found = _problem(name)
    elif parse_spec(name).name in lab_names():
        found = _lab(name)
    else:
        found = _strategy_or_lab(name, problem, floor=floor)
    if asked_of_strategy and found.kind != "strategy":
        raise PlasmonbenchError(
            f"{name} is a {found.kind}; --problem and --floor are of strategies"
        )
    return found


def _names_problem(text: str) -> bool:
    name = parse_spec(text).name
    return name.startswith(RECORDED) or name.endswith(".toml") or name in problem_names()


def _lab(name: str) -> Examination:
    return Examination("lab", f"lab {name}", ((LAB_CHECKS, LabCase.of(name)),))


def _problem(name: str) -> Examination:
    case = ProblemCase.of(name)
    lab = LabCase.of_problem(name, case.problem)
    return Examination(
        "problem", f"problem {name} and its lab", ((LAB_CHECKS, lab), (PROBLEM_CHECKS, case))
    )


def _strategy_or_lab(name: str, problem: str | None, *, floor: bool) -> Examination:
    chosen = None if problem is None else find_problem(problem)
    try:
        case = StrategyCase.of(name, chosen, learns=False if floor else None)
    except PlasmonbenchError:
        # A file or class of somebody's own may be a lab; if it is neither, the first error says
        # what is amiss.
        with contextlib.suppress(PlasmonbenchError):
            return _lab(name)
        raise
    title = f"strategy {name} on {case.problem.name}"
    return Examination("strategy", title, ((STRATEGY_CHECKS, case),))


def _run(examination: Examination, only: tuple[str, ...]) -> list[Outcome]:
    known = [check.name for checks, _ in examination.parts for check in checks]
    for name in only:
        if name not in known:
            raise unknown_name("check", name, known)
    chosen = [
        ([check for check in checks if not only or check.name in only], case)
        for checks, case in examination.parts
    ]
    total = sum(len(checks) for checks, _ in chosen)
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    outcomes: list[Outcome] = []
    # What a plug-in prints must not mix with --json; what it warns of shows in the results.
    with (
        Progress(*columns, console=notes, transient=True) as progress,
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(),
    ):
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        task = progress.add_task("", total=total)
        begun = _announce(lambda text: progress.update(task, description=text), total)
        for checks, case in chosen:
            outcomes += examine(checks, case, begun)
    return outcomes


def _announce(show: Callable[[str], None], total: int) -> Callable[[str], None]:
    done = 0

    def begun(name: str) -> None:
        nonlocal done
        done += 1
        show(f"{done} of {total}: {name}")

    return begun


def _print(title: str, outcomes: Sequence[Outcome]) -> None:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("why, or what was found", overflow="fold")
    for outcome in outcomes:
        seconds = f"{outcome.seconds:.0f}" if outcome.seconds > SLOW else ""
        verdict = Text(outcome.verdict, style=STYLES[outcome.verdict])
        table.add_row(Text(outcome.check), verdict, seconds, Text(outcome.reason))
    out.print(table)
    failed = sum(outcome.verdict == "failed" for outcome in outcomes)
    tried = sum(outcome.verdict != "left out" for outcome in outcomes)
    took = sum(outcome.seconds for outcome in outcomes)
    conforms = "conforms" if not failed else f"does not conform: {failed} failed"
    out.print(Text(f"{conforms} ({tried} checks, {took:.0f} s)"))
