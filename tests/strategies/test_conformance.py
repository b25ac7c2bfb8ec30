"""Every shipped strategy keeps what `plasmonbench check` asks, with knobs that make it quick."""

from functools import cache

import pytest

from plasmonbench import PlasmonbenchError
from plasmonbench.catalogue import find_problem
from plasmonbench.conformance import StrategyCase
from plasmonbench.conformance.testing import StrategyTests
from plasmonbench.registry import strategy_names
from plasmonbench.specs import parse_spec

QUICK = {
    "dnn-grid": "dnn-grid[epochs=30,samples=2000,beam=20]",
    "qlogei": "qlogei[samples=64,restarts=1,steps=3,draws=16]",
    "qlognei": "qlognei[samples=64,restarts=1,steps=3,draws=16]",
    "rf-lcb": "rf-lcb[trees=10,samples=200,starts=2]",
    "sequential-ei": "sequential-ei[restarts=0]",
    "spectral": "spectral[samples=16]",
    "thompson": "thompson[samples=300,features=128]",
    "turbo": "turbo[samples=300]",
    "two-step": "two-step[switch_round=2]",
}
"""Knobs of those whose defaults take long."""
REPLICATES = "local-penalization[noise=replicates,incumbent=measured,xi=0.1]"
VARIANTS = [
    "sequential-ei[batch=constant-liar,restarts=0]",
    REPLICATES,
]
HOME = {"digital-twin": "silver-prisms", "oracle": "silver-prisms"}
"""The problem of those that know the chemistry of one lab alone."""
FLOORS = {"random", "lhs"}
SLOW = {
    "same in another process",
    "batches of 1 and 96",
    "resumes mid-campaign",
    "finds the optimum",
}
PEERS = "peer-"
"""Begins the names of other people's planners, all of which take long."""
KNOWN_TO_FAIL = {
    ("paper-bo", "finds the optimum"): "raw units and one length scale hold it back, as they did",
    (REPLICATES, "one droplet each"): "noise from replicates asks for replicates, and says so",
}
SPECS = [QUICK.get(name, name) for name in strategy_names()] + VARIANTS


@cache
def shipped(spec):
    """Return the case of a shipped strategy, or None with why where it is not installed."""
    name = parse_spec(spec).name
    problem = find_problem(HOME[name]) if name in HOME else None
    try:
        return StrategyCase.of(spec, problem, learns=name not in FLOORS)
    except PlasmonbenchError as error:
        if "install" not in str(error):
            raise
        return str(error)


class TestShippedStrategies(StrategyTests):
    @pytest.fixture(params=SPECS)
    def case(self, request, check):
        name = parse_spec(request.param).name
        slow = check.name in SLOW or name in HOME or name.startswith(PEERS)
        if slow and not request.config.getoption("--slow"):
            pytest.skip("slow; run with --slow")
        case = shipped(request.param)
        if isinstance(case, str):
            pytest.skip(case)
        if (request.param, check.name) in KNOWN_TO_FAIL:
            reason = KNOWN_TO_FAIL[request.param, check.name]
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        return case
