"""Looking for the best points of a recipe space, many at a time; points lie in its unit cube."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from plasmonbench import FloatArray, RecipeSpace

TINY = 1e-100
"""Keeps a quotient finite."""


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
    first_move: float = 0.05,
    longest_move: float = 0.2,
) -> FloatArray:
    """Climb a function from all starts (k, d) at once, inside a continuous space; shape (k, d).

    Spectral projected gradient (Birgin, Martínez and Raydan 2000) on the unit cube: each row steps
    along its gradient by the Barzilai-Borwein length and is moved to the nearest feasible point.
    A step that ends below all of the row's last ten values is taken back and its length cut to a
    quarter. Lengths are in the unit cube. ``objective`` maps (k, d) to (k,), each from its own
    row. The best point of each row is returned.
    """
    x = torch.tensor(starts, dtype=torch.float64)
    value, gradient = _value_and_gradient(objective, x)
    best, best_value = x, value
    recent = value.repeat(10, 1)
    length = first_move / (gradient.norm(dim=1, keepdim=True) + TINY)
    for step in range(steps):
        move = _feasible(x + length * gradient, space) - x
        move = move * (longest_move / (move.norm(dim=1, keepdim=True) + TINY)).clamp_max(1)
        new_value, new_gradient = _value_and_gradient(objective, x + move)
        taken = (new_value >= recent.min(dim=0).values)[:, None]
        curvature = -(move * (new_gradient - gradient)).sum(dim=1, keepdim=True)
        spectral = torch.where(
            curvature > TINY, move.square().sum(dim=1, keepdim=True) / curvature, 2 * length
        )
        length = torch.where(taken, spectral, length / 4)
        x = torch.where(taken, x + move, x)
        gradient = torch.where(taken, new_gradient, gradient)
        value = torch.where(taken[:, 0], new_value, value)
        recent[step % 10] = value
        best = torch.where((value > best_value)[:, None], x, best)
        best_value = torch.maximum(value, best_value)
    return space.to_unit(space.project(space.from_unit(best.numpy())))


def _value_and_gradient(objective: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_(True)
    value = objective(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient


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
