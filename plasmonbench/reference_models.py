"""Models that know nothing of physics: what a mechanistic model of the losses must beat."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.droplet_table import DropletTable
from plasmonbench.errors import PlasmonbenchError


class Regressor(Protocol):
    """What is used of scikit-learn's models."""

    def fit(self, X: FloatArray, y: FloatArray) -> Regressor:  # noqa: N803 - scikit-learn's name
        """Fit to values (n,) at recipes (n, d)."""
        ...

    def predict(self, X: FloatArray) -> FloatArray:  # noqa: N803 - scikit-learn's name
        """Return values (n,) at recipes (n, d)."""
        ...


@dataclass(frozen=True, eq=False)
class FittedReference:
    """A regression of standardised losses on standardised recipes.

    Parameters
    ----------
    regressor
        Fitted on standardised recipes and losses.
    centre, scale
        Mean and standard deviation of each axis over the recipes that it was fitted to, (d,).
    loss_centre, loss_scale
        The same of the losses.
    """

    regressor: Regressor
    centre: FloatArray
    scale: FloatArray
    loss_centre: float
    loss_scale: float

    def predict(self, recipes: FloatArray) -> FloatArray:
        """Return the median loss (n,) expected of recipes (n, d)."""
        values = self.regressor.predict((recipes - self.centre) / self.scale)
        return np.asarray(self.loss_centre + self.loss_scale * values, dtype=np.float64)

    def losses(self, recipes: FloatArray, droplets: IntArray) -> FloatArray:  # noqa: ARG002
        """Return `predict`, (n,): these models know of no droplets."""
        return self.predict(recipes)

    def spectra(self, recipes: FloatArray) -> None:  # noqa: ARG002 - the protocol's shape
        """Return None: these models know of no spectra."""
        return


@dataclass(frozen=True)
class GaussianProcessReference:
    """Gaussian process: Matérn 5/2 with a length scale per axis, white noise; type II likelihood.

    Parameters
    ----------
    restarts
        Starts of the likelihood's maximisation besides the default one; the best counts.
    seed
        Of the starts, 32 bits.
    """

    restarts: int = 8
    seed: int = 0

    def fit(self, recipes: FloatArray, losses: FloatArray) -> FittedReference:
        """Fit to the losses (n,) of recipes (n, d).

        Raises
        ------
        PlasmonbenchError
            If shapes disagree, or there are fewer than two recipes.
        """
        d = recipes.shape[-1]
        # In units of the standardised data. The bounds keep the search off values that mean the
        # same as each other: no slope at all, or white noise.
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(
            np.ones(d), (1e-1, 1e3), nu=2.5
        ) + WhiteKernel(1e-1, (1e-4, 1e1))
        model = GaussianProcessRegressor(
            kernel, n_restarts_optimizer=self.restarts, random_state=self.seed
        )
        with warnings.catch_warnings():
            # A length scale at its upper bound is an axis that does not matter: PVA here.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return _fit(model, recipes, losses)

    def __call__(self, losses: DropletTable, spectra: DropletTable | None) -> FittedReference:  # noqa: ARG002
        """Fit to the median losses; spectra are of no use to it."""
        return self.fit(losses.recipes, median_losses(losses))


@dataclass(frozen=True)
class RandomForestReference:
    """Random forest: bootstrapped regression trees, grown out, with scikit-learn's defaults.

    Parameters
    ----------
    trees
        Number of trees.
    seed
        Of their bootstraps, 32 bits.
    """

    trees: int = 500
    seed: int = 0

    def fit(self, recipes: FloatArray, losses: FloatArray) -> FittedReference:
        """Fit to the losses (n,) of recipes (n, d).

        Raises
        ------
        PlasmonbenchError
            If shapes disagree, or there are fewer than two recipes.
        """
        model = RandomForestRegressor(self.trees, random_state=self.seed)
        return _fit(model, recipes, losses)

    def __call__(self, losses: DropletTable, spectra: DropletTable | None) -> FittedReference:  # noqa: ARG002
        """Fit to the median losses; spectra are of no use to it."""
        return self.fit(losses.recipes, median_losses(losses))


def median_losses(table: DropletTable) -> FloatArray:
    """Return the median loss over all droplets of each recipe, shape (m,)."""
    return np.array([np.median(values) for values in table.values])


def _fit(model: Regressor, recipes: FloatArray, losses: FloatArray) -> FittedReference:
    if recipes.ndim != 2 or losses.shape != recipes.shape[:1] or len(losses) < 2:
        raise PlasmonbenchError(
            "a reference model needs recipes (n, d) and losses (n,), n >= 2; "
            f"got {recipes.shape} and {losses.shape}"
        )
    centre, scale = recipes.mean(axis=0), _scale(recipes)
    loss_centre, loss_scale = float(losses.mean()), float(_scale(losses))
    model.fit((recipes - centre) / scale, (losses - loss_centre) / loss_scale)
    return FittedReference(model, centre, scale, loss_centre, loss_scale)


def _scale(values: FloatArray) -> FloatArray:
    """Return the standard deviation over rows; 1 where nothing varies, not even by rounding."""
    spread = values.std(axis=0)
    flat = spread <= 1e-12 * np.abs(values).max(axis=0)
    return np.asarray(np.where(flat, 1.0, spread), dtype=np.float64)
