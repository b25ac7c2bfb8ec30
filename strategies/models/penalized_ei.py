"""Expected improvement with local penalization (González et al., AISTATS 2016), for minimisation.

A batch is chosen greedily: each further point maximises expected improvement times a penalty
for every point chosen before, so that the batch spreads over the places worth trying.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, RecipeSpace
from strategies.models.gp import GaussianProcess
from strategies.models.search import ascend, starting_points
from strategies.models.spread import apart


def log_expected_improvement(mean: Tensor, deviation: Tensor, best: float) -> Tensor:
    """Return log E[max(best - f, 0)] of normal f, without underflow; elementwise.

    ``log(phi(u) + u Phi(u))`` with ``u = (best - mean) / deviation``, written with erfcx below
    -1 and by its asymptote 1/u^2 where that cancels (Ament et al., NeurIPS 2023).
    """
    u = (best - mean) / deviation
    near = u.clamp_min(-1.0)
    density = torch.exp(-near.square() / 2) / math.sqrt(2 * math.pi)
    body = torch.log(density + near * torch.special.ndtr(near))
    # Each branch is clamped to where it holds: autograd multiplies the other one's slope by 0.
    far = u.clamp(-1e4, -1.0)
    mills = math.sqrt(math.pi / 2) * torch.special.erfcx(-far / math.sqrt(2))
    distant = u.clamp_max(-1e4)
    tail = torch.where(u > -1e4, torch.log1p(far * mills), -2 * torch.log(-distant))
    gauss = -u.clamp_max(-1.0).square() / 2 - math.log(2 * math.pi) / 2
    return torch.where(u > -1.0, body, gauss + tail) + torch.log(deviation)


@dataclass(frozen=True)
class PenalizedEI:
    """Log expected improvement below ``best``, penalised around chosen points.

    Parameters
    ----------
    model
        Posterior of the loss on the unit cube.
    best
        The loss to improve upon; M of the paper with its sign turned.
    lipschitz
        Steepest slope of the loss, loss per length; L of the paper.
    xi
        Improvement asked for beyond ``best``.
    widths
        Length of each axis (d,) in the units in which distances are measured; None: 1, as in the
        unit cube.
    """

    model: GaussianProcess
    best: float
    lipschitz: float
    xi: float = 0.0
    widths: Tensor | None = None

    def log_ei(self, x: Tensor) -> Tensor:
        """Return the log expected improvement at x (k, d), shape (k,)."""
        return log_expected_improvement(*self.model.mean_and_deviation(x), self.best - self.xi)

    def log_penalty(self, x: Tensor, chosen: Tensor) -> Tensor:
        """Return the sum over chosen (m, d) of the log penalty at x (k, d), shape (k,).

        The penalty of a point is the probability that x lies outside the ball around it in which
        a Lipschitz function can reach no minimum: ``P(|x - c| > (f(c) - best) / L)``.
        """
        mean, deviation = self.model.mean_and_deviation(chosen)
        difference = x[:, None] - chosen
        if self.widths is not None:
            difference = difference * self.widths
        distance = difference.square().sum(dim=2).clamp_min(1e-24).sqrt()
        z = (self.lipschitz * distance - (mean - self.best)) / deviation
        log_penalties: Tensor = torch.special.log_ndtr(z)
        return log_penalties.sum(dim=1)

    def batch(
        self,
        space: RecipeSpace,
        n: int,
        rng: np.random.Generator,
        *,
        pending: FloatArray,
        min_distance: float,
        samples: int = 2000,
        starts: int = 8,
        steps: int = 30,
    ) -> FloatArray:
        """Return n points (n, d) of the unit cube, chosen one after the other.

        Points ``pending`` (m, d) count as chosen already. Each search scores ``samples`` feasible
        points (all candidates of a finite set) and, in a continuous space, climbs from the best
        ``starts`` of them. ``min_distance`` is relaxed by halving, see `apart`.
        """
        pool = starting_points(space, samples, rng)
        pool_tensor = torch.tensor(pool, dtype=torch.float64)
        with torch.no_grad():
            score = self.log_ei(pool_tensor).numpy()
            score += self.log_penalty(pool_tensor, torch.tensor(pending)).numpy()
        chosen = pending
        for _ in range(n):
            points, values = pool, score
            if space.candidates is None:
                climbed = self._climb(space, pool[np.argsort(-score)[:starts]], chosen, steps)
                points = np.concatenate([climbed[0], pool])
                values = np.concatenate([climbed[1], score])
            free = apart(points, chosen, min_distance)
            new = points[np.where(free, values, -np.inf).argmax()]
            with torch.no_grad():
                score = score + self.log_penalty(pool_tensor, torch.tensor(new[None])).numpy()
            chosen = np.concatenate([chosen, new[None]])
        return chosen[len(pending) :]

    def _climb(
        self, space: RecipeSpace, starts: FloatArray, chosen: FloatArray, steps: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return climbed points (k, d) and their penalised log EI (k,)."""
        centres = torch.tensor(chosen)

        def objective(x: Tensor) -> Tensor:
            return self.log_ei(x) + self.log_penalty(x, centres)

        points = ascend(objective, starts, space, steps=steps)
        with torch.no_grad():
            return points, objective(torch.tensor(points)).numpy()


def lipschitz_constant(
    model: GaussianProcess,
    space: RecipeSpace,
    rng: np.random.Generator,
    *,
    widths: Tensor | None = None,
    samples: int = 1000,
    starts: int = 8,
    steps: int = 30,
) -> float:
    """Return the steepest slope of a posterior mean over the space, per length.

    Climbed from the steepest of a sample; over the candidates alone in a finite set. ``widths``:
    see `PenalizedEI`.
    """

    def slope(x: Tensor) -> Tensor:
        gradient = model.mean_gradient(x)
        if widths is not None:
            gradient = gradient / widths
        return gradient.square().sum(dim=1).clamp_min(1e-24).sqrt()

    pool = starting_points(space, samples, rng)
    with torch.no_grad():
        steepness = slope(torch.tensor(pool)).numpy()
    if space.candidates is None:
        top = ascend(slope, pool[np.argsort(-steepness)[:starts]], space, steps=steps)
        with torch.no_grad():
            steepness = np.append(steepness, slope(torch.tensor(top)).numpy())
    return float(steepness.max())
