from pathlib import Path

import numpy as np
import pytest

from plasmonbench import RecipeSpace

DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(scope="session")
def campaign_data():
    """Return the folder with the real campaign's public files."""
    needed = ["agnp_losses.csv", "agnp_spectra_run1.csv", "prism_target.csv"]
    missing = [name for name in needed if not (DATA / name).is_file()]
    if missing:
        pytest.skip(f"the campaign's data are not at {DATA}: {', '.join(missing)}")
    return DATA


@pytest.fixture(scope="session")
def flow_space():
    """Return the box of silver-prisms, written out by hand."""
    return RecipeSpace.of(
        [
            ("q_agno3", "%", 4, 45),
            ("q_pva", "%", 10, 40),
            ("q_tsc", "%", 0.5, 30),
            ("q_seed", "%", 0.5, 20),
            ("q_total", "uL/min", 200, 1000),
        ],
        sum_limit=(["q_agno3", "q_pva", "q_tsc", "q_seed"], 90),
    )


@pytest.fixture
def rng():
    return np.random.default_rng(20210)
