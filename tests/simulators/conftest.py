import numpy as np
import pytest

from plasmonbench import DropletTable, silver_prism_loss
from simulators.silver_prisms import SilverPrisms
from simulators.stages.parameters import (
    SilverParameters,
    fitted_numbers,
    from_vector,
    to_vector,
    write_parameters,
)


@pytest.fixture
def lab_of(tmp_path):
    """Build the lab of some numbers by way of a parameter file, as a user would."""

    def lab_of(parameters, **knobs):
        path = tmp_path / "lab.toml"
        write_parameters(path, parameters, {}, {})
        return SilverPrisms(parameters=str(path), **knobs)

    return lab_of


@pytest.fixture
def campaign_of(lab_of, flow_space):
    """Run a campaign on the lab of some numbers: its lab and tables of losses and spectra."""

    def campaign_of(parameters, rng, recipes=40, spectra=6, droplets=20):
        lab = lab_of(parameters)
        mixed = flow_space.sample(recipes, rng)
        measured = lab.measure(mixed, droplets, rng)
        losses = table(mixed, silver_prism_loss()(measured)[:, :, None])
        shown = np.arange(spectra) * (recipes // max(spectra, 1))
        return lab, losses, table(mixed[shown], measured[shown]) if spectra else None

    return campaign_of


@pytest.fixture
def moved():
    """Return the prior means with some numbers moved by so many spreads of their priors."""

    def moved(shifts):
        numbers, default = fitted_numbers(), SilverParameters()
        vector = to_vector(default, numbers)
        for k, number in enumerate(numbers):
            vector[k] += shifts.get(number.label, 0.0) * number.prior.spread
        unknown = set(shifts) - {number.label for number in numbers}
        assert not unknown, unknown
        return from_vector(vector, default, numbers)

    return moved


def table(recipes, values):
    labels = tuple(str(k) for k in range(len(recipes)))
    return DropletTable(labels, recipes, list(values))
