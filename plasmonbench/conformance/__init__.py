"""What strategies, labs and problems promise, as checks that anybody can run on their own.

``plasmonbench check NAME`` runs them; `plasmonbench.conformance.testing` has them as pytest
classes to subclass.
"""

from plasmonbench.conformance.checks import Check, ConformanceError, LeftOut, Outcome, examine
from plasmonbench.conformance.easy_lab import EasyLab, easy_problem
from plasmonbench.conformance.lab_case import LabCase
from plasmonbench.conformance.lab_checks import LAB_CHECKS
from plasmonbench.conformance.problem_checks import PROBLEM_CHECKS, ProblemCase
from plasmonbench.conformance.strategy_case import StrategyCase
from plasmonbench.conformance.strategy_checks import STRATEGY_CHECKS

__all__ = [
    "LAB_CHECKS",
    "PROBLEM_CHECKS",
    "STRATEGY_CHECKS",
    "Check",
    "ConformanceError",
    "EasyLab",
    "LabCase",
    "LeftOut",
    "Outcome",
    "ProblemCase",
    "StrategyCase",
    "easy_problem",
    "examine",
]
