"""The command `report`: writes one self-contained page of what runs found."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.randomness import generator
from plasmonbench.whole_file import write_whole

notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="HTML page to write.",
)
@click.option("--level", help="Target level by name, such as '1 in 100' (default: the headline).")
@click.option("--problem", help="The only problem to report on (default: all).")
@click.option("--against", help="Strategy to compare with, seed by seed (default: random).")
@click.option(
    "--models/--no-models",
    default=True,
    show_default=True,
    help="Show best spectra, loss maps, importance of flows and particles too.",
)
def report_command(
    runs: tuple[Path, ...],
    path: Path,
    level: str | None,
    problem: str | None,
    against: str | None,
    models: bool,
) -> None:
    """Write a page of tables and figures of one or more RUNS (folders).

    It opens from a file, without a network, on a screen, a phone and paper.
    """  # fmt: skip
    if path.is_dir() or not path.parent.is_dir():
        raise PlasmonbenchError(f"--out needs a file in a folder that exists; got {path}")
    with _few_collections():
        # Plotly and what it draws from are loaded only where they are used.
        from plasmonbench.report.page import page
        from plasmonbench.results import load

        text = page(
            load(*runs),
            generator("comparison", 0),
            level=level,
            problem=problem,
            against=against,
            models=models,
        )
    write_whole(path, text)
    notes.print(f"written: {path} ({len(text.encode()) / 1e6:.1f} MB)", markup=False)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cyclic garbage seldom: a page makes millions of objects and keeps nearly all.

    The searches take a tenth of the time.
    """
    kept = gc.get_threshold()
    gc.set_threshold(200_000, *kept[1:])
    try:
        yield
    finally:
        gc.set_threshold(*kept)
