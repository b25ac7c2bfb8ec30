"""Asks a plug-in in a process of its own, which has seen nothing but the question."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.conformance.checks import ConformanceError, contained
from plasmonbench.conformance.global_state import out_of_step
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.history import History
from plasmonbench.loss import SpectralLoss
from plasmonbench.registry import find_strategy
from plasmonbench.space import RecipeSpace

HASH_SEED = "20210"
"""Of the other process, so that the order of sets differs from this one's."""


ANSWER = f"from {__name__} import answer; answer()"


class Question(Protocol):
    """Something that can be pickled and answered by an array."""

    def answer(self) -> FloatArray:
        """Find the plug-in anew and ask it."""
        ...


@dataclass(frozen=True)
class Proposal:
    """The question what a strategy proposes."""

    spec: str
    space: RecipeSpace
    loss: SpectralLoss | None
    seed: int
    history: History
    n: int

    def answer(self) -> FloatArray:
        """Build the strategy from its name and let it propose."""
        plan = find_strategy(self.spec)
        strategy = plan.build(self.space, self.loss, self.seed)
        with contained(), out_of_step():
            # Copied, because unpickled arrays can be written to.
            return np.asarray(strategy.propose(replace(self.history), self.n), dtype=np.float64)


def ask_elsewhere(asked: str, question: Question) -> FloatArray:
    """Answer a question in a fresh process.

    Raises
    ------
    ConformanceError
        If the process ends without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        asking, answered = Path(folder, "question"), Path(folder, "answer.npy")
        asking.write_bytes(pickle.dumps(question))
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONHASHSEED": HASH_SEED,
        }
        done = subprocess.run(  # noqa: S603 - our own file and interpreter
            [sys.executable, "-c", ANSWER, str(asking), str(answered)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if not answered.is_file():
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise ConformanceError(f"{asked}: another process gave no answer: {last}")
        return np.asarray(np.load(answered), dtype=np.float64)


def address_of(plugin: type, kind: str, find: Callable[[str], type]) -> str:
    """Return the text by which another process finds a class: its file, or its module.

    Raises
    ------
    PlasmonbenchError
        If no other process could find it.
    """
    module = sys.modules.get(plugin.__module__)
    file = getattr(module, "__file__", None)
    # The file first: pytest imports test modules under names that nobody else can import.
    texts = [str(file)] if file else []
    texts.append(f"{plugin.__module__}:{plugin.__qualname__}")
    for text in texts:
        try:
            if find(text).__qualname__ == plugin.__qualname__:
                return text
        except PlasmonbenchError:
            continue
    raise PlasmonbenchError(
        f"{kind} {plugin.__name__} cannot be found from another process; keep it in a file or "
        "module of its own, and name that: path/to/file.py or package.module:Class"
    )


def answer() -> None:
    """Answer the question in the file that the command line names first, into the second."""
    asking, answered = map(Path, sys.argv[1:3])
    question = pickle.loads(asking.read_bytes())  # noqa: S301 - written by ask_elsewhere
    np.save(answered, question.answer())
