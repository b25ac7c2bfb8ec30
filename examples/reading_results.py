"""Read the results of a run: medians as a table, one figure as a page of its own.

    python examples/reading_results.py [--quick] [RUN]

RUN is a folder that ``plasmonbench run`` wrote; without it a small run is made in a temporary one.
"""

# ruff: noqa: S603, T201 - an example starts a run, and prints

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import plasmonbench
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.figures.time_to_target import time_to_target, time_to_target_text


def small_run(folder: Path, seeds: int) -> Path:
    """Run two strategies and return the run's folder."""
    asked = ["-p", "silver-prisms[rounds=3]", "-s", "random", "-s", "local-penalization"]
    command = [sys.executable, "-m", "plasmonbench.cli", "run", *asked]
    subprocess.run(
        [*command, "--seeds", str(seeds), "--out", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def main() -> None:
    """Print medians and write a figure."""
    parser = argparse.ArgumentParser(description="Read the results of a run.")
    parser.add_argument("run", nargs="?", type=Path, help="folder of the run")
    parser.add_argument("--quick", action="store_true", help="make a run of two seeds, not five")
    arguments = parser.parse_args()
    run = arguments.run or small_run(
        Path(tempfile.mkdtemp()) / "run", seeds=2 if arguments.quick else 5
    )
    try:
        results = plasmonbench.load(run)
    except PlasmonbenchError as error:  # no run there, or one that cannot be read
        parser.error(str(error))

    # One row a campaign; rounds, recipes, droplets and explanations are tables too.
    columns = ["best_true_loss", "planner_cpu_seconds"]
    print(results.campaigns.groupby(["problem", "strategy"])[columns].median().to_string())

    # Figures take the campaigns of one problem and its settings, and return Plotly figures.
    name, settings = next(iter(results.problems.items()))
    campaigns = [one for one in results.stored if one.problem == name]
    print(time_to_target_text(campaigns, settings))
    time_to_target(campaigns, settings).write_html("time_to_target.html")
    print("written: time_to_target.html")


if __name__ == "__main__":
    main()
