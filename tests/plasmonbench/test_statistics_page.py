"""The lines of Python in the docs on statistics must run as printed."""

import re
from pathlib import Path

from click.testing import CliRunner

from plasmonbench import cli

PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")


def test_the_lines_run_on_a_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["run", "-p", "silver-prisms[rounds=2,batch_size=4,replicates=2]", "--seeds", "2"]
    strategies = [part for name in ("random", "lhs", "thompson") for part in ("-s", name)]
    done = CliRunner().invoke(cli.cli, [*asked, *strategies, "--out", "runs/strategies"])
    assert done.exit_code == 0, done.output
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names = {}
    exec(lines, names)  # noqa: S102 - the page's own lines
    shown = capsys.readouterr().out
    assert "median_high" in shown
    ranks = names["friedman_ranks"](names["campaigns"], names["results"].problems)
    assert ranks.blocks == 2
    assert set(ranks.mean_ranks) == {"random", "lhs", "thompson"}


def test_every_function_named_is_there():
    table = PAGE[PAGE.index("| question") : PAGE.index("## Rules")]
    cells = re.findall(r"\| ([^|]*) \|\n", table)[1:]  # the first is the heading
    assert "success_share" in cells[0]
    for cell in cells:
        module = None
        for name in re.findall(r"`([a-z_.]+)`", cell):
            module, _, function = name.rpartition(".") if "." in name else (module, "", name)
            exec(f"from plasmonbench.scoring.{module} import {function}", {})  # noqa: S102
