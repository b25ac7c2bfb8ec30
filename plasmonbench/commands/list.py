"""The command `list`: what there is to run, and its knobs."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plasmonbench import catalogue, suites
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import lab_names, strategy_defaults, strategy_names

out = Console(soft_wrap=False)


@click.command("list")
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
