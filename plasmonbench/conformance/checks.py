"""What a check is, how a list of them is run, and what came of each."""

from __future__ import annotations

import contextlib
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from threadpoolctl import threadpool_limits

Case = TypeVar("Case")
Result = TypeVar("Result")
Verdict = Literal["passed", "failed", "left out"]


class ConformanceError(AssertionError):
    """A promise that is not kept, in one line: what was asked, what came back, what to do."""


class LeftOut(Exception):  # noqa: N818 - it is no error
    """Why a check does not apply here."""


@dataclass(frozen=True)
class Check(Generic[Case]):
    """One promise and the function that tries it.

    Parameters
    ----------
    name
        A few words, as tables and test names show it.
    run
        Returns None where the promise is kept, or a remark to be shown; raises
        `ConformanceError` where it is not, `LeftOut` where it does not apply.
    """

    name: str
    run: Callable[[Case], str | None]


@dataclass(frozen=True)
class Outcome:
    """What came of one check."""

    check: str
    verdict: Verdict
    reason: str
    """Why it failed or was left out; else a remark, or nothing."""
    seconds: float

    def as_record(self) -> dict[str, Any]:
        """Return plain texts and numbers."""
        return {
            "check": self.check,
            "verdict": self.verdict,
            "reason": self.reason or None,
            "seconds": round(self.seconds, 3),
        }


def examine(
    checks: Sequence[Check[Case]],
    case: Case,
    on_start: Callable[[str], None] = lambda _name: None,
    on_end: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Run all checks, whatever fails; return an outcome for each."""
    outcomes = []
    for check in checks:
        on_start(check.name)
        begun = time.perf_counter()
        verdict: Verdict = "passed"
        try:
            with contained():
                reason = check.run(case) or ""
        except LeftOut as left_out:
            verdict, reason = "left out", one_line(left_out)
        except ConformanceError as error:
            verdict, reason = "failed", one_line(error)
        outcome = Outcome(check.name, verdict, reason, time.perf_counter() - begun)
        outcomes.append(outcome)
        on_end(outcome)
    return outcomes


def attempt(asked: str, call: Callable[..., Result], *arguments: Any) -> Result:
    """Call somebody's code; whatever it raises becomes a broken promise that says where."""
    try:
        return call(*arguments)
    except (ConformanceError, LeftOut):
        raise
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise ConformanceError(
            f"{asked}: it raised {type(error).__name__}: {one_line(error)} "
            f"({Path(frame.filename).name}, line {frame.lineno})"
        ) from error


def one_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().partition("\n")[0]


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Compute on one thread, as the harness does, and let no check spoil the next.

    Sums of several threads may differ in the last digit. A plug-in that breaks its promise not to
    touch torch's default dtype is told off by the check of that; the others shall not suffer.
    """
    torch: Any = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch is not None else math.nan
    dtype = torch.get_default_dtype() if torch is not None else None
    with threadpool_limits(limits=1):
        if torch is not None:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            loaded: Any = sys.modules.get("torch")
            if loaded is not None:
                loaded.set_default_dtype(loaded.float32 if dtype is None else dtype)
            if torch is not None:
                torch.set_num_threads(threads)
