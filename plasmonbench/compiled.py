"""Typed door to the compiler of numerical kernels (numba)."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop to machine code once, and keep the result on disk for the next process.

    Sums may be reordered and fused multiply-adds used, so that loops run in vector registers;
    NaN and infinity keep their meaning, so that a NaN droplet still gives a NaN loss; a division
    by zero gives infinity, as in NumPy (a branch that raises would keep loops out of those
    registers).
    """
    compiler = numba.njit(
        cache=True,
        nogil=True,
        error_model="numpy",
        fastmath={"reassoc", "contract", "arcp", "nsz"},
    )
    return cast(Callable[P, R], compiler(function))
