"""How a lab states the numbers that are fitted: a default, a unit and a prior with each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Prior:
    """What is believed of a number before the fit: normal, of the number or of its logarithm."""

    mean: float
    spread: float
    """Standard deviation; relative where `log` is set."""
    log: bool = False


def fitted(mean: float, spread: float, *, unit: str = "", log: bool = False) -> Any:
    """Return a dataclass field of a fitted number; its default is the prior's mean."""
    return dataclasses.field(
        default=mean, metadata={"unit": unit, "prior": Prior(mean, spread, log)}
    )


def fitted_series(size: int, spread: float, *, unit: str = "") -> Any:
    """Return a dataclass field of ``size`` fitted numbers, each around 0."""
    return dataclasses.field(
        default=(0.0,) * size, metadata={"unit": unit, "prior": Prior(0.0, spread)}
    )


def stated(value: float, *, unit: str = "") -> Any:
    """Return a dataclass field of a number that no fit changes."""
    return dataclasses.field(default=value, metadata={"unit": unit})
