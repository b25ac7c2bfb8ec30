"""The whole page as a function of its state: what each move of a slider shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash.development.base_component import Component

from plasmonbench.arrays import FloatArray
from plasmonbench.explore.address import query_of
from plasmonbench.explore.bench import Bench, Readout, open_bench, read_recipe
from plasmonbench.explore.choices import spec_of
from plasmonbench.explore.feasibility import faults
from plasmonbench.explore.figures import Figure, sizes_figure, spectrum_figure
from plasmonbench.explore.flows import flows, settable
from plasmonbench.explore.measured_csv import MeasuredSpectrum
from plasmonbench.explore.panels import (
    Children,
    colour_panel,
    loss_panel,
    peaks_text,
    recipe_text,
    sizes_legend,
    sizes_text,
    spectrum_legend,
)


@dataclass(frozen=True, eq=False)
class State:
    """What somebody has set: a recipe (d,) within the bounds, not always one that can be made."""

    problem: str
    instance: int
    recipe: FloatArray
    luck: int = 0
    noise: bool = True
    own: MeasuredSpectrum | None = None

    @property
    def bench(self) -> Bench:
        """The bench of the problem; raises `PlasmonbenchError` as `open_bench`."""
        return open_bench(spec_of(self.problem, self.instance))


@dataclass(frozen=True, eq=False)
class View:
    """What the page shows of a state."""

    feasible: bool
    fault: str
    """What keeps the recipe from being made; empty if nothing does."""
    budget: str
    """How much of each limited sum is used."""
    spectrum: Figure
    sizes: Figure | None
    spectrum_legend: list[Component]
    sizes_legend: list[Component]
    loss: Children
    colours: Children
    peaks: str
    grown: str
    query: str
    recipe: str


def view(state: State) -> View:
    """Return what the page shows of a state.

    Of a recipe that cannot be made it shows the nearest that can, in grey, and no loss.
    """
    bench = state.bench
    space = bench.problem.space
    parts = flows(space)
    wrong = faults(space, state.recipe)
    shown = nearest(bench, state.recipe) if wrong else state.recipe
    readout = read_recipe(bench, shown, state.luck if state.noise else None)
    feasible = not wrong
    grown = readout.grown
    return View(
        feasible=feasible,
        fault="; ".join(wrong),
        budget=budget_text(bench, state.recipe),
        spectrum=spectrum_figure(bench, readout, state.own, feasible=feasible),
        sizes=None if grown is None else sizes_figure(grown, feasible=feasible),
        spectrum_legend=spectrum_legend(readout, state.own, feasible=feasible),
        sizes_legend=sizes_legend(grown, feasible=feasible),
        loss=loss_panel(bench, readout) if feasible else _no_loss(readout),
        colours=colour_panel(bench, readout, feasible=feasible),
        peaks=peaks_text(readout),
        grown=sizes_text(grown),
        query=query_of(
            state.problem,
            state.instance,
            parts,
            state.recipe,
            luck=state.luck,
            noise=state.noise,
        ),
        recipe=recipe_text(parts, state.recipe.tolist()),
    )


def nearest(bench: Bench, recipe: FloatArray) -> FloatArray:
    """Return the nearest recipe (d,) that can be made and set."""
    space = bench.problem.space
    return settable(space, space.project(recipe[None])[0])


def budget_text(bench: Bench, recipe: FloatArray) -> str:
    """Say how much of each limited sum a recipe (d,) uses; empty if no sum is limited."""
    space = bench.problem.space
    parts = flows(space)
    found = []
    for row, limit in zip(*space.inequalities, strict=True):
        used = [flow for flow, weight in zip(parts, row, strict=True) if weight]
        units = {flow.unit for flow in used}
        unit = f" {units.pop()}" if len(units) == 1 else ""
        names = ", ".join(flow.label for flow in used)
        found.append(f"{names}: {row @ recipe:.4g} of at most {limit:.4g}{unit} together")
    return "; ".join(found)


def numbers(values: Sequence[Any]) -> FloatArray | None:
    """Return what inputs hold as an array; None while one of them is empty or no number."""
    try:
        found = np.array([float(value) for value in values])
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found).all() else None


def _no_loss(readout: Readout) -> Children:
    return [f"No loss: it cannot be mixed. The nearest that can has {readout.parts.loss:.3f}."]
