"""What the harness asks of a laboratory, simulated or recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from plasmonbench.arrays import FloatArray
from plasmonbench.droplet_table import DropletTable
from plasmonbench.space import RecipeSpace


class Lab(Protocol):
    """Recipes in, spectra out.

    A lab plug-in is a class with this shape and a ``name``; keyword arguments of its constructor
    are its parameters. A lab is deterministic: all luck comes from the generator it is handed.
    """

    name: ClassVar[str]

    @property
    def space(self) -> RecipeSpace:
        """The recipes that the lab can make at all."""
        ...

    @property
    def wavelengths(self) -> FloatArray:
        """Wavelengths of its spectra, shape (W,), nm."""
        ...

    def measure(self, recipes: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
        """Run a round of recipes (n, d), ``replicates`` droplets each, in the order given.

        Returns absorbance spectra (n, replicates, W). The luck of a slot must not depend on what
        stands in the other slots, or on how many there are: draw it from ``rng.spawn(n)[slot]``.
        """
        ...

    def truth(self, recipes: FloatArray) -> FloatArray | None:
        """Return the noise-free spectra (n, W) of a typical droplet; None where nobody can know.

        Typical is the droplet whose loss is the median over those of its recipe.
        """
        ...


@runtime_checkable
class RecordedLab(Protocol):
    """A lab that replays droplets of a finished campaign, of which only losses may be known."""

    @property
    def space(self) -> RecipeSpace:
        """The recipes that were made, as a finite set."""
        ...

    @property
    def has_spectra(self) -> bool:
        """Whether `measure` can give spectra too."""
        ...

    def measure_losses(
        self, recipes: FloatArray, replicates: int, rng: np.random.Generator
    ) -> FloatArray:
        """Draw recorded losses (n, replicates) of recipes (n, d)."""
        ...

    def reference_losses(self, recipes: FloatArray) -> FloatArray:
        """Return the losses (n,) that stand in for the truth: medians over all droplets."""
        ...


@runtime_checkable
class ParticleLab(Protocol):
    """A simulated lab that can say what grew: the ground truth for interpretations."""

    def populations(self, recipes: FloatArray) -> pd.DataFrame:
        """Return a row per recipe (n, d): sizes in nm, spreads of logarithms, shares of metal.

        Of each kind of particle: ``<kind>_<dimension>_nm``, the first of which is the size that
        is spread, with ``<kind>_log_spread``, and ``<metal>_in_<kind>s``; ``<metal>_unreduced``
        is what is left in solution.
        """
        ...


class LabCalibration(Protocol):
    """What fitting a lab to droplets found."""

    @property
    def scores(self) -> Mapping[str, float]:
        """How well the fit describes what it was fitted to, by name; ``loss_r2`` among them."""
        ...

    def write(self, path: Path, source: Mapping[str, Any] | None = None) -> list[Path]:
        """Write the parameter file, and what goes with it beside it; return the files.

        ``source`` says what the fit was made from, to be kept in the file.
        """
        ...


@runtime_checkable
class CalibratableLab(Protocol):
    """A lab class whose numbers can be fitted to droplets of a real campaign.

    Its constructor takes ``parameters``, the path of a file that `LabCalibration.write` wrote.
    """

    recipe_space: ClassVar[RecipeSpace]
    """The lab's space, known before it is built."""
    grid: ClassVar[FloatArray]
    """Its wavelengths, shape (W,), nm."""
    calibration_note: ClassVar[str]
    """What a reader of its cross-validation must know of priors and procedure."""

    @staticmethod
    def calibrate(
        losses: DropletTable,
        spectra: DropletTable | None,
        *,
        starts: int,
        labs: int,
        rng: np.random.Generator,
        executor: Executor | None = None,
    ) -> LabCalibration:
        """Fit the lab from several ``starts`` and draw ``labs`` others that the data allow."""
        ...

    @staticmethod
    def calibrators() -> Mapping[str, tuple[Any, int]]:
        """Return structures of the model as calibrators, each with how many numbers it fits.

        The chosen one is the first. A calibrator is what `plasmonbench.crossvalidation` takes.
        """
        ...


class FittedMechanism(Protocol):
    """A lab's growth model with the numbers that a planner's history asks for."""

    @property
    def error(self) -> float:
        """What it misses a median spectrum by, root mean square, in absorbance."""
        ...

    def spectra(self, recipes: FloatArray, stride: int = 1) -> FloatArray:
        """Return noise-free spectra of recipes (k, d) at every ``stride``-th wavelength.

        Shape (k, ceil(W / stride)).
        """
        ...

    def draws(self, count: int, rng: np.random.Generator) -> Sequence[FittedMechanism]:
        """Draw ``count`` mechanisms whose numbers the history allows too."""
        ...


class Mechanism(Protocol):
    """A lab's growth model whose numbers are unknown: what a planner may know of the chemistry."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the d flows of a recipe, in order."""
        ...

    @property
    def wavelengths(self) -> FloatArray:
        """Wavelengths of its spectra, shape (W,), nm."""
        ...

    @property
    def misspecified(self) -> str:
        """What is wrong in it on purpose, in words; empty if it is the lab's own form."""
        ...

    def fit(
        self, recipes: FloatArray, spectra: FloatArray, rng: np.random.Generator
    ) -> FittedMechanism:
        """Fit all of its numbers to spectra (n, r, W) of r droplets each of recipes (n, d).

        Droplets without a reading are NaN. Raises `PlasmonbenchError` if none has a reading.
        """
        ...


@runtime_checkable
class MechanisticLab(Protocol):
    """A lab class that hands its growth model to planners, without the numbers of the lab.

    The priors of the model must be what could be believed before the lab's first droplet: a
    planner that begins with what a fit of the lab found would be no planner.
    """

    @staticmethod
    def mechanism(form: str) -> Mechanism:
        """Return the model in one of its forms; raises `PlasmonbenchError` if there is no such."""
        ...
