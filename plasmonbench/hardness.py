"""How hard a problem is: rarity of what is good, local optima, effective dimension, noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components

from plasmonbench import landscape
from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import RecordedLab
from plasmonbench.problem import Optimum, Problem, TargetLevel
from plasmonbench.randomness import generator
from plasmonbench.space import RecipeSpace

SAMPLE_SIZE = 2**17
STARTS = 128
TOP_RARITY = 100
"""The region in which effective dimension and noise are given: the best 1 in so many recipes."""
TOLERANCE = 1e-3
"""A loss so near the best known is as good: a twentieth of what one droplet scatters."""
NEAR = 0.01
"""Loss above the best known within which recipes are counted."""
GRADIENTS = 1000
STEP = 1e-4
"""Half width of a central difference, in widths of the box."""
INTERIOR = 9
"""Points on the line between two ends that are asked for a barrier."""
READINGS = 300
CHUNK = 8192


@dataclass(frozen=True)
class Basin:
    """Ends of local searches with no barrier between them."""

    loss: float
    share: float
    """Of the starts that ended here."""
    recipe: tuple[float, ...]
    """The best end."""


@dataclass(frozen=True)
class Hardness:
    """What makes a problem hard, in numbers."""

    problem: str
    sample: int
    """Feasible recipes, a Sobol sample."""
    feasible_share: float
    """Of the box between the hard bounds."""
    optimum_loss: float
    """The best known, by the landscape or by the searches here."""
    headline: str
    headline_loss: float
    near_share: float
    """Share of feasible recipes within `NEAR` of the best known loss."""
    starts: int
    starts_at_headline: float
    """Share of local searches from random recipes that end at or below the headline level."""
    starts_at_optimum: float
    """Share of them that end within `TOLERANCE` of the best known loss."""
    median_end: float
    basins: tuple[Basin, ...]
    """The best first."""
    dimension: float
    """Effective dimension over all feasible recipes."""
    top_dimension: float
    """Effective dimension among the best 1 in `TOP_RARITY`."""
    top_directions: tuple[float, ...]
    """Shares of the squared gradient along its principal directions there, the largest first."""
    reading_error: float
    """Root mean square error of a recipe's median loss among the best 1 in `TOP_RARITY`."""
    reading_bias: float
    """Its mean."""

    @property
    def error_over_gap(self) -> float:
        """Reading error over the gap between headline level and best known: noise to resolve."""
        gap = self.headline_loss - self.optimum_loss
        return self.reading_error / gap if gap > 0 else math.inf


def analyse(
    problem: Problem,
    *,
    sample: int = SAMPLE_SIZE,
    starts: int = STARTS,
    progress: Callable[[float], None] = lambda _share: None,
) -> Hardness:
    """Say how hard a problem is, from its truth and, for the noise, from measurements.

    Local optima: `plasmonbench.landscape.polish` from random feasible recipes; ends with no barrier
    on the straight line between them, or over other ends, count as one basin (the hill-valley
    test of Ursem, Proc. CEC 1999, 1651, in the unit cube). Effective dimension: participation
    ratio ``(sum l)^2 / sum l^2`` of the eigenvalues l of the mean outer product of the loss's
    gradient in the unit cube, whose eigenvectors span the active subspace (Constantine, Dow &
    Wang, SIAM J. Sci. Comput. 36, A1500 (2014)): 1 if the loss changes along one direction alone,
    d if along all alike.

    Parameters
    ----------
    problem
        One with a simulated lab and target levels.
    sample
        Feasible recipes in the Sobol sample, at least 10,000.
    starts
        Local searches.
    progress
        Called with the share done, 0 to 1.

    Raises
    ------
    PlasmonbenchError
        If the problem is recorded, has no target levels, or the sample is too small.
    """
    level, optimum = _checked(problem, sample, starts)
    space = problem.space
    recipes = space.sobol(sample, generator("landscape", 4))
    losses = _in_chunks(problem.true_loss, recipes, lambda share: progress(0.3 * share))
    top = recipes[losses <= np.quantile(losses, 1 / TOP_RARITY)]
    ends, end_losses = _local_searches(problem, starts, lambda x: progress(0.3 + 0.5 * x))
    best = min(optimum.loss, float(end_losses.min()))
    basins = find_basins(problem.true_loss, space, ends, end_losses)
    progress(0.9)
    _, whole_dimension = active_directions(problem.true_loss, space, recipes[:GRADIENTS])
    directions, top_dimension = active_directions(
        problem.true_loss, space, top[: min(GRADIENTS, len(top))]
    )
    error, bias = reading_error(problem, top)
    progress(1.0)
    return Hardness(
        problem=problem.name,
        sample=sample,
        feasible_share=feasible_share(space),
        optimum_loss=best,
        headline=level.name,
        headline_loss=level.loss,
        near_share=float(np.mean(losses <= best + NEAR)),
        starts=starts,
        starts_at_headline=float(np.mean(end_losses <= level.loss)),
        starts_at_optimum=float(np.mean(end_losses <= best + TOLERANCE)),
        median_end=float(np.median(end_losses)),
        basins=basins,
        dimension=whole_dimension,
        top_dimension=top_dimension,
        top_directions=tuple(float(share) for share in directions),
        reading_error=error,
        reading_bias=bias,
    )


def _checked(problem: Problem, sample: int, starts: int) -> tuple[TargetLevel, Optimum]:
    """Refuse what cannot be analysed; return the headline level and the optimum."""
    level = problem.headline_level
    if isinstance(problem.lab, RecordedLab):
        raise PlasmonbenchError(f"{problem.name} is recorded: a finite set has no local optima")
    if level is None or problem.optimum is None:
        raise PlasmonbenchError(
            f"{problem.name} has no target levels yet; find some with: "
            f"plasmonbench landscape '{problem.name}' --write"
        )
    if sample < 100 * TOP_RARITY or starts < 1:
        raise PlasmonbenchError(
            f"hardness needs a sample of at least {100 * TOP_RARITY:,} recipes and one start"
        )
    return level, problem.optimum


def find_basins(
    true_loss: Callable[[FloatArray], FloatArray],
    space: RecipeSpace,
    ends: FloatArray,
    losses: FloatArray,
) -> tuple[Basin, ...]:
    """Return the basins of ends (k, d) of local searches with their losses (k,), the best first.

    Two ends share a basin if none of `INTERIOR` points on the line between them is worse than
    the worse of the two by more than `TOLERANCE`, or if both share one with a third.
    """
    first, second = np.triu_indices(len(ends), 1)
    unit = space.to_unit(ends)
    steps = np.linspace(0, 1, INTERIOR + 2)[1:-1, None, None]
    linked = np.zeros((len(ends), len(ends)), dtype=bool)
    for start in range(0, len(first), CHUNK // INTERIOR):
        part = slice(start, start + CHUNK // INTERIOR)
        a, b = first[part], second[part]
        # The space is convex: what lies between feasible recipes is feasible.
        between = space.from_unit((1 - steps) * unit[a] + steps * unit[b])
        heights = true_loss(between.reshape(-1, space.dimension)).reshape(INTERIOR, -1)
        linked[a, b] = heights.max(axis=0) <= np.maximum(losses[a], losses[b]) + TOLERANCE
    count, labels = connected_components(linked, directed=False)
    found = []
    for label in range(count):
        members = np.flatnonzero(labels == label)
        top = members[losses[members].argmin()]
        recipe = tuple(float(value) for value in ends[top])
        found.append(Basin(float(losses[top]), len(members) / len(ends), recipe))
    return tuple(sorted(found, key=lambda basin: basin.loss))


def active_directions(
    true_loss: Callable[[FloatArray], FloatArray], space: RecipeSpace, recipes: FloatArray
) -> tuple[FloatArray, float]:
    """Return the eigenvalues (d,) of the mean outer product of gradients, and their participation.

    Eigenvalues are shares of their sum, the largest first. Recipes where the loss is 1, its cap,
    within a step are left out: a cliff has no gradient. So are those that some axis cannot move
    from.

    Parameters
    ----------
    true_loss
        Loss (n,) of recipes (n, d).
    space
        Whose unit cube gradients are taken in.
    recipes
        Where to take them, shape (n, d).

    Raises
    ------
    PlasmonbenchError
        If the loss changes at none of them.
    """
    unit = space.to_unit(recipes)
    gradient = np.full(unit.shape, np.nan)
    for axis in range(space.dimension):
        ends, values = [], []
        for side in (-STEP, STEP):
            moved = unit.copy()
            moved[:, axis] = np.clip(moved[:, axis] + side, 0, 1)
            # A step over a constraint is not taken; the difference is one-sided there.
            moved = np.where(space.contains(space.from_unit(moved))[:, None], moved, unit)
            ends.append(moved[:, axis])
            loss = true_loss(space.from_unit(moved))
            values.append(np.where(loss < 1, loss, np.nan))
        width = ends[1] - ends[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            gradient[:, axis] = (values[1] - values[0]) / width
    gradient = gradient[np.isfinite(gradient).all(axis=1)]
    outer = gradient.T @ gradient / max(len(gradient), 1)
    eigenvalues = np.linalg.eigvalsh(outer)[::-1].clip(0)
    if not eigenvalues.sum() > 0:
        raise PlasmonbenchError("the loss changes nowhere: it has no effective dimension")
    shares = eigenvalues / eigenvalues.sum()
    return shares, participation_ratio(shares)


def participation_ratio(eigenvalues: FloatArray) -> float:
    """Return ``(sum l)^2 / sum l^2`` of eigenvalues (d,): how many of them matter, 1 to d."""
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def reading_error(problem: Problem, recipes: FloatArray) -> tuple[float, float]:
    """Return root mean square and mean of median loss less true loss, of up to 300 recipes (n, d).

    They are run in rounds of the problem's size, so that what one recipe leaves for the next
    counts too.
    """
    shuffled = generator("landscape", 5).permutation(recipes)[:READINGS]
    rounds = np.array_split(shuffled, math.ceil(len(shuffled) / problem.batch_size))
    read = [problem.measure(part, 0, number).median_loss for number, part in enumerate(rounds)]
    errors = np.concatenate(read) - problem.true_loss(shuffled)
    return float(np.sqrt(np.nanmean(errors**2))), float(np.nanmean(errors))


def feasible_share(space: RecipeSpace, n: int = 2**17) -> float:
    """Return the share of the box that the constraints leave, from n random points."""
    points = generator("landscape", 6).random((n, space.dimension))
    return float(space.contains(space.from_unit(points)).mean())


def as_record(found: Hardness) -> dict[str, Any]:
    """Return hardness as plain numbers and texts."""
    ratio = found.error_over_gap
    return asdict(found) | {"error_over_gap": ratio if math.isfinite(ratio) else None}


def _local_searches(
    problem: Problem, starts: int, progress: Callable[[float], None]
) -> tuple[FloatArray, FloatArray]:
    """Return the ends (k, d) of local searches from random recipes, and their losses (k,)."""
    ends, losses = [], []
    for number, start in enumerate(problem.space.sample(starts, generator("landscape", 7))):
        end, loss = landscape.polish(problem.true_loss, problem.space, start)
        ends.append(end)
        losses.append(loss)
        progress((number + 1) / starts)
    return np.array(ends), np.array(losses)


def _in_chunks(
    true_loss: Callable[[FloatArray], FloatArray],
    recipes: FloatArray,
    progress: Callable[[float], None],
) -> FloatArray:
    losses = np.empty(len(recipes))
    for start in range(0, len(recipes), CHUNK):
        part = slice(start, start + CHUNK)
        losses[part] = true_loss(recipes[part])
        progress(min(start + CHUNK, len(recipes)) / len(recipes))
    return losses
