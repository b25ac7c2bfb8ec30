"""What is known of a problem's truth: how rare each loss is, and the best recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.problem import Optimum, Problem, TargetLevel
from plasmonbench.randomness import generator
from plasmonbench.space import RecipeSpace
from plasmonbench.whole_file import write_whole

RARITIES = (100, 1_000, 10_000, 100_000)
"""A target level is the loss that 1 in so many feasible recipes reaches."""
SAMPLE_SIZE = 2**20
LEAST_BELOW_LEVEL = 20
"""A level is given only where so many recipes of the sample reach it."""
CHUNK = 8192


@dataclass(frozen=True)
class Landscape:
    """Target levels and optimum of one problem, as kept beside its definition."""

    truth_fingerprint: str
    sample_size: int
    median_loss: float
    levels: dict[str, float]
    optimum_recipe: list[float]
    optimum_loss: float

    def target_levels(self) -> tuple[TargetLevel, ...]:
        """Return the levels, the easiest first."""
        return tuple(TargetLevel(name, loss) for name, loss in self.levels.items())

    def optimum(self) -> Optimum:
        """Return the best recipe known."""
        return Optimum(np.array(self.optimum_recipe), self.optimum_loss)


def level_name(rarity: int) -> str:
    """Name the level that 1 in ``rarity`` feasible recipes reaches."""
    return f"1 in {rarity:,}"


def explore(
    problem: Problem,
    *,
    sample_size: int = SAMPLE_SIZE,
    starts: int = 64,
    progress: Callable[[float], None] = lambda _share: None,
) -> Landscape:
    """Find levels by a Sobol sample of the truth, the optimum by polish from its best points.

    Parameters
    ----------
    problem
        One with a continuous space and a known truth.
    sample_size
        Feasible recipes in the sample.
    starts
        Local searches: half from the best points of the sample, half from its head, which is
        spread over the space.
    progress
        Called with the share done, 0 to 1.

    Raises
    ------
    PlasmonbenchError
        If the space is a finite set.
    """
    recipes = problem.space.sobol(sample_size, generator("landscape", 0))
    losses = np.empty(sample_size)
    for start in range(0, sample_size, CHUNK):
        part = slice(start, start + CHUNK)
        losses[part] = problem.true_loss(recipes[part])
        progress(0.7 * min(start + CHUNK, sample_size) / sample_size)
    best = np.argsort(losses)
    seeds = np.concatenate([recipes[best[: starts // 2]], recipes[: starts - starts // 2]])
    polished = []
    for k, recipe in enumerate(seeds):
        polished.append(polish(problem.true_loss, problem.space, recipe))
        progress(0.7 + 0.3 * (k + 1) / len(seeds))
    recipe, loss = min(polished, key=lambda found: found[1])
    return Landscape(
        truth_fingerprint=truth_fingerprint(problem),
        sample_size=sample_size,
        median_loss=float(np.median(losses)),
        levels={
            level_name(k): float(np.quantile(losses, 1 / k))
            for k in RARITIES
            if sample_size >= LEAST_BELOW_LEVEL * k
        },
        optimum_recipe=[float(value) for value in recipe],
        optimum_loss=float(loss),
    )


def polish(
    true_loss: Callable[[FloatArray], FloatArray], space: RecipeSpace, recipe: FloatArray
) -> tuple[FloatArray, float]:
    """Walk downhill from a recipe (d,); return the feasible recipe (d,) found and its loss.

    Sequential quadratic programming with central differences (the loss has kinks where the
    amplitude window begins), then a Nelder-Mead finish on projected points.
    """
    matrix, limits = space.unit_inequalities
    steps = 1e-5 * np.eye(space.dimension)

    def value(unit: FloatArray) -> float:
        return float(true_loss(space.project(space.from_unit(unit)[None]))[0])

    def slope(unit: FloatArray) -> FloatArray:
        probes = space.from_unit(np.clip(np.concatenate([unit + steps, unit - steps]), 0, 1))
        losses = true_loss(probes)
        moved = np.diagonal(np.clip(unit + steps, 0, 1) - np.clip(unit - steps, 0, 1))
        gradient: FloatArray = (losses[: len(steps)] - losses[len(steps) :]) / moved
        return gradient

    constraints = [{"type": "ineq", "fun": lambda x: limits - matrix @ x, "jac": lambda _: -matrix}]
    start = space.to_unit(recipe)
    bounds = [(0.0, 1.0)] * space.dimension
    first = minimize(
        value, start, jac=slope, method="SLSQP", bounds=bounds, constraints=constraints
    )
    begin = first.x if first.fun < value(start) else start
    finish = minimize(
        value,
        np.clip(begin, 0, 1),
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000, "initial_simplex": None},
    )
    found = space.project(space.from_unit(finish.x)[None])
    return found[0], float(true_loss(found)[0])


def truth_fingerprint(problem: Problem) -> str:
    """Return a hash of the truth at 16 fixed recipes: it tells whether a landscape still holds.

    Losses are rounded to 1e-6, so that another processor's last digits do not matter.
    """
    recipes = problem.space.sobol(16, generator("landscape", 1))
    rounded = np.round(problem.true_loss(recipes), 6) + 0.0
    bounds = np.round(np.stack([problem.space.lower, problem.space.upper]), 9)
    return hashlib.sha256(bounds.tobytes() + rounded.tobytes()).hexdigest()[:16]


def load(path: Path, key: str) -> Landscape | None:
    """Read the landscape kept under ``key`` in a JSON file; None if there is none."""
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Landscape(**kept[key]) if key in kept else None
    except (json.JSONDecodeError, TypeError) as error:
        raise PlasmonbenchError(f"{path} is not a landscape file: {error}") from error


def save(path: Path, key: str, landscape: Landscape) -> None:
    """Keep a landscape under ``key`` in a JSON file, beside those already there."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept[key] = as_record(landscape)
    write_whole(path, json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


def as_record(landscape: Landscape) -> dict[str, object]:
    """Return a landscape as plain numbers and texts."""
    return asdict(landscape)
