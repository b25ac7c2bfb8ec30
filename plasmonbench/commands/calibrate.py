"""The command `calibrate`: fits a lab's numbers to droplets of a real campaign."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from rich.console import Console

from plasmonbench.commands.options import droplet_options, jobs_option, read_tables
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.randomness import generator
from plasmonbench.registry import calibratable_lab
from plasmonbench.runner import local_executor

notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("calibrate")
@droplet_options(spectra_required=False)
@click.option("--lab", default="silver-prisms", show_default=True, help="Which lab is fitted.")
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path),
    default=Path("silver_prisms.toml"),
    show_default=True,
    help="Parameter file to write; the labs around it go beside it.",
)
@click.option(
    "--starts",
    type=click.IntRange(1, 1000),
    default=6,
    show_default=True,
    help="Descents from different places, of which the best is taken.",
)
@click.option(
    "--labs",
    type=click.IntRange(0, 1000),
    default=10,
    show_default=True,
    help="Other labs to draw that the data do not rule out.",
)
@jobs_option
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the starts and of the labs that are drawn.",
)
def calibrate_command(
    losses_file: Path,
    spectra_file: Path | None,
    lab: str,
    path: Path,
    starts: int,
    labs: int,
    workers: int,
    seed: int,
) -> None:
    """Fit a lab to real droplets and write its parameter file.

    Use it as -p 'silver-prisms[parameters=FILE]'. Ten recipes are needed at least, and some with
    spectra. The result is the same for any number of workers.
    """
    cls = calibratable_lab(lab)
    if path.suffix != ".toml":
        raise PlasmonbenchError(f"--out is a TOML file; call it {path.name}.toml")
    if path.is_dir():
        raise PlasmonbenchError(f"--out needs a file; {path} is a folder")
    if not path.parent.is_dir():
        raise PlasmonbenchError(f"there is no folder {path.parent} to write {path.name} to")
    losses, spectra = read_tables(losses_file, spectra_file, cls.recipe_space, cls.grid)
    if spectra is None:
        notes.print(
            "note: without --spectra the amplitudes and the physics rest on the priors; losses "
            "alone do not identify them"
        )
    with (
        notes.status(f"fitting {len(losses.recipes)} recipes from {starts} starts"),
        local_executor(workers) as executor,
    ):
        found = cls.calibrate(
            losses,
            spectra,
            starts=starts,
            labs=labs,
            rng=generator("calibration", seed),
            executor=executor,
        )
    if found.scores["loss_r2"] < 0:
        raise PlasmonbenchError(
            f"the fit is worse than a constant (R2 of the losses {found.scores['loss_r2']:.3g}); "
            f"{path} was not written. Do losses, spectra and flows belong together?"
        )
    files = {"losses": losses_file, "spectra": spectra_file}
    source = {kind: _stamp(file) for kind, file in files.items() if file is not None}
    for file in found.write(path, {"lab": lab, "seed": seed, **source}):
        notes.print(f"written: {file}", markup=False)
    notes.print("scores, of what was fitted to and not of predictions:")
    for name, value in found.scores.items():
        click.echo(f"{name}: {value:g}")
    notes.print(f"try it: plasmonbench validate -p '{lab}[parameters={path}]' ...", markup=False)


def _stamp(file: Path) -> str:
    """Name a file by what it holds: names alone are not kept, and folders are nobody's business."""
    return f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
