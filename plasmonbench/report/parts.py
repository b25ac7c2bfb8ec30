"""What a page is made of: sections with sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NOTHING = "\N{EN DASH}"
"""Stands where a figure is not defined."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is read, and by what it is sorted."""

    text: str
    value: float | str | None = None
    """None: sorted behind all others."""

    @property
    def key(self) -> str:
        """The value as the page's script reads it."""
        return "" if self.value is None else str(self.value)


def number(value: float | None, form: str = ".3g") -> Cell:
    """Return the cell of a number that may be missing."""
    return Cell(NOTHING) if value is None else Cell(format(value, form), value)


def interval(value: float | None, low: float | None, high: float | None, form: str = ".3g") -> Cell:
    """Return the cell of an estimate with its interval, either of which may be missing."""
    if value is None:
        return Cell(NOTHING)
    middle = format(value, form)
    if low is None:
        return Cell(middle, value)
    ends = f"{low:{form}} or more" if high is None else f"{low:{form}} to {high:{form}}"
    return Cell(f"{middle} ({ends})", value)


def words(text: str) -> Cell:
    """Return the cell of a text."""
    return Cell(text, text)


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    caption: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sortable: bool = True

    def holds_text(self, column: int) -> bool:
        """Tell whether a column is of texts, which stand at its left, or of numbers."""
        kinds = [isinstance(row[column].value, str) for row in self.rows]
        return column == 0 or any(kinds)


@dataclass(frozen=True)
class Drawing:
    """A figure of the page, with what is said of it."""

    heading: str
    explanation: str
    """For a chemist: what is drawn."""
    text: str
    """What it shows, in numbers: the text alternative."""
    record: dict[str, Any]
    """See `plasmonbench.report.figure_json.figure_record`."""

    @property
    def height(self) -> int:
        """Height on a wide screen, px: held free until the figure is drawn."""
        return int(self.record["layout"].get("height", 450))


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own."""

    heading: str
    paragraphs: Sequence[str] = ()
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What could not be shown, and why; below the figures."""
    tables: Sequence[Table] = ()
    drawings: Sequence[Drawing] = field(default_factory=list)
