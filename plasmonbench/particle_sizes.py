"""What grew in a droplet, as an electron microscope would count it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.lab import ParticleLab


@dataclass(frozen=True)
class Population:
    """One kind of particle in a droplet."""

    kind: str
    """For example ``plate``."""
    dimension: str
    """What is measured of it, for example ``edge``."""
    median: float
    """nm, by number of particles."""
    log_spread: float | None
    """Standard deviation of the natural logarithm of the size; None: the lab does not say."""
    share: float
    """Of all metal in the droplet."""

    def density(self, sizes: npt.ArrayLike) -> FloatArray:
        """Return the share of this kind's particles per nm at sizes (k,), nm; log-normal.

        It integrates to 1.

        Raises
        ------
        PlasmonbenchError
            If the lab does not say how sizes scatter.
        """
        if not self.log_spread:
            raise PlasmonbenchError(f"the lab does not say how sizes of a {self.kind} scatter")
        return np.asarray(stats.lognorm.pdf(sizes, s=self.log_spread, scale=self.median))

    def interval(self, share: float = 0.95) -> tuple[float, float]:
        """Return the sizes, nm, between which that share of the particles lies."""
        reach = 0.0 if not self.log_spread else stats.norm.ppf((1 + share) / 2) * self.log_spread
        return self.median * float(np.exp(-reach)), self.median * float(np.exp(reach))


@dataclass(frozen=True, eq=False)
class ParticleSizes:
    """All kinds of particles in a droplet of one recipe."""

    recipe: FloatArray
    """Shape (d,)."""
    metal: str
    """For example ``silver``."""
    populations: tuple[Population, ...]
    unreduced: float | None
    """Share of the metal that is still dissolved; None: the lab does not say."""


def particle_sizes(lab: object, recipe: npt.ArrayLike) -> ParticleSizes:
    """Return the particles that a lab grows from a recipe (d,).

    Read from the table of `ParticleLab.populations` by the names of its columns:
    ``silver_in_plates`` is the share of a kind (``plate``) and names the metal; the first column
    ``plate_..._nm`` is its size; ``plate_log_spread`` the spread of the logarithm of that size;
    ``silver_unreduced`` what is left in solution.

    Raises
    ------
    PlasmonbenchError
        If the lab cannot say what grew, or its table names no kind with a size.
    """
    if not isinstance(lab, ParticleLab):
        name = getattr(lab, "name", type(lab).__name__)
        raise PlasmonbenchError(f"the lab {name} does not say which particles it grows")
    recipe = np.asarray(recipe, dtype=np.float64)
    row = lab.populations(recipe[None]).iloc[0]
    found = [
        match for match in (re.fullmatch(r"(\w+)_in_(\w+)", str(c)) for c in row.index) if match
    ]
    populations = [kind for kind in (_population(row, match) for match in found) if kind]
    if not populations:
        raise PlasmonbenchError(
            "the lab's table of particles has no kind with a share (silver_in_plates) and a size "
            f"(plate_edge_nm); it has {', '.join(map(str, row.index))}"
        )
    metal = found[0][1]
    left = f"{metal}_unreduced"
    return ParticleSizes(
        recipe, metal, tuple(populations), float(row[left]) if left in row.index else None
    )


def _population(row: pd.Series, match: re.Match[str]) -> Population | None:
    """Return the kind that a column of shares speaks of; None if no column has its size."""
    kinds = (match[2], match[2].removesuffix("s"))
    for kind in kinds:
        sizes = [str(c) for c in row.index if re.fullmatch(rf"{kind}_\w+_nm", str(c))]
        if not sizes:
            continue
        spread = f"{kind}_log_spread"
        return Population(
            kind=kind,
            dimension=sizes[0].removeprefix(f"{kind}_").removesuffix("_nm").replace("_", " "),
            median=float(row[sizes[0]]),
            log_spread=float(row[spread]) if spread in row.index else None,
            share=float(row[match[0]]),
        )
    return None
