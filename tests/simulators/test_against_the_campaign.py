"""How far the simulated lab agrees with the real campaign it was fitted to.

These are fits, not predictions: all 82 recipes and 8 spectra were seen. The bounds stand just
above what was measured, so that a change of physics that loses the agreement is noticed.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from plasmonbench import CAMPAIGN_WAVELENGTHS, silver_prism_loss
from simulators.silver_prisms import SilverPrisms

FLOWS = ["q_agno3_pct", "q_pva_pct", "q_tsc_pct", "q_seed_pct", "q_total_ul_min"]
SPECTRUM = [f"a{w:.0f}" for w in CAMPAIGN_WAVELENGTHS]
LOSS = silver_prism_loss()


@pytest.fixture(scope="module")
def conditions(campaign_data):
    table = pd.read_csv(campaign_data / "agnp_losses.csv")
    return table.groupby("recipe", sort=False)


def test_losses_of_82_recipes(conditions):
    recipes = conditions[FLOWS].first().to_numpy()
    real = conditions["loss"].median().to_numpy()
    predicted = LOSS(SilverPrisms().truth(recipes))
    residual = predicted - real
    assert 1 - residual.var() / real.var() > 0.945  # measured .954
    assert np.abs(residual).mean() < 0.034  # measured .032
    assert spearmanr(predicted, real).statistic > 0.965  # measured .971


def test_settled_spectra_of_8_recipes(campaign_data):
    table = pd.read_csv(campaign_data / "agnp_spectra_run1.csv").groupby("recipe", sort=False)
    real = np.array([np.median(rows[SPECTRUM].to_numpy()[8:], axis=0) for _, rows in table])
    predicted = SilverPrisms().truth(table[FLOWS].first().to_numpy())
    error = np.sqrt(((predicted - real) ** 2).mean(axis=1))
    assert np.median(error) < 0.022  # measured .0205
    assert error.max() < 0.038  # measured .036
    height = predicted.max(axis=1) / real.max(axis=1)
    assert np.all((height > 0.78) & (height < 1.08))  # measured .81 to 1.05


def test_replicates_spread_like_the_real_ones(conditions, rng):
    recipes = conditions[FLOWS].first().to_numpy()
    losses = LOSS(SilverPrisms().measure(recipes, 22, rng))
    real = conditions["loss"].std().to_numpy()
    simulated = losses.std(axis=1)
    assert 0.7 < np.median(simulated) / np.median(real) < 1.6  # measured 1.25
    assert spearmanr(simulated, real).statistic > 0.3  # measured .47
    excess = [
        rows.to_numpy()[0] - rows[15:].median() for _, rows in conditions["loss"] if len(rows) > 18
    ]
    start = losses[:, 0] - np.median(losses[:, 15:], axis=1)
    assert start.mean() == pytest.approx(np.mean(excess), rel=0.35)  # measured .085 and .079
