"""Holds a simulated lab against real droplets that it is asked to predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from plasmonbench.agreement import (
    Interval,
    LossAgreement,
    SpectrumAgreement,
    SpectrumErrors,
    loss_agreement,
    loss_intervals,
    spectrum_agreement,
    spectrum_errors,
    spectrum_intervals,
)
from plasmonbench.arrays import FloatArray
from plasmonbench.droplet_table import DropletTable
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import Lab
from plasmonbench.loss import SpectralLoss
from plasmonbench.replicates import ReplicateComparison, compare_replicates
from plasmonbench.space import RecipeSpace

REPETITIONS = 24
"""Repetitions of the simulated campaign, so that its own luck does not show in the figures."""
STARTUP_DROPLETS = 8
"""Droplets that are left out of a settled spectrum."""
LEAST_TO_LEAVE_OUT = 12
"""Droplets of a recipe from which on they are."""

FLOW_ROUNDING = 1e-3
"""How far beyond a bound a recorded recipe may lie, in widths of the axis."""


@dataclass(frozen=True, eq=False)
class SimulatedDroplets:
    """Droplets of n recipes, each an array (repetitions, droplets of that recipe)."""

    losses: list[FloatArray]
    peaks: list[FloatArray]
    """Peak absorbances."""


@dataclass(frozen=True, eq=False)
class SpectrumComparison:
    """Settled spectra of n recipes beside the lab's truth."""

    labels: tuple[str, ...]
    wavelengths: FloatArray
    """Shape (W,), nm."""
    measured: FloatArray
    """Median over settled droplets, absorbance, shape (n, W)."""
    measured_low: FloatArray
    """Their 10 % quantile, shape (n, W)."""
    measured_high: FloatArray
    """Their 90 % quantile, shape (n, W)."""
    predicted: FloatArray
    """Shape (n, W)."""
    errors: SpectrumErrors
    agreement: SpectrumAgreement
    intervals: dict[str, Interval | None]


@dataclass(frozen=True, eq=False)
class Validation:
    """How well a lab predicted losses, spectra and scatter of n recipes."""

    labels: tuple[str, ...]
    """What the file calls each recipe."""
    measured_losses: FloatArray
    """Median over droplets, shape (n,)."""
    predicted_losses: FloatArray
    """Shape (n,)."""
    losses: LossAgreement
    loss_intervals: dict[str, Interval | None]
    replicates: ReplicateComparison
    spectra: SpectrumComparison | None

    def record(self) -> dict[str, Any]:
        """Return the figures as a JSON document; null where one is not defined.

        ``replicates`` holds the simulated figures, ``measured`` the same of the real droplets,
        ``left_out`` how many recipes a figure could not be taken of.
        """
        replicates, spectra = self.replicates, self.spectra
        figures = None if spectra is None else asdict(spectra.agreement)
        left_out = None if figures is None else {"peak_nm": figures.pop("without_peak")}
        return {
            "losses": asdict(self.losses),
            "spectra": figures,
            "replicates": {
                "sd_spearman": replicates.sd_spearman,
                "sd_ratio": replicates.sd_ratio,
                **asdict(replicates.simulated),
            },
            "measured": asdict(replicates.measured),
            "intervals": {
                "losses": self.loss_intervals,
                "spectra": None if spectra is None else spectra.intervals,
            },
            "left_out": left_out,
        }


def validate(
    lab: Lab,
    loss: SpectralLoss,
    losses: DropletTable,
    spectra: DropletTable | None,
    rng: np.random.Generator,
    *,
    repetitions: int = REPETITIONS,
) -> Validation:
    """Let a lab predict the droplets of tables, and compare.

    Parameters
    ----------
    lab
        Any that is simulated.
    loss
        Loss of its spectra, the same as in the table.
    losses
        A loss per droplet, recipes in the order that they were run.
    spectra
        A spectrum per droplet, on the lab's wavelengths; the recipes need not be the same. None:
        only losses are compared.
    rng
        Where the luck of the simulated droplets and of the bootstrap comes from.
    repetitions
        Independent repetitions of the simulated campaign.

    Raises
    ------
    PlasmonbenchError
        If the lab cannot make a recipe, or has no truth to compare spectra with.
    """
    losses = makeable(losses, lab.space, "losses")
    spectra = None if spectra is None else makeable(spectra, lab.space, "spectra")
    # Streams of their own: the figures of losses are the same with and without spectra.
    loss_luck, spectrum_luck, loss_resampling, spectrum_resampling = rng.spawn(4)
    real = [droplets.T for droplets in losses.values]
    simulated = _repeat(lab, loss, losses, loss_luck, repetitions)
    measured = np.array([np.median(droplets) for droplets in real])
    predicted = _mean_of_medians(simulated)
    real_peaks = None if spectra is None else [rows.max(axis=1)[None] for rows in spectra.values]
    peaks = (
        None if spectra is None else _repeat(lab, loss, spectra, spectrum_luck, repetitions).peaks
    )
    return Validation(
        labels=losses.labels,
        measured_losses=measured,
        predicted_losses=predicted,
        losses=loss_agreement(measured, predicted),
        loss_intervals=loss_intervals(measured, predicted, loss_resampling),
        replicates=compare_replicates(real, simulated.losses, real_peaks, peaks),
        spectra=None if spectra is None else compare_spectra(lab, spectra, spectrum_resampling),
    )


def predicted_losses(
    lab: Lab,
    loss: SpectralLoss,
    recipes: FloatArray,
    droplets: Sequence[int],
    rng: np.random.Generator,
    repetitions: int = REPETITIONS,
) -> FloatArray:
    """Return the loss that a lab gives each recipe, shape (n,).

    The median over as many droplets as were measured, averaged over repetitions.

    Parameters
    ----------
    lab, loss
        The lab, and the loss of its spectra.
    recipes
        Shape (n, d), in the order that they were run: what is left in the tubes of one is in the
        first droplets of the next.
    droplets
        How many were measured of each, n numbers.
    rng
        Where the luck of the droplets comes from.
    repetitions
        How often the campaign is simulated.
    """
    return _mean_of_medians(simulate(lab, loss, recipes, droplets, rng, repetitions))


def simulate(
    lab: Lab,
    loss: SpectralLoss,
    recipes: FloatArray,
    droplets: Sequence[int],
    rng: np.random.Generator,
    repetitions: int,
) -> SimulatedDroplets:
    """Run recipes (n, d) in their order, several times over; parameters as `predicted_losses`."""
    most = max(droplets)
    losses, peaks = [], []
    for luck in rng.spawn(repetitions):
        spectra = lab.measure(recipes, most, luck)
        losses.append(loss(spectra))
        peaks.append(spectra.max(axis=2))
    # A lab makes the same number of every recipe: of those with fewer, the first count.
    return SimulatedDroplets(
        *(
            [rows[:, :k] for rows, k in zip(np.stack(values, axis=1), droplets, strict=True)]
            for values in (losses, peaks)
        )
    )


def settled_droplets(droplets: FloatArray) -> FloatArray:
    """Return the rows from the 9th on of (k, W); all of them where there are fewer than 12."""
    return droplets[STARTUP_DROPLETS if len(droplets) >= LEAST_TO_LEAVE_OUT else 0 :]


def settled_spectra(table: DropletTable) -> FloatArray:
    """Return the median spectrum of each recipe's settled droplets, shape (n, W)."""
    spectra = table.values
    return np.array([np.median(settled_droplets(droplets), axis=0) for droplets in spectra])


def compare_spectra(
    lab: Lab, spectra: DropletTable, rng: np.random.Generator
) -> SpectrumComparison:
    """Compare settled spectra of n recipes with the lab's truth.

    Raises
    ------
    PlasmonbenchError
        If the lab does not know its truth.
    """
    predicted = lab.truth(spectra.recipes)
    if predicted is None:
        raise PlasmonbenchError(
            "this lab does not know its noise-free spectra; leave --spectra out"
        )
    measured = settled_spectra(spectra)
    droplets = spectra.values
    low, high = (
        np.array([np.quantile(settled_droplets(rows), q, axis=0) for rows in droplets])
        for q in (0.1, 0.9)
    )
    errors = spectrum_errors(lab.wavelengths, measured, predicted)
    return SpectrumComparison(
        labels=spectra.labels,
        wavelengths=lab.wavelengths,
        measured=measured,
        measured_low=low,
        measured_high=high,
        predicted=predicted,
        errors=errors,
        agreement=spectrum_agreement(lab.wavelengths, measured, predicted),
        intervals=spectrum_intervals(errors, rng),
    )


def makeable(table: DropletTable, space: RecipeSpace, where: str) -> DropletTable:
    """Return a table with recipes that a lab can make; ``where`` names it in the error.

    Pumps round flows, so that a recipe on a bound is recorded a little beyond it: one that lies
    outside by up to a thousandth of an axis is taken as the nearest inside.

    Raises
    ------
    PlasmonbenchError
        If one lies farther out; the message says which, and why.
    """
    nearest = space.project(table.recipes)
    gap = np.abs(space.to_unit(nearest) - space.to_unit(table.recipes)).max(axis=1)
    wrong = np.flatnonzero(gap > FLOW_ROUNDING)
    if len(wrong):
        first = wrong[0]
        # The space knows the recipe by its row; the reader knows it by the file's own name.
        fault = space.violations(table.recipes[[first]])[0].removeprefix("recipe 0 ")
        more = f"; {len(wrong) - 1} more cannot be made either" if len(wrong) > 1 else ""
        raise PlasmonbenchError(
            f"{where}: the lab cannot make recipe {table.labels[first]} {fault}{more}"
        )
    return DropletTable(table.labels, nearest, table.values)


def _repeat(
    lab: Lab, loss: SpectralLoss, table: DropletTable, rng: np.random.Generator, repetitions: int
) -> SimulatedDroplets:
    counts = [len(droplets) for droplets in table.values]
    return simulate(lab, loss, table.recipes, counts, rng, repetitions)


def _mean_of_medians(simulated: SimulatedDroplets) -> FloatArray:
    return np.array([np.median(rows, axis=1).mean() for rows in simulated.losses])
