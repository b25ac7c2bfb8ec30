"""The grammar ``name[knob=value, ...]`` by which strategies and problems are asked for."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from plasmonbench.errors import PlasmonbenchError

_SPEC = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<knobs>[^\[\]]*)\])?")


@dataclass(frozen=True)
class Spec:
    """A name and the knobs asked for, still as text."""

    name: str
    knobs: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        if not self.knobs:
            return self.name
        return f"{self.name}[{','.join(f'{key}={value}' for key, value in self.knobs)}]"


def parse_spec(text: str) -> Spec:
    """Read ``name`` or ``name[knob=value,knob=value]``.

    Raises
    ------
    PlasmonbenchError
        If the text does not have that form, or sets a knob twice.
    """
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise PlasmonbenchError(f"cannot read '{text}'; the form is name or name[knob=value,...]")
    knobs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in (match["knobs"] or "").split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise PlasmonbenchError(f"cannot read '{part}' in '{text}'; the form is knob=value")
        if key in knobs:
            raise PlasmonbenchError(f"'{key}' is set twice in '{text}'")
        knobs[key] = value
    return Spec(match["name"].strip(), tuple(knobs.items()))


def unknown_name(what: str, name: str, known: Iterable[str]) -> PlasmonbenchError:
    """Build the error for a name that does not exist, with the nearest ones that do."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(known)}"
    return PlasmonbenchError(f"unknown {what} '{name}'; {hint}")


def convert_knobs(
    owner: str, knobs: Iterable[tuple[str, str]], annotations: Mapping[str, Any]
) -> dict[str, Any]:
    """Turn texts into the annotated types (int, float, bool, str, Literal, or None beside them).

    Raises
    ------
    PlasmonbenchError
        If a knob does not exist or its text is not of its type.
    """
    values: dict[str, Any] = {}
    for key, text in knobs:
        if key not in annotations:
            if not annotations:
                raise PlasmonbenchError(f"{owner} has no parameter '{key}'; it has none at all")
            raise unknown_name(f"parameter of {owner}", key, annotations)
        try:
            values[key] = _convert(text, annotations[key])
        except ValueError as error:
            raise PlasmonbenchError(f"{owner}: {key}={text} is wrong; {error}") from error
    return values


def strategy_knobs(cls: type) -> dict[str, Any]:
    """Return the knobs of a strategy class and their types: its fields less the given ones."""
    hints = _type_hints(cls)
    given = {"space", "loss", "seed"}
    fields = dataclasses.fields(cls)
    return {f.name: hints[f.name] for f in fields if f.init and f.name not in given}


def constructor_knobs(cls: type) -> dict[str, Any]:
    """Return the keyword parameters of a class's constructor and their types."""
    if dataclasses.is_dataclass(cls):
        hints = _type_hints(cls)
        return {f.name: hints[f.name] for f in dataclasses.fields(cls) if f.init}
    initialise: Any = cls.__init__  # type: ignore[misc]
    hints = _type_hints(initialise)
    hints.pop("return", None)
    return hints


def _type_hints(owner: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner)
    except NameError as error:
        raise PlasmonbenchError(
            f"{owner.__name__}: its annotations cannot be read ({error}); import what they name "
            "outside of TYPE_CHECKING"
        ) from error


def kind_in_words(kind: Any) -> str:
    """Say what texts a knob takes."""
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(option) for option in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(kind_in_words(option) for option in get_args(kind))
    words = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    return words.get(kind, "none" if kind is type(None) else str(kind))


def _convert(text: str, kind: Any) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        options = {str(option): option for option in get_args(kind)}
        if text not in options:
            raise ValueError(f"choose one of {', '.join(options)}")
        return options[text]
    if origin in (Union, types.UnionType):
        kinds = get_args(kind)
        if text.lower() == "none" and type(None) in kinds:
            return None
        return _convert(text, next(option for option in kinds if option is not type(None)))
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("write true or false")
        return text.lower() == "true"
    if kind is int:
        return _number(text, int, "a whole number is needed")
    if kind is float:
        value = _number(text, float, "a number is needed")
        if not math.isfinite(value):
            raise ValueError("a finite number is needed")
        return value
    if kind is str:
        return text
    raise ValueError(f"a {kind} cannot be set from the command line")


def _number(text: str, kind: type[int] | type[float], message: str) -> int | float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(message) from None
