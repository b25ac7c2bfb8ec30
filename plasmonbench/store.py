"""Keeps a run: one folder, one Parquet file per finished campaign, one manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from plasmonbench.campaign import Campaign
from plasmonbench.campaign_file import StoredCampaign, read_campaign, write_campaign
from plasmonbench.catalogue import find_problem
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.manifest import MANIFEST_KEYS, merge_settings
from plasmonbench.runner import Job
from plasmonbench.whole_file import write_whole

MANIFEST = "manifest.json"
CAMPAIGNS = "campaigns"


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
        write_whole(path, json.dumps(settings, indent=2) + "\n")

    # -- campaigns ----------------------------------------------------------------------------

    def path(self, problem: str, strategy: str, seed: int) -> Path:
        """Return the file of a campaign."""
        stem = "__".join(_slug(name) for name in (problem, strategy))
        return self.folder / CAMPAIGNS / f"{stem}__seed{seed:04d}.parquet"

    def write(self, campaign: Campaign) -> None:
        """Keep a finished or failed campaign."""
        write_campaign(self.path(campaign.problem, campaign.strategy, campaign.seed), campaign)

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


def planned(run: Store) -> int:
    """Return how many campaigns a run was asked for."""
    asked = run.manifest
    return len(asked["problems"]) * len(asked["strategies"]) * int(asked["seeds"])


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


def _slug(name: str) -> str:
    """Make a file name of a label; a hash keeps different labels apart."""
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-")
    if plain == name:
        return plain
    return f"{plain[-60:]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
