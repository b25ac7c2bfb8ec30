"""The command `landscape`: target levels and optimum of a problem, found on its truth."""

from __future__ import annotations

import json

import click
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from plasmonbench import catalogue, landscape
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.specs import parse_spec

out = Console(soft_wrap=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("landscape")
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
