"""The command `crossvalidate`: how far a lab's predictions of unseen recipes can be trusted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from plasmonbench import crossvalidation
from plasmonbench.arrays import FloatArray
from plasmonbench.commands.options import droplet_options, jobs_option, read_tables
from plasmonbench.crossvalidation import Calibrator, CrossValidation
from plasmonbench.crossvalidation_record import as_record
from plasmonbench.droplet_table import DropletTable
from plasmonbench.folds import BOUNDARIES, Split, standard_splits
from plasmonbench.randomness import generator
from plasmonbench.reference_models import GaussianProcessReference, RandomForestReference
from plasmonbench.registry import calibratable_lab
from plasmonbench.runner import local_executor
from plasmonbench.structures import Structure

notes = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command("crossvalidate")
@droplet_options(spectra_required=True)
@click.option("--lab", default="silver-prisms", show_default=True, help="Which lab is judged.")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("validation"),
    show_default=True,
    help="Folder for the page (README.md), its figures and the record (results.json).",
)
@click.option(
    "--structures/--no-structures",
    default=True,
    show_default=True,
    help="Judge every structure of the model that was tried, not the chosen one alone.",
)
@click.option(
    "--boundary",
    "boundaries",
    type=click.IntRange(1),
    multiple=True,
    default=BOUNDARIES,
    show_default=True,
    help="Extrapolate: fit recipes numbered below, judge the later ones. May be given again.",
)
@jobs_option
def crossvalidate_command(
    losses_file: Path,
    spectra_file: Path,
    lab: str,
    folder: Path,
    boundaries: tuple[int, ...],
    workers: int,
    *,
    structures: bool,
) -> None:
    """Refit a lab without some recipes, predict those, and write the page that says how well.

    Beside it stand a Gaussian process and a random forest on the same folds.
    """
    cls = calibratable_lab(lab)
    losses, spectra = read_tables(losses_file, spectra_file, cls.recipe_space, cls.grid)
    calibrators = dict(cls.calibrators())
    if not structures:
        calibrators = dict(list(calibrators.items())[:1])
    chosen = next(iter(calibrators))
    references: dict[str, Calibrator] = {
        "Gaussian process": GaussianProcessReference(),
        "random forest": RandomForestReference(),
    }
    models = {name: calibrator for name, (calibrator, _) in calibrators.items()}
    splits = standard_splits(losses, spectra, boundaries=boundaries)
    found = _run(models | references, losses, spectra, cls.grid, splits, workers)
    # matplotlib takes a second to load, which nobody else should wait for.
    from plasmonbench.validation_page import write_page

    page = write_page(
        folder,
        _only(found, {chosen: lab} | {name: name for name in references}),
        rng=generator("validation", 0),
        note=cls.calibration_note,
        structures={
            name: Structure(_only(found, {name: name}), numbers)
            for name, (_, numbers) in calibrators.items()
        }
        if structures
        else None,
    )
    (folder / "results.json").write_text(json.dumps(as_record(found)) + "\n", encoding="utf-8")
    notes.print(f"written: {page}", markup=False)


def _run(
    models: dict[str, Calibrator],
    losses: DropletTable,
    spectra: DropletTable | None,
    grid: FloatArray,
    splits: Sequence[Split],
    workers: int,
) -> CrossValidation:
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Progress(*columns, console=notes) as progress, local_executor(workers) as executor:
        task = progress.add_task("fits", total=None)
        return crossvalidation.run(
            models,
            losses,
            spectra,
            executor=executor,
            wavelengths=grid,
            splits=splits,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _only(found: CrossValidation, names: dict[str, str]) -> CrossValidation:
    """Return the results of some models, under new names."""
    return replace(found, predictions={new: found.predictions[old] for old, new in names.items()})
