import json
import sys
from pathlib import Path

import pytest

from plasmonbench import cli

SHIPPED = Path(__file__).parents[2] / "simulators" / "silver_prisms.toml"


@pytest.fixture
def plasmonbench(monkeypatch, capsys, tmp_path):
    """Call the command line in a folder of its own; gives exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["plasmonbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return call


def test_list_for_machines(plasmonbench):
    code, out, _ = plasmonbench("list", "--json")
    listed = json.loads(out)
    assert code == 0
    assert {"strategies", "problems", "suites"} <= set(listed)
    assert "local-penalization" in listed["strategies"]
    assert "silver-prisms" in listed["problems"]
    assert {"quick", "paper"} <= set(listed["suites"])


def test_list_for_people_says_what_each_is(plasmonbench):
    _, out, _ = plasmonbench("list")
    assert "Latin hypercube" in out
    assert "final bounds" in out


def test_run_and_compare(plasmonbench, toy, tmp_path):
    arguments = (
        "run",
        "-p",
        f"{toy}[rounds=2]",
        "-s",
        "random",
        "-s",
        "lhs",
        "--seeds",
        2,
        "--out",
        "there",
    )
    code, out, err = plasmonbench(*arguments)
    assert code == 0, err
    assert "Results: there" in out
    out = out.replace("\n", "")
    assert "toy.toml[rounds=2]" in out, "brackets are shown, not taken for markup"
    code, out, _ = plasmonbench("compare", "there", "--json")
    rows = json.loads(out)["rows"]
    assert {row["strategy"] for row in rows} == {"random", "lhs"}
    assert all(row["campaigns"] == 2 and row["failed"] == 0 for row in rows)
    code, _, err = plasmonbench(*arguments)
    assert code == 0
    assert "4 of 4 campaigns are already in there" in err


def test_a_failing_strategy_is_shown_as_failed(plasmonbench, toy, write_strategy):
    path = write_strategy("broken", "def propose(self, history, n):\n    raise ValueError('no')")
    code, out, err = plasmonbench("run", "-p", toy, "-s", path, "-s", "random", "--seeds", 1)
    assert code == 0
    assert "failed: broken (1 campaign): round 1: ValueError: no (broken.py, line 7)" in err
    assert "1 failed" in out
    code, _, err = plasmonbench("run", "-p", toy, "-s", path, "--seeds", 1, "--out", "alone")
    assert code == 1
    assert "every campaign failed" in err


def test_what_a_strategy_prints_does_not_mix_with_the_scores(plasmonbench, toy, write_strategy):
    path = write_strategy(
        "chatty",
        "def propose(self, history, n):\n    print('hello')\n"
        "    return self.space.sample(n, self.rng(history))",
    )
    code, out, _ = plasmonbench("run", "-p", toy, "-s", path, "--seeds", 1, "--json")
    assert code == 0
    assert json.loads(out)["rows"][0]["failed"] == 0


def test_an_edited_problem_is_not_mixed_with_its_old_self(plasmonbench, toy):
    arguments = ("run", "-p", toy, "-s", "random", "--seeds", 1, "--out", "there")
    assert plasmonbench(*arguments)[0] == 0
    toy.write_text(toy.read_text().replace("rounds = 3", "rounds = 2"))
    code, _, err = plasmonbench(*arguments)
    assert code == 2
    assert "has changed since this run began" in err


@pytest.mark.parametrize("manifest", ["{}", "[]", "{", "\xff"])
def test_what_is_not_a_run_is_said_so(plasmonbench, tmp_path, manifest):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "manifest.json").write_text(manifest, encoding="latin-1")
    for arguments in (
        ("compare", "odd"),
        ("run", "-p", "silver-prisms", "-s", "lhs", "--out", "odd"),
    ):
        code, _, err = plasmonbench(*arguments)
        assert code == 2
        assert "manifest" in err


def test_a_folder_that_cannot_be_made(plasmonbench, tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in ("file", "file/below"):
        code, _, err = plasmonbench("run", "-p", "silver-prisms", "-s", "lhs", "--out", folder)
        assert code == 2
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "name a suite"),
        (["run", "quik"], "did you mean quick"),
        (["run", "-p", "silver-prisms", "-s", "dnn-grid[levels=1]"], "levels must be at least 2"),
        (["run", "-p", "silver-prisms", "-s", "local-penalization[xi=inf]"], "a finite number"),
        (["run", "-p", "silver-prisms", "-s", "randm"], "did you mean random"),
        (["run", "-p", "silver-prism", "-s", "random"], "did you mean silver-prisms"),
        (["run", "-p", "silver-prisms", "-s", "random[xi=1]"], "has no parameter 'xi'"),
        (["run", "-p", "silver-prisms", "-s", "local-penalization[xi=a]"], "local-penalization"),
        (["run", "-p", "recorded:nowhere.csv", "-s", "random"], "no file"),
        (["run", "-p", "silver-prisms", "-s", "nowhere.py"], "no file"),
        (["run", "-p", "silver-prisms", "-s", "random", "--seeds", "0"], "--seeds"),
        (["run", "-p", "silver-prisms", "-s", "random", "--jbos", "2"], "No such option"),
        (["compare", "nowhere"], "holds no run"),
        (["compare"], "Missing argument"),
        (["landscape", "recorded:x.csv"], "its own landscape"),
        (["landscape", "silver-prisms", "--sample", "20000", "--write"], "rest on 1,048,576"),
        (
            ["landscape", f"silver-prisms[parameters={SHIPPED}]", "--write"],
            "copy its TOML file",
        ),
        (["wrong"], "No such command"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(plasmonbench, arguments, message):
    code, out, err = plasmonbench(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_help_and_version(plasmonbench):
    assert "compare" in plasmonbench("--help")[1]
    assert plasmonbench("--version")[0] == 0
    assert "Usage" in plasmonbench()[1]


def test_comparing_a_run_twice_is_refused(plasmonbench, toy):
    plasmonbench("run", "-p", toy, "-s", "random", "--seeds", 1, "--out", "there")
    code, _, err = plasmonbench("compare", "there", "there")
    assert code == 2
    assert "a second time" in err
