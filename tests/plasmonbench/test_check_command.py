"""`plasmonbench check`, and the pytest classes that a stranger subclasses."""

import json
import subprocess
import sys

import pytest

from plasmonbench import PlasmonbenchError, cli
from plasmonbench.conformance import (
    StrategyCase,
)
from plasmonbench.conformance.testing import StrategyTests

SOUND = "return self.space.sample(n, self.rng(history))"
RAISE = "raise ValueError('stumbled')"
PROCESS = "same in another process"
OPTIMUM = "finds the optimum"


# -- the command and the pytest classes -----------------------------------------------------------


@pytest.fixture
def check(monkeypatch, capsys, tmp_path):
    """Call ``plasmonbench check`` in a folder of its own; gives exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def check(*arguments):
        monkeypatch.setattr(sys, "argv", ["plasmonbench", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return check


def test_the_command_passes_a_floor(check):
    code, out, err = check("random", "--floor")
    assert code == 0, err
    assert "conforms (22 checks" in out
    assert "left out" in out


def test_the_command_fails_what_does_not_conform(check, write_strategy):
    path = write_strategy("mine", f"def propose(self, history, n):\n    print('hi'); {SOUND}[:2]")
    code, out, err = check(path, "--json", "--only", "shape and count", "--only", "one observation")
    assert code == 1
    record = json.loads(out)
    assert record["conforms"] is False
    assert record["kind"] == "strategy"
    assert [one["verdict"] for one in record["checks"]] == ["failed", "failed"]
    assert "(2, 4)" in record["checks"][0]["reason"]
    assert "hi" in err
    code, out, _ = check(f"{path}", "--only", "shape and count")
    assert code == 1
    assert "does not conform: 1 failed" in out


def test_the_command_tells_strategies_labs_and_problems_apart(check, write_lab, toy):
    lab = write_lab("pass")
    for arguments, kind in (
        ((lab,), "lab"),
        (("gold-rods", "--lab"), "lab"),
        ((toy,), "problem"),
        (("lhs[]",), "strategy"),
        (("plasmonbench.conformance:EasyLab",), "lab"),
    ):
        only = "shape and count" if kind == "strategy" else "shapes"
        code, out, err = check(*arguments, "--only", only, "--json")
        assert code == 0, err
        assert json.loads(out)["kind"] == kind


def test_a_strategy_is_tried_on_another_problem(check, toy):
    code, out, _ = check("lhs", "-p", toy, "--only", "shape and count", "--only", OPTIMUM)
    assert code == 0
    assert "toy.toml" in "".join(out.split()), "a long path is folded"
    assert "a floor, which does not learn" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["randm"], "did you mean random"),
        (["local-penalization[xi=a]"], "local-penalization"),
        (["dnn-grid[levels=1]"], "levels must be at least 2"),
        (["nowhere.py"], "there is no file"),
        (["silver-prisms", "--floor"], "--problem and --floor are of strategies"),
        (["gold-rod", "--lab"], "did you mean gold-rods"),
        (["random", "--only", "shape and cont"], "did you mean shape and count"),
        (["random", "-p", "silver-prism"], "did you mean silver-prisms"),
        (["nowhere.toml"], "there is no file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(check, arguments, message):
    code, out, err = check(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_strangers_subclass_names_what_fails(write_strategy, tmp_path):
    write_strategy(
        "mine", f"def propose(self, history, n):\n    if len(history) == 1: {RAISE}\n    {SOUND}"
    )
    (tmp_path / "test_mine.py").write_text(
        "from mine import Mine\n"
        "from plasmonbench.conformance.testing import StrategyTests\n\n\n"
        "class TestMine(StrategyTests):\n    strategy = Mine\n    learns = False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "-rfs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FAILED test_mine.py::TestMine::test_promise[one observation]" in done.stdout
    assert "1 failed, 21 passed, 1 skipped" in done.stdout
    assert "a floor, which does not learn" in done.stdout


def test_a_class_is_found_again_by_another_process(write_strategy):
    class Local(StrategyTests):
        pass

    with pytest.raises(PlasmonbenchError, match="cannot be found from another process"):
        StrategyCase.of(Local)
