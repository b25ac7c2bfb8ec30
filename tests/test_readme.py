"""The README's own example and names must work as printed."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from plasmonbench.campaign import run_campaign
from plasmonbench.catalogue import find_problem, problem_names
from plasmonbench.cli import cli
from plasmonbench.conformance import STRATEGY_CHECKS, StrategyCase, examine
from plasmonbench.registry import find_strategy, strategy_names
from plasmonbench.suites import suites

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


NOTEBOOK, POPULATIONS, STRATEGY, CHECK, LAB = re.findall(
    r"```python\n(.*?)```", README, flags=re.DOTALL
)


def play(plan, problem):
    return run_campaign(
        problem, plan.label, lambda space, p, seed: plan.build(space, p.loss, seed), 0
    )


def test_the_ten_line_strategy_runs_and_learns(tmp_path):
    path = tmp_path / "closer.py"
    path.write_text(STRATEGY)
    done = play(
        find_strategy(f"{path}[width=0.2]"), find_problem("silver-prisms[rounds=3,replicates=5]")
    )
    assert done.failure is None
    assert done.rounds[-1].true_loss < done.rounds[0].true_loss


def test_the_ten_line_strategy_conforms(tmp_path, monkeypatch):
    (tmp_path / "closer.py").write_text(STRATEGY)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(CHECK, names)  # noqa: S102 - the README's own lines
    case = StrategyCase.of(names["TestCloser"].strategy)
    assert dict(case.plan.knobs) == {"width": 0.2}
    outcomes = examine(STRATEGY_CHECKS, case)
    assert {outcome.verdict for outcome in outcomes} == {"passed"}, outcomes


def test_the_notebook_s_lines_show_rounds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = "silver-prisms[rounds=2,batch_size=3,replicates=2]"
    asked = ["run", "-p", small, "-s", "random", "--seeds", "2", "--out", "runs/FOLDER"]
    done = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    capsys.readouterr()
    exec(NOTEBOOK, {})  # noqa: S102 - the README's own lines
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["round", "1", "2"]
    assert rows[-1].split()[0] == "random"


def test_what_grew_is_shown(capsys):
    exec(POPULATIONS, {})  # noqa: S102 - the README's own lines
    shown = capsys.readouterr().out
    assert "plate_edge_nm" in shown
    assert "silver_in_plates" in shown


def test_the_lab_runs(tmp_path):
    (tmp_path / "mine.py").write_text(LAB)
    (tmp_path / "mine.toml").write_text('lab = "mine.py"\n')
    problem = find_problem(f"{tmp_path / 'mine.toml'}[noise=0.1,rounds=2,batch_size=3]")
    assert problem.lab.noise == 0.1
    assert problem.space.names == ("dye", "time")
    assert play(find_strategy("lhs"), problem).failure is None


def test_every_strategy_and_problem_is_described():
    for name in [*strategy_names(), *problem_names()]:
        assert f"`{name}`" in README


def test_every_suite_that_is_run_exists():
    named = re.findall(r"plasmonbench run ([a-z]+)", README)
    assert named
    assert set(named) <= set(suites())


def test_every_file_that_is_named_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("target", re.findall(r"^make ([a-z-]+)", README, flags=re.MULTILINE))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
