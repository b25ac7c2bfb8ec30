"""What each flow adds to a loss: Shapley values of a predictor, or of the truth."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import PredictedLoss

EXPLAINED, BACKGROUND = 40, 24
"""Recipes whose loss is explained, and recipes that stand for not knowing a flow."""
MOST_AXES = 10
"""Beyond it not all coalitions of flows can be asked, and values would be drawn by lot."""


@dataclass(frozen=True, eq=False)
class ShapValues:
    """Shapley values of a loss: for each recipe they and ``base`` add up to its loss."""

    recipes: FloatArray
    """Explained ones, shape (n, d)."""
    values: FloatArray
    """What each flow adds to the loss, shape (n, d)."""
    base: float
    """Mean loss of the background."""
    infeasible_share: float
    """Of the recipes that were asked about: hybrids that nobody could mix."""

    @property
    def mean_absolute(self) -> FloatArray:
        """How much each flow moves the loss on average, shape (d,)."""
        return np.asarray(np.abs(self.values).mean(axis=0))


def shap_sample(space: RecipeSpace, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return feasible recipes to explain and as a background, drawn uniformly.

    Shapes (`EXPLAINED`, d) and (`BACKGROUND`, d).

    Raises
    ------
    PlasmonbenchError
        If the space is a finite set.
    """
    if space.candidates is not None:
        raise PlasmonbenchError(
            "Shapley values mix flows of different recipes, which a finite set does not have"
        )
    recipes = space.sample(EXPLAINED + BACKGROUND, rng)
    return recipes[:EXPLAINED], recipes[EXPLAINED:]


def shap_values(
    loss: PredictedLoss, recipes: FloatArray, background: FloatArray, space: RecipeSpace
) -> ShapValues:
    """Return the Shapley values of a loss for recipes (n, d).

    A flow that is not known is taken from the background, each recipe of it in turn
    (interventional values; Lundberg and Lee, NeurIPS 2017; Janzing et al., AISTATS 2020). All
    2**d coalitions are asked, so that values are exact for this background. A hybrid of two
    recipes may break a constraint such as the sum limit: it is asked all the same, as for Sobol
    indices, and ``infeasible_share`` says how often that was so.

    Parameters
    ----------
    loss
        `Problem.true_loss`, or what `Strategy.predicted_loss` returned.
    recipes, background
        Feasible recipes, shapes (n, d) and (m, d).
    space
        Theirs.

    Raises
    ------
    PlasmonbenchError
        If there are more than `MOST_AXES` flows, or a loss is not finite.
    """
    dimension = space.dimension
    if dimension > MOST_AXES:
        raise PlasmonbenchError(
            f"Shapley values of {dimension} flows would need 2^{dimension} questions a recipe; "
            f"at most {MOST_AXES} flows are explained"
        )
    asked = broken = 0

    def counted(hybrids: FloatArray) -> FloatArray:
        nonlocal asked, broken
        asked += len(hybrids)
        broken += int((~space.contains(hybrids)).sum())
        losses = loss(hybrids)
        if not np.isfinite(losses).all():
            raise PlasmonbenchError(
                f"{int((~np.isfinite(losses)).sum()):,} of {len(losses):,} mixed recipes have no "
                "finite loss; tighten the bounds"
            )
        return losses

    with warnings.catch_warnings():
        # Imported here, since it takes a second; its colour maps speak of matplotlib's future.
        warnings.simplefilter("ignore")
        import shap
    # The kernel explainer asks all 2**d - 2 coalitions as long as they are fewer than nsamples,
    # and solves for the values; the "exact" one gives the same to 1e-15, but compiles for 5 s.
    explainer = shap.KernelExplainer(counted, background)
    values = explainer.shap_values(recipes, nsamples=2**MOST_AXES, l1_reg=False, silent=True)
    return ShapValues(
        recipes=np.array(recipes),
        values=np.asarray(values, dtype=np.float64),
        base=float(explainer.expected_value),
        infeasible_share=broken / asked,
    )
