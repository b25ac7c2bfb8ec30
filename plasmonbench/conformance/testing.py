"""The checks as pytest classes: subclass one, name what is yours, and every check is a test.

::

    from plasmonbench.conformance.testing import StrategyTests


    class TestCloser(StrategyTests):
        strategy = "closer.py"
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, TypeVar

import pytest

from plasmonbench.catalogue import find_problem
from plasmonbench.conformance.checks import Check, LeftOut, contained
from plasmonbench.conformance.lab_case import LabCase
from plasmonbench.conformance.lab_checks import LAB_CHECKS
from plasmonbench.conformance.problem_checks import PROBLEM_CHECKS, ProblemCase
from plasmonbench.conformance.strategy_case import LEAST_GAP, StrategyCase
from plasmonbench.conformance.strategy_checks import STRATEGY_CHECKS
from plasmonbench.strategy import Strategy

Case = TypeVar("Case")


# Kept from test to test: what is built and sampled once serves all checks of a class.
@lru_cache(maxsize=1)
def _strategy_case(
    strategy: str | type[Strategy], problem: str | None, learns: bool | None, least_gap: float
) -> StrategyCase:
    chosen = None if problem is None else find_problem(problem)
    return StrategyCase.of(strategy, chosen, learns=learns, least_gap=least_gap)


@lru_cache(maxsize=1)
def _lab_case(lab: str | type) -> LabCase:
    return LabCase.of(lab)


@lru_cache(maxsize=1)
def _problem_case(problem: str) -> ProblemCase:
    return ProblemCase.of(problem)


def _try(check: Check[Case], case: Case) -> None:
    try:
        with contained():
            check.run(case)
    except LeftOut as reason:
        pytest.skip(str(reason))


class StrategyTests:
    """Subclass it, and set `strategy`."""

    strategy: ClassVar[str | type[Strategy]]
    """Name with knobs, file, ``package.module:Class``, or the class."""
    problem: ClassVar[str | None] = None
    """Problem that it is tried on; None: the easy lab. For strategies made for one lab alone."""
    learns: ClassVar[bool | None] = None
    """Whether it must find the optimum; None: unless its class says ``learns = False``."""
    least_gap: ClassVar[float] = LEAST_GAP
    """Least distance of two recipes in a batch, in the unit cube."""

    @pytest.fixture
    def case(self) -> StrategyCase:
        """Return what is examined; override it to examine several."""
        return _strategy_case(self.strategy, self.problem, self.learns, self.least_gap)

    @pytest.mark.parametrize("check", STRATEGY_CHECKS, ids=lambda check: check.name)
    def test_promise(self, check: Check[StrategyCase], case: StrategyCase) -> None:
        """Try one promise."""
        _try(check, case)


class LabTests:
    """Subclass it, and set `lab`."""

    lab: ClassVar[str | type]
    """Name with knobs, file, ``package.module:Class``, or the class."""

    @pytest.fixture
    def case(self) -> LabCase:
        """Return what is examined; override it to examine several."""
        return _lab_case(self.lab)

    @pytest.mark.parametrize("check", LAB_CHECKS, ids=lambda check: check.name)
    def test_promise(self, check: Check[LabCase], case: LabCase) -> None:
        """Try one promise."""
        _try(check, case)


class ProblemTests:
    """Subclass it, and set `problem`."""

    problem: ClassVar[str]
    """Name with knobs, TOML file, or ``recorded:losses.csv``."""

    @pytest.fixture
    def case(self) -> ProblemCase:
        """Return what is examined; override it to examine several."""
        return _problem_case(self.problem)

    @pytest.mark.parametrize("check", PROBLEM_CHECKS, ids=lambda check: check.name)
    def test_promise(self, check: Check[ProblemCase], case: ProblemCase) -> None:
        """Try one promise."""
        _try(check, case)
