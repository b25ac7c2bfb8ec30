"""Planned rounds over the history of commits: seconds and memory."""

from __future__ import annotations

from . import setups


class Round:
    """One round of 15 recipes, planned from `setups.OBSERVATIONS` of them."""

    params = (
        "random",
        "lhs",
        "local-penalization",
        "sequential-ei[batch=constant-liar]",
        "dnn-grid",
        "two-step[switch_round=1]",
        "gp-lcb",
        "thompson",
        "turbo",
        "spectral",
        "digital-twin",
    )
    param_names = ("strategy",)
    timeout = 300.0
    # A round takes from a tenth of a millisecond to seconds; few repetitions are enough.
    repeat = (2, 5, 20.0)
    warmup_time = 0.0

    def setup(self, strategy):
        setups.use_one_thread()
        self.planner = setups.planner(strategy)
        self.history = setups.random_history()
        setups.planned_round(self.planner, setups.random_history(15))

    def time_propose(self, _strategy):
        setups.planned_round(self.planner, self.history)

    def peakmem_propose(self, _strategy):
        setups.planned_round(self.planner, self.history)
