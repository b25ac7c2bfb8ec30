"""Labs that the campaign's data do not rule out: the best fit, and draws around it.

A draw refits the lab after its luck was drawn anew: the recipes' weights by the Bayesian bootstrap
(Rubin, Ann. Statist. 9, 130 (1981)) and the priors' means from the priors themselves, so that what
the data leave open is as wide among the labs as it was believed to be ("randomise, then optimise",
Bardsley et al., SIAM J. Sci. Comput. 36, A1895 (2014)). As the best fit misses real losses by more
than the uncertainty of its numbers, rate and volume of the plates get smooth corrections here that
the best fit does without, and what was not fitted changes from lab to lab: silver's permittivity,
the optics of the plates, the size damping.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from plasmonbench import PlasmonbenchError
from simulators.fitting.fit import Fit, Task, descend_all
from simulators.fitting.objective import Campaign
from simulators.fitting.structures import CORRECTIONS, Structure
from simulators.stages.parameters import (
    SHIPPED,
    SilverParameters,
    parse_values,
    read_parameters,
    to_vector,
)

SILVERS = ("Johnson", "McPeak", "Yang", "Babar")
"""Data sets that take turns; the campaign fits each of them about as well."""
PLATES = ("disk", "spheroid", "disk")
"""Optics of the plates that take turns: those that cross-validation does not tell apart."""
DAMPING = (1.0, 3.0)
"""Range of the size damping, uniform in its logarithm; 0.5 to 3 are found in practice."""
CORRECTION_WIDTH = 3.0
"""Factor of the priors' spreads of the smooth corrections."""


def draw_labs(
    best: Fit,
    campaign: Campaign,
    structure: Structure,
    count: int,
    rng: np.random.Generator,
    executor: Executor | None = None,
) -> list[SilverParameters]:
    """Return ``count`` labs around the best fit to a campaign."""
    tasks = []
    for k in range(count):
        damping = float(np.exp(rng.uniform(*np.log(DAMPING))))
        widened = dataclasses.replace(
            structure,
            freed=(*structure.freed, *CORRECTIONS),
            correction_width=CORRECTION_WIDTH,
        ).changed(silver=SILVERS[k % len(SILVERS)], plates=PLATES[k % len(PLATES)], damping=damping)
        objective = Task(widened, campaign).objective()
        start = to_vector(best.parameters, objective.model.numbers)
        centre = objective.centre + objective.spread * rng.standard_normal(len(start))
        tasks.append(
            Task(
                widened,
                campaign,
                start=start,
                weights=_bayesian_bootstrap(len(campaign.recipes), rng),
                spectrum_weights=_bayesian_bootstrap(len(campaign.spectra), rng),
                centre=centre,
            )
        )
    return [
        task.objective().model.parameters(minimum.vector)
        for task, minimum in zip(tasks, descend_all(tasks, executor), strict=True)
    ]


def write_labs(
    path: Path, labs: Sequence[SilverParameters], around: SilverParameters | None = None
) -> None:
    """Write labs as JSON, numbers by stage and name; ``around`` is the fit that they belong to."""
    record: dict[str, Any] = {"labs": [dataclasses.asdict(lab) for lab in labs]}
    if around is not None:
        record["around"] = _fingerprint(around)
    path.write_text(
        json.dumps(record, indent=1) + "\n",
        encoding="utf-8",
    )


def labs_file(parameters: Path = SHIPPED) -> Path:
    """Return where the draws around a parameter file are kept: beside it."""
    return parameters.with_suffix(".labs.json")


def read_lab(number: int, parameters: Path = SHIPPED) -> SilverParameters:
    """Return a lab: 0 is the best fit, 1 and up the draws around it.

    Raises
    ------
    PlasmonbenchError
        If there is no lab of that number, or a file cannot be read.
    """
    if number == 0:
        return read_parameters(parameters)
    path = labs_file(parameters)
    if not path.is_file():
        raise PlasmonbenchError(
            f"there is no file {path} of other labs; only lab=0, the fit itself"
        )
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        labs: list[Any] = record["labs"]
    except (ValueError, KeyError, TypeError) as error:
        raise PlasmonbenchError(f"{path} is not a file of labs: {error}") from error
    if not isinstance(labs, list):
        raise PlasmonbenchError(f"{path} is not a file of labs: 'labs' must be a list")
    if record.get("around", "") not in ("", _fingerprint(read_parameters(parameters))):
        raise PlasmonbenchError(
            f"the labs in {path} were drawn around another fit than {parameters.name}; "
            "write both anew with plasmonbench calibrate"
        )
    if not 1 <= number <= len(labs):
        raise PlasmonbenchError(f"lab must be 0 to {len(labs)}; got {number}")
    return parse_values(path, labs[number - 1])


def _fingerprint(parameters: SilverParameters) -> str:
    return hashlib.sha256(repr(parameters).encode()).hexdigest()[:12]


def _bayesian_bootstrap(size: int, rng: np.random.Generator) -> Any:
    """Return weights (size,) of mean 1, uniform over all that share out the same total."""
    return size * rng.dirichlet(np.ones(size)) if size else np.ones(0)
