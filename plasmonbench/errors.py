"""The one error that means: what you gave me cannot be used, and here is why."""

from collections.abc import Mapping


class PlasmonbenchError(ValueError):
    """Bad input of a user, told in one line: what, where, what to do.

    The command line prints its text and exits with code 2; anything else that escapes is a bug.
    """


def check_ranges(ranges: Mapping[str, tuple[float, float, float]]) -> None:
    """Check that settings lie in their ranges.

    Parameters
    ----------
    ranges
        By name of the setting: its value, the least and the greatest that make sense.

    Raises
    ------
    PlasmonbenchError
        If one does not; the message names it.
    """
    for name, (value, least, greatest) in ranges.items():
        if not least <= value <= greatest:
            upper = "" if greatest == float("inf") else f" and at most {greatest:g}"
            raise PlasmonbenchError(f"{name} must be at least {least:g}{upper}; got {value:g}")
