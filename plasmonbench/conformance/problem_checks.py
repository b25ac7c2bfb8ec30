"""What a problem promises: recipes that its lab can make, an optimum, levels as rare as named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.catalogue import find_problem
from plasmonbench.conformance.checks import Check, ConformanceError, LeftOut, attempt
from plasmonbench.lab import RecordedLab
from plasmonbench.problem import Problem
from plasmonbench.randomness import generator

SAMPLE = 2**16
"""Feasible recipes that are held against optimum and levels."""
CHUNK = 8192
ROUNDING = 1e-6
"""Differences of losses between processors."""
DEVIATIONS = 5
"""Standard deviations by which the count of a sample may miss a level's rarity."""
MIDDLE = 0.45
"""How far the share of droplets that lose less than the truth may lie from one half."""
_RARITY = re.compile(r"1 in ([\d,]+)")


@dataclass(frozen=True, eq=False)
class ProblemCase:
    """A problem and a sample of its truth, drawn once."""

    problem: Problem
    _sample: list[FloatArray] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, text: str) -> ProblemCase:
        """Find a problem by name, TOML file or ``recorded:losses.csv``.

        Raises
        ------
        PlasmonbenchError
            If there is none, or what is kept of its levels is out of date.
        """
        return cls(find_problem(text))

    def sampled_losses(self) -> FloatArray:
        """Return the true losses of a large sample, or of all recipes of a finite set."""
        if not self._sample:
            space = self.problem.space
            # The landscape's own samples have the keys 0 and 1.
            recipes = space.candidates
            if recipes is None:
                recipes = space.sobol(SAMPLE, generator("landscape", 3))
            parts = np.array_split(recipes, max(1, len(recipes) // CHUNK))
            asked = f"asked for the true loss of {len(recipes):,} recipes"
            losses = np.concatenate([attempt(asked, self.problem.true_loss, x) for x in parts])
            if not np.isfinite(losses).all():
                raise ConformanceError(f"{asked}: {np.sum(~np.isfinite(losses))} are not finite")
            self._sample.append(losses)
        return self._sample[0]


def recipes_can_be_made(case: ProblemCase) -> None:
    """Check: every recipe of the problem is one that its lab can make."""
    space, lab = case.problem.space, case.problem.lab
    recipes = space.candidates
    if recipes is None:
        recipes = space.sample(1000, generator("validation", 6))
    faults = lab.space.violations(recipes)
    if faults:
        raise ConformanceError(
            f"asked for {len(recipes)} recipes of its space, {len(faults)} of which the lab cannot "
            f"make: {faults[0]}; keep the axes' bounds within the lab's"
        )


def optimum_attained(case: ProblemCase) -> None:
    """Check: the stated optimum is feasible and has the loss that is stated."""
    problem = case.problem
    optimum = problem.optimum
    if optimum is None:
        raise LeftOut("no optimum is stated; plasmonbench landscape PROBLEM --write finds it")
    fault = problem.space.violations(optimum.recipe[None])
    if fault:
        raise ConformanceError(f"asked for the stated optimum: {fault[0]}; find it anew")
    asked = "asked for the true loss of the stated optimum"
    loss = float(attempt(asked, problem.true_loss, optimum.recipe[None])[0])
    if abs(loss - optimum.loss) > ROUNDING:
        raise ConformanceError(
            f"{asked}: got {loss:.7g}, stated is {optimum.loss:.7g}; find it anew"
        )


def optimum_not_beaten(case: ProblemCase) -> str:
    """Check: no recipe of a large sample is better than the stated optimum."""
    optimum = case.problem.optimum
    if optimum is None:
        raise LeftOut("no optimum is stated; plasmonbench landscape PROBLEM --write finds it")
    losses = case.sampled_losses()
    if losses.min() < optimum.loss - ROUNDING:
        raise ConformanceError(
            f"asked for the true loss of {len(losses):,} recipes: {losses.min():.6g} beats the "
            f"stated optimum {optimum.loss:.6g}; find it anew with plasmonbench landscape"
        )
    return f"best of {len(losses):,}: {losses.min():.4g}, optimum {optimum.loss:.4g}"


def levels_in_order(case: ProblemCase) -> None:
    """Check: target levels fall as they grow rarer, and none lies below the optimum."""
    levels, optimum = case.problem.levels, case.problem.optimum
    if not levels:
        raise LeftOut("no level is stated; plasmonbench landscape PROBLEM --write finds them")
    losses = [level.loss for level in levels]
    named = ", ".join(f"{level.name}: {level.loss:.4g}" for level in levels)
    if any(np.diff(losses) >= 0) and case.problem.space.candidates is None:
        raise ConformanceError(f"asked for the levels, the easiest first: {named}; they must fall")
    if optimum is not None and min(losses) < optimum.loss - ROUNDING:
        raise ConformanceError(
            f"asked for the levels ({named}): one lies below the optimum {optimum.loss:.4g}"
        )


def levels_as_rare_as_named(case: ProblemCase) -> str:
    """Check: as many recipes of a sample reach a level as its name says."""
    if case.problem.space.candidates is not None:
        raise LeftOut("levels of a finite set are ranks")
    rare = [(level, _RARITY.fullmatch(level.name)) for level in case.problem.levels]
    known = [(x, int(match[1].replace(",", ""))) for x, match in rare if match is not None]
    if not known:
        raise LeftOut("no level is named by its rarity")
    losses = case.sampled_losses()
    found = []
    for level, rarity in known:
        expected = len(losses) / rarity
        reached = int((losses <= level.loss).sum())
        found.append(f"{level.name}: {reached} of {expected:.0f}")
        if abs(reached - expected) > DEVIATIONS * sqrt(expected) + 1:
            raise ConformanceError(
                f"asked for the true loss of {len(losses):,} recipes: {reached} reach {level.name} "
                f"({level.loss:.4g}), {expected:.0f} should; find the levels anew"
            )
    return "; ".join(found)


def truth_is_the_typical_loss(case: ProblemCase) -> str:
    """Check: the true loss of a recipe is amid those of its droplets."""
    problem = case.problem
    if isinstance(problem.lab, RecordedLab):
        raise LeftOut("a recorded campaign's truth is the median of its droplets")
    recipes = problem.space.sample(12, generator("validation", 6, 1))
    asked = f"asked for the droplets of {len(recipes)} recipes"
    rounds = [attempt(asked, problem.measure, recipes, seed, 0).losses for seed in range(5)]
    losses = np.concatenate(rounds, axis=1)
    truth = attempt(asked, problem.true_loss, recipes)[:, None]
    below = np.mean(losses < truth - ROUNDING, axis=1) + 0.5 * np.mean(
        np.abs(losses - truth) <= ROUNDING, axis=1
    )
    share = float(np.median(below))
    if abs(share - 0.5) > MIDDLE:
        raise ConformanceError(
            f"{asked}: {share:.0%} of them lose less than the truth (median over recipes), about "
            "half should; let truth be the droplet whose loss is the median"
        )
    return f"{share:.0%} of droplets lose less than the truth"


PROBLEM_CHECKS: tuple[Check[ProblemCase], ...] = (
    Check("recipes can be made", recipes_can_be_made),
    Check("optimum attained", optimum_attained),
    Check("optimum not beaten", optimum_not_beaten),
    Check("levels in order", levels_in_order),
    Check("levels as rare as named", levels_as_rare_as_named),
    Check("truth is the typical loss", truth_is_the_typical_loss),
)
