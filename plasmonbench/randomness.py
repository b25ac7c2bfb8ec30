"""The only door to random numbers: generators keyed by what they are for."""

from typing import Literal

import numpy as np

PURPOSES = {
    "strategy": 1,
    "noise": 2,
    "landscape": 3,
    "planner": 4,
    "calibration": 5,
    "validation": 6,
    "comparison": 7,
}
Purpose = Literal[
    "strategy", "noise", "landscape", "planner", "calibration", "validation", "comparison"
]


def generator(purpose: Purpose, *key: int) -> np.random.Generator:
    """Return the generator of a purpose and a key of non-negative integers.

    The same arguments give the same stream in every process; different ones give streams that
    are independent for all practical purposes (NumPy's SeedSequence), but for zeros at the end of
    a key, which are as good as absent: the keys of a purpose all have one length.
    """
    return np.random.default_rng(np.random.SeedSequence([PURPOSES[purpose], *key]))


def planner_seed(seed: int) -> int:
    """Return the seed that a strategy is given for a campaign's seed.

    Another number, so that a strategy does not hold the key of the noise it will meet.
    """
    return int(generator("planner", seed).integers(2**62))
