"""Named lists of problems and strategies that one command runs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from plasmonbench.specs import unknown_name

FILE = Path(__file__).parent / "suites.toml"


@dataclass(frozen=True)
class Suite:
    """Problems times strategies times seeds."""

    name: str
    description: str
    problems: tuple[str, ...]
    strategies: tuple[str, ...]
    seeds: int


def suites() -> dict[str, Suite]:
    """Return the suites that come along."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Suite(
            name=name,
            description=table["description"],
            problems=tuple(table["problems"]),
            strategies=tuple(table["strategies"]),
            seeds=int(table["seeds"]),
        )
        for name, table in tables.items()
    }


def find_suite(name: str) -> Suite:
    """Return a suite by name.

    Raises
    ------
    PlasmonbenchError
        If there is none of that name.
    """
    known = suites()
    if name not in known:
        raise unknown_name("suite", name, known)
    return known[name]
