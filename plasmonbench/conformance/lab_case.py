"""A lab under examination: how it is found, which recipes it is given, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, cast, get_args, get_origin

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.catalogue import find_problem_without_landscape
from plasmonbench.conformance.checks import ConformanceError, attempt, contained
from plasmonbench.conformance.elsewhere import address_of
from plasmonbench.conformance.global_state import out_of_step
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import Lab, RecordedLab
from plasmonbench.problem import Problem
from plasmonbench.randomness import generator
from plasmonbench.registry import build_lab
from plasmonbench.space import RecipeSpace
from plasmonbench.specs import Spec, constructor_knobs, parse_spec

LUCK = 11
"""Seed of the generators that labs are handed."""
LARGEST_DIMENSION = 8
"""Up to it all corners of the box are tried, above it as many random ones."""


@dataclass(frozen=True)
class LabSource:
    """Where a lab comes from, in words that another process understands.

    Parameters
    ----------
    text
        Name, file or ``package.module:Class`` of a lab, or the name or file of a problem,
        with knobs.
    of_problem
        Whether it is that of a problem.
    """

    text: str
    of_problem: bool = False

    def build(self) -> Lab | RecordedLab:
        """Return the lab."""
        if self.of_problem:
            return find_problem_without_landscape(self.text).lab
        spec = parse_spec(self.text)
        return build_lab(spec.name, dict(spec.knobs))

    def without_noise(self) -> LabSource | None:
        """Return the same lab with its knob noise at none or 0; None if it has no such knob."""
        cls: Any = type(self.build())
        kind = constructor_knobs(cls).get("noise")
        if get_origin(kind) is Literal and "none" in get_args(kind):
            value = "none"
        elif kind in (float, int):
            value = "0"
        else:
            return None
        spec = parse_spec(self.text)
        knobs = {**dict(spec.knobs), "noise": value}
        return replace(self, text=str(Spec(spec.name, tuple(knobs.items()))))


@dataclass(frozen=True)
class Measurement:
    """The question what a lab measures of some recipes."""

    source: LabSource
    recipes: FloatArray
    replicates: int

    def answer(self) -> FloatArray:
        """Build the lab from its name and let it measure."""
        with contained(), out_of_step():
            return readings(self.source.build(), self.recipes, self.replicates)


def readings(lab: Lab | RecordedLab, recipes: FloatArray, replicates: int) -> FloatArray:
    """Return spectra (n, r, W) of recipes, or losses (n, r) where a lab has losses alone."""
    rng = np.random.default_rng(LUCK)
    if isinstance(lab, RecordedLab) and not lab.has_spectra:
        return lab.measure_losses(recipes, replicates, rng)
    return cast(Lab, lab).measure(recipes, replicates, rng)


@dataclass(frozen=True, eq=False)
class LabCase:
    """A lab and the recipes that it is asked for.

    Parameters
    ----------
    source
        How it is found again.
    lab
        The lab.
    space
        The recipes it is asked for: its own space, or a problem's part of it.
    """

    source: LabSource
    lab: Lab | RecordedLab
    space: RecipeSpace

    @classmethod
    def of(cls, lab: str | type) -> LabCase:
        """Find a lab by name, file, ``package.module:Class`` or the class itself.

        Raises
        ------
        PlasmonbenchError
            If there is no such lab, or a knob is wrong.
        """
        if isinstance(lab, type):
            lab = address_of(lab, "lab", lambda text: type(build_lab(text, {})))
        source = LabSource(lab)
        built = source.build()
        space: Any = getattr(built, "space", None)
        if not isinstance(space, RecipeSpace):
            raise PlasmonbenchError(f"lab {lab}: its space must be a RecipeSpace; got {space!r}")
        return cls(source, built, space)

    @classmethod
    def of_problem(cls, text: str, problem: Problem) -> LabCase:
        """Return the case of a problem's lab, asked for the problem's recipes."""
        return cls(LabSource(text, of_problem=True), problem.lab, problem.space)

    @property
    def losses_alone(self) -> bool:
        """Whether it gives losses, no spectra."""
        return isinstance(self.lab, RecordedLab) and not self.lab.has_spectra

    @property
    def tail(self) -> tuple[int, ...]:
        """Shape of one droplet's reading: (W,), or () for a loss."""
        return () if self.losses_alone else (len(np.asarray(cast(Lab, self.lab).wavelengths)),)

    def recipes(self, n: int, seed: int = 0) -> FloatArray:
        """Return n random recipes (n, d)."""
        if self.space.candidates is not None:
            n = min(n, len(self.space.candidates))
        return self.space.sample(n, generator("validation", 5, seed))

    def edge_recipes(self) -> FloatArray:
        """Return the corners of the box, each moved to the nearest feasible recipe, (k, d)."""
        if self.space.candidates is not None:
            return self.space.candidates
        d = self.space.dimension
        if d <= LARGEST_DIMENSION:
            corners = np.array(list(product((0.0, 1.0), repeat=d)))
        else:
            rng = generator("validation", 5, 99)
            corners = rng.integers(0, 2, (2**LARGEST_DIMENSION, d)).astype(np.float64)
        return np.unique(self.space.project(self.space.from_unit(corners)), axis=0)

    def measure(self, recipes: FloatArray, replicates: int, asked: str) -> FloatArray:
        """Let it measure; return readings (n, r, ...), always with the same luck.

        Raises
        ------
        ConformanceError
            If it raises, or what it returns has another shape.
        """
        given: Any = attempt(asked, readings, self.lab, recipes, replicates)
        shape = (len(recipes), replicates, *self.tail)
        return checked_array(given, shape, asked)

    def truth(self, recipes: FloatArray, asked: str) -> FloatArray | None:
        """Ask for its truth: spectra (n, W), or a recorded lab's losses (n,); None: not known.

        Raises
        ------
        ConformanceError
            As `measure`.
        """
        if isinstance(self.lab, RecordedLab):
            medians: Any = attempt(asked, self.lab.reference_losses, recipes)
            return checked_array(medians, (len(recipes),), asked)
        given: Any = attempt(asked, self.lab.truth, recipes)
        return None if given is None else checked_array(given, (len(recipes), *self.tail), asked)


def checked_array(given: Any, shape: tuple[int, ...], asked: str) -> FloatArray:
    """Return an array of real finite numbers of a shape, or raise `ConformanceError`."""
    array = attempt(asked, np.asarray, given)
    if array.shape != shape:
        raise ConformanceError(f"{asked}: got shape {array.shape}, must be {shape}")
    if array.dtype.kind not in "iuf":
        raise ConformanceError(f"{asked}: got numbers of type {array.dtype}; return real ones")
    if not np.isfinite(array).all():
        raise ConformanceError(f"{asked}: it holds NaN or infinity; return finite numbers")
    return array.astype(np.float64)
