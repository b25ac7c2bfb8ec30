"""Tables of a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plasmonbench.agreement import Interval

NOTHING = "-"
"""Stands where a figure is not defined."""


def header(titles: Sequence[str]) -> str:
    """Return the two lines above a table; all columns but the first are set to the right."""
    numbers = ["---", *["---:"] * (len(titles) - 1)]
    return row(titles) + "\n|" + "|".join(numbers) + "|"


def row(cells: Sequence[str]) -> str:
    """Return a line of a table."""
    return "| " + " | ".join(cell(text) for text in cells) + " |"


def cell(text: str) -> str:
    """Keep a name from ending its cell or its line."""
    return " ".join(text.split()).replace("|", "\\|")


def with_interval(
    value: float | None, interval: Interval | None, form: str, factor: float = 1.0
) -> str:
    """Return ``factor`` times a value and its interval in a format; '-' where it is undefined."""
    if value is None or not np.isfinite(value):
        return NOTHING
    shown = _number(factor * value, form)
    if interval is None:
        return shown
    low, high = (_number(factor * end, form) for end in interval)
    return f"{shown} [{low}, {high}]"


def _number(value: float, form: str) -> str:
    shown = format(value, form)
    # A zero that was rounded has no sign.
    return format(0.0, form.lstrip("+")) if float(shown) == 0 else shown


def from_to(numbers: Sequence[int]) -> str:
    """Return the least and the greatest of numbers, or the one that all are."""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"
