"""The parameter file of the silver lab: every number with its unit, prior and uncertainty."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from plasmonbench import FloatArray, PlasmonbenchError
from simulators.stages.droplets import DropletParameters
from simulators.stages.extinction import ExtinctionParameters
from simulators.stages.growth import GrowthParameters
from simulators.stages.priors import Prior
from simulators.stages.spectrometer import SpectrometerParameters

SHIPPED = Path(__file__).parents[1] / "silver_prisms.toml"


@dataclass(frozen=True)
class SilverParameters:
    """All numbers of the lab, by stage."""

    growth: GrowthParameters = dataclasses.field(default_factory=GrowthParameters)
    extinction: ExtinctionParameters = dataclasses.field(default_factory=ExtinctionParameters)
    droplets: DropletParameters = dataclasses.field(default_factory=DropletParameters)
    spectrometer: SpectrometerParameters = dataclasses.field(default_factory=SpectrometerParameters)


@dataclass(frozen=True)
class FittedNumber:
    """One entry of the vector that a fit moves."""

    stage: str
    name: str
    position: int | None
    """Within a series; None for a number of its own."""
    prior: Prior

    @property
    def field(self) -> str:
        """``stage.name``."""
        return f"{self.stage}.{self.name}"

    @property
    def label(self) -> str:
        """``stage.name``, or ``stage.name[position]`` in a series."""
        return self.field if self.position is None else f"{self.field}[{self.position}]"


@lru_cache
def fitted_numbers() -> tuple[FittedNumber, ...]:
    """Return what a fit moves, in the order of the vector."""
    numbers: list[FittedNumber] = []
    for stage, entry in _entries(SilverParameters()):
        prior = entry.metadata.get("prior")
        if prior is None:
            continue
        positions = range(len(entry.default)) if isinstance(entry.default, tuple) else [None]
        numbers += [FittedNumber(stage, entry.name, position, prior) for position in positions]
    return tuple(numbers)


def to_vector(parameters: SilverParameters, numbers: Sequence[FittedNumber]) -> FloatArray:
    """Return some numbers as a vector (k,), logarithms where the prior is of those."""
    values = []
    for number in numbers:
        value = getattr(getattr(parameters, number.stage), number.name)
        value = value if number.position is None else value[number.position]
        values.append(np.log(value) if number.prior.log else value)
    return np.array(values)


def from_vector(
    vector: FloatArray, base: SilverParameters, numbers: Sequence[FittedNumber]
) -> SilverParameters:
    """Return ``base`` with the numbers of a vector (k,); a series is there as a whole or not."""
    changes: dict[str, dict[str, Any]] = {}
    for number, entry in zip(numbers, vector, strict=True):
        stage = changes.setdefault(number.stage, {})
        value = float(np.exp(entry) if number.prior.log else entry)
        if number.position is None:
            stage[number.name] = value
        else:
            stage[number.name] = (*stage.get(number.name, ()), value)
    stages = {
        stage: dataclasses.replace(getattr(base, stage), **values)
        for stage, values in changes.items()
    }
    return dataclasses.replace(base, **stages)


def read_parameters(path: Path = SHIPPED) -> SilverParameters:
    """Read a parameter file.

    Raises
    ------
    PlasmonbenchError
        If there is no such file, or it does not hold each number of the lab, and nothing else.
    """
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=8)
def _read(path: Path, modified: int) -> SilverParameters:  # noqa: ARG001 - a changed file is read anew
    return _from_table(path, read_table(path))


def read_table(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    PlasmonbenchError
        If there is no such file or it is not TOML.
    """
    if not path.is_file():
        raise PlasmonbenchError(f"there is no parameter file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlasmonbenchError(f"{path} is not a TOML file: {error}") from error


def write_parameters(
    path: Path,
    parameters: SilverParameters,
    uncertainty: Mapping[str, float],
    heading: Mapping[str, Any],
) -> None:
    """Write a parameter file; ``uncertainty`` holds standard deviations by label of the number.

    They are relative where the prior's scale is log. A number without one was not fitted.
    """
    table: dict[str, Any] = {"fit": dict(heading)}
    for stage, entry in _entries(parameters):
        value = getattr(getattr(parameters, stage), entry.name)
        record: dict[str, Any] = {"value": _rounded(value)}
        if entry.metadata.get("unit"):
            record["unit"] = entry.metadata["unit"]
        prior = entry.metadata.get("prior")
        labels = labels_of(stage, entry.name, value)
        if prior is not None and labels[0] in uncertainty:
            scale = "log" if prior.log else "linear"
            record["prior"] = {"mean": prior.mean, "spread": prior.spread, "scale": scale}
            spreads = [_rounded(uncertainty[label], 3) for label in labels]
            record["uncertainty"] = spreads if isinstance(value, tuple) else spreads[0]
        table.setdefault(stage, {})[entry.name] = record
    path.write_text(tomli_w.dumps(table), encoding="utf-8")


def _entries(parameters: SilverParameters) -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    for stage in dataclasses.fields(parameters):
        for entry in dataclasses.fields(getattr(parameters, stage.name)):
            yield stage.name, entry


def labels_of(stage: str, name: str, value: Any) -> list[str]:
    """Return the labels of a number, or of each in a series."""
    if isinstance(value, tuple):
        return [f"{stage}.{name}[{k}]" for k in range(len(value))]
    return [f"{stage}.{name}"]


def _rounded(value: Any, digits: int = 8) -> Any:
    """Round to significant digits: more than the fit determines would change with the machine."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list):
        return [_rounded(entry, digits) for entry in value]
    return float(f"{value:.{digits}g}")


def parse_values(path: Path, table: Mapping[str, Any]) -> SilverParameters:
    """Return the parameters of a table of values by stage and name, read from ``path``.

    Raises
    ------
    PlasmonbenchError
        If it does not hold each number of the lab, and nothing else.
    """
    stages: dict[str, Any] = {}
    known = SilverParameters()
    sections = [stage.name for stage in dataclasses.fields(known)]
    if not isinstance(table, Mapping):
        raise PlasmonbenchError(f"{path}: a lab must be a table of stages; got {table!r}")
    for name, section in table.items():
        if name not in sections:
            raise PlasmonbenchError(f"{path}: the lab has no stage {name}")
        if not isinstance(section, Mapping):
            raise PlasmonbenchError(f"{path}: {name} must be a table; got {section!r}")
    for stage in dataclasses.fields(known):
        default = getattr(known, stage.name)
        section = table.get(stage.name, {})
        names = [entry.name for entry in dataclasses.fields(default)]
        for name in section:
            if name not in names:
                raise PlasmonbenchError(f"{path}: the lab has no number {stage.name}.{name}")
        for name in names:
            if name not in section:
                raise PlasmonbenchError(f"{path}: {stage.name}.{name} has no value")
        values = {
            name: _checked(path, f"{stage.name}.{name}", section[name], getattr(default, name))
            for name in names
        }
        for entry in dataclasses.fields(default):
            prior = entry.metadata.get("prior")
            if prior is not None and prior.log and values[entry.name] <= 0:
                raise PlasmonbenchError(
                    f"{path}: {stage.name}.{entry.name} must be positive; got {values[entry.name]}"
                )
        stages[stage.name] = type(default)(**values)
    return SilverParameters(**stages)


def _from_table(path: Path, table: Mapping[str, Any]) -> SilverParameters:
    values: dict[str, dict[str, Any]] = {}
    for stage, section in table.items():
        if stage == "fit":
            continue
        if not isinstance(section, dict):
            raise PlasmonbenchError(f"{path}: {stage} must be a table; got {section!r}")
        for name, record in section.items():
            if not (isinstance(record, dict) and "value" in record):
                raise PlasmonbenchError(f"{path}: {stage}.{name} has no value")
            values.setdefault(stage, {})[name] = record["value"]
    return parse_values(path, values)


def _checked(path: Path, field: str, value: Any, model: Any) -> Any:
    """Return a value in the type of ``model``: a text, a number or a series of numbers."""
    if isinstance(model, str):
        if not isinstance(value, str):
            raise PlasmonbenchError(f"{path}: {field} must be a text; got {value!r}")
        return value
    numbers = value if isinstance(value, list) else [value]
    series = isinstance(model, tuple)
    if isinstance(value, list) != series or not all(
        isinstance(n, int | float) and not isinstance(n, bool) and np.isfinite(n) for n in numbers
    ):
        kind = "finite numbers" if series else "a finite number"
        raise PlasmonbenchError(f"{path}: {field} must be {kind}; got {value!r}")
    if not series:
        return float(value)
    if len(numbers) != len(model):
        raise PlasmonbenchError(f"{path}: {field} needs {len(model)} numbers; got {len(numbers)}")
    return tuple(float(n) for n in numbers)
