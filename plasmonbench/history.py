"""What a campaign has measured so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plasmonbench.arrays import FloatArray, IntArray, frozen
from plasmonbench.errors import PlasmonbenchError


@dataclass(frozen=True, eq=False)
class History:
    """Recipes, spectra and losses of all rounds so far; read-only arrays.

    Parameters
    ----------
    recipes
        Shape (N, d).
    losses
        Loss of each droplet, shape (N, r); NaN for a droplet without a reading.
    round
        Round of each recipe, shape (N,), 0 for the first, never decreasing.
    spectra
        Absorbance of each droplet, shape (N, r, W); None where a lab records losses alone.
    """

    recipes: FloatArray
    losses: FloatArray
    round: IntArray
    spectra: FloatArray | None = None

    def __post_init__(self) -> None:
        rounds = np.array(self.round, dtype=np.int64)
        rounds.setflags(write=False)
        object.__setattr__(self, "recipes", frozen(self.recipes))
        object.__setattr__(self, "losses", frozen(self.losses))
        object.__setattr__(self, "round", rounds)
        if self.spectra is not None:
            object.__setattr__(self, "spectra", frozen(self.spectra))
        self._check()

    @classmethod
    def empty(cls, dimension: int, replicates: int, wavelengths: int | None) -> History:
        """Return a history without recipes; ``wavelengths`` None: of a lab without spectra."""
        return cls(
            recipes=np.empty((0, dimension)),
            losses=np.empty((0, replicates)),
            round=np.empty(0, dtype=np.int64),
            spectra=None if wavelengths is None else np.empty((0, replicates, wavelengths)),
        )

    def __len__(self) -> int:
        return len(self.recipes)

    @property
    def n_rounds(self) -> int:
        """Number of rounds that have been measured."""
        return int(self.round[-1]) + 1 if len(self) else 0

    @property
    def median_loss(self) -> FloatArray:
        """Median loss of each recipe over its readable droplets, shape (N,); NaN if none is."""
        median = np.full(len(self), np.nan)
        readable = ~np.all(np.isnan(self.losses), axis=1)
        if readable.any():
            median[readable] = np.nanmedian(self.losses[readable], axis=1)
        return median

    @property
    def median_spectra(self) -> FloatArray:
        """Median spectrum of each recipe over its droplets, shape (N, W).

        The median, taken wavelength by wavelength, sets aside start-up droplets and duds.

        Raises
        ------
        PlasmonbenchError
            If the lab records losses alone.
        """
        if self.spectra is None:
            raise PlasmonbenchError("this lab records losses alone; there are no spectra to use")
        median = np.full((len(self), self.spectra.shape[2]), np.nan)
        readable = ~np.all(np.any(np.isnan(self.spectra), axis=2), axis=1)
        if readable.any():
            median[readable] = np.nanmedian(self.spectra[readable], axis=1)
        return median

    def append(
        self, recipes: FloatArray, losses: FloatArray, spectra: FloatArray | None = None
    ) -> History:
        """Return the history with one more round."""
        if (spectra is None) != (self.spectra is None):
            raise PlasmonbenchError("a round has spectra but the history has none, or the reverse")
        return History(
            recipes=np.concatenate([self.recipes, recipes]),
            losses=np.concatenate([self.losses, losses]),
            round=np.concatenate([self.round, np.full(len(recipes), self.n_rounds)]),
            spectra=None
            if spectra is None or self.spectra is None
            else np.concatenate([self.spectra, spectra]),
        )

    def until(self, n_rounds: int) -> History:
        """Return the history as it was after its first ``n_rounds`` rounds."""
        n = int(np.searchsorted(self.round, n_rounds))
        return replace(
            self,
            recipes=self.recipes[:n],
            losses=self.losses[:n],
            round=self.round[:n],
            spectra=None if self.spectra is None else self.spectra[:n],
        )

    def _check(self) -> None:
        n = len(self.recipes)
        if self.recipes.ndim != 2 or self.losses.ndim != 2:
            raise PlasmonbenchError(
                f"recipes must be (N, d) and losses (N, r); got {self.recipes.shape} "
                f"and {self.losses.shape}"
            )
        if len(self.losses) != n or self.round.shape != (n,):
            raise PlasmonbenchError(
                f"{n} recipes, but {len(self.losses)} rows of losses and {len(self.round)} rounds"
            )
        if self.spectra is not None and self.spectra.shape[:2] != self.losses.shape:
            raise PlasmonbenchError(
                f"spectra {self.spectra.shape} do not fit losses {self.losses.shape}"
            )
        if np.any(np.diff(self.round) < 0):
            raise PlasmonbenchError("rounds must not decrease along the history")
