"""The shipped lab is what `calibrate` makes of the real campaign, and how far it agrees with it.

These are fits, not predictions: all 82 recipes and 8 spectra were seen. How well unseen recipes are
predicted is in docs/validation. The bounds stand just beyond what was measured, so that a change
of physics that loses the agreement is noticed.
"""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS, read_losses, read_spectra, silver_prism_loss
from plasmonbench.randomness import generator
from plasmonbench.validation import makeable, validate
from simulators.fitting.calibration import calibrate
from simulators.fitting.fit import Task, descend
from simulators.fitting.instances import labs_file
from simulators.fitting.objective import Campaign
from simulators.fitting.scatter import with_scatter
from simulators.fitting.structures import CHOSEN
from simulators.silver_prisms import SilverPrisms
from simulators.stages.parameters import SHIPPED, read_parameters, read_table, to_vector


def assert_alike(fresh, kept, where=""):
    """Compare nested numbers: a descent ends where its cost no longer falls, not to the digit."""
    if isinstance(kept, dict):
        assert fresh.keys() == kept.keys(), where
        for key in kept:
            assert_alike(fresh[key], kept[key], f"{where}.{key}")
    elif isinstance(kept, list | tuple):
        assert len(fresh) == len(kept), where
        for k, pair in enumerate(zip(fresh, kept, strict=True)):
            assert_alike(*pair, f"{where}[{k}]")
    elif isinstance(kept, float):
        assert fresh == pytest.approx(kept, rel=2e-3, abs=2e-3), where
    else:
        assert fresh == kept, where


@pytest.fixture(scope="module")
def tables(campaign_data):
    space = SilverPrisms.recipe_space
    losses = read_losses(campaign_data / "agnp_losses.csv", space)
    spectra = read_spectra(campaign_data / "agnp_spectra_run1.csv", space, CAMPAIGN_WAVELENGTHS)
    return makeable(losses, space, "losses"), makeable(spectra, space, "spectra")


@pytest.fixture(scope="module")
def agreement(tables):
    lab = SilverPrisms()
    return validate(lab, silver_prism_loss(), *tables, generator("validation", 0)).record()


def test_losses_of_82_recipes(agreement):
    losses = agreement["losses"]
    assert losses["n"] == 82
    assert losses["r2"] > 0.950  # measured .953
    assert losses["mae"] < 0.032  # measured .0309
    assert losses["spearman"] > 0.967  # measured .970
    assert abs(losses["bias"]) < 0.006  # measured .0031


def test_settled_spectra_of_8_recipes(agreement):
    spectra = agreement["spectra"]
    assert spectra["n"] == 8
    assert spectra["rmse"] < 0.024  # measured .0234
    assert spectra["peak_nm"] < 15  # measured 14, plateaus
    assert spectra["centroid_nm"] < 4.5  # measured 3.98
    assert spectra["amplitude"] < 0.06  # measured .050


def test_replicates_scatter_like_the_real_ones(agreement):
    simulated, measured = agreement["replicates"], agreement["measured"]
    assert simulated["sd_spearman"] > 0.70  # measured .75; .71 to .76 over seeds
    assert 0.9 < simulated["sd_ratio"] < 1.15  # measured 1.11
    for name, tolerance in [
        ("transient", 0.008),  # .084 against .078
        ("efold_droplets", 0.7),  # 5.2 against 5.7
        ("settled_sd", 0.001),  # .0124 against .0121
        ("dud_share", 0.006),  # .014 against .011
        ("lag1", 0.2),  # .50 against .67: the known shortcoming
    ]:
        assert simulated[name] == pytest.approx(measured[name], abs=tolerance), name


def test_the_best_droplets_hold_prisms_of_the_size_that_microscopy_showed():
    # 65 nm in the best droplets (Mekki-Berrada et al., Fig. 2); no size was fitted.
    best = np.array([[32.5, 16.0, 6.5, 4.5, 850.0]])
    population = SilverPrisms().populations(best).iloc[0]
    mean_edge = population["plate_edge_nm"] * np.exp(population["plate_log_spread"] ** 2 / 2)
    assert mean_edge == pytest.approx(65, abs=6)


def test_the_shipped_numbers_are_a_minimum_of_the_fit(tables):
    """The quick half of the test below: from the shipped numbers the fit goes nowhere."""
    shipped, fit = read_parameters(), read_table(SHIPPED)["fit"]
    campaign = Campaign.of(*tables)
    objective = Task(CHOSEN, campaign).objective()
    start = to_vector(shipped, objective.model.numbers)
    residuals = objective.residuals(start)
    priors = len(start)
    cost = np.sum(np.sqrt(1 + residuals[:-priors] ** 2) - 1) + np.sum(residuals[-priors:] ** 2) / 2
    assert cost == pytest.approx(fit["costs"][0], abs=2e-3)
    found = descend(Task(CHOSEN, campaign, start))
    assert cost - found.cost < 0.01
    scattered = with_scatter(shipped, *tables)
    assert_alike(asdict(scattered.droplets), asdict(shipped.droplets))


def test_the_shipped_file_names_the_data_it_was_fitted_to(campaign_data):
    source = read_table(SHIPPED)["fit"]["source"]
    for kind, name in (("losses", "agnp_losses.csv"), ("spectra", "agnp_spectra_run1.csv")):
        digest = hashlib.sha256((campaign_data / name).read_bytes()).hexdigest()
        assert source[kind] == f"{name} sha256:{digest[:16]}"


@pytest.mark.slow
def test_the_shipped_files_are_what_calibrate_writes(tables, tmp_path):
    with ProcessPoolExecutor(2) as executor:
        found = calibrate(
            *tables, starts=6, labs=10, rng=generator("calibration", 0), executor=executor
        )
    path = tmp_path / SHIPPED.name
    found.write(path)
    shipped = read_table(SHIPPED)
    del shipped["fit"]["source"]  # the command adds it
    assert_alike(read_table(path), shipped)
    fresh, kept = (json.loads(labs_file(p).read_text()) for p in (path, SHIPPED))
    assert len(kept["labs"]) == 10
    # The hash of the fit's last digits, which may differ from machine to machine.
    assert fresh.pop("around")
    assert kept.pop("around")
    assert_alike(fresh, kept)
