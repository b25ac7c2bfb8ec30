"""The scripts in examples/ run as they stand, and as plug-ins where they say so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plasmonbench.catalogue import find_problem
from plasmonbench.conformance import LAB_CHECKS, LabCase, examine
from plasmonbench.registry import find_strategy

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def run(script, folder):
    """Run a script's quick variant in an empty folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(script), "--quick"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])
def test_an_example_runs_as_it_stands(script, tmp_path):
    assert run(script, tmp_path).strip()


def test_there_are_examples():
    assert {"botorch_loop", "own_lab", "own_strategy"} <= {script.stem for script in SCRIPTS}


def test_the_hand_written_loop_learns(tmp_path):
    """From a Latin hypercube of five recipes two rounds of five lower the true loss."""
    losses = [
        float(x)
        for x in re.findall(r"true loss ([\d.]+)", run(EXAMPLES / "botorch_loop.py", tmp_path))
    ]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_the_strategy_is_a_plug_in():
    plan = find_strategy(f"{EXAMPLES / 'own_strategy.py'}[width=0.3]")
    assert plan.label == "own-strategy[width=0.3]"
    assert dict(plan.knobs) == {"width": 0.3}


def test_the_lab_is_a_plug_in_and_conforms():
    problem = find_problem(f"{EXAMPLES / 'own_lab.toml'}[noise=0.1]")
    assert problem.space.names == ("dye", "time")
    assert problem.lab.noise == 0.1
    outcomes = examine(LAB_CHECKS, LabCase.of(str(EXAMPLES / "own_lab.py")))
    assert {outcome.verdict for outcome in outcomes} <= {"passed", "left out"}, outcomes


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])
def test_commands_in_its_text_name_files_that_exist(script):
    for name in re.findall(r"examples/[\w.]+", script.read_text(encoding="utf-8")):
        assert (EXAMPLES.parent / name.rstrip(".")).exists(), name
