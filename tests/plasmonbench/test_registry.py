import importlib.metadata
import sys

import pytest

from plasmonbench import PlasmonbenchError, registry
from plasmonbench.registry import build_lab, find_strategy, lab_names, strategy_names
from plasmonbench.strategy import BOUND_MARK

GOOD = """
"A line."
scale: float = 0.5

def propose(self, history, n):
    return self.space.sample(n, self.rng(history))
"""


def test_the_six_strategies_and_two_labs_are_there():
    six = {"random", "lhs", "sequential-ei", "local-penalization", "dnn-grid", "two-step"}
    assert six <= set(strategy_names())
    assert {"silver-prisms", "recorded"} <= set(lab_names())
    assert all(strategy_names().values()), "each says in a line what it is"


def test_every_listed_plugin_can_be_loaded():
    for name in strategy_names():
        label = find_strategy(name).label
        assert label.removesuffix(BOUND_MARK) == name


def test_listing_imports_no_plugin():
    before = set(sys.modules)
    strategy_names()
    assert not {m for m in set(sys.modules) - before if m.startswith("strategies.")}


def test_a_file_of_somebody_elses(write_strategy, flow_space):
    path = write_strategy("my_planner", GOOD)
    plan = find_strategy(f"{path}[scale=0.25]")
    assert plan.label == "my-planner[scale=0.25]"
    assert plan.build(flow_space, None, 3).scale == 0.25
    assert find_strategy(plan.spec).knobs == plan.knobs


def test_a_class_of_an_importable_module(write_strategy, monkeypatch):
    path = write_strategy("module_of_mine", GOOD)
    monkeypatch.syspath_prepend(path.parent)
    assert find_strategy("module_of_mine:Mine").label == "Mine"
    with pytest.raises(PlasmonbenchError, match="did you mean Mine"):
        find_strategy("module_of_mine:Mien")
    with pytest.raises(PlasmonbenchError, match="no Python module"):
        find_strategy("module_of_nobody:Mine")


def test_an_entry_point(write_strategy, monkeypatch):
    path = write_strategy("installed_planner", GOOD)
    monkeypatch.syspath_prepend(path.parent)
    point = importlib.metadata.EntryPoint(
        "theirs", "installed_planner:Mine", registry.ENTRY_POINT_GROUPS["strategies"]
    )
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [point] if group == point.group else []
    )
    assert find_strategy("theirs").cls.__name__ == "Mine"
    assert "theirs" in strategy_names()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("pass", "no propose method"),
        ("def propose(self, history, n) return 1", "SyntaxError"),
    ],
)
def test_files_that_cannot_be_used_say_why(write_strategy, body, message):
    with pytest.raises(PlasmonbenchError, match=message):
        find_strategy(str(write_strategy("broken", body)))


def test_a_file_with_two_strategies_is_ambiguous(write_strategy):
    path = write_strategy("two", GOOD)
    path.write_text(path.read_text() + "\n\nclass Other(Mine):\n    pass\n")
    with pytest.raises(PlasmonbenchError, match="found Mine, Other"):
        find_strategy(str(path))


def test_unknown_names_and_knobs_suggest_the_nearest():
    with pytest.raises(PlasmonbenchError, match="did you mean random"):
        find_strategy("randm")
    with pytest.raises(PlasmonbenchError, match="has no parameter 'xi'"):
        find_strategy("random[xi=1]")
    with pytest.raises(PlasmonbenchError, match="no file"):
        find_strategy("nowhere/mine.py")
    with pytest.raises(PlasmonbenchError, match="did you mean silver-prisms"):
        build_lab("silver-prism", {})
    with pytest.raises(PlasmonbenchError, match="choose one of none, real, harsh"):
        build_lab("silver-prisms", {"noise": "loud"})
    with pytest.raises(PlasmonbenchError, match="did you mean noise"):
        build_lab("silver-prisms", {"nois": "real"})
