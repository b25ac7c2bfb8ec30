"""Looking for the best points of a recipe space, many at a time; points lie in its unit cube."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, RecipeSpace


def starting_points(space: RecipeSpace, n: int, rng: np.random.Generator) -> FloatArray:
    """Return n random feasible points (n, d), or every candidate (m, d) of a finite set."""
    recipes = space.sample(n, rng) if space.candidates is None else space.candidates
    return space.to_unit(recipes)


def ascend(
    objective: Callable[[Tensor], Tensor],
    starts: FloatArray,
    space: RecipeSpace,
    *,
    steps: int,
    first_step: float = 0.03,
    last_step: float = 0.001,
) -> FloatArray:
    """Climb a function from all starts (k, d) at once, inside a continuous space; shape (k, d).

    Projected Adam (Kingma and Ba 2015) on the unit cube: after every step, points outside move
    to the nearest feasible ones. The step length falls geometrically. ``objective`` maps (k, d)
    to (k,), each from its own row; a row that ends lower than it began goes back to its start.
    """
    x = torch.tensor(starts, dtype=torch.float64)
    momentum, curvature = torch.zeros_like(x), torch.zeros_like(x)
    best, best_value = x.clone(), torch.full((len(x),), -torch.inf, dtype=torch.float64)
    decay = (last_step / first_step) ** (1 / max(steps - 1, 1))
    for step in range(steps + 1):
        x.requires_grad_(True)
        value = objective(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        with torch.no_grad():
            x, value = x.detach(), value.detach()
            better = value > best_value
            best[better], best_value[better] = x[better], value[better]
            momentum = 0.9 * momentum + 0.1 * gradient
            curvature = 0.99 * curvature + 0.01 * gradient.square()
            ahead = momentum / (1 - 0.9 ** (step + 1))
            size = (curvature / (1 - 0.99 ** (step + 1))).sqrt() + 1e-12
            x = _feasible(x + first_step * decay**step * ahead / size, space)
    return space.to_unit(space.project(space.from_unit(best.numpy())))


def perturb(
    score: Callable[[FloatArray], FloatArray],
    starts: FloatArray,
    space: RecipeSpace,
    rng: np.random.Generator,
    *,
    steps: int,
    children: int,
    first_width: float = 0.1,
    last_width: float = 0.002,
) -> FloatArray:
    """Climb a function without gradients from all starts (k, d) at once; shape (k, d).

    Each step tries ``children`` normal perturbations of every point, moved to the nearest
    feasible points of a continuous space, and keeps the best. Their width falls geometrically.
    ``score`` maps (m, d) to (m,).
    """
    best = starts.copy()
    best_value = score(best)
    rows = np.arange(len(best))
    for width in np.geomspace(first_width, last_width, steps):
        moves = width * rng.standard_normal((children, *best.shape))
        tried = space.project(space.from_unit((best + moves).reshape(-1, space.dimension)))
        unit = space.to_unit(tried).reshape(moves.shape)
        value = score(unit.reshape(-1, space.dimension)).reshape(children, len(best))
        top = value.argmax(axis=0)
        better = value[top, rows] > best_value
        best[better] = unit[top, rows][better]
        best_value[better] = value[top, rows][better]
    return best


def _feasible(x: Tensor, space: RecipeSpace) -> Tensor:
    projected = space.to_unit(space.project(space.from_unit(x.numpy())))
    return torch.tensor(projected, dtype=torch.float64)
