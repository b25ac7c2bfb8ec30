"""What a plug-in needs beyond plasmonbench's own dependencies, and how to install it."""

import ast
import importlib.util
from collections.abc import Sequence

from plasmonbench.errors import PlasmonbenchError


def missing_modules(modules: Sequence[str]) -> list[str]:
    """Return those of some top-level modules that are not installed, without importing any."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


def require_modules(modules: Sequence[str], extra: str) -> None:
    """Check that top-level modules are installed.

    Raises
    ------
    PlasmonbenchError
        If one is not; the message gives the pip command of the ``extra`` that brings it.
    """
    missing = missing_modules(modules)
    if missing:
        raise PlasmonbenchError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; "
            f"install with: {pip_command(extra)}"
        )


def pip_command(extra: str) -> str:
    """Return the command that installs an extra of plasmonbench."""
    return f"pip install 'plasmonbench[{extra}]'"


def not_installed(plugin: ast.Module) -> str | None:
    """Return the pip command for what a parsed plug-in file lacks; None if it lacks nothing.

    Read from the class attributes ``modules`` (top-level modules that it imports) and ``extra``,
    both literals, so that nothing is imported.
    """
    for node in plugin.body:
        if not isinstance(node, ast.ClassDef):
            continue
        stated = {
            statement.target.id: statement.value
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        }
        modules, extra = stated.get("modules"), stated.get("extra")
        if modules is None or extra is None:
            continue
        if missing_modules(ast.literal_eval(modules)):
            return pip_command(ast.literal_eval(extra))
    return None
