"""What can be mixed: names, units, bounds and constraints of a recipe, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from plasmonbench.arrays import BoolArray, FloatArray, frozen
from plasmonbench.bounds import check_box, check_inequalities, check_inner_box
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.polytope import hit_and_run, nearest_feasible

FEASIBILITY_TOLERANCE = 1e-9
"""Slack, in unit-cube widths, that rounding is allowed on bounds and constraints."""


@dataclass(frozen=True, eq=False)
class RecipeSpace:
    """The recipes that may be proposed: a box, cut by linear inequalities, or a finite set.

    Parameters
    ----------
    names, units
        One of each per axis, d in all.
    lower, upper
        Hard bounds, shape (d,), in the units of each axis.
    constraint_matrix, constraint_limits
        Rows of ``matrix @ recipe <= limits``; shapes (k, d) and (k,). None: no constraint.
    initial_lower, initial_upper
        The smaller box that the first round is drawn from; None: the hard bounds.
    candidates
        The only recipes that exist, shape (m, d) (a recorded campaign); None: every feasible
        point of the box.

    Raises
    ------
    PlasmonbenchError
        If shapes disagree, a number is not finite, a bound is not below the other, or no recipe
        is feasible.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    constraint_matrix: FloatArray | None = None
    constraint_limits: FloatArray | None = None
    initial_lower: FloatArray | None = None
    initial_upper: FloatArray | None = None
    candidates: FloatArray | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        d = len(self.names)
        set_field(self, "lower", frozen(self.lower))
        set_field(self, "upper", frozen(self.upper))
        matrix = np.zeros((0, d)) if self.constraint_matrix is None else self.constraint_matrix
        limits = np.zeros(0) if self.constraint_limits is None else self.constraint_limits
        set_field(self, "constraint_matrix", frozen(np.atleast_2d(matrix).reshape(-1, d)))
        set_field(self, "constraint_limits", frozen(np.atleast_1d(limits)))
        for name, hard in (("initial_lower", self.lower), ("initial_upper", self.upper)):
            given = getattr(self, name)
            set_field(self, name, frozen(hard if given is None else given))
        if self.candidates is not None:
            set_field(self, "candidates", frozen(self.candidates))
        self._check_definition()

    @classmethod
    def of(
        cls,
        axes: Sequence[tuple[str, str, float, float]],
        *,
        sum_limit: tuple[Sequence[str], float] | None = None,
    ) -> RecipeSpace:
        """Build a space from rows (name, unit, lower, upper).

        ``sum_limit``, as (names, limit), keeps the sum of the named axes at or below the limit.
        """
        names = tuple(axis[0] for axis in axes)
        matrix = limits = None
        if sum_limit is not None:
            summed, limit = sum_limit
            unknown = [name for name in summed if name not in names]
            if unknown:
                raise PlasmonbenchError(
                    f"sum limit names unknown axes {', '.join(unknown)}; "
                    f"axes are {', '.join(names)}"
                )
            matrix = np.array([[float(name in summed) for name in names]])
            limits = np.array([float(limit)])
        return cls(
            names=names,
            units=tuple(axis[1] for axis in axes),
            lower=np.array([axis[2] for axis in axes]),
            upper=np.array([axis[3] for axis in axes]),
            constraint_matrix=matrix,
            constraint_limits=limits,
        )

    @property
    def dimension(self) -> int:
        """Number of axes d."""
        return len(self.names)

    @property
    def inequalities(self) -> tuple[FloatArray, FloatArray]:
        """Matrix (k, d) and limits (k,) of ``matrix @ recipe <= limits``."""
        # Never None after __post_init__.
        return cast(FloatArray, self.constraint_matrix), cast(FloatArray, self.constraint_limits)

    @property
    def unit_inequalities(self) -> tuple[FloatArray, FloatArray]:
        """The same inequalities for recipes in the unit cube."""
        matrix, limits = self.inequalities
        return matrix * (self.upper - self.lower), limits - matrix @ self.lower

    # -- membership ---------------------------------------------------------------------------

    def contains(self, recipes: npt.ArrayLike) -> BoolArray:
        """Tell which recipes (n, d) may be made; shape (n,). NaN may not."""
        recipes = self._as_recipes(recipes)
        inside = self._satisfies(recipes)
        if self.candidates is None:
            return inside
        gap = np.abs(self.to_unit(recipes)[:, None] - self.to_unit(self.candidates)).max(axis=2)
        return np.asarray(inside & (gap.min(axis=1) <= FEASIBILITY_TOLERANCE), dtype=np.bool_)

    def violations(self, recipes: npt.ArrayLike) -> list[str]:
        """Say in words what is wrong with each recipe that may not be made."""
        recipes = self._as_recipes(recipes)
        found = []
        for row in np.flatnonzero(~self.contains(recipes)):
            recipe = recipes[row]
            text = ", ".join(f"{n}={v:.6g}" for n, v in zip(self.names, recipe, strict=True))
            found.append(f"recipe {row} ({text}): {self._fault(recipe)}")
        return found

    def _fault(self, recipe: FloatArray) -> str:
        for name, unit, value, low, high in zip(
            self.names, self.units, recipe, self.lower, self.upper, strict=True
        ):
            if not np.isfinite(value):
                return f"{name} is not a number"
            if not low <= value <= high:
                return f"{name} must lie in {low:g} to {high:g} {unit}"
        matrix, limits = self.inequalities
        for row, limit in zip(matrix, limits, strict=True):
            if row @ recipe > limit:
                terms = " + ".join(
                    name if weight == 1 else f"{weight:g}*{name}"
                    for name, weight in zip(self.names, row, strict=True)
                    if weight
                )
                return f"{terms} is {row @ recipe:.6g}, must not exceed {limit:g}"
        return "it is not one of the recorded recipes"

    # -- unit cube ----------------------------------------------------------------------------

    def to_unit(self, recipes: npt.ArrayLike) -> FloatArray:
        """Map recipes (..., d) to the unit cube of the hard bounds."""
        mapped = (np.asarray(recipes, dtype=np.float64) - self.lower) / (self.upper - self.lower)
        return np.asarray(mapped, dtype=np.float64)

    def from_unit(self, unit: npt.ArrayLike) -> FloatArray:
        """Map points (..., d) of the unit cube to recipes; 0 and 1 give the bounds exactly."""
        unit = np.asarray(unit, dtype=np.float64)
        mapped = self.lower * (1 - unit) + self.upper * unit
        return np.asarray(mapped, dtype=np.float64)

    # -- other spaces made from this one ------------------------------------------------------

    def with_bounds(self, lower: npt.ArrayLike, upper: npt.ArrayLike) -> RecipeSpace:
        """Return the same axes and constraints in another box, which is its initial box too."""
        return replace(
            self, lower=frozen(lower), upper=frozen(upper), initial_lower=None, initial_upper=None
        )

    def with_initial_box(self, lower: npt.ArrayLike, upper: npt.ArrayLike) -> RecipeSpace:
        """Return the same hard bounds with another box for the first round."""
        return replace(self, initial_lower=frozen(lower), initial_upper=frozen(upper))

    def initial_space(self) -> RecipeSpace:
        """Return the space of the first round: the initial box as hard bounds."""
        # Never None after __post_init__.
        return self.with_bounds(
            cast(FloatArray, self.initial_lower), cast(FloatArray, self.initial_upper)
        )

    def without(self, recipes: npt.ArrayLike) -> RecipeSpace:
        """Return the space less candidates already tried; a continuous space stays as it is."""
        if self.candidates is None:
            return self
        tried = self._as_recipes(recipes)
        if not len(tried):
            return self
        gap = np.abs(self.to_unit(self.candidates)[:, None] - self.to_unit(tried)).max(axis=2)
        left = self.candidates[gap.min(axis=1) > FEASIBILITY_TOLERANCE]
        if not len(left):
            raise PlasmonbenchError("every recorded recipe has been tried; none is left to propose")
        return replace(self, candidates=left)

    # -- sampling -----------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw n feasible recipes uniformly, shape (n, d).

        From a finite set they are drawn without replacement.

        Raises
        ------
        PlasmonbenchError
            If a finite set holds fewer than n recipes.
        """
        if self.candidates is not None:
            return self._choose(n, rng)
        found = np.empty((0, self.dimension))
        drawn = 0
        while len(found) < n:
            # Rejection is exact; where hardly any of the box is feasible, a Markov chain inside
            # the polytope takes over.
            if drawn >= 20_000 and len(found) < 1e-3 * drawn:
                return self.from_unit(hit_and_run(*self.unit_inequalities, n, rng))
            batch = self.from_unit(rng.random((max(256, 2 * n), self.dimension)))
            drawn += len(batch)
            found = np.concatenate([found, batch[self.contains(batch)]])
        return found[:n]

    def sobol(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n feasible points of a scrambled Sobol sequence, in its order, shape (n, d).

        Raises
        ------
        PlasmonbenchError
            If less than 1 in 10,000 of the box is feasible, or the space is a finite set.
        """
        if self.candidates is not None:
            raise PlasmonbenchError("a Sobol sample needs a continuous space, not a finite set")
        engine = qmc.Sobol(self.dimension, rng=rng)
        found: list[FloatArray] = []
        kept = drawn = 0
        block = 1 << max(8, int(n - 1).bit_length())  # a power of two keeps Sobol's balance
        while kept < n:
            points = self.from_unit(engine.random(block))
            points = points[self.contains(points)]
            found.append(points)
            kept, drawn = kept + len(points), drawn + block
            if drawn > 1e6 and kept < 1e-4 * drawn:
                raise PlasmonbenchError(
                    "less than 1 in 10,000 of the box is feasible; tighten the bounds"
                )
        return np.concatenate(found)[:n]

    def latin_hypercube(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw a centred Latin hypercube of n feasible recipes, shape (n, d).

        Each axis is cut in n strata and each stratum is used once. Constraints are honoured by
        drawing again; where 1,000 draws hold no wholly feasible design, the best of them has its
        infeasible rows moved to the nearest feasible recipe. In a finite set each point is
        replaced by the nearest recipe not yet taken.

        Raises
        ------
        PlasmonbenchError
            If a finite set holds fewer than n recipes.
        """
        best, best_count = None, -1
        # Without replacement of rows a feasible design is a matter of luck: share**n.
        for _ in range(1000):
            design = self.from_unit(
                qmc.LatinHypercube(self.dimension, scramble=False, rng=rng).random(n)
            )
            count = int(self._satisfies(design).sum())
            if count > best_count:
                best, best_count = design, count
            if count == n:
                break
        if best is None:
            return np.empty((0, self.dimension))
        return self.project(best)

    def _choose(self, n: int, rng: np.random.Generator) -> FloatArray:
        candidates = self._enough_candidates(n)
        return candidates[rng.choice(len(candidates), size=n, replace=False)]

    # -- projection ---------------------------------------------------------------------------

    def project(self, recipes: npt.ArrayLike) -> FloatArray:
        """Move recipes (n, d) to the nearest feasible ones, by distance in the unit cube.

        In a finite set the rows are served in order, each with the nearest candidate not yet
        taken, so that n rows give n different recipes.

        Raises
        ------
        PlasmonbenchError
            If a recipe is not finite, or a finite set holds fewer than n recipes.
        """
        recipes = self._as_recipes(recipes)
        if not np.isfinite(recipes).all():
            raise PlasmonbenchError("cannot project a recipe that holds NaN or infinity")
        if self.candidates is not None:
            return self._nearest_free_candidates(recipes)
        outside = ~self.contains(recipes)
        projected = recipes.copy()
        if outside.any():
            unit = nearest_feasible(self.to_unit(recipes[outside]), *self.unit_inequalities)
            projected[outside] = self.from_unit(unit)
        return np.clip(projected, self.lower, self.upper)

    def _nearest_free_candidates(self, recipes: FloatArray) -> FloatArray:
        candidates = self._enough_candidates(len(recipes))
        unit = self.to_unit(candidates)
        free = np.ones(len(candidates), dtype=bool)
        chosen = []
        for point in self.to_unit(recipes):
            distance = np.where(free, ((unit - point) ** 2).sum(axis=1), np.inf)
            chosen.append(int(distance.argmin()))
            free[chosen[-1]] = False
        return candidates[chosen]

    def _enough_candidates(self, n: int) -> FloatArray:
        candidates = np.empty((0, self.dimension)) if self.candidates is None else self.candidates
        if n > len(candidates):
            raise PlasmonbenchError(
                f"{n} recipes asked of a finite set that has {len(candidates)} left"
            )
        return candidates

    # -- checks -------------------------------------------------------------------------------

    def _satisfies(self, recipes: FloatArray) -> BoolArray:
        """Tell which recipes (n, d) keep bounds and inequalities, whatever the finite set."""
        unit = self.to_unit(recipes)
        slack = FEASIBILITY_TOLERANCE
        in_box = np.all((unit >= -slack) & (unit <= 1 + slack), axis=1)
        matrix, limits = self.unit_inequalities
        scale = np.abs(matrix).sum(axis=1)
        kept = np.all(unit @ matrix.T <= limits + slack * scale, axis=1)
        return np.asarray(in_box & kept, dtype=np.bool_)

    def _as_recipes(self, recipes: npt.ArrayLike) -> FloatArray:
        array = np.asarray(recipes, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.dimension:
            raise PlasmonbenchError(
                f"recipes must have shape (n, {self.dimension}) for {', '.join(self.names)}; "
                f"got {array.shape}"
            )
        return array

    def _check_definition(self) -> None:
        box = self.lower, self.upper
        check_box(self.names, self.units, *box)
        initial = cast(FloatArray, self.initial_lower), cast(FloatArray, self.initial_upper)
        check_inner_box(*initial, *box)
        check_inequalities(*self.inequalities, *box)
        if self.candidates is not None:
            self._check_candidates(self.candidates)

    def _check_candidates(self, candidates: FloatArray) -> None:
        if candidates.ndim != 2 or candidates.shape[1] != self.dimension or not len(candidates):
            raise PlasmonbenchError(
                f"candidates must have shape (m, {self.dimension}), m >= 1; got {candidates.shape}"
            )
        if len(np.unique(candidates, axis=0)) != len(candidates):
            raise PlasmonbenchError("candidates hold the same recipe twice")
        outside = np.flatnonzero(~self._satisfies(candidates))
        if len(outside):
            raise PlasmonbenchError(f"candidate {self._fault(candidates[outside[0]])}")
