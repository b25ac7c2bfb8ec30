"""Writes a file whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from plasmonbench.errors import PlasmonbenchError


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: under a temporary name, then renamed.

    Raises
    ------
    PlasmonbenchError
        If it cannot be written.
    """
    temporary = path.with_name(path.name + ".partial")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise PlasmonbenchError(f"{path} cannot be written: {error.strerror or error}") from error
