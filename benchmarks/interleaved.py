"""Speed-ups that hold on a busy machine: both sides timed in turns, the best of each counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter

SHORTEST = 2e-3
"""Seconds; a side that is faster is called several times per turn, for the clock's sake."""


def speedup(
    fast: Callable[[], object],
    plain: Callable[[], object],
    *,
    enough: float,
    turns: int = 5,
    most_turns: int = 30,
) -> float:
    """Return how many times faster ``fast`` is than ``plain``.

    Load from other processes only ever adds time, so the least of several turns comes nearest to
    the code's own. Turns go on beyond ``turns`` while the ratio is below ``enough``: a burst of
    load is outlived, a real loss of speed is not.
    """
    best = {side: _seconds(side, 1) for side in (fast, plain)}
    calls = {side: max(1, math.ceil(SHORTEST / seconds)) for side, seconds in best.items()}
    for turn in range(1, most_turns):
        if turn >= turns and best[plain] >= enough * best[fast]:
            break
        for side, times in calls.items():
            best[side] = min(best[side], _seconds(side, times))
    return best[plain] / best[fast]


def _seconds(side: Callable[[], object], times: int) -> float:
    start = perf_counter()
    for _ in range(times):
        side()
    return (perf_counter() - start) / times
