"""Fixtures of `pytest benchmarks/`; asv imports this file too, and takes nothing from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from . import interleaved, setups


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    setups.use_one_thread()


@pytest.fixture
def faster_than(benchmark: Any) -> Callable[..., None]:
    """Time a kernel for the table, then assert how many times faster it is than a plain one."""

    def check(
        fast: Callable[[], object], plain: Callable[[], object], times: float, **how: Any
    ) -> None:
        benchmark(fast)
        ratio = interleaved.speedup(fast, plain, enough=times, **how)
        benchmark.extra_info |= {"speedup": round(ratio, 2), "speedup_at_least": times}
        assert ratio >= times, f"only {ratio:.2f} times as fast as the plain reference"

    return check
