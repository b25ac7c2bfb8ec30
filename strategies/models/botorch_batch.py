"""Batches by BoTorch: its model and Monte Carlo acquisitions, maximised recipe by recipe.

BoTorch's `optimize_acqf` with ``sequential=True`` draws hundreds of starting points by a Markov
chain inside the constraint and climbs twenty of them for every recipe. Here the starts are the
best of a feasible sample of the space, which are near enough to the maxima for few to be enough.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, PlasmonbenchError, RecipeSpace
from strategies.models.gp import fit_single_task
from strategies.models.quiet_botorch import (
    AcquisitionFunction,
    CandidateGenerationError,
    NumericalWarning,
    OptimizationWarning,
    SingleTaskGP,
    optimize_acqf,
)
from strategies.models.search import starting_points
from strategies.models.spread import ROUNDING, apart, best_apart, nearest_gap

BLOCK = 256
"""Points scored at a time, so that memory stays small."""
START_DISTANCE = 0.1
"""Least distance between the starts of a climb, in the unit cube."""


@dataclass(frozen=True)
class Climb:
    """How an acquisition is maximised for one recipe.

    Parameters
    ----------
    samples
        Feasible points scored; all candidates of a finite set are, whatever their number.
    restarts, steps
        Points climbed from, and iterations of each climb (SLSQP under a constraint, L-BFGS-B
        without).
    min_distance
        Least distance between recipes of a batch in the unit cube, halved where there is no room.
    """

    samples: int
    restarts: int
    steps: int
    min_distance: float


@contextmanager
def own_torch_luck(seed: int) -> Iterator[None]:
    """Seed torch's global generator, which BoTorch draws from, and put it back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with warnings.catch_warnings():
            # Says that points so near that their covariance is singular got a little jitter.
            warnings.simplefilter("ignore", NumericalWarning)
            yield


def fit_negative(points: FloatArray, losses: FloatArray) -> SingleTaskGP:
    """Fit BoTorch's model to standardised negative losses, since BoTorch maximises."""
    spread = float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
    scale = spread if spread > 1e-12 * max(1.0, abs(float(losses.mean()))) else 1.0
    model, _ = fit_single_task(
        torch.tensor(points), torch.tensor((losses.mean() - losses) / scale), None
    )
    return model.eval()


def greedy_batch(
    make: Callable[[Tensor | None], AcquisitionFunction],
    space: RecipeSpace,
    n: int,
    rng: np.random.Generator,
    climb: Climb,
) -> FloatArray:
    """Return n points (n, d) of the unit cube, each the best beside those chosen before it.

    ``make`` gives the acquisition beside pending points (m, d), or None.
    """
    pool = starting_points(space, max(climb.samples, 2 * n), rng)
    chosen = np.empty((0, space.dimension))
    for _ in range(n):
        if not len(pool):
            raise PlasmonbenchError("more recipes asked than the space has different ones to offer")
        acquisition = make(torch.tensor(chosen) if len(chosen) else None)
        values = _values(acquisition, pool)
        points = pool
        if space.candidates is None:
            starts = best_apart(pool, values, min(climb.restarts, len(pool)), START_DISTANCE)
            climbed = _climbed(acquisition, starts, space, climb.steps)
            points = np.concatenate([climbed, pool])
            values = np.concatenate([_values(acquisition, climbed), values])
        free = apart(points, chosen, climb.min_distance)
        chosen = np.concatenate([chosen, points[[np.where(free, values, -np.inf).argmax()]]])
        # Beside itself as pending, a chosen point would make the covariance singular.
        pool = pool[nearest_gap(pool, chosen[-1:]) > ROUNDING]
    return chosen


def _values(acquisition: AcquisitionFunction, points: FloatArray) -> FloatArray:
    """Return the acquisition of points (k, d), each alone, shape (k,)."""
    with torch.no_grad():
        blocks = [
            acquisition(torch.tensor(points[start : start + BLOCK])[:, None])
            for start in range(0, len(points), BLOCK)
        ]
    return np.asarray(torch.cat(blocks).numpy(), dtype=np.float64)


def _climbed(
    acquisition: AcquisitionFunction, starts: FloatArray, space: RecipeSpace, steps: int
) -> FloatArray:
    """Return local maxima (k, d) from starts (k, d); the starts themselves if BoTorch gives up."""
    matrix, limits = space.unit_inequalities
    axes = torch.arange(space.dimension)
    # BoTorch wants a x >= b where the space has a x <= b.
    constraints = [
        (axes, torch.tensor(-row), -float(limit)) for row, limit in zip(matrix, limits, strict=True)
    ]
    cube = torch.stack([torch.zeros(space.dimension), torch.ones(space.dimension)]).double()
    with warnings.catch_warnings():
        # Says that a climb stopped at the last of its steps, which is meant.
        warnings.simplefilter("ignore", OptimizationWarning)
        warnings.filterwarnings("ignore", "Optimization failed", RuntimeWarning)
        try:
            found, _ = optimize_acqf(
                acquisition,
                cube,
                q=1,
                num_restarts=len(starts),
                batch_initial_conditions=torch.tensor(starts)[:, None],
                inequality_constraints=constraints or None,
                return_best_only=False,
                retry_on_optimization_warning=False,
                options={"maxiter": steps},
            )
        except CandidateGenerationError:
            return starts
    points = found[:, 0].detach().numpy()
    points = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, starts)
    return space.to_unit(space.project(space.from_unit(points)))
