"""The command `leaderboard`: writes a page of results from runs in the store."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
from rich.console import Console

from plasmonbench import leaderboard, store
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.randomness import generator
from plasmonbench.whole_file import write_whole

notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("leaderboard")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path),
    default=Path("leaderboard.md"),
    show_default=True,
    help="Markdown page to write.",
)
@click.option(
    "--against",
    default="random",
    show_default=True,
    help="Strategy that the others are compared with, seed by seed.",
)
def leaderboard_command(runs: tuple[Path, ...], path: Path, against: str) -> None:
    """Write a page that compares the strategies of one or more RUNS (folders)."""
    if path.is_dir() or not path.parent.is_dir():
        raise PlasmonbenchError(f"--out needs a file in a folder that exists; got {path}")
    problems, campaigns = store.merged([store.Store(folder) for folder in runs])
    if not campaigns:
        raise PlasmonbenchError(f"{runs[0]} holds no finished campaign yet")
    asked = ["plasmonbench", "leaderboard", *(str(run) for run in runs), "--out", str(path)]
    made_by = shlex.join(asked + (["--against", against] if against != "random" else []))
    text = leaderboard.page(campaigns, problems, against, generator("comparison", 0), made_by)
    write_whole(path, text)
    notes.print(f"written: {path}", markup=False)
