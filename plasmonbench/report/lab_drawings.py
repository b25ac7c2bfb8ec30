"""Figures of a problem's laboratory and of what strategies believed of it."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from plasmonbench.figures.best_spectra import best_spectra, best_spectra_text
from plasmonbench.figures.importance import (
    importance,
    importance_text,
    shap_swarm,
    shap_swarm_text,
)
from plasmonbench.figures.loss_maps import loss_maps, loss_maps_text
from plasmonbench.figures.particles import particles, particles_text
from plasmonbench.figures.style import Look
from plasmonbench.interpretation import Interpretation
from plasmonbench.problem import TargetLevel
from plasmonbench.report.figure_json import figure_record
from plasmonbench.report.parts import Drawing


def lab_drawings(
    found: Interpretation, looks: Mapping[str, Look], level: str | None
) -> list[Drawing]:
    """Return the figures that could be had of one problem.

    Parameters
    ----------
    found
        From `plasmonbench.interpretation.interpret`.
    looks
        Of all strategies of the page.
    level
        Name of the target level whose contour is drawn; None: the headline.
    """
    return [
        *_spectra(found, looks),
        *_maps(found, level),
        *_importance(found),
        *_particles(found),
    ]


def _spectra(found: Interpretation, looks: Mapping[str, Look]) -> list[Drawing]:
    loss = found.problem.loss
    if not found.spectra or loss is None:
        return []
    return [
        _drawing(
            "Best spectra beside the target",
            "The noise-free spectrum of the recipe that each strategy's median campaign "
            "recommends, beside the target (dotted), scaled as the loss scales it. The spot has "
            "the colour of the droplet in white light.",
            best_spectra_text(found.spectra, loss),
            best_spectra(found.spectra, loss, looks=looks),
            best_spectra(found.spectra, loss, looks=looks, columns=2),
        )
    ]


def _maps(found: Interpretation, level: str | None) -> list[Drawing]:
    if not found.maps:
        return []
    chosen = target_level(found, level)
    optimum = None if found.problem.optimum is None else found.problem.optimum.recipe
    return [
        _drawing(
            "Loss maps: truth and models",
            "The loss over two flows, the others held: as it truly is, and as the surrogates of "
            "strategies see it at the end of a campaign. Dots are recipes that were made, small "
            "and faint where far from this plane; the line is the target level, the star the best "
            "recipe known.",
            loss_maps_text(found.maps, level=chosen),
            loss_maps(found.maps, level=chosen, optimum=optimum),
            loss_maps(found.maps, level=chosen, optimum=optimum, columns=1),
        )
    ]


def _importance(found: Interpretation) -> list[Drawing]:
    if found.importance is None:
        return []
    return [
        _drawing(
            "Which flows matter",
            "How far each flow moves the loss (Shapley values), in truth and as a model sees it, "
            "beside its true share of the loss's variance (Sobol indices). Where bars of truth and "
            "model differ, the model has the chemistry wrong.",
            importance_text(found.importance),
            importance(found.importance),
            importance(found.importance, columns=1),
        ),
        _drawing(
            "Which way flows move the loss",
            "A point is a recipe; to the right of zero the flow raised its loss, to the left it "
            "lowered it. Colour says whether the flow was low or high in its range.",
            shap_swarm_text(found.importance),
            shap_swarm(found.importance),
            shap_swarm(found.importance, columns=1),
        ),
    ]


def _particles(found: Interpretation) -> list[Drawing]:
    if not found.particles:
        return []
    figure = particles(found.particles)
    return [
        _drawing(
            "Particles in the best droplet",
            "What an electron microscope would show: sizes of each kind of particle in the "
            "droplet of the best recommended recipe, and of the best one known. The area of a "
            "kind is its share of the metal.",
            particles_text(found.particles),
            figure,
            figure,
        )
    ]


def target_level(found: Interpretation, level: str | None) -> TargetLevel | None:
    """Return the level by its name, the headline for None."""
    name = level or found.problem.headline
    return next((one for one in found.problem.levels if one.name == name), None)


def _drawing(
    heading: str, explanation: str, text: str, wide: go.Figure, narrow: go.Figure
) -> Drawing:
    return Drawing(heading, explanation, text, figure_record(wide, narrow))
