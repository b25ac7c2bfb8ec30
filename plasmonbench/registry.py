"""Finds plug-ins by name: a file here, a file of somebody's, a module's class, an entry point."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import CalibratableLab, Lab, Mechanism, MechanisticLab, RecordedLab
from plasmonbench.loss import SpectralLoss
from plasmonbench.optional_installs import not_installed
from plasmonbench.space import RecipeSpace
from plasmonbench.specs import (
    constructor_knobs,
    convert_knobs,
    kind_in_words,
    parse_spec,
    strategy_knobs,
    unknown_name,
)
from plasmonbench.strategy import BOUND_MARK, Strategy

STRATEGIES = "strategies"
LABS = "simulators"
ENTRY_POINT_GROUPS = {STRATEGIES: "plasmonbench.strategies", LABS: "plasmonbench.labs"}


@dataclass(frozen=True)
class StrategyPlan:
    """A strategy class with its knobs set, waiting for a space, a loss and a seed."""

    label: str
    """How tables and records name it."""
    spec: str
    """How to ask for it again, from any folder."""
    cls: type[Strategy]
    knobs: tuple[tuple[str, Any], ...]
    source: Path | None

    def build(self, space: RecipeSpace, loss: SpectralLoss | None, seed: int) -> Strategy:
        """Return the strategy for one campaign."""
        return self.cls(space=space, loss=loss, seed=seed, **dict(self.knobs))

    def fingerprint(self) -> str:
        """Return a short hash of its source file, so that a record tells which code made it."""
        source = b"" if self.source is None else self.source.read_bytes()
        return hashlib.sha256(source).hexdigest()[:12]


def strategy_names() -> dict[str, str]:
    """Return the names of installed strategies and what each says of itself in a line."""
    return _names(STRATEGIES)


def lab_names() -> dict[str, str]:
    """Return the names of installed labs and what each says of itself in a line."""
    return _names(LABS)


def find_strategy(text: str) -> StrategyPlan:
    """Find a strategy by ``name``, ``path/to/file.py`` or ``package.module:Class``, with knobs.

    Raises
    ------
    PlasmonbenchError
        If there is none of that name, its file cannot be loaded, or a knob is wrong.
    """
    spec = parse_spec(text)
    cls, address = _locate(STRATEGIES, spec.name)
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise PlasmonbenchError(f"{spec.name} is not a subclass of plasmonbench.Strategy")
    if inspect.isabstract(cls):
        raise PlasmonbenchError(f"{spec.name}: class {cls.__name__} has no propose method")
    label = _label(spec.name, cls)
    knobs = convert_knobs(f"strategy {label}", spec.knobs, strategy_knobs(cls))
    suffix = str(spec)[len(spec.name) :]
    source = inspect.getsourcefile(cls)
    return StrategyPlan(
        label=label + suffix + (BOUND_MARK if cls.bound else ""),
        spec=address + suffix,
        cls=cls,
        knobs=tuple(knobs.items()),
        source=None if source is None else Path(source),
    )


def strategy_defaults(name: str) -> dict[str, str]:
    """Return each knob of a strategy with its default and kind, in words."""
    plan = find_strategy(name)
    defaults = {field.name: field.default for field in dataclasses.fields(plan.cls)}
    kinds = strategy_knobs(plan.cls)
    return {knob: f"{defaults[knob]}  ({kind_in_words(kind)})" for knob, kind in kinds.items()}


def lab_knobs(name: str) -> dict[str, Any]:
    """Return the parameters of a lab and their types."""
    return constructor_knobs(_locate(LABS, name)[0])


def calibratable_lab(name: str) -> CalibratableLab:
    """Return the class of a lab that can be fitted to droplets.

    Raises
    ------
    PlasmonbenchError
        If there is none of that name, or it cannot be fitted.
    """
    cls, _ = _locate(LABS, name)
    if not isinstance(cls, CalibratableLab):
        raise PlasmonbenchError(f"the lab {name} cannot be fitted to droplets: it has no calibrate")
    return cls


def find_mechanism(lab: str, form: str) -> Mechanism:
    """Return the growth model of a lab, its numbers unknown, in one of its forms.

    Raises
    ------
    PlasmonbenchError
        If there is no such lab or form, or the lab has no growth model to hand out.
    """
    cls, _ = _locate(LABS, lab)
    if not isinstance(cls, MechanisticLab):
        raise PlasmonbenchError(
            f"the lab {lab} hands out no growth model to planners: it has no mechanism"
        )
    return cls.mechanism(form)


def build_lab(name: str, settings: dict[str, Any]) -> Lab | RecordedLab:
    """Build a lab by name or address; text settings are converted to the types it declares.

    Raises
    ------
    PlasmonbenchError
        If there is none of that name, or a setting is wrong.
    """
    cls, _ = _locate(LABS, name)
    kinds = constructor_knobs(cls)
    texts = [(key, value) for key, value in settings.items() if isinstance(value, str)]
    values = {key: value for key, value in settings.items() if not isinstance(value, str)}
    values |= convert_knobs(f"lab {name}", texts, kinds)
    unknown = [key for key in values if key not in kinds]
    if unknown:
        raise unknown_name(f"parameter of lab {name}", unknown[0], kinds)
    return cast("Lab | RecordedLab", _loaded(lambda: cls(**values), f"lab {name}"))


def plugin_folder(package: str) -> Path:
    """Return the folder that holds the plug-ins of ``strategies`` or ``simulators``."""
    # The three packages lie side by side; a folder of the same name elsewhere is somebody else's.
    folder = Path(__file__).resolve().parents[1] / package
    if not (folder / "__init__.py").is_file():
        raise PlasmonbenchError(
            f"the package '{package}' is not installed; install plasmonbench from its folder "
            "with: pip install -e ."
        )
    return folder


# -- finding ----------------------------------------------------------------------------------


def _locate(package: str, name: str) -> tuple[type, str]:
    """Return the class behind a name and an address that finds it again from anywhere."""
    if name.endswith(".py"):
        path = Path(name).expanduser().resolve()
        return _only_plugin(_load_file(path), package, str(path)), str(path)
    if ":" in name:
        return _from_module(name), name
    files = _plugin_files(package)
    if name in files:
        module = _load_module(f"{package}.{files[name].stem}")
        return _only_plugin(module, package, name), name
    points = _entry_points(package)
    if name in points:
        return cast(type, _loaded(lambda: points[name].load(), f"entry point {name}")), name
    what = "strategy" if package == STRATEGIES else "lab"
    raise unknown_name(what, name, [*files, *points])


def _label(name: str, cls: type) -> str:
    if name.endswith(".py"):
        return Path(name).stem.replace("_", "-")
    return cls.__name__ if ":" in name else name


def _names(package: str) -> dict[str, str]:
    """Read names and first lines without importing anything: importing takes seconds."""
    names = {}
    for name, path in _plugin_files(package).items():
        parsed = ast.parse(path.read_text(encoding="utf-8"))
        names[name] = (ast.get_docstring(parsed) or "").partition("\n")[0]
        command = not_installed(parsed)
        if command is not None:
            names[name] += f" Not installed: {command}"
    for name, point in _entry_points(package).items():
        names[name] = f"installed from {point.value}"
    return dict(sorted(names.items()))


def _plugin_files(package: str) -> dict[str, Path]:
    files = sorted(plugin_folder(package).glob("*.py"))
    return {p.stem.replace("_", "-"): p for p in files if not p.stem.startswith("_")}


def _entry_points(package: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUPS[package])}


def _from_module(address: str) -> type:
    module_name, _, class_name = address.partition(":")
    module = _load_module(module_name)
    if not hasattr(module, class_name):
        raise unknown_name(f"class in {module_name}", class_name, vars(module))
    return cast(type, getattr(module, class_name))


def _only_plugin(module: ModuleType, package: str, origin: str) -> type:
    found = list(_plugins_in(module, package))
    if len(found) != 1:
        what = "subclass of plasmonbench.Strategy"
        if package == LABS:
            what = "lab class (with space, wavelengths, measure and truth; the README has one)"
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise PlasmonbenchError(
            f"{origin} must define exactly one {what}; found {names}. "
            "To choose one of several write package.module:Class"
        )
    return found[0]


def _plugins_in(module: ModuleType, package: str) -> Iterator[type]:
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    for cls in dict.fromkeys(classes):
        if cls.__module__ != module.__name__:
            continue
        if cls.__name__.startswith("_"):
            continue
        if package == STRATEGIES:
            if issubclass(cls, Strategy):
                yield cls
        elif hasattr(cls, "measure") or hasattr(cls, "measure_losses"):
            yield cls


# -- loading ----------------------------------------------------------------------------------


def _load_module(name: str) -> ModuleType:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    except (Exception, SystemExit) as error:
        raise PlasmonbenchError(f"cannot load module {name}: {_one_line(error)}") from error
    if found is None:
        raise PlasmonbenchError(f"there is no Python module '{name}' to import")
    return cast(ModuleType, _loaded(lambda: importlib.import_module(name), f"module {name}"))


@cache
def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise PlasmonbenchError(f"there is no file {path}")
    # The name tells two files of the same stem apart; dataclasses look their module up by it.
    name = f"plasmonbench_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise PlasmonbenchError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    loader = found.loader
    _loaded(lambda: loader.exec_module(module), str(path))
    return module


def _loaded(load: Any, origin: str) -> Any:
    """Call ``load``; whatever somebody's code raises becomes one line that says where."""
    try:
        return load()
    except PlasmonbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise PlasmonbenchError(f"cannot load {origin}: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]
