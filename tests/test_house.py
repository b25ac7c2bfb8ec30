"""The house as the design draws it: which package may import which."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VOCABULARY = {
    "arrays", "bounds", "compiled", "droplet_table", "errors", "growth_of_bounds", "history", "lab",
    "loss", "optional_installs", "polytope", "problem", "randomness", "space", "strategy",
    "targets",
}  # fmt: skip


def imports(path):
    """Return the full names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("plasmonbench", {"simulators", "strategies"}),
        ("simulators", {"strategies"}),
        ("strategies", {"simulators"}),
    ],
)
def test_arrows_run_one_way(package, forbidden):
    for path in (ROOT / package).rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports(path)}
        assert not roots & forbidden, path


def test_plugins_import_from_plasmonbench_itself_as_strangers_do():
    for package in ("simulators", "strategies"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    assert not node.module.startswith("plasmonbench."), path


def test_the_vocabulary_imports_nothing_of_the_harness():
    for name in VOCABULARY:
        inner = {
            module.split(".")[1]
            for module in imports(ROOT / "plasmonbench" / f"{name}.py")
            if module.startswith("plasmonbench.")
        }
        assert inner <= VOCABULARY, name
