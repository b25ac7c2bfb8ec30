"""Stored runs as tidy tables, for notebooks, figures and the report page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasmonbench.campaign_file import (
    CampaignTable,
    StoredCampaign,
    column_of,
    read_campaign_table,
)
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.store import CAMPAIGNS, Store, merged

RECOMMENDED = "recommended "
"""Before the name of a flow: that of the recommended recipe, in `Results.rounds`."""


@dataclass(frozen=True, eq=False)
class Results:
    """Campaigns of one or more runs, as tables in which every row is one observation.

    Rounds, slots and droplets count from 1. Flows are in the units of the lab (% of the aqueous
    flow, uL/min for the total flow); one that a problem lacks is NaN, one named like another
    column has ``flow`` before its name (``flow seed`` of gold-rods). Every table begins with the
    columns ``problem``, ``strategy`` and ``seed``. A failed campaign is there as far as it came.
    """

    problems: dict[str, dict[str, Any]]
    """The manifests' settings of each problem, by name: budget, target levels, optimum."""
    manifests: tuple[dict[str, Any], ...]
    """What each run says of itself: strategies and knobs, code, versions, machine."""
    tables: tuple[CampaignTable, ...]
    """The campaigns as they were read."""

    @property
    def stored(self) -> list[StoredCampaign]:
        """The campaigns as scoring takes them."""
        return [table.stored for table in self.tables]

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """A row per campaign.

        ``rounds`` and ``recipes`` made; ``best_true_loss`` and ``final_true_loss`` of what it
        recommended; seconds that its planner took (``planner_wall_seconds``,
        ``planner_cpu_seconds``, sums over rounds); ``stop_reason`` and ``failure``, missing where
        it ran to the end of its budget in order.
        """
        rows = [
            {
                **_key(one),
                "rounds": len(one.true_loss),
                "recipes": one.recipes_by_round[-1] if one.recipes_by_round else 0,
                "best_true_loss": min(one.true_loss, default=np.nan),
                "final_true_loss": one.true_loss[-1] if one.true_loss else np.nan,
                "planner_wall_seconds": sum(one.planner_wall_seconds),
                "planner_cpu_seconds": sum(one.planner_cpu_seconds),
                "stop_reason": one.stop_reason,
                "failure": one.failure,
            }
            for one in self.stored
        ]
        frame = pd.DataFrame(rows)
        return frame.astype({"stop_reason": "string", "failure": "string"})

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """A row per round.

        ``round``; ``recipes`` made up to and with it; ``true_loss``, the noise-free loss of the
        recipe recommended after it; ``planner_wall_seconds`` and ``planner_cpu_seconds``; the
        recommended recipe's flows as ``recommended <name>``.
        """
        return _stacked(
            [
                {
                    "round": np.arange(1, len(table.stored.true_loss) + 1),
                    "recipes": np.array(table.stored.recipes_by_round, dtype=np.int64),
                    "true_loss": np.array(table.stored.true_loss),
                    "planner_wall_seconds": np.array(table.stored.planner_wall_seconds),
                    "planner_cpu_seconds": np.array(table.stored.planner_cpu_seconds),
                }
                | {
                    RECOMMENDED + axis: table.recommendations[:, k]
                    for k, axis in enumerate(table.axes)
                }
                for table in self.tables
            ],
            self.stored,
        )

    @cached_property
    def recipes(self) -> pd.DataFrame:
        """A row per recipe: ``round``, ``slot``, flows by name, ``median_loss``, ``true_loss``.

        The median is over readable droplets; the true loss is the noise-free one.
        """
        return _stacked(
            [
                {"round": table.round, "slot": table.slot}
                | {column_of(axis): table.recipes[:, k] for k, axis in enumerate(table.axes)}
                | {
                    "median_loss": table.median_loss,
                    "true_loss": np.array(table.stored.recipe_true_losses),
                }
                for table in self.tables
            ],
            self.stored,
        )

    @cached_property
    def droplets(self) -> pd.DataFrame:
        """A row per droplet: ``round``, ``slot``, ``droplet``, ``loss``; NaN without a reading."""
        return _stacked(
            [
                {
                    "round": np.repeat(table.round, table.losses.shape[1]),
                    "slot": np.repeat(table.slot, table.losses.shape[1]),
                    "droplet": np.tile(np.arange(1, table.losses.shape[1] + 1), len(table.losses)),
                    "loss": table.losses.ravel(),
                }
                for table in self.tables
            ],
            self.stored,
        )

    @cached_property
    def explanations(self) -> pd.DataFrame:
        """A row per number that a strategy said of its plan: ``round``, ``name``, ``value``.

        The round is the one that was being planned.
        """
        parts = []
        for table in self.tables:
            entries = [
                (k, name, value)
                for k, entry in enumerate(table.explanations, start=1)
                for name, value in entry.items()
            ]
            parts.append(
                {
                    "round": np.array([k for k, _, _ in entries], dtype=np.int64),
                    "name": np.array([name for _, name, _ in entries], dtype=object),
                    "value": np.array([value for _, _, value in entries], dtype=np.float64),
                }
            )
        return _stacked(parts, self.stored)


def load(*runs: str | Path) -> Results:
    """Read one or more runs as if they were one.

    Parameters
    ----------
    runs
        Folders that ``plasmonbench run`` wrote.

    Raises
    ------
    PlasmonbenchError
        If a folder holds no run, a file cannot be read, no campaign has finished yet, or the runs
        do not fit together (see `plasmonbench.store.merged`).

    Examples
    --------
    >>> results = plasmonbench.load("runs/quick-1a2b3c4d")  # doctest: +SKIP
    >>> results.campaigns.groupby("strategy")["best_true_loss"].median()  # doctest: +SKIP
    """
    if not runs:
        raise PlasmonbenchError("name the folder of a run, or several")
    stores = [_WholeStore(Path(run)) for run in runs]
    problems, campaigns = merged(stores)
    if not campaigns:
        raise PlasmonbenchError(f"{runs[0]} holds no finished campaign yet")
    tables = [table for store in stores for table in store.tables]
    return Results(problems, tuple(store.manifest for store in stores), tuple(tables))


class _WholeStore(Store):
    """A run whose files are read whole, and once, while runs are merged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tables: list[CampaignTable] = []

    def campaigns(self) -> Iterator[StoredCampaign]:
        for path in sorted((self.folder / CAMPAIGNS).glob("*.parquet")):
            self.tables.append(read_campaign_table(path))
            yield self.tables[-1].stored


def _key(campaign: StoredCampaign) -> dict[str, Any]:
    return {
        "problem": campaign.problem,
        "strategy": campaign.strategy,
        "seed": campaign.seed,
    }


def _stacked(
    parts: Sequence[dict[str, np.ndarray[Any, Any]]], campaigns: Sequence[StoredCampaign]
) -> pd.DataFrame:
    """Return the columns of all campaigns one below the other, with the campaigns' keys before.

    Columns that some campaigns lack are NaN there: problems have different flows.
    """
    names = list(dict.fromkeys(name for part in parts for name in part))
    lengths = [len(next(iter(part.values()))) for part in parts]
    columns: dict[str, Any] = {
        key: np.repeat(np.array([_key(one)[key] for one in campaigns], dtype=kind), lengths)
        for key, kind in (("problem", object), ("strategy", object), ("seed", np.int64))
    }
    for name in names:
        columns[name] = np.concatenate(
            [part.get(name, np.full(n, np.nan)) for part, n in zip(parts, lengths, strict=True)]
        )
    frame = pd.DataFrame(columns)
    return frame.astype({"problem": "str", "strategy": "str"})
