"""Reads one's own measured spectrum, and says in which line what is wrong with it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.droplet_table import ABSORBANCE_RANGE
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.loss import SpectralLoss

WAVELENGTH_RANGE = (150.0, 3300.0)
"""Vacuum ultraviolet to near infrared, nm: what spectrometers for solutions measure."""
LEAST_POINTS = 5
MOST_BYTES = 2_000_000
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_OTHER_UNITS = (
    (re.compile(r"cm\s*(?:\^?-1|⁻¹)|wavenumber", re.I), "wavenumbers"),
    (re.compile(r"\bev\b|energy", re.I), "energies"),
    (re.compile(r"[µμ]m\b|\bum\b|micromet|micron", re.I), "micrometres"),
    (re.compile(r"transmi|%\s*T\b|reflect", re.I), "transmittance or reflectance"),
)


@dataclass(frozen=True, eq=False)
class MeasuredSpectrum:
    """Wavelengths, nm, increasing, and absorbance, both (k,), of one file."""

    name: str
    wavelengths: FloatArray
    absorbance: FloatArray


def read_measured(content: bytes, name: str) -> MeasuredSpectrum:
    """Read two columns, wavelength in nm and absorbance.

    Columns are parted by semicolons, tabs, commas or blanks; beside all but commas numbers may
    have decimal commas. Lines above the first number are a header; # begins a comment. Wavelengths
    rise or fall.

    Raises
    ------
    PlasmonbenchError
        If it is none of that, told with the line; or if units are others than nm and absorbance.
    """
    if len(content) > MOST_BYTES:
        raise PlasmonbenchError(f"{name} is larger than {MOST_BYTES // 1_000_000} MB")
    rows = _rows(_decoded(content, name), name)
    if len(rows) < LEAST_POINTS:
        raise PlasmonbenchError(
            f"{name} has {len(rows)} lines with two numbers; a spectrum needs at least "
            f"{LEAST_POINTS}: wavelength in nm and absorbance"
        )
    lines = [row[0] for row in rows]
    wavelengths = np.array([row[1] for row in rows])
    steps = np.diff(wavelengths)
    for place in np.flatnonzero(steps == 0)[:1]:
        raise PlasmonbenchError(
            f"{name}, line {lines[place + 1]}: wavelength {wavelengths[place]:g} nm stands twice"
        )
    for place in np.flatnonzero(np.sign(steps) != np.sign(steps[0]))[:1]:
        raise PlasmonbenchError(
            f"{name}, line {lines[place + 1]}: wavelengths "
            f"{'rise' if steps[0] > 0 else 'fall'} up to here and then turn; one spectrum a file"
        )
    order = np.argsort(wavelengths)
    return MeasuredSpectrum(name, wavelengths[order], np.array([row[2] for row in rows])[order])


def own_loss(loss: SpectralLoss, measured: MeasuredSpectrum) -> float | None:
    """Return the loss of a measured spectrum against the target; None if it covers not all of it.

    It is interpolated linearly to the wavelengths of the loss.
    """
    grid = loss.wavelengths
    if measured.wavelengths[0] > grid[0] or measured.wavelengths[-1] < grid[-1]:
        return None
    return float(loss(np.interp(grid, measured.wavelengths, measured.absorbance)))


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise PlasmonbenchError(f"{name} is not a text file; save the spectrum as CSV")


def _rows(text: str, name: str) -> list[tuple[int, float, float]]:
    """Return (line, wavelength, absorbance) of each line that holds numbers."""
    rows: list[tuple[int, float, float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = _cells(line)
        if not cells:
            continue
        if not rows and _number(cells[0]) is None:
            _check_header(name, number, line)
            continue
        if len(cells) != 2:
            hint = " (decimal commas need semicolons between columns)" if len(cells) == 4 else ""
            raise PlasmonbenchError(
                f"{name}, line {number}: {len(cells)} column{'s' * (len(cells) != 1)} where two "
                f"are needed, wavelength in nm and absorbance{hint}"
            )
        values = [_number(cell) for cell in cells]
        for cell, value in zip(cells, values, strict=True):
            if value is None:
                raise PlasmonbenchError(f"{name}, line {number}: '{cell[:40]}' is not a number")
        wavelength, absorbance = (value for value in values if value is not None)
        _check_units(name, number, wavelength, absorbance)
        rows.append((number, wavelength, absorbance))
    return rows


def _cells(line: str) -> list[str]:
    """Part a line at semicolons, else tabs, else commas, else blanks; drop empty cells at its end.

    A comment or an empty line has none.
    """
    line = line.partition("#")[0].strip()
    if not line.strip(";,\t "):
        return []
    if ";" in line or "\t" in line:
        parts = re.split(r"\s*;\s*|\t+", line)
    else:
        parts = line.split()
        # Beside blanks a comma is a decimal one only if every part reads as a number so.
        if "," in line and (len(parts) == 1 or None in map(_number, parts)):
            parts = line.split(",")
    cells = [part.strip().strip('"').strip() for part in parts]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _number(cell: str) -> float | None:
    if _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _check_header(name: str, number: int, line: str) -> None:
    for pattern, what in _OTHER_UNITS:
        if match := pattern.search(line):
            raise PlasmonbenchError(
                f"{name}, line {number}: the header says '{match[0].strip()}', that is {what}; "
                "wavelengths in nm and absorbance are needed"
            )


def _check_units(name: str, number: int, wavelength: float, absorbance: float) -> None:
    low, high = WAVELENGTH_RANGE
    if not low <= wavelength <= high:
        guess = "micrometres or eV" if 0 < wavelength < 20 else "wavenumbers"
        hint = f"; are these {guess}?" if 0 < wavelength < 20 or wavelength > high else ""
        raise PlasmonbenchError(
            f"{name}, line {number}: a wavelength of {wavelength:g} is not in nm "
            f"({low:g} to {high:g}){hint}"
        )
    least, most = ABSORBANCE_RANGE
    if not least <= absorbance <= most:
        hint = "; is this transmittance in %?" if most < absorbance <= 110 else ""
        raise PlasmonbenchError(
            f"{name}, line {number}: {absorbance:g} is no absorbance ({least:g} to {most:g}){hint}"
        )
