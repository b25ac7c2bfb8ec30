"""What the harness asks of a laboratory, simulated or recorded."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from plasmonbench.arrays import FloatArray
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
        """Return the settled, noise-free spectra (n, W); None where nobody can know them."""
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
