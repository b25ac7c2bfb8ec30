import dataclasses
from itertools import product
from typing import get_args

import numpy as np
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS, ParticleLab, PlasmonbenchError
from plasmonbench.lab import CalibratableLab
from plasmonbench.registry import build_lab, calibratable_lab
from simulators.optics.materials import SILVER_DATASETS
from simulators.silver_prisms import SilverPrisms
from simulators.stages.extinction import PlateModel
from simulators.stages.parameters import SilverParameters, read_parameters, write_parameters


@pytest.mark.parametrize(("plates", "silver"), list(product(get_args(PlateModel), SILVER_DATASETS)))
def test_every_optics_gives_a_spectrum_over_the_whole_space(plates, silver, rng):
    lab = SilverPrisms(noise="harsh", plates=plates, silver=silver)
    recipes = lab.space.sample(60, rng)
    assert np.isfinite(lab.truth(recipes)).all()
    assert (lab.absorbance(recipes) > 0).all()
    assert np.isfinite(lab.measure(recipes[:15], 5, rng)).all()


@pytest.mark.parametrize(
    "wrong", [{"noise": "loud"}, {"plates": "traingle"}, {"plates": "rod"}, {"silver": "Gold"}]
)
def test_unknown_parameters_are_refused(wrong):
    with pytest.raises(PlasmonbenchError):
        SilverPrisms(**wrong)


def test_without_a_file_of_ones_own_the_shipped_numbers_are_used():
    assert SilverPrisms().parameters == read_parameters()


def test_a_parameter_file_of_ones_own(lab_of, moved, rng, flow_space):
    parameters = moved({"growth.grown_volume": 1.0, "growth.plate_logit": 1.0})
    lab = lab_of(parameters)
    recipes = flow_space.sample(5, rng)
    assert lab.parameters.growth.grown_volume == pytest.approx(13_100 * np.exp(0.5), rel=1e-7)
    assert np.abs(lab.truth(recipes) - lab_of(SilverParameters()).truth(recipes)).max() > 0.05


def test_a_path_is_found_from_home_and_from_a_problem(tmp_path, monkeypatch):
    write_parameters(tmp_path / "mine.toml", SilverParameters(), {}, {})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert SilverPrisms(parameters="~/mine.toml").parameters == SilverParameters()
    lab = build_lab("silver-prisms", {"parameters": "~/mine.toml", "noise": "none", "lab": "0"})
    assert lab.parameters == SilverParameters()
    with pytest.raises(PlasmonbenchError, match="there is no parameter file"):
        SilverPrisms(parameters=str(tmp_path / "other.toml"))


def test_optics_of_ones_own_replace_those_of_the_file_and_nothing_else(lab_of):
    lab = lab_of(SilverParameters(), plates="triangle", silver="Yang")
    assert lab.extinction.parameters.plates == "triangle"
    assert lab.extinction.optics.silver == "Yang"
    optics = dataclasses.replace(lab.parameters.extinction, plates="disk", silver="Johnson")
    assert dataclasses.replace(lab.parameters, extinction=optics) == SilverParameters()


@pytest.mark.parametrize("field", ["silver", "plates"])
def test_optics_that_do_not_exist_in_a_file_are_refused(lab_of, field):
    optics = dataclasses.replace(SilverParameters().extinction, **{field: "tin"})
    with pytest.raises(PlasmonbenchError, match="tin"):
        lab_of(dataclasses.replace(SilverParameters(), extinction=optics))


def test_it_is_a_lab_that_can_be_calibrated():
    assert isinstance(SilverPrisms, CalibratableLab)
    assert calibratable_lab("silver-prisms") is SilverPrisms
    assert np.array_equal(SilverPrisms.grid, CAMPAIGN_WAVELENGTHS)
    assert SilverPrisms().space is SilverPrisms.recipe_space
    structures = SilverPrisms.calibrators()
    assert next(iter(structures)) == "chosen"
    assert all(callable(fit) and numbers > 0 for fit, numbers in structures.values())
    with pytest.raises(PlasmonbenchError, match="recorded cannot be fitted"):
        calibratable_lab("recorded")


def test_truth_of_a_thousand_recipes_is_that_of_each(rng):
    # The optics work on blocks and tables: one number must not depend on its neighbours.
    lab = SilverPrisms()
    recipes = lab.space.sample(1000, rng)
    some = rng.choice(1000, 20, replace=False)
    assert np.allclose(lab.truth(recipes)[some], lab.truth(recipes[some]), rtol=1e-12, atol=1e-15)


def test_populations_hold_all_silver_and_name_what_grew(rng):
    lab = SilverPrisms()
    assert isinstance(lab, ParticleLab)
    recipes = lab.space.sample(200, rng)
    table = lab.populations(recipes)
    shares = table[["silver_in_plates", "silver_in_compact", "silver_in_spheres"]].sum(axis=1)
    assert np.allclose(shares + table["silver_unreduced"], 1)
    particles = lab.particles(recipes)
    # The mean volume of the log-normal plates is that of the growth: pi/4 d^2 h, less the rim.
    d, h, s = (table[f"plate_{name}"] for name in ("diameter_nm", "thickness_nm", "log_spread"))
    wide = d > 4 * h
    ratio = (np.pi / 4 * d**2 * h * np.exp(2 * s**2))[wide] / particles.plate_volume[wide]
    assert ratio.between(1.0, 1.15).all()
    # Edge of the triangle of the same volume: sqrt(3)/4 e^2 h, but for its rounding.
    assert np.allclose(table["plate_edge_nm"][wide] / d[wide], 1.3, atol=0.05)


@pytest.mark.parametrize(
    ("recipes", "complaint"),
    [
        ([30, 20, 5, 5, 800], "rows of q_agno3"),
        ([[30, 20, 5, 5]], "rows of q_agno3"),
        ([[90, 20, 5, 5, 800]], "q_agno3"),
        ([[30, 20, -5, 5, 800]], "q_tsc"),
    ],
)
def test_populations_of_what_cannot_be_mixed_are_refused(recipes, complaint):
    with pytest.raises(PlasmonbenchError, match=complaint):
        SilverPrisms().populations(recipes)
