"""Every shipped lab and problem keeps what `plasmonbench check` asks."""

from functools import cache

import pytest

from plasmonbench.catalogue import find_problem_without_landscape, problem_names
from plasmonbench.conformance import LabCase, ProblemCase
from plasmonbench.conformance.testing import LabTests, ProblemTests

PROCESS = "same in another process"
LABS = [
    "silver-prisms",
    "silver-prisms[noise=harsh]",
    "silver-prisms[noise=none]",
    "silver-prisms[lab=3]",
    "gold-rods",
]
RECORDED = ["recorded:{losses}", "recorded:{losses}[spectra={spectra}]"]


@cache
def lab(text):
    return LabCase.of(text)


@cache
def lab_of_problem(text):
    return LabCase.of_problem(text, find_problem_without_landscape(text))


@pytest.fixture
def files(campaign_data):
    return {
        "losses": campaign_data / "agnp_losses.csv",
        "spectra": campaign_data / "agnp_spectra_run1.csv",
    }


class TestShippedLabs(LabTests):
    @pytest.fixture(params=LABS)
    def case(self, request, check):
        if check.name == PROCESS and not request.config.getoption("--slow"):
            pytest.skip("slow; run with --slow")
        return lab(request.param)


class TestRecordedLabs(LabTests):
    @pytest.fixture(params=RECORDED)
    def case(self, request, check, files):
        if check.name == PROCESS and not request.config.getoption("--slow"):
            pytest.skip("slow; run with --slow")
        text = request.param.format(**files)
        return lab_of_problem(text)


class TestLabsOnTheirProblems(LabTests):
    """In a problem's box other corners are met than in the lab's own."""

    @pytest.fixture(params=sorted(problem_names()))
    def case(self, request, check):
        if check.name == PROCESS:
            pytest.skip("asked of the lab itself")
        return lab_of_problem(request.param)


class TestSilverPrisms(ProblemTests):
    problem = "silver-prisms"


class TestSilverPrismsPaper(ProblemTests):
    problem = "silver-prisms-paper"


class TestGoldRods(ProblemTests):
    problem = "gold-rods"


@pytest.mark.slow
class TestAnotherLab(ProblemTests):
    problem = "silver-prisms[lab=3]"


class TestRecorded(ProblemTests):
    @pytest.fixture
    def case(self, files):
        return ProblemCase.of(RECORDED[0].format(**files))
