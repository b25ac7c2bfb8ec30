"""One campaign, one Parquet file: a row per recipe; what belongs to rounds is file metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from plasmonbench.arrays import FloatArray, IntArray
from plasmonbench.campaign import Campaign
from plasmonbench.catalogue import find_problem
from plasmonbench.errors import PlasmonbenchError

METADATA_KEY = b"plasmonbench"
SPECTRA = "spectra"
COLUMNS = {"problem", "strategy", "seed", "round", "losses", "median_loss", "true_loss", SPECTRA}
"""All others are flows."""
FLOW = "flow "
"""Before the name of a flow that is also the name of one of these columns, such as ``seed``."""


@dataclass(frozen=True)
class StoredCampaign:
    """What scoring needs of a campaign: everything but its droplets."""

    problem: str
    strategy: str
    seed: int
    recipes_by_round: tuple[int, ...]
    """Recipes made up to and with each round."""
    true_loss: tuple[float, ...]
    """Noise-free loss of the recipe recommended after each round."""
    planner_wall_seconds: tuple[float, ...]
    planner_cpu_seconds: tuple[float, ...]
    recipe_true_losses: tuple[float, ...]
    """Noise-free loss of every recipe, in the order made."""
    stop_reason: str | None
    failure: str | None


@dataclass(frozen=True, eq=False)
class CampaignTable:
    """A campaign's file, whole but for spectra. Rounds and slots count from 1."""

    stored: StoredCampaign
    axes: tuple[str, ...]
    """Names of the d flows of a recipe."""
    round: IntArray
    """Round of each recipe, shape (N,)."""
    slot: IntArray
    """Place of each recipe within its round, shape (N,)."""
    recipes: FloatArray
    """Shape (N, d)."""
    losses: FloatArray
    """Loss of each droplet, shape (N, r); NaN without a reading."""
    median_loss: FloatArray
    """Shape (N,)."""
    recommendations: FloatArray
    """Recipe recommended after each of R rounds, shape (R, d)."""
    explanations: tuple[dict[str, float], ...]
    """What the strategy said of the plan of each of R rounds."""


def write_campaign(path: Path, campaign: Campaign) -> None:
    """Write a campaign's file, whole or not at all: under a temporary name, then renamed."""
    temporary = path.with_suffix(".partial")
    pq.write_table(_table(campaign), temporary)
    temporary.replace(path)


def read_campaign(path: Path) -> StoredCampaign:
    """Read a campaign's file.

    Raises
    ------
    PlasmonbenchError
        If it is not a campaign's file.
    """
    with _readable(path):
        table = pq.read_table(path, columns=["round", "true_loss"])
        return _stored(_record(table), table)


def read_campaign_table(path: Path) -> CampaignTable:
    """Read a campaign's file with its recipes and droplets.

    Raises
    ------
    PlasmonbenchError
        If it is not a campaign's file.
    """
    with _readable(path):
        file = pq.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if name != SPECTRA]
        table = file.read(columns=names)
        return _whole(_record(table), table)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever an unreadable file raises into one clear line."""
    try:
        yield
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise PlasmonbenchError(
            f"{path} cannot be read as a campaign ({reason}); if it is no file of yours, delete it "
            "and run again"
        ) from error


def _record(table: pa.Table) -> dict[str, Any]:
    """Return what belongs to the campaign and its rounds."""
    metadata = table.schema.metadata or {}
    if METADATA_KEY not in metadata:
        raise ValueError("it was not written by plasmonbench")
    kept: dict[str, Any] = json.loads(metadata[METADATA_KEY])
    return kept


def column_of(axis: str) -> str:
    """Return the name of the column that holds a flow."""
    return FLOW + axis if axis in COLUMNS | {"slot"} else axis


def _whole(kept: dict[str, Any], table: pa.Table) -> CampaignTable:
    flows = tuple(name for name in table.schema.names if name not in COLUMNS)
    rounds = table["round"].to_numpy().astype(np.int64)
    n = len(rounds)
    return CampaignTable(
        stored=_stored(kept, table),
        axes=tuple(name.removeprefix(FLOW) for name in flows),
        round=rounds + 1,
        # Recipes stand in the order made, rounds one after the other.
        slot=np.arange(n) - np.searchsorted(rounds, rounds) + 1,
        recipes=np.stack([table[name].to_numpy() for name in flows], axis=1),
        losses=_losses(table["losses"]) if n else np.empty((0, 0)),
        median_loss=table["median_loss"].to_numpy(),
        recommendations=np.array(
            [entry["recommendation"] for entry in kept["rounds"]], dtype=np.float64
        ).reshape(-1, len(flows)),
        explanations=tuple(entry["explanation"] for entry in kept["rounds"]),
    )


def _losses(column: pa.ChunkedArray) -> FloatArray:
    """Return lists of droplets' losses as an array (N, r)."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(len(column), -1), dtype=np.float64)


def _stored(kept: dict[str, Any], table: pa.Table) -> StoredCampaign:
    rounds = kept["rounds"]
    made = np.bincount(table["round"].to_numpy(), minlength=len(rounds)).cumsum()
    return StoredCampaign(
        problem=kept["problem"],
        strategy=kept["strategy"],
        seed=kept["seed"],
        recipes_by_round=tuple(int(count) for count in made),
        true_loss=tuple(entry["true_loss"] for entry in rounds),
        planner_wall_seconds=tuple(entry["planner_wall_seconds"] for entry in rounds),
        planner_cpu_seconds=tuple(entry["planner_cpu_seconds"] for entry in rounds),
        recipe_true_losses=tuple(table["true_loss"].to_pylist()),
        stop_reason=kept["stop_reason"],
        failure=None if kept["failure"] is None else kept["failure"]["reason"],
    )


def _table(campaign: Campaign) -> pa.Table:
    """Return one row per recipe; what belongs to rounds and to the campaign is file metadata."""
    history = campaign.history
    names = find_problem(campaign.problem).space.names
    # Named in every row, so that the files of a run can be read as one table.
    n = len(history)
    columns: dict[str, Any] = {
        "problem": pa.array([campaign.problem] * n, pa.string()),
        "strategy": pa.array([campaign.strategy] * n, pa.string()),
        "seed": pa.array([campaign.seed] * n, pa.int64()),
        "round": history.round,
    }
    columns |= {column_of(name): history.recipes[:, k] for k, name in enumerate(names)}
    columns["losses"] = list(history.losses)
    columns["median_loss"] = history.median_loss
    columns["true_loss"] = campaign.true_losses
    if history.spectra is not None:
        # (r, W) in one list a recipe, in single precision: the spectrometer's noise is 1e-4.
        columns[SPECTRA] = list(history.spectra.reshape(len(history), -1).astype(np.float32))
    kept = {
        "problem": campaign.problem,
        "strategy": campaign.strategy,
        "seed": campaign.seed,
        "stop_reason": campaign.stop_reason,
        "failure": None if campaign.failure is None else asdict(campaign.failure),
        "rounds": [
            {
                "planner_wall_seconds": record.planner_wall_seconds,
                "planner_cpu_seconds": record.planner_cpu_seconds,
                "recommendation": record.recommendation.tolist(),
                "true_loss": record.true_loss,
                "lower": record.lower.tolist(),
                "upper": record.upper.tolist(),
                "explanation": record.explanation,
            }
            for record in campaign.rounds
        ],
    }
    return pa.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(kept).encode()})
