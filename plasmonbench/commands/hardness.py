"""The command `hardness`: how hard problems are, as a table, as JSON, or in a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from plasmonbench import catalogue, hardness, markdown
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.hardness import Hardness
from plasmonbench.whole_file import write_whole

out = Console(soft_wrap=False, highlight=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)
BEGIN, END = "<!-- hardness: begin -->", "<!-- hardness: end -->"
"""Between these lines a page holds the table."""


@click.command("hardness")
@click.argument("problems", nargs=-1)
@click.option(
    "--sample",
    type=click.IntRange(100 * hardness.TOP_RARITY),
    default=hardness.SAMPLE_SIZE,
    show_default=True,
    help="Feasible recipes in the Sobol sample.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=hardness.STARTS,
    show_default=True,
    help="Local searches from random recipes.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    help="Renew the table that this Markdown file holds between its hardness marks.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def hardness_command(
    problems: tuple[str, ...], sample: int, starts: int, page: Path | None, *, as_json: bool
) -> None:
    """Say how hard PROBLEMS are; without a name, all that come along."""
    if page is not None:
        _parts_of(page)  # what cannot be renewed is better known before the work than after
    chosen = [catalogue.find_problem(name) for name in problems or catalogue.problem_names()]
    found = []
    with Progress(console=notes, transient=True) as progress:
        for problem in chosen:
            task = progress.add_task(problem.name, total=1.0)
            found.append(
                hardness.analyse(
                    problem,
                    sample=sample,
                    starts=starts,
                    progress=partial(_update, progress, task),
                )
            )
    if page is not None:
        before, after = _parts_of(page)
        write_whole(page, before + BEGIN + "\n" + _page_table(found) + END + after)
        notes.print(f"renewed the table in {page}", markup=False)
    if as_json:
        rows = [hardness.as_record(one) for one in found]
        click.echo(json.dumps(rows[0] if len(problems) == 1 else rows, allow_nan=False))
        return
    for one in found:
        _print(one)


def _update(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)


def facts(one: Hardness) -> list[tuple[str, str]]:
    """Return what is said of a problem, as (what, how much), for a table of two columns."""
    kept = [f"{share:.0%}" for share in one.top_directions]
    deepest = ", ".join(f"{b.loss:.4f} ({b.share:.0%})" for b in one.basins[:4])
    return [
        ("feasible share of the box", f"{one.feasible_share:.1%}"),
        ("best known loss", f"{one.optimum_loss:.4f}"),
        (f"headline level ({one.headline})", f"{one.headline_loss:.4f}"),
        (f"recipes within {hardness.NEAR:g} of the best", _one_in(one.near_share)),
        (
            f"local searches ({one.starts}) at the headline level",
            f"{one.starts_at_headline:.0%}",
        ),
        (
            f"local searches within {hardness.TOLERANCE:g} of the best",
            f"{one.starts_at_optimum:.0%}",
        ),
        ("median end of a local search", f"{one.median_end:.4f}"),
        ("basins", str(len(one.basins))),
        ("the deepest: loss (share of starts)", deepest),
        ("effective dimension, all recipes", f"{one.dimension:.1f}"),
        (f"effective dimension, best 1 in {hardness.TOP_RARITY}", f"{one.top_dimension:.1f}"),
        ("squared gradient there by direction", " ".join(kept)),
        ("error of a median reading there", f"{one.reading_error:.4f}"),
        ("the same over the gap from level to best", f"{one.error_over_gap:.1f}"),
    ]


def _print(one: Hardness) -> None:
    title = Text(f"{one.problem}: {one.sample:,} feasible recipes")
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_header=False
    )
    table.add_column("what")
    table.add_column("how much", overflow="fold")
    for what, how_much in facts(one):
        table.add_row(Text(what), Text(how_much))
    out.print(table)


def _page_table(found: Sequence[Hardness]) -> str:
    """Return a Markdown table with a row per problem."""
    titles = [
        "problem",
        "feasible",
        "headline level",
        "best known",
        f"within {hardness.NEAR:g} of it",
        "searches at the level",
        "searches at the best",
        "basins",
        "effective dimension: all, best 1 in 100",
        "reading error (over gap)",
    ]
    lines = [markdown.header(titles)]
    lines += [
        markdown.row(
            [
                f"`{one.problem}`",
                f"{one.feasible_share:.0%}",
                f"{one.headline_loss:.4f} ({one.headline})",
                f"{one.optimum_loss:.4f}",
                _one_in(one.near_share),
                f"{one.starts_at_headline:.0%}",
                f"{one.starts_at_optimum:.0%}",
                str(len(one.basins)),
                f"{one.dimension:.1f}, {one.top_dimension:.1f}",
                f"{one.reading_error:.3f} ({one.error_over_gap:.1f})",
            ]
        )
        for one in found
    ]
    return "\n".join(lines) + "\n"


def _one_in(share: float) -> str:
    return f"1 in {1 / share:,.0f}" if share > 0 else "none of the sample"


def _parts_of(page: Path) -> tuple[str, str]:
    """Return what stands before and after the table of a page.

    Raises
    ------
    PlasmonbenchError
        If there is no such file, or it does not hold the two marks.
    """
    if not page.is_file():
        raise PlasmonbenchError(f"there is no file {page}")
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise PlasmonbenchError(f"{page} holds no place for the table: add {BEGIN} and {END}")
    return before, after
