"""Fits the silver lab: robust least squares from several starts, with uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from plasmonbench import FloatArray, silver_prism_loss
from simulators.fitting.linearised import Model
from simulators.fitting.objective import Campaign, Objective
from simulators.fitting.structures import Structure
from simulators.stages.parameters import SilverParameters

START_SPREAD = 0.5
"""How far, in spreads of the priors, further starts lie from their means."""
TOLERANCE = 1e-6
"""Relative fall of the cost in a step at which a start counts as finished."""
MOST_STEPS = 120


@dataclass(frozen=True, eq=False)
class Task:
    """One descent, ready to be sent to another process."""

    structure: Structure
    campaign: Campaign
    start: FloatArray | None = None
    """Shape (k,); None: the means of the priors."""
    weights: FloatArray | None = None
    spectrum_weights: FloatArray | None = None
    centre: FloatArray | None = None
    """As in `Objective`."""

    def objective(self) -> Objective:
        """Return what is minimised."""
        model = self.structure.model()
        return Objective(
            model,
            self.campaign,
            silver_prism_loss(),
            self.weights,
            self.spectrum_weights,
            self.centre,
        )


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a descent ended: a vector (k,) and half the sum of the robust squares."""

    vector: FloatArray
    cost: float


@dataclass(frozen=True, eq=False)
class Fit:
    """The best of several starts."""

    model: Model
    vector: FloatArray
    """Shape (k,)."""
    uncertainty: FloatArray
    """Standard deviation of each entry, shape (k,)."""
    costs: tuple[float, ...]
    """Of each start, the lowest first."""

    @property
    def parameters(self) -> SilverParameters:
        """The numbers of the lab."""
        return self.model.parameters(self.vector)

    def uncertainties(self) -> dict[str, float]:
        """Return the standard deviation of each number by its label."""
        return dict(zip(self.model.labels, self.uncertainty.tolist(), strict=True))


def descend(task: Task) -> Minimum:
    """Return the minimum near a task's start."""
    objective = task.objective()
    found = least_squares(
        objective.residuals,
        objective.centre if task.start is None else task.start,
        jac=objective.jacobian,
        loss=objective.robust,
        x_scale=objective.spread,
        ftol=TOLERANCE,
        max_nfev=MOST_STEPS,
    )
    return Minimum(np.asarray(found.x), float(found.cost))


def fit(
    campaign: Campaign,
    structure: Structure,
    starts: int = 1,
    rng: np.random.Generator | None = None,
    executor: Executor | None = None,
) -> Fit:
    """Fit a structure to a campaign.

    Parameters
    ----------
    campaign
        What was measured.
    structure
        What is fitted.
    starts
        The first at the means of the priors, further ones drawn around them by ``rng``.
    executor
        Where the starts run; None: here, one after another.
    """
    objective = Task(structure, campaign).objective()
    tasks = [Task(structure, campaign)]
    if starts > 1:
        if rng is None:
            raise TypeError("more than one start needs a generator")
        drawn = START_SPREAD * rng.standard_normal((starts - 1, len(objective.centre)))
        tasks += [
            Task(structure, campaign, objective.centre + row * objective.spread) for row in drawn
        ]
    found = sorted(descend_all(tasks, executor), key=lambda minimum: minimum.cost)
    return Fit(
        model=objective.model,
        vector=found[0].vector,
        uncertainty=_laplace(objective, found[0].vector),
        costs=tuple(minimum.cost for minimum in found),
    )


def descend_all(tasks: Sequence[Task], executor: Executor | None) -> list[Minimum]:
    """Return the minima of tasks, in their order."""
    return list((executor.map if executor else map)(descend, tasks))


def _laplace(objective: Objective, vector: FloatArray) -> FloatArray:
    """Return standard deviations (k,): the sandwich of curvature and scores, clustered by recipe.

    The curvature of the robust cost says how far a score moves the minimum; how large scores are is
    seen from those of whole recipes, as residuals of one recipe go together (Huber & Ronchetti,
    Robust Statistics, 2009, section 7.6; Liang & Zeger, Biometrika 73, 13 (1986)). Priors count
    with the size that they state.
    """
    residuals, slopes = objective.residuals(vector), objective.jacobian(vector)
    _, first, second = objective.robust(residuals**2)
    curvature = (slopes * (first + 2 * second * residuals**2)[:, None]).T @ slopes
    data = len(residuals) - len(vector)
    scores = slopes[:data] * (first * residuals)[:data, None]
    clusters = objective.clusters()
    summed = np.zeros((clusters.max() + 1, len(vector)))
    np.add.at(summed, clusters, scores)
    inverse = np.linalg.inv(curvature)
    covariance = inverse @ (summed.T @ summed + slopes[data:].T @ slopes[data:]) @ inverse
    return np.asarray(np.sqrt(np.diag(covariance)))
