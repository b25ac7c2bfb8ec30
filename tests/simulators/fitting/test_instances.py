import dataclasses
import json

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from simulators.fitting.fit import fit
from simulators.fitting.instances import (
    SILVERS,
    _bayesian_bootstrap,
    draw_labs,
    labs_file,
    read_lab,
    write_labs,
)
from simulators.fitting.objective import Campaign
from simulators.fitting.structures import CHOSEN
from simulators.silver_prisms import SilverPrisms
from simulators.stages.parameters import (
    SilverParameters,
    read_parameters,
    write_parameters,
)


@pytest.fixture
def file(tmp_path):
    """Return a parameter file with two labs beside it."""
    path = tmp_path / "mine.toml"
    write_parameters(path, SilverParameters(), {}, {})
    default = SilverParameters()
    labs = [
        dataclasses.replace(default, growth=dataclasses.replace(default.growth, rate=rate))
        for rate in (2.0, 5.0)
    ]
    write_labs(labs_file(path), labs)
    return path


def complaint(number, path):
    with pytest.raises(PlasmonbenchError) as caught:
        read_lab(number, path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_lab_0_is_the_shipped_one():
    assert read_lab(0) == read_parameters()


def test_labs_are_read_as_they_were_written(file):
    assert labs_file(file).name == "mine.labs.json"
    assert read_lab(0, file) == SilverParameters()
    assert read_lab(1, file).growth.rate == 2.0
    assert read_lab(2, file).growth.rate == 5.0
    changed = dataclasses.replace(read_lab(2, file).growth, rate=3.8)
    assert dataclasses.replace(read_lab(2, file), growth=changed) == SilverParameters()
    lab = SilverPrisms(parameters=str(file), lab=2)
    assert lab.parameters.growth.rate == lab.growth.parameters.rate == 5.0


@pytest.mark.parametrize("number", [3, -1, 100])
def test_numbers_out_of_range_are_refused(file, number):
    assert f"lab must be 0 to 2; got {number}" in complaint(number, file)


def test_a_missing_file_is_said_so(file, tmp_path):
    labs_file(file).unlink()
    message = complaint(1, file)
    assert "there is no file" in message
    assert "mine.labs.json" in message
    assert "lab=0" in message
    assert read_lab(0, file) == SilverParameters()
    assert "there is no parameter file" in complaint(0, tmp_path / "none.toml")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"lab": []}', "3", ""])
def test_what_is_no_file_of_labs_is_said_so(file, content):
    labs_file(file).write_text(content)
    assert "is not a file of labs" in complaint(1, file)


def test_a_lab_that_lacks_a_number_or_has_a_wrong_one(file):
    record = json.loads(labs_file(file).read_text())
    del record["labs"][0]["growth"]["rate"]
    record["labs"][1]["growth"]["rate"] = "fast"
    labs_file(file).write_text(json.dumps(record))
    assert "growth.rate has no value" in complaint(1, file)
    assert "growth.rate must be a finite number" in complaint(2, file)


@pytest.mark.parametrize("labs", ["[3]", "3", '[{"growth": 3}]'])
def test_labs_that_are_no_tables_are_said_so(file, labs):
    labs_file(file).write_text(f'{{"labs": {labs}}}')
    assert "labs" in complaint(1, file)


# -- drawing ------------------------------------------------------------------------------------


def test_weights_of_the_bayesian_bootstrap_share_out_one_each(rng):
    """Dirichlet with every concentration 1: mean 1, variance (n - 1)/(n + 1), summing to n."""
    drawn = np.array([_bayesian_bootstrap(12, rng) for _ in range(4000)])
    assert drawn.sum(axis=1) == pytest.approx(12)
    assert drawn.mean(axis=1) == pytest.approx(1)
    assert (drawn > 0).all()
    assert drawn.mean(axis=0) == pytest.approx(1, abs=0.06)
    assert drawn.var(axis=0) == pytest.approx(11 / 13, rel=0.15)
    assert _bayesian_bootstrap(0, rng).shape == (0,)


@pytest.mark.parametrize("count", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_drawn_labs_surround_the_best_fit(campaign_of, rng, count):
    _, losses, spectra = campaign_of(SilverParameters(), rng, recipes=12, spectra=2)
    campaign = Campaign.of(losses, spectra)
    best = fit(campaign, CHOSEN)
    labs = draw_labs(best, campaign, CHOSEN, count, np.random.default_rng(1))
    assert [lab.extinction.silver for lab in labs] == [*SILVERS, *SILVERS][:count]
    first = draw_labs(best, campaign, CHOSEN, 1, np.random.default_rng(1))
    assert first == labs[:1], "drawing more does not change the ones before"
    assert draw_labs(best, campaign, CHOSEN, 0, rng) == []
    place = np.log(best.parameters.growth.rate)
    rates = np.log([lab.growth.rate for lab in labs]) - place
    assert len({*rates}) == count
    assert (np.abs(rates) < 5 * best.uncertainties()["growth.rate"]).all()
    # What hardly shows in the data is as open among the labs as it was believed to be.
    exponents = [lab.growth.rate_correction[k] for lab in labs for k in range(16)]
    assert 0.4 < np.std(exponents) < 1.2  # three times the prior's spread of .3, less what shows


def test_labs_of_another_fit_are_refused(tmp_path):
    path = tmp_path / "mine.toml"
    write_parameters(path, SilverParameters(), {}, {})
    write_labs(labs_file(path), [SilverParameters()], around=read_parameters(path))
    assert read_lab(1, path) == read_lab(0, path)
    other = dataclasses.replace(
        SilverParameters(), growth=dataclasses.replace(SilverParameters().growth, rate=5.0)
    )
    write_parameters(path, other, {}, {})
    with pytest.raises(PlasmonbenchError, match=r"around another fit than mine\.toml"):
        read_lab(1, path)
