"""The silver lab's growth model for a planner that knows its laws and none of its numbers.

A twin is fitted to what a campaign has measured so far, and nothing else. Its priors
(`PRIORS`) are orders of magnitude, not what `plasmonbench calibrate` found or starts from, and
each form but the exact one is wrong in parts that it states, as any model of a real lab is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import least_squares

from plasmonbench import CAMPAIGN_WAVELENGTHS, FloatArray, PlasmonbenchError
from simulators.fitting.linearised import Droplet, Model, readings_of
from simulators.fitting.twin_forms import FORMS, Form
from simulators.stages.droplets import TYPICAL_DROPLET

STRIDE = 7
"""Every how many nm a spectrum is fitted; its errors are correlated over tens of nm."""
POINTS = 12.0
"""How many independent numbers a spectrum counts for, as in `objective`."""
FIRST_ERROR = 0.04
"""What a growth model is believed to miss a spectrum by, in absorbance, before it is fitted."""
LEAST_ERROR = 0.008
"""Below this the scatter of droplets is what is missed: 2 % of the light path, over 20 of them."""
STARTS = 4
START_SPREAD = 0.7
"""How far the further starts lie from the priors' means, in spreads of the priors."""
SHORT, LONG = 12, 40
"""Steps of every start, and of the best one after them."""
TOLERANCE = 1e-4
FARTHEST = 3.5
"""Spreads from a prior's mean beyond which no number is looked for."""
IMPOSSIBLE = 1e3
"""Residual, in standard errors, of particles that cannot be."""


@dataclass(frozen=True, eq=False)
class SilverMechanism:
    """The growth model in one form, its numbers unknown."""

    form: Form

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of what a recipe holds, in order."""
        return ("q_agno3", "q_pva", "q_tsc", "q_seed", "q_total")

    @property
    def wavelengths(self) -> FloatArray:
        """Of its spectra, shape (W,), nm."""
        return CAMPAIGN_WAVELENGTHS

    @property
    def misspecified(self) -> str:
        """What is wrong in it, in words; empty if nothing is."""
        return self.form.wrong

    def fit(self, recipes: FloatArray, spectra: FloatArray, rng: np.random.Generator) -> SilverTwin:
        """Fit to spectra (n, r, 421) of r droplets each of recipes (n, 5).

        Least squares of the median spectra from several starts, with normal priors; the error
        of a spectrum is what the fit before left over.

        Raises
        ------
        PlasmonbenchError
            If shapes do not fit or no recipe has a readable droplet.
        """
        spectra = np.asarray(spectra, dtype=np.float64)
        if spectra.ndim != 3 or spectra.shape[::2] != (len(recipes), len(CAMPAIGN_WAVELENGTHS)):
            raise PlasmonbenchError(
                f"spectra must be ({len(recipes)}, droplets, {len(CAMPAIGN_WAVELENGTHS)}), "
                f"got {spectra.shape}"
            )
        problem = _Misfit.of(self.form, recipes, spectra)
        draws = START_SPREAD * rng.standard_normal((STARTS - 1, len(problem.spread)))
        starts = [problem.centre, *(problem.centre + row * problem.spread for row in draws)]
        best = min((problem.descend(start, SHORT) for start in starts), key=problem.cost)
        for _ in range(2):
            best = problem.descend(best, LONG)
            problem = dataclasses.replace(problem, error=problem.remaining_error(best))
        best = problem.descend(best, LONG)
        return SilverTwin(self.form, best, problem.root_covariance(best), problem.error)


@dataclass(frozen=True, eq=False)
class SilverTwin:
    """A fitted growth model."""

    form: Form
    vector: FloatArray
    """Its numbers, shape (k,)."""
    root: FloatArray
    """Square root (k, k) of their covariance."""
    error: float
    """What it misses a spectrum by, in absorbance."""

    def spectra(self, recipes: FloatArray, stride: int = 1) -> FloatArray:
        """Return spectra of typical droplets of recipes (k, 5) at every ``stride``-th wavelength.

        Shape (k, ceil(W / stride)).
        """
        model = self.form.model()
        typical = np.full(len(recipes), TYPICAL_DROPLET)
        return readings_of(
            model.parameters(self.vector),
            Droplet(np.asarray(recipes, dtype=np.float64), typical),
            CAMPAIGN_WAVELENGTHS[::stride],
        )

    def draws(self, count: int, rng: np.random.Generator) -> Sequence[SilverTwin]:
        """Draw twins that the measurements allow too (Laplace's approximation)."""
        moves = rng.standard_normal((count, len(self.vector))) @ self.root.T
        return [dataclasses.replace(self, vector=self.vector + move) for move in moves]


@dataclass(frozen=True, eq=False)
class _Misfit:
    """Weighted residuals of median spectra and priors."""

    model: Model
    centre: FloatArray
    spread: FloatArray
    droplets: Droplet
    observed: FloatArray
    """Median spectra (n, W) at the model's wavelengths."""
    error: float

    @classmethod
    def of(cls, form: Form, recipes: FloatArray, spectra: FloatArray) -> _Misfit:
        readable = np.asarray(np.isfinite(spectra).all(axis=2))
        coarse = spectra[:, :, ::STRIDE]
        kept = np.asarray(readable.any(axis=1))
        if not kept.any():
            raise PlasmonbenchError("there is no readable droplet to fit a growth model to")
        rows = [row[good] for row, good in zip(coarse[kept], readable[kept], strict=True)]
        number = np.arange(spectra.shape[1])
        model = form.model(STRIDE)
        priors = [number.prior for number in model.numbers]
        return cls(
            model=model,
            centre=np.array([np.log(p.mean) if p.log else p.mean for p in priors]),
            spread=np.array([p.spread for p in priors]),
            droplets=Droplet(
                np.asarray(recipes, dtype=np.float64)[kept],
                np.array([np.median(number[good]) for good in readable[kept]]),
            ),
            observed=np.array([np.median(row, axis=0) for row in rows]),
            error=FIRST_ERROR,
        )

    @cached_property
    def weight(self) -> float:
        """Of a point of a spectrum."""
        return float(np.sqrt(POINTS / self.observed.shape[1])) / self.error

    def residuals(self, vector: FloatArray) -> FloatArray:
        prior = (vector - self.centre) / self.spread
        if np.abs(prior).max() > FARTHEST:  # spheres of a metre take Mie series as long
            return np.full(self.observed.size + len(vector), IMPOSSIBLE)
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                missed = self.model.readings(vector, self.droplets) - self.observed
        except PlasmonbenchError:
            missed = np.full(self.observed.shape, np.nan)
        if not np.isfinite(missed).all():
            return np.full(self.observed.size + len(vector), IMPOSSIBLE)
        return np.concatenate([(missed * self.weight).ravel(), prior])

    def jacobian(self, vector: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            here = self.model.linearised(vector, self.droplets)
        slopes = here.jacobian(np.arange(len(self.observed))).reshape(-1, len(vector))
        slopes = np.concatenate([slopes * self.weight, np.diag(1 / self.spread)])
        return np.where(np.isfinite(slopes), slopes, 0.0)

    def cost(self, vector: FloatArray) -> float:
        return float((self.residuals(vector) ** 2).sum())

    def descend(self, start: FloatArray, steps: int) -> FloatArray:
        found = least_squares(
            self.residuals,
            start,
            jac=self.jacobian,
            x_scale=self.spread,
            ftol=TOLERANCE,
            max_nfev=steps,
        )
        return np.asarray(found.x)

    def remaining_error(self, vector: FloatArray) -> float:
        """Return the root mean square residual, with the numbers that it cost counted."""
        missed = self.residuals(vector)[: self.observed.size] * self.error
        # The weights make the squares of a spectrum add up to POINTS independent ones.
        slopes = self.jacobian(vector)
        inside = slopes[: self.observed.size]
        used = np.trace(np.linalg.solve(slopes.T @ slopes, inside.T @ inside))
        independent = POINTS * len(self.observed)
        free = max(independent - used, 0.25 * independent)
        return max(LEAST_ERROR, float(np.sqrt((missed**2).sum() / free)))

    def root_covariance(self, vector: FloatArray) -> FloatArray:
        slopes = self.jacobian(vector)
        factor = np.linalg.cholesky(slopes.T @ slopes)
        return np.asarray(np.linalg.inv(factor).T)


def mechanism(form: str = "textbook") -> SilverMechanism:
    """Return the growth model in one of its `FORMS`, its numbers unknown.

    Raises
    ------
    PlasmonbenchError
        If there is no such form.
    """
    if form not in FORMS:
        raise PlasmonbenchError(
            f"the silver lab's growth model has no form '{form}'; choose one of {', '.join(FORMS)}"
        )
    return SilverMechanism(FORMS[form])
