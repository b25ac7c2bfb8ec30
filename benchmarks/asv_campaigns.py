"""Quality of short campaigns over the history of commits; larger is worse, as asv has it.

All campaigns are run once, by `setup_cache`; the benchmarks only read off their figures. NaN
stands for a figure that does not exist: infinity would make `asv publish` hang.
"""

from __future__ import annotations

import math

import numpy as np

from . import setups

STRATEGIES = ("random", "local-penalization", "spectral")
ROUNDS = 5
SEEDS = 3


class Campaigns:
    """A few rounds from nothing; the median over seeds counts."""

    params = STRATEGIES
    param_names = ("strategy",)

    def setup_cache(self):
        """Return quality (None: failed) and planning seconds, by strategy and seed."""
        setups.use_one_thread()
        campaigns = {}
        for strategy in STRATEGIES:
            for seed in range(SEEDS):
                played = setups.campaign(strategy, ROUNDS, seed)
                quality = None if played.failure is not None else setups.quality(played)
                seconds = [record.planner_wall_seconds for record in played.rounds]
                campaigns[strategy, seed] = quality, seconds
        return campaigns

    setup_cache.timeout = 600.0

    def track_true_loss(self, campaigns, strategy):
        return _median(campaigns, strategy, "true_loss")

    track_true_loss.unit = "loss"

    def track_regret(self, campaigns, strategy):
        return _median(campaigns, strategy, "regret")

    track_regret.unit = "loss"

    def track_rounds_to_target(self, campaigns, strategy):
        return _median(campaigns, strategy, "rounds_to_target")

    track_rounds_to_target.unit = "rounds"

    def track_failure_rate(self, campaigns, strategy):
        return float(np.mean([campaigns[strategy, seed][0] is None for seed in range(SEEDS)]))

    track_failure_rate.unit = "share of campaigns"

    def track_planner_seconds(self, campaigns, strategy):
        seconds = [second for seed in range(SEEDS) for second in campaigns[strategy, seed][1]]
        return float(np.median(seconds)) if seconds else math.nan

    track_planner_seconds.unit = "s a round"


def _median(campaigns, strategy, figure):
    """Return the median over the campaigns that did not fail; NaN where there is none."""
    qualities = [campaigns[strategy, seed][0] for seed in range(SEEDS)]
    figures = [getattr(quality, figure) for quality in qualities if quality is not None]
    # A target that was not reached would have taken longer than any that was.
    values = np.array([math.inf if math.isnan(value) else value for value in figures])
    middle = float(np.median(values)) if len(values) else math.nan
    return middle if math.isfinite(middle) else math.nan
