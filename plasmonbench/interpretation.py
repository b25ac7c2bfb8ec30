"""What planners came to believe of a lab, and what is true: everything that its figures need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from plasmonbench.arrays import FloatArray
from plasmonbench.best_spectra import BestSpectrum, best_spectrum, median_campaign
from plasmonbench.campaign_file import CampaignTable
from plasmonbench.catalogue import find_problem
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import RecordedLab
from plasmonbench.loss_map import CAMPAIGN_AXES, LossMap, Plane, loss_map, plane_through
from plasmonbench.particle_sizes import ParticleSizes, particle_sizes
from plasmonbench.problem import Problem
from plasmonbench.randomness import generator, planner_seed
from plasmonbench.registry import StrategyPlan, find_strategy
from plasmonbench.replay import replayed_history
from plasmonbench.results import Results
from plasmonbench.scoring.scores import score_campaigns
from plasmonbench.sensitivity import AxisSensitivity, analyse
from plasmonbench.shap_values import ShapValues, shap_sample, shap_values
from plasmonbench.strategy import BOUND_MARK, PredictedLoss

GAUSSIAN_PROCESS = "Gaussian process"
NETWORK = "neural network"
"""The surrogates that are asked, by what strategies call theirs (`Strategy.surrogate`)."""
SOBOL_SAMPLE = 512


@dataclass(frozen=True, eq=False)
class Belief:
    """What a strategy's surrogate believes at the end of its median campaign."""

    strategy: str
    seed: int
    surrogate: str
    recipes: FloatArray
    """What it had learnt from, shape (N, d)."""
    predicted: PredictedLoss


@dataclass(frozen=True, eq=False)
class Importance:
    """Which flows matter, in several senses of the word."""

    axes: tuple[str, ...]
    truth: ShapValues
    model: ShapValues | None
    """Of the network, on the same recipes and background."""
    model_name: str
    sobol: tuple[AxisSensitivity, ...]
    """Shares of the variance of the true loss over the whole box, by axis."""
    sobol_infeasible_share: float
    """Of the box."""


@dataclass(frozen=True, eq=False)
class NamedMap:
    """A loss map, whose it is, and the recipes that it was learnt from."""

    name: str
    map: LossMap
    recipes: FloatArray | None
    """Shape (N, d); None: of the truth, which learns nothing."""


@dataclass(frozen=True, eq=False)
class Interpretation:
    """What figures of labs and models show of one problem; parts that could not be had are None."""

    problem: Problem
    spectra: tuple[BestSpectrum, ...] = ()
    """Of each strategy's median campaign, the best strategy first and bounds last."""
    maps: tuple[NamedMap, ...] = ()
    """Of the truth, and of a Gaussian process and a network where the run has them."""
    importance: Importance | None = None
    particles: tuple[tuple[str, ParticleSizes], ...] = ()
    """Of the best droplet of all strategies, and of the known optimum; by what it is."""
    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    """By surrogate."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a part is not there, a sentence each: ``spectra``, ``maps``, ``importance``,
    ``particles``, and the names of the surrogates."""


def interpret(results: Results, problem_name: str, *, resolution: int = 60) -> Interpretation:
    """Compute what figures of labs and models show of one problem.

    The Gaussian process is that of the best strategy that has one, the network likewise, each
    taught by the median campaign of its strategy: measured once more where spectra were not kept.
    Whatever cannot be had is left out, and ``missing`` says why.

    Parameters
    ----------
    results
        As `plasmonbench.load` reads them.
    problem_name
        One of theirs.
    resolution
        Recipes along each axis of the maps.

    Raises
    ------
    PlasmonbenchError
        If the results hold no such problem, or it cannot be built any more.
    """
    if problem_name not in results.problems:
        known = ", ".join(results.problems)
        raise PlasmonbenchError(f"no problem '{problem_name}' in these runs; there are: {known}")
    problem = find_problem(problem_name)
    campaigns = _ranked(results, problem_name)
    missing: dict[str, str] = {}
    plans = _plans(results, campaigns)
    # One thread, as campaigns are played: the same network to the last digit, and no slower.
    with threadpool_limits(limits=1):
        spectra = _spectra(problem, campaigns, missing)
        beliefs = _beliefs(problem, campaigns, plans, missing)
        importance = _importance(problem, beliefs, missing)
        axes = _map_axes(problem, importance)
        return Interpretation(
            problem=problem,
            spectra=spectra,
            maps=_maps(problem, spectra, beliefs, axes, resolution, missing),
            importance=importance,
            particles=_particles(problem, spectra, missing),
            beliefs=beliefs,
            missing=missing,
        )


def believed(problem: Problem, campaign: CampaignTable, plan: StrategyPlan) -> Belief | None:
    """Return what a strategy believed at the end of a campaign; None if it has no surrogate.

    Raises
    ------
    PlasmonbenchError
        If the campaign's droplets cannot be had again (see `plasmonbench.replay`).
    """
    stored = campaign.stored
    history = replayed_history(
        problem, campaign.recipes, campaign.round - 1, stored.seed, campaign.losses
    )
    space = problem.space if problem.space.candidates is not None else problem.space_at(history)
    strategy = plan.build(space, problem.loss, planner_seed(stored.seed))
    predicted = strategy.predicted_loss(history)
    if predicted is None:
        return None
    return Belief(stored.strategy, stored.seed, plan.cls.surrogate, campaign.recipes, predicted)


def _plans(results: Results, labels: Iterable[str]) -> dict[str, StrategyPlan | str]:
    """Return the strategies that a record names by label, or why one cannot be had any more.

    The best first, and no more of them than it takes to have every surrogate: some load for
    seconds.
    """
    specs = {
        label: str(entry["spec"])
        for manifest in results.manifests
        for label, entry in manifest["strategies"].items()
    }
    plans: dict[str, StrategyPlan | str] = {}
    wanted = {GAUSSIAN_PROCESS, NETWORK}
    for label in labels:
        if not wanted:
            break
        try:
            plan = find_strategy(specs.get(label, label))
        except PlasmonbenchError as error:
            plans[label] = str(error)
        else:
            plans[label] = plan
            wanted.discard(plan.cls.surrogate)
    return plans


def _ranked(results: Results, problem: str) -> dict[str, CampaignTable]:
    """Return the median campaign of each strategy, the best first and bounds last."""
    tables: dict[str, list[CampaignTable]] = {}
    for table in results.tables:
        if table.stored.problem == problem:
            tables.setdefault(table.stored.strategy, []).append(table)
    scores = score_campaigns(
        [table.stored for group in tables.values() for table in group], results.problems
    )
    order = sorted([score.strategy for score in scores], key=lambda name: name.endswith(BOUND_MARK))
    medians = {name: median_campaign(tables[name]) for name in order}
    return {name: table for name, table in medians.items() if table is not None}


def _spectra(
    problem: Problem, campaigns: Mapping[str, CampaignTable], missing: dict[str, str]
) -> tuple[BestSpectrum, ...]:
    found = []
    faults = [] if campaigns else ["no campaign came as far as to recommend a recipe"]
    for table in campaigns.values():
        try:
            found.append(best_spectrum(problem, table))
        except PlasmonbenchError as error:
            faults.append(str(error))
    if faults:
        missing["spectra"] = "; ".join(dict.fromkeys(faults))
    return tuple(found)


def _beliefs(
    problem: Problem,
    campaigns: Mapping[str, CampaignTable],
    plans: Mapping[str, StrategyPlan | str],
    missing: dict[str, str],
) -> dict[str, Belief]:
    """Ask the best strategy that has one for each surrogate; say why where none could be."""
    if problem.space.candidates is not None:
        return {}
    beliefs: dict[str, Belief] = {}
    lost = "; ".join(dict.fromkeys(plan for plan in plans.values() if isinstance(plan, str)))
    for surrogate, verb in ((GAUSSIAN_PROCESS, "models losses by"), (NETWORK, "trains")):
        missing[surrogate] = f"no strategy of this run {verb} a {surrogate}"
        missing[surrogate] += f", as far as they can be found ({lost})" if lost else ""
        for name, table in campaigns.items():
            plan = plans.get(name)
            if plan is None or isinstance(plan, str) or plan.cls.surrogate != surrogate:
                continue
            try:
                belief = believed(problem, table, plan)
            except PlasmonbenchError as error:
                missing[surrogate] = str(error)
                continue
            if belief is not None:
                beliefs[surrogate] = belief
                del missing[surrogate]
                break
    return beliefs


def _maps(
    problem: Problem,
    spectra: Sequence[BestSpectrum],
    beliefs: Mapping[str, Belief],
    axes: Sequence[str] | None,
    resolution: int,
    missing: dict[str, str],
) -> tuple[NamedMap, ...]:
    try:
        plane = _plane(problem, spectra, axes)
        truth = NamedMap("truth", loss_map(problem.true_loss, plane, resolution), None)
        learnt = [
            NamedMap(
                f"{belief.surrogate} of {belief.strategy}",
                loss_map(belief.predicted, plane, resolution),
                belief.recipes,
            )
            for belief in beliefs.values()
        ]
    except PlasmonbenchError as error:
        missing["maps"] = str(error)
        return ()
    return (truth, *learnt)


def _map_axes(problem: Problem, importance: Importance | None) -> Sequence[str] | None:
    """Return the flows of the maps: the campaign's, or the two that truly matter most."""
    if importance is None or set(CAMPAIGN_AXES) <= set(problem.space.names):
        return None
    ordered = sorted(importance.sobol, key=lambda one: -(one.total.value or 0.0))
    return [one.axis for one in ordered[:2]]


def _plane(problem: Problem, spectra: Sequence[BestSpectrum], axes: Sequence[str] | None) -> Plane:
    """Return the plane of the maps, through the best recipe known or recommended."""
    if isinstance(problem.lab, RecordedLab):
        raise PlasmonbenchError(
            f"{problem.name} holds recorded recipes alone; a map needs a lab that can make any"
        )
    anchor = problem.optimum.recipe if problem.optimum is not None else None
    if anchor is None and spectra:
        anchor = min(spectra, key=lambda one: one.true_loss).recipe
    if anchor is None:
        raise PlasmonbenchError(f"no good recipe of {problem.name} is known to lay a map through")
    return plane_through(problem.space, anchor, axes)


def _importance(
    problem: Problem, beliefs: Mapping[str, Belief], missing: dict[str, str]
) -> Importance | None:
    try:
        sobol = analyse(problem, rng=generator("landscape", 9), sample=SOBOL_SAMPLE)
        recipes, background = shap_sample(problem.space, generator("landscape", 8))
        truth = shap_values(problem.true_loss, recipes, background, problem.space)
        network = beliefs.get(NETWORK)
        model = None
        if network is not None:
            model = shap_values(network.predicted, recipes, background, problem.space)
    except PlasmonbenchError as error:
        missing["importance"] = str(error)
        return None
    return Importance(
        axes=problem.space.names,
        truth=truth,
        model=model,
        model_name="" if network is None else f"{NETWORK} of {network.strategy}",
        sobol=sobol.axes["loss"],
        sobol_infeasible_share=sobol.infeasible_share,
    )


def _particles(
    problem: Problem, spectra: Sequence[BestSpectrum], missing: dict[str, str]
) -> tuple[tuple[str, ParticleSizes], ...]:
    rivals = [one for one in spectra if not one.strategy.endswith(BOUND_MARK)]
    shown: list[tuple[str, FloatArray]] = []
    if rivals:
        best = min(rivals, key=lambda one: one.true_loss)
        shown.append((f"best droplet ({best.strategy}, loss {best.true_loss:.3f})", best.recipe))
    if problem.optimum is not None:
        name = f"optimum (loss {problem.optimum.loss:.3f})"
        shown.append((name, np.asarray(problem.optimum.recipe)))
    try:
        return tuple((name, particle_sizes(problem.lab, recipe)) for name, recipe in shown)
    except PlasmonbenchError as error:
        missing["particles"] = str(error)
        return ()
