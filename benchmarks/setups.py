"""What both kinds of benchmark work on: one problem, and inputs drawn from fixed seeds.

asv and pytest both import this folder as the package ``benchmarks``, neither puts the root of the
clone on the path: hence the relative imports, and the ``__init__.py`` they need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from plasmonbench import FloatArray, History, Problem, RecipeSpace, Strategy
from plasmonbench.campaign import Campaign, run_campaign
from plasmonbench.catalogue import find_problem, find_problem_without_landscape
from plasmonbench.randomness import planner_seed
from plasmonbench.registry import find_strategy
from simulators.stages.extinction import Extinction, disk_diameter
from simulators.stages.growth import Particles
from strategies.models.gp import GaussianProcess
from strategies.models.network import forget_networks
from strategies.models.penalized_ei import PenalizedEI, lipschitz_constant
from strategies.models.readings import readable_losses

PROBLEM, GOLD = "silver-prisms", "gold-rods"
SEED = 20210
LEVEL = "1 in 100"
"""Target level that a campaign of a few rounds can reach."""
OBSERVATIONS = 60
"""Recipes in the history that a benchmarked round is planned from: four rounds of the campaign."""


def use_one_thread() -> None:
    """Plan as the harness does; a second thread would measure the machine's load instead."""
    torch.set_num_threads(1)
    threadpool_limits(limits=1)


@cache
def problem(name: str = PROBLEM) -> Problem:
    """Return a benchmarked problem; its lab takes seconds to build.

    Without its target levels, which only `quality` needs: a kernel can be timed where they are yet
    to be found for the lab as it is now.
    """
    return find_problem_without_landscape(name)


def recipes(n: int, seed: int = SEED, name: str = PROBLEM) -> FloatArray:
    """Return random feasible recipes (n, 5)."""
    return problem(name).space.sample(n, np.random.default_rng(seed))


@cache
def random_history(n: int = OBSERVATIONS) -> History:
    """Return a history of n random recipes, in rounds of the problem's batch size."""
    task = problem()
    history = task.empty_history()
    for start in range(0, n, task.batch_size):
        batch = recipes(n)[start : start + task.batch_size]
        measured = task.measure(batch, SEED, history.n_rounds)
        history = history.append(batch, measured.losses, measured.spectra)
    return history


def planner(spec: str, seed: int = 0) -> Strategy:
    """Return a strategy for the benchmarked problem, as a campaign of that seed has it."""
    return find_strategy(spec).build(problem().space, problem().loss, planner_seed(seed))


def planned_round(strategy: Strategy, history: History) -> FloatArray:
    """Return a round of recipes, planned from nothing: networks trained before are forgotten."""
    forget_networks()
    return strategy.propose(history, problem().batch_size)


def campaign(spec: str, rounds: int, seed: int) -> Campaign:
    """Run a campaign of a few rounds."""
    plan = find_strategy(spec)

    def build(space: RecipeSpace, task: Problem, campaign_seed: int) -> Strategy:
        return plan.build(space, task.loss, campaign_seed)

    return run_campaign(problem().with_budget(rounds=rounds), plan.label, build, seed)


@dataclass(frozen=True)
class Quality:
    """How good a campaign was; larger is worse throughout."""

    true_loss: float
    """Noise-free loss of the last recipe recommended."""
    regret: float
    """How far that is above the optimum known."""
    rounds_to_target: float
    """Rounds until a recommended recipe reached `LEVEL`; NaN where none did."""


def quality(played: Campaign) -> Quality:
    """Judge a campaign as the suite does, by the recipes recommended after each round."""
    task = find_problem(PROBLEM)
    level = next(level.loss for level in task.levels if level.name == LEVEL)
    recommended = [record.true_loss for record in played.rounds]
    reached = [number for number, loss in enumerate(recommended, start=1) if loss <= level]
    return Quality(
        true_loss=recommended[-1],
        regret=recommended[-1] - task.optimum.loss,
        # Never infinity: `asv publish` hangs on it.
        rounds_to_target=reached[0] if reached else math.nan,
    )


@dataclass(frozen=True, eq=False)
class Plates:
    """Disks as the lab grows them; each array (n,), nm but for the spread."""

    diameter: FloatArray
    """Median."""
    thickness: FloatArray
    spread: FloatArray


def plates(n: int) -> Plates:
    """Return the plates that n random recipes grow."""
    grown = problem().lab.particles(recipes(n))
    median = grown.plate_volume * np.exp(-2 * grown.plate_spread**2)
    diameter = disk_diameter(median, grown.plate_thickness)
    return Plates(diameter, grown.plate_thickness, grown.plate_spread)


class WithoutPlates(Extinction):
    """The lab's optics less its plates: what is left is the table of compact particles."""

    def plates(self, particles: Particles) -> FloatArray:
        """Return zeros (n, W)."""
        return np.zeros((len(particles.plate_silver), len(self.optics.wavelengths)))


def without_plates(n: int) -> tuple[WithoutPlates, Particles]:
    """Return the optics of compact particles and what they see in n random recipes.

    There are no small spheres among them, so that the rest is compact particles alone.
    """
    lab = problem().lab
    grown = lab.particles(recipes(n))
    optics = WithoutPlates(lab.wavelengths, lab.parameters.growth, lab.parameters.extinction)
    return optics, replace(grown, sphere_silver=np.zeros(n))


@dataclass(frozen=True, eq=False)
class AcquisitionCase:
    """A penalised expected improvement in the middle of choosing a batch."""

    acquisition: PenalizedEI
    losses: FloatArray
    """What the model was fitted to, shape (m,)."""
    chosen: FloatArray
    """Points of the batch so far, shape (k, d), in the unit cube."""
    points: FloatArray
    """Points to score, shape (n, d), in the unit cube."""


@cache
def acquisition_case(n: int = 2000, chosen: int = 7) -> AcquisitionCase:
    """Return the acquisition after `OBSERVATIONS` recipes, half of a batch being chosen."""
    space = problem().space
    measured, losses = readable_losses(random_history())
    model = GaussianProcess.fit(space.to_unit(measured), losses)
    best = float(model.mean(model.points).min())
    steepest = lipschitz_constant(model, space, np.random.default_rng(SEED))
    points = space.to_unit(recipes(n + chosen, SEED + 1))
    return AcquisitionCase(
        PenalizedEI(model, best, steepest), losses, points[:chosen], points[chosen:]
    )
