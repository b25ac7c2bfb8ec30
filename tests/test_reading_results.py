"""The example that reads results prints what is in the files of the run it is given."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import plasmonbench

ROOT = Path(__file__).parents[1]


def test_the_example_prints_the_medians_of_a_run(tmp_path):
    asked = ["-p", "silver-prisms[rounds=2]", "-s", "random", "--seeds", "3", "--out", "run"]
    subprocess.run(
        [sys.executable, "-m", "plasmonbench.cli", "run", *asked],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "reading_results.py"), "run"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    median = plasmonbench.load(tmp_path / "run").campaigns["best_true_loss"].median()
    [told] = re.findall(r"random +(0\.\d+)", done.stdout)
    assert float(told) == pytest.approx(median, abs=1e-6)
    assert "of 3 campaigns of random" in done.stdout
    assert "plotly" in (tmp_path / "time_to_target.html").read_text(encoding="utf-8").lower()


def test_a_folder_without_a_run_ends_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "reading_results.py"), "nowhere"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: nowhere holds no run" in done.stderr
    assert "Traceback" not in done.stderr
