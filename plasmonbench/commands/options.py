"""Options that several commands share: droplets of a real campaign, worker processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from plasmonbench.arrays import FloatArray
from plasmonbench.droplet_table import DropletTable, read_losses, read_spectra
from plasmonbench.space import RecipeSpace
from plasmonbench.validation import makeable

jobs_option = click.option(
    "-j",
    "--jobs",
    "workers",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Worker processes.",
)


def droplet_options(*, spectra_required: bool) -> Callable[[Any], Any]:
    """Add ``--losses`` and ``--spectra`` to a command, as losses_file and spectra_file."""

    def add(command: Any) -> Any:
        command = click.option(
            "--spectra",
            "spectra_file",
            required=spectra_required,
            type=click.Path(path_type=Path),
            help="CSV, a row per droplet: recipe, its flows, absorbance as a380 ... a800.",
        )(command)
        return click.option(
            "--losses",
            "losses_file",
            required=True,
            type=click.Path(path_type=Path),
            help="CSV, a row per droplet: recipe, its flows, loss.",
        )(command)

    return add


def read_tables(
    losses_file: Path, spectra_file: Path | None, space: RecipeSpace, wavelengths: FloatArray
) -> tuple[DropletTable, DropletTable | None]:
    """Read what the options name, with recipes that the lab can make.

    Raises
    ------
    PlasmonbenchError
        If a file cannot be read or holds a recipe that the lab cannot make.
    """
    losses = makeable(read_losses(losses_file, space), space, str(losses_file))
    if spectra_file is None:
        return losses, None
    spectra = read_spectra(spectra_file, space, wavelengths)
    return losses, makeable(spectra, space, str(spectra_file))
