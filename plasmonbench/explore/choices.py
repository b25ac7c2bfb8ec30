"""Which problems the explorer offers, and which instances of their labs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from plasmonbench import catalogue
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.specs import Spec, parse_spec

INSTANCE = "lab"
"""The knob by which labs that the data allow are chosen; 0 is the best fit."""
MOST_INSTANCES = 50


@dataclass(frozen=True)
class Choices:
    """The problems of a page, none of which is chosen by a file's name in an address.

    Parameters
    ----------
    problems
        Specs without the instance's knob; those that come along, and the one that was asked for.
    first
        The problem and the instance that the page opens with.
    """

    problems: tuple[str, ...]
    first: tuple[str, int]

    def check(self, problem: str, instance: int) -> None:
        """Check that a problem and an instance of it are offered.

        Raises
        ------
        PlasmonbenchError
            If not.
        """
        if problem not in self.problems:
            raise PlasmonbenchError(
                f"no problem '{problem[:60]}' is offered here; there are {', '.join(self.problems)}"
            )
        if instance not in range(count_instances(problem)):
            raise PlasmonbenchError(
                f"{problem} has no lab {instance}; there are 0 to {count_instances(problem) - 1}"
            )


def offer(text: str) -> Choices:
    """Return the choices of a page that opens with the problem of a spec.

    Raises
    ------
    PlasmonbenchError
        If the spec cannot be read.
    """
    spec = parse_spec(text)
    knobs = dict(spec.knobs)
    instance = knobs.pop(INSTANCE, "0")
    base = str(Spec(spec.name, tuple(knobs.items())))
    if not instance.isdigit():
        raise PlasmonbenchError(f"{INSTANCE}={instance} is wrong; a whole number is needed")
    names = sorted(catalogue.problem_names())
    problems = names if base in names else [base, *names]
    return Choices(tuple(problems), (base, int(instance)))


def spec_of(problem: str, instance: int) -> str:
    """Return the spec of an instance of a problem."""
    if not instance:
        return problem
    spec = parse_spec(problem)
    return str(Spec(spec.name, (*spec.knobs, (INSTANCE, str(instance)))))


@lru_cache(maxsize=64)
def count_instances(problem: str) -> int:
    """Return how many labs stand behind a problem, the best fit among them; 1 if it has no knob."""
    for instance in range(1, MOST_INSTANCES):
        try:
            catalogue.find_problem_without_landscape(spec_of(problem, instance))
        except PlasmonbenchError:
            return instance
    return MOST_INSTANCES
