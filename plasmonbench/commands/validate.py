"""The command `validate`: how well a simulated lab predicts real droplets."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from plasmonbench.catalogue import RECORDED, find_problem_without_landscape
from plasmonbench.commands.options import droplet_options, read_tables
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import Lab, RecordedLab
from plasmonbench.loss import SpectralLoss
from plasmonbench.randomness import generator
from plasmonbench.validation import validate
from plasmonbench.validation_tables import print_validation

out = Console(soft_wrap=False, highlight=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("validate")
@droplet_options(spectra_required=False)
@click.option(
    "-p",
    "--problem",
    default="silver-prisms",
    show_default=True,
    help="Whose lab and loss: name[knob=value] or a TOML file.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option(
    "--pictures", type=click.Path(path_type=Path), help="Folder to draw the comparison in (PNG)."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the simulated droplets' luck and of the intervals.",
)
def validate_command(
    losses_file: Path,
    spectra_file: Path | None,
    problem: str,
    pictures: Path | None,
    seed: int,
    *,
    as_json: bool,
) -> None:
    """Compare a simulated lab with real droplets: losses, spectra, replicates."""
    lab, loss = _simulated_lab(problem)
    if pictures is not None and pictures.exists() and not pictures.is_dir():
        raise PlasmonbenchError(f"--pictures needs a folder; {pictures} is a file")
    losses, spectra = read_tables(losses_file, spectra_file, lab.space, lab.wavelengths)
    if pictures is not None:
        _make_folder(pictures)
    found = validate(lab, loss, losses, spectra, generator("validation", seed))
    if as_json:
        click.echo(json.dumps(found.record(), allow_nan=False))
    else:
        print_validation(out, found)
    if pictures is not None:
        # matplotlib takes a second to load, which nobody else should wait for.
        from plasmonbench.validation_pictures import draw_validation

        for path in draw_validation(found, pictures):
            notes.print(f"drawn: {path}", markup=False)


def _simulated_lab(problem: str) -> tuple[Lab, SpectralLoss]:
    if problem.strip().startswith(RECORDED):
        raise PlasmonbenchError(
            f"'{problem}' replays real droplets and predicts none; name a problem with a simulated "
            "lab, such as silver-prisms"
        )
    found = find_problem_without_landscape(problem)
    if isinstance(found.lab, RecordedLab) or found.loss is None:  # pragma: no cover
        raise TypeError(f"{problem}: neither recorded nor simulated")
    return found.lab, found.loss


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlasmonbenchError(f"cannot make the folder {folder}: {error.strerror}") from error
