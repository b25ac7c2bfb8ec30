"""The random states and settings that belong to everybody: watched, and put out of step."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from plasmonbench.conformance.checks import ConformanceError

OTHER_SEED = 20210


def global_state() -> dict[str, Any]:
    """Return comparable values of everything global that a plug-in must leave as it is.

    Random states of Python and NumPy, NumPy's error handling; where torch is loaded its random
    state, default dtype and number of threads.
    """
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 - what we guard
    state: dict[str, Any] = {
        "the random state of Python's random": random.getstate(),
        "the global random state of numpy": (np.array(keys).tobytes(), position, has_gauss, gauss),
        "numpy's handling of floating-point errors (np.seterr)": np.geterr(),
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        state |= {
            "the global random state of torch": bytes(torch.get_rng_state().numpy()),
            "torch's default dtype": torch.get_default_dtype(),
            "torch's number of threads": torch.get_num_threads(),
        }
    return state


@contextlib.contextmanager
def watched(asked: str) -> Iterator[None]:
    """Tell if what is done inside changes anything global.

    Raises
    ------
    ConformanceError
        If it does.
    """
    # Out of step first: whoever seeds the global states alike each time is found out too.
    with out_of_step():
        before = global_state()
        yield
        after = global_state()
    # Torch may be loaded inside for the first time; then there is nothing to compare with.
    changed = [name for name in before if after.get(name) != before[name]]
    if changed:
        raise ConformanceError(
            f"{asked}: {', '.join(changed)} changed; draw from the generator that is given "
            "(torch: from a torch.Generator seeded by it) and leave global settings alone"
        )


@contextlib.contextmanager
def out_of_step() -> Iterator[None]:
    """Seed all global random states otherwise, and set what is global to defaults, for a while."""
    torch: Any = sys.modules.get("torch")
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - put back below
    if torch is not None:
        torch_state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    try:
        random.seed(OTHER_SEED)
        np.random.seed(OTHER_SEED)  # noqa: NPY002 - it must have no say
        if torch is not None:
            torch.manual_seed(OTHER_SEED)
            torch.set_default_dtype(torch.float32)
        with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(torch_state)
            torch.set_default_dtype(dtype)
