"""What a fit minimises: how far the lab is from a campaign's droplets, and from the priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    DropletTable,
    FloatArray,
    IntArray,
    PlasmonbenchError,
    SpectralLoss,
)
from simulators.fitting.linearised import Droplet, Model

LOSS_ERROR = 0.03
"""Standard error of the model in a recipe's median loss."""
SPECTRUM_ERROR = 0.03
"""Of the model in absorbance."""
SPECTRUM_POINTS = 12.0
"""How many independent numbers a spectrum counts for: its errors are correlated over 35 nm."""
START_ERROR, LATER_ERROR = 0.06, 0.04
"""Of the model in the excess loss of droplets 1-2, and of droplets 5-7, over the settled loss."""
LONG = 19
"""Droplets that a recipe needs for its start-up to be told from its settled loss."""
SETTLED_FROM = 13
"""Droplet, counted from 0, from which the median loss counts as settled; a prototype's start-up
has fallen to a tenth there."""
SPECTRA_FROM = 8
"""Droplet, counted from 0, from which spectra are averaged."""
START, LATER, SETTLED = 0.5, 5.0, 17.0
"""Droplets that stand for those three groups."""
IMPOSSIBLE = 1e3
"""Residual, in standard errors, of what the lab cannot compute."""


@dataclass(frozen=True, eq=False)
class Campaign:
    """A campaign as the fit sees it."""

    recipes: FloatArray
    """Shape (n, 5)."""
    median_loss: FloatArray
    """Over all droplets, shape (n,)."""
    middle: FloatArray
    """Droplet in the middle of each recipe's, shape (n,): the one that has the median loss if
    losses fall steadily."""
    long: IntArray
    """Recipes (m,) of `LONG` droplets or more."""
    start_excess: FloatArray
    later_excess: FloatArray
    """Excess loss over the settled one, shape (m,)."""
    spectrum_recipes: FloatArray
    spectra: FloatArray
    """Median settled spectra (s, W) of recipes (s, 5)."""
    spectrum_middle: FloatArray
    """Droplet in the middle of those that the median is over, shape (s,)."""

    @classmethod
    def of(cls, losses: DropletTable, spectra: DropletTable | None) -> Campaign:
        """Take what the fit needs from tables of droplets.

        Raises
        ------
        PlasmonbenchError
            If there are too few recipes.
        """
        if len(losses.recipes) < 10:
            raise PlasmonbenchError(
                f"a fit needs 10 recipes at least; the table holds {len(losses.recipes)}"
            )
        rows = [values[:, 0] for values in losses.values]
        long = np.array([k for k, row in enumerate(rows) if len(row) >= LONG], dtype=int)
        settled = np.array([np.median(rows[k][SETTLED_FROM:]) for k in long])
        return cls(
            recipes=losses.recipes,
            median_loss=np.array([np.median(row) for row in rows]),
            middle=np.array([(len(row) - 1) / 2 for row in rows]),
            long=long,
            start_excess=np.array([rows[k][:2].mean() for k in long]) - settled,
            later_excess=np.array([np.median(rows[k][4:7]) for k in long]) - settled,
            spectrum_recipes=spectra.recipes if spectra else np.empty((0, 5)),
            spectra=settled_spectra(spectra)
            if spectra
            else np.empty((0, len(CAMPAIGN_WAVELENGTHS))),
            spectrum_middle=np.array(
                [(_first_settled(len(rows)) + len(rows) - 1) / 2 for rows in spectra.values]
                if spectra
                else []
            ),
        )


def settled_spectra(table: DropletTable) -> FloatArray:
    """Return the median spectrum (s, W) of each recipe's settled droplets, or of all if few."""
    return np.array([np.median(rows[_first_settled(len(rows)) :], axis=0) for rows in table.values])


def _first_settled(droplets: int) -> int:
    return SPECTRA_FROM if droplets > SPECTRA_FROM + 3 else 0


class Objective:
    """Weighted residuals of a campaign and the priors, and their derivatives.

    Residuals of droplets beyond one standard error count less than their squares (`soft_l1`):
    droplets can go wrong in ways that no chemistry should bend to. Priors are normal.

    ``weights`` (n,) multiply the squared residuals of the recipes' losses, ``spectrum_weights``
    (s,) those of the spectra; ``centre`` (k,) stands for the means of the priors.
    """

    def __init__(
        self,
        model: Model,
        campaign: Campaign,
        loss: SpectralLoss,
        weights: FloatArray | None = None,
        spectrum_weights: FloatArray | None = None,
        centre: FloatArray | None = None,
    ) -> None:
        self.model, self.campaign, self.loss = model, campaign, loss
        c = campaign
        n, s, m = len(c.recipes), len(c.spectrum_recipes), len(c.long)
        late = c.recipes[c.long]
        self.droplets = Droplet(
            np.concatenate([c.recipes, late, late, late, c.spectrum_recipes.reshape(s, 5)]),
            np.concatenate(
                [c.middle, *(np.full(m, d) for d in (START, LATER, SETTLED)), c.spectrum_middle]
            ),
        )
        self._loss_rows, self._spectrum_rows = np.arange(n + 3 * m), np.arange(s) + n + 3 * m
        priors = [number.prior for number in model.numbers]
        mean = [np.log(prior.mean) if prior.log else prior.mean for prior in priors]
        self.centre: FloatArray = np.array(mean) if centre is None else centre
        self.spread = np.array([prior.spread for prior in priors])
        weight = np.sqrt(np.ones(n) if weights is None else weights)
        spectrum_weight = np.sqrt(np.ones(s) if spectrum_weights is None else spectrum_weights)
        self._scale = np.concatenate(
            [weight / LOSS_ERROR, weight[c.long] / START_ERROR, weight[c.long] / LATER_ERROR]
        )
        per_point = np.sqrt(SPECTRUM_POINTS / c.spectra.shape[1]) / SPECTRUM_ERROR
        self._spectrum_scale = spectrum_weight[:, None] * per_point
        self._observed = np.concatenate([c.median_loss, c.start_excess, c.later_excess])

    def residuals(self, vector: FloatArray) -> FloatArray:
        """Return weighted residuals of losses, start-up, spectra and priors, in one row.

        A step to particles that cannot be, such as plates of infinite size, counts as far worse
        than any other, so that the fit takes a shorter one.
        """
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                readings = self.model.readings(vector, self.droplets)
        except PlasmonbenchError:
            size = len(self._scale) + self.campaign.spectra.size + len(vector)
            return np.full(size, IMPOSSIBLE)
        return self._joined(readings, vector)

    def jacobian(self, vector: FloatArray) -> FloatArray:
        """Return the derivatives of `residuals`, (r, k)."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            here = self.model.linearised(vector, self.droplets)
        gradient = self.loss.gradient(here.readings[self._loss_rows])
        losses = self._combined(here.projected(self._loss_rows, gradient))
        spectra = here.jacobian(self._spectrum_rows) * self._spectrum_scale[:, :, None]
        k = len(vector)
        slopes = np.concatenate(
            [losses * self._scale[:, None], spectra.reshape(-1, k), np.diag(1 / self.spread)]
        )
        # At the edge of what the lab can compute a difference may reach beyond it: no slope then.
        return np.where(np.isfinite(slopes), slopes, 0.0)

    def robust(self, squares: FloatArray) -> FloatArray:
        """Return rho of squared residuals (r,) and its two derivatives, (3, r), for SciPy."""
        priors = len(self.spread)
        one = 1 + squares
        rho = np.stack([2 * (np.sqrt(one) - 1), one**-0.5, -0.5 * one**-1.5])
        rho[0, -priors:] = squares[-priors:]
        rho[1, -priors:] = 1.0
        rho[2, -priors:] = 0.0
        return rho

    def clusters(self) -> IntArray:
        """Return which residuals go together: those of one recipe, those of one spectrum, (r,).

        Priors, each a cluster of its own, are not in it.
        """
        n, (s, w) = len(self.campaign.recipes), self.campaign.spectra.shape
        long = self.campaign.long
        return np.concatenate([np.arange(n), long, long, np.repeat(n + np.arange(s), w)])

    def _joined(self, readings: FloatArray, vector: FloatArray) -> FloatArray:
        losses = self._combined(self.loss(readings[self._loss_rows]))
        spectra = readings[self._spectrum_rows] - self.campaign.spectra.reshape(
            -1, readings.shape[1]
        )
        return np.concatenate(
            [
                (losses - self._observed) * self._scale,
                (spectra * self._spectrum_scale).ravel(),
                (vector - self.centre) / self.spread,
            ]
        )

    def _combined(self, rows: FloatArray) -> FloatArray:
        """Turn rows of single droplets into medians and excesses over the settled droplets."""
        n, m = len(self.campaign.recipes), len(self.campaign.long)
        start, later, settled = (rows[n + k * m : n + (k + 1) * m] for k in range(3))
        return np.concatenate([rows[:n], start - settled, later - settled])
