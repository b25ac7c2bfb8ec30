"""Finds problems by name: a definition file (TOML), or a recorded campaign (CSV)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from plasmonbench import landscape
from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.growth_of_bounds import GrowthOfBounds
from plasmonbench.lab import RecordedLab
from plasmonbench.loss import SpectralLoss
from plasmonbench.problem import Optimum, Problem, TargetLevel
from plasmonbench.registry import build_lab, lab_knobs
from plasmonbench.space import RecipeSpace
from plasmonbench.specs import Spec, convert_knobs, kind_in_words, parse_spec, unknown_name
from plasmonbench.targets import SILVER_PRISM, loss_on_grid, read_target, silver_prism_loss

FOLDER = Path(__file__).parent / "problems"
RECORDED = "recorded:"
RECORDED_BATCH = 5
"""Recipes a round on a recorded campaign: rounds of 15 would use up a pool of 82 in five."""
POOL_SHARE = 0.05
"""Share of a recorded pool that counts as found: the best 5 %, as in Liang et al. 2021."""
TARGETS = {
    "silver-prism": SILVER_PRISM,
    "gold-rod": SILVER_PRISM.with_name("gold_rod_target.csv"),
}
FILE_KNOBS = ("spectra", "parameters")
"""Knobs of labs that name a file."""
BUDGET_KNOBS = {"batch_size": int, "replicates": int, "rounds": int}


@dataclass(frozen=True)
class Definition:
    """A problem as its TOML file states it."""

    path: Path
    table: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What the problem says of itself in a line."""
        return str(self.table.get("description", ""))


def problem_names() -> dict[str, str]:
    """Return the names of the problems that come along and what each says of itself in a line."""
    return {path.stem: _read(path).description for path in sorted(FOLDER.glob("*.toml"))}


def problem_knobs(name: str) -> dict[str, str]:
    """Return each knob of a problem with its default or kind, in words."""
    problem = find_problem_without_landscape(name)
    knobs = {knob: f"{getattr(problem, knob)}  (whole number)" for knob in BUDGET_KNOBS}
    lab = str(_definition(name).table["lab"])
    return knobs | {knob: f"({kind_in_words(kind)})" for knob, kind in lab_knobs(lab).items()}


def find_problem(text: str) -> Problem:
    """Find a problem by ``name``, ``path/to/file.toml`` or ``recorded:losses.csv``, with knobs.

    Knobs are batch_size, replicates, rounds, and whatever the lab takes: ``[noise=harsh]``.

    Raises
    ------
    PlasmonbenchError
        If there is none of that name, its file is wrong, or a knob is.
    """
    problem = find_problem_without_landscape(text)
    spec = parse_spec(text)
    if spec.name.startswith(RECORDED):
        return problem
    definition = _definition(spec.name)
    known = landscape.load(definition.path.with_suffix(".landscape.json"), _landscape_key(spec))
    if known is None:
        return problem
    if known.truth_fingerprint != landscape.truth_fingerprint(problem):
        raise PlasmonbenchError(
            f"the target levels kept for {spec} belong to another version of its lab or bounds; "
            f"find them anew with: plasmonbench landscape '{spec}' --write"
        )
    return replace(
        problem,
        levels=known.target_levels(),
        headline=_entry(definition.table, "headline", str, landscape.level_name(1000)),
        optimum=known.optimum(),
    )


def find_problem_without_landscape(text: str) -> Problem:
    """Find a problem as `find_problem` does, without its target levels and optimum.

    Raises
    ------
    PlasmonbenchError
        As `find_problem`.
    """
    spec = parse_spec(text)
    if spec.name.startswith(RECORDED):
        return _recorded(spec)
    definition = _definition(spec.name)
    try:
        return _build(spec, definition)
    except PlasmonbenchError as error:
        if spec.name.endswith(".toml"):
            raise PlasmonbenchError(f"{definition.path}: {error}") from error
        raise


def portable_spec(text: str) -> str:
    """Return the spec with its paths made absolute, to be asked for from any folder."""
    spec = parse_spec(text)
    name = spec.name
    if name.startswith(RECORDED):
        name = RECORDED + str(Path(name.removeprefix(RECORDED)).expanduser().resolve())
    elif name.endswith(".toml"):
        name = str(Path(name).expanduser().resolve())
    knobs = tuple(
        (key, str(Path(value).expanduser().resolve()) if key in FILE_KNOBS else value)
        for key, value in spec.knobs
    )
    return str(Spec(name, knobs))


def content_fingerprint(text: str) -> str:
    """Return a hash of the files that make a problem: definition, levels, lab or recorded tables.

    It tells whether a run that goes on still means the same problem.
    """
    spec = parse_spec(text)
    if spec.name.startswith(RECORDED):
        files = [Path(spec.name.removeprefix(RECORDED))]
    else:
        definition = _definition(spec.name)
        files = [definition.path, definition.path.with_suffix(".landscape.json")]
        files.append(_target_file(definition))
        lab = str(definition.table.get("lab", ""))
        if lab.endswith(".py"):
            files.append(definition.path.parent / lab)
        stated = definition.table.get("lab_settings", {})
        files += [definition.path.parent / stated[key] for key in FILE_KNOBS if key in stated]
    for key, value in spec.knobs:
        if key in FILE_KNOBS:
            # What a calibration writes beside its parameters belongs to them.
            files += [Path(value), Path(value).with_suffix(".labs.json")]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"none")
    return digest.hexdigest()[:12]


def landscape_file(text: str) -> tuple[Path, str]:
    """Return where the landscape of a problem is kept: the file, and the key in it."""
    spec = parse_spec(text)
    if spec.name.startswith(RECORDED):
        raise PlasmonbenchError("a recorded campaign is its own landscape; nothing is to be found")
    path = _definition(spec.name).path
    return path.with_suffix(".landscape.json"), _landscape_key(spec)


# -- problems of a definition file --------------------------------------------------------------


def _definition(name: str) -> Definition:
    if name.endswith(".toml"):
        path = Path(name).expanduser().resolve()
        if not path.is_file():
            raise PlasmonbenchError(f"there is no file {path}")
        return _read(path)
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise unknown_name("problem", name, [*problem_names(), f"{RECORDED}losses.csv"])
    return _read(path)


def _read(path: Path) -> Definition:
    try:
        return Definition(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlasmonbenchError(f"{path} is not a TOML file: {error}") from error


KEYS = {
    "description", "lab", "lab_settings", "target", "amplitude", "batch_size", "replicates",
    "rounds", "headline", "axes", "sum_limit", "growth",
}  # fmt: skip


AXIS_KEYS = {"name", "unit", "bounds", "initial"}


def _build(spec: Spec, definition: Definition) -> Problem:
    table = definition.table
    for key in table:
        if key not in KEYS:
            raise unknown_name("entry", key, KEYS)
    budget, lab_settings = _split_knobs(spec)
    lab_name = _entry(table, "lab", str, None)
    if lab_name.endswith(".py"):  # a lab of somebody's own lies beside its problem
        lab_name = str(definition.path.parent / lab_name)
    known = [*BUDGET_KNOBS, *lab_knobs(lab_name)]
    for key in lab_settings:
        if key not in known:
            raise unknown_name(f"parameter of problem {spec.name}", key, known)
    stated = _entry(table, "lab_settings", dict, {})
    # A file that a problem names lies beside it; one named on the command line, where that is run.
    stated = {
        key: str(definition.path.parent / value) if key in FILE_KNOBS else value
        for key, value in stated.items()
    }
    lab = build_lab(lab_name, {**stated, **lab_settings})
    if isinstance(lab, RecordedLab):
        raise PlasmonbenchError("a recorded campaign needs no definition: use recorded:losses.csv")
    names = [landscape.level_name(rarity) for rarity in landscape.RARITIES]
    if table.get("headline", names[0]) not in names:
        raise PlasmonbenchError(f"headline must be one of: {', '.join(names)}")
    growth = _entry(table, "growth", dict, None) if "growth" in table else None
    problem = Problem(
        name=str(spec),
        lab=lab,
        loss=_loss(definition, lab.wavelengths),
        space=_space(table) if "axes" in table else lab.space,
        batch_size=budget.get("batch_size", _entry(table, "batch_size", int, 15)),
        replicates=budget.get("replicates", _entry(table, "replicates", int, 20)),
        rounds=budget.get("rounds", _entry(table, "rounds", int, 9)),
        growth=None if growth is None else _growth(growth),
    )
    if problem.space.names != lab.space.names:
        raise PlasmonbenchError(f"axes are {problem.space.names}, the lab's {lab.space.names}")
    return problem


def _split_knobs(spec: Spec) -> tuple[dict[str, int], dict[str, str]]:
    """Part the knobs into those of the budget and those of the lab."""
    budget = [(key, value) for key, value in spec.knobs if key in BUDGET_KNOBS]
    rest = {key: value for key, value in spec.knobs if key not in BUDGET_KNOBS}
    return convert_knobs(f"problem {spec.name}", budget, BUDGET_KNOBS), rest


def _landscape_key(spec: Spec) -> str:
    """Name the knobs that change the truth: all but the budget and the noise."""
    _, settings = _split_knobs(spec)
    settings.pop("noise", None)
    if settings.get("lab") == "0":  # the best fit, which is there without saying
        del settings["lab"]
    return ",".join(f"{key}={value}" for key, value in sorted(settings.items()))


def _target_file(definition: Definition) -> Path:
    name: str = _entry(definition.table, "target", str, "silver-prism")
    if name.endswith(".csv"):  # a target of somebody's own lies beside its problem
        return definition.path.parent / name
    if name not in TARGETS:
        raise unknown_name("target", name, [*TARGETS, "a CSV file"])
    return TARGETS[name]


def _loss(definition: Definition, wavelengths: FloatArray) -> SpectralLoss:
    table = definition.table
    loss = loss_on_grid(wavelengths, *read_target(_target_file(definition)))
    if "amplitude" not in table:
        return loss
    low, high = _pair(table["amplitude"], "amplitude")
    return SpectralLoss(loss.wavelengths, loss.target, low, high)


def _space(table: Mapping[str, Any]) -> RecipeSpace:
    axes = _entry(table, "axes", list, None)
    rows, initial = [], []
    for number, axis in enumerate(axes, start=1):
        if not (isinstance(axis, dict) and {"name", "unit", "bounds"} <= set(axis)):
            raise PlasmonbenchError(f"axis {number} needs name, unit and bounds")
        for key in axis:
            if key not in AXIS_KEYS:
                raise unknown_name(f"entry of axis {number}", key, AXIS_KEYS)
        low, high = _pair(axis["bounds"], f"bounds of {axis['name']}")
        rows.append((str(axis["name"]), str(axis["unit"]), low, high))
        initial.append(_pair(axis.get("initial", axis["bounds"]), f"initial of {axis['name']}"))
    if not rows:
        raise PlasmonbenchError("'axes' is empty")
    space = RecipeSpace.of(rows, sum_limit=_sum_limit(table))
    lower, upper = np.array(initial).T
    return space.with_initial_box(lower, upper)


def _sum_limit(table: Mapping[str, Any]) -> tuple[list[str], float] | None:
    if "sum_limit" not in table:
        return None
    limit = _entry(table, "sum_limit", dict, None)
    names, value = limit.get("axes"), limit.get("limit")
    if not isinstance(names, list) or not isinstance(value, int | float):
        raise PlasmonbenchError("sum_limit must be { axes = [names], limit = number }")
    return names, float(value)


def _growth(table: Mapping[str, Any]) -> GrowthOfBounds:
    known = GrowthOfBounds.__dataclass_fields__
    for key in table:
        if key not in known:
            raise unknown_name("entry of growth", key, known)
    return GrowthOfBounds(**{key: float(_entry(table, key, (int, float), None)) for key in table})


def _entry(table: Mapping[str, Any], key: str, kind: type | tuple[type, ...], default: Any) -> Any:
    value = table.get(key, default)
    if value is None:
        raise PlasmonbenchError(f"the entry '{key}' is missing")
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or ".join(option.__name__ for option in kinds)
        raise PlasmonbenchError(f"'{key}' must be of type {names}; got {value!r}")
    return value


def _pair(value: Any, what: str) -> tuple[float, float]:
    try:
        low, high = (float(number) for number in value)
    except (TypeError, ValueError):
        raise PlasmonbenchError(f"{what} must be two numbers; got {value!r}") from None
    return low, high


# -- recorded campaigns -------------------------------------------------------------------------


def _recorded(spec: Spec) -> Problem:
    budget, settings = _split_knobs(spec)
    if "losses" in settings:
        raise PlasmonbenchError("the file of losses stands behind 'recorded:', not in brackets")
    losses = spec.name.removeprefix(RECORDED)
    if not losses:
        raise PlasmonbenchError("name the file of the recorded campaign: recorded:losses.csv")
    lab = build_lab("recorded", {**settings, "losses": losses})
    if not isinstance(lab, RecordedLab) or lab.space.candidates is None:  # pragma: no cover
        raise TypeError("the plug-in 'recorded' is not a recorded lab")
    candidates: FloatArray = lab.space.candidates
    known = np.sort(lab.reference_losses(candidates))
    best = int(lab.reference_losses(candidates).argmin())
    batch = budget.get("batch_size", RECORDED_BATCH)
    wanted = ceil(POOL_SHARE * len(known))
    return Problem(
        name=str(spec),
        lab=lab,
        loss=silver_prism_loss() if lab.has_spectra else None,
        space=lab.space,
        batch_size=batch,
        replicates=budget.get("replicates", 20),
        rounds=budget.get("rounds", ceil(len(known) / max(batch, 1))),
        levels=(
            TargetLevel(f"best {POOL_SHARE:.0%} of the pool", float(known[wanted - 1])),
            TargetLevel("best of the pool", float(known[0])),
        ),
        # The best of all may be a tie that noise decides; the best few are not.
        headline=f"best {POOL_SHARE:.0%} of the pool",
        optimum=Optimum(candidates[best], float(known[0])),
    )
