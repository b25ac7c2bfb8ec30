"""The command `sensitivity`: which axis decides loss, peak and amplitude."""

from __future__ import annotations

import json

import click
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from plasmonbench import sensitivity
from plasmonbench.catalogue import find_problem_without_landscape
from plasmonbench.randomness import generator
from plasmonbench.sensitivity import AxisSensitivity, Index, Sensitivity

out = Console(soft_wrap=False, highlight=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)
NOTHING = "-"


@click.command("sensitivity")
@click.argument("problem")
@click.option(
    "--sample",
    type=click.IntRange(64, 2**20),
    default=sensitivity.SAMPLE_SIZE,
    show_default=True,
    help="Base sample n, a power of two; the lab is asked for n (axes + 2) recipes.",
)
@click.option(
    "--peak-above",
    type=click.FloatRange(0),
    help="Seek the peak at or above this wavelength, nm (default: in the whole spectrum).",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def sensitivity_command(
    problem: str, sample: int, peak_above: float | None, *, as_json: bool
) -> None:
    """Find which axis decides loss, peak and amplitude of a PROBLEM's truth (Sobol' indices)."""
    chosen = find_problem_without_landscape(problem)
    with Progress(console=notes, transient=True) as progress:
        task = progress.add_task("asking the lab", total=1.0)
        found = sensitivity.analyse(
            chosen,
            # The landscape's own samples have the keys 0 and 1.
            rng=generator("landscape", 2),
            sample=sample,
            peak_above=peak_above,
            progress=lambda share: progress.update(task, completed=share),
        )
    if as_json:
        click.echo(json.dumps(sensitivity.as_record(found), allow_nan=False))
        return
    _print(problem, found)


def _print(problem: str, found: Sensitivity) -> None:
    for quantity, axes in found.axes.items():
        unit = sensitivity.QUANTITIES[quantity]
        heading = f"{problem}: {quantity}" + (f" ({unit})" if unit else "")
        out.print(Text(heading, style="bold"), soft_wrap=True)
        out.print(_table(axes))
    evaluated = found.sample * (len(found.axes["loss"]) + 2)
    lines = [
        "Shares of the variance, with 95 % intervals. First order: what an axis explains",
        "alone. Total order: what is left to it when all other axes are known.",
        f"{evaluated:,} recipes, every axis uniform between its bounds whatever the others are.",
    ]
    if found.infeasible_share > 0:
        lines += [
            f"{found.infeasible_share:.0%} of them break a constraint: nobody could mix them, but "
            "the lab's formulas",
            "give them spectra. Last column: first order among feasible recipes alone.",
        ]
    lines += [
        f"Peak: where the spectrum is highest from {found.peak_above:g} nm on; --peak-above "
        "follows one band.",
    ]
    out.print(Text("\n".join(lines)), soft_wrap=True)


def _table(axes: tuple[AxisSensitivity, ...]) -> Table:
    """Return a row per axis, the one that matters most first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("axis", min_width=12)
    for heading in ("first order", "total order", "feasible"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in sorted(axes, key=lambda axis: -(axis.total.value or 0.0)):
        cells = [one.axis, _index(one.first), _index(one.total), _share(one.feasible)]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _index(index: Index) -> str:
    if index.value is None:
        return NOTHING
    return f"{_share(index.value)} [{_share(index.low)}, {_share(index.high)}]"


def _share(value: float | None) -> str:
    # A zero that was rounded has no sign.
    return NOTHING if value is None else f"{round(value, 2) + 0.0:.2f}"
