"""Scores of campaigns and their statistics, one idea a module; docs/statistics.md explains them."""

from plasmonbench.scoring.data_profiles import data_profiles
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.factors import acceleration_factors, enhancement_factors
from plasmonbench.scoring.paired import compare_with, holm
from plasmonbench.scoring.ranks import Ranks, friedman_ranks
from plasmonbench.scoring.regret import area_under_regret, regret_curves
from plasmonbench.scoring.running_time import expected_running_time, running_time_interval
from plasmonbench.scoring.scores import Score, score_campaigns
from plasmonbench.scoring.success import success_share
from plasmonbench.scoring.survival import (
    SurvivalCurve,
    kaplan_meier,
    kaplan_meier_median,
    restricted_mean,
)
from plasmonbench.scoring.wall_clock import time_to_target

__all__ = [
    "Estimate",
    "Ranks",
    "Score",
    "SurvivalCurve",
    "acceleration_factors",
    "area_under_regret",
    "compare_with",
    "data_profiles",
    "enhancement_factors",
    "expected_running_time",
    "friedman_ranks",
    "holm",
    "kaplan_meier",
    "kaplan_meier_median",
    "regret_curves",
    "restricted_mean",
    "running_time_interval",
    "score_campaigns",
    "success_share",
    "time_to_target",
]
