"""Particles as a lab's table tells them: names, sizes, shares, distributions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from plasmonbench import PlasmonbenchError
from plasmonbench.catalogue import find_problem
from plasmonbench.particle_sizes import Population, particle_sizes


@settings(max_examples=40, deadline=None)
@given(median=st.floats(1, 200), spread=st.floats(0.05, 0.8))
def test_a_density_holds_all_particles_half_of_them_below_the_median(median, spread):
    one = Population("plate", "edge", median, spread, 0.5)
    low, high = one.interval(0.999999)
    whole = quad(one.density, low, high, points=[median], limit=200)[0]
    half = quad(one.density, low, median, limit=200)[0]
    assert whole == pytest.approx(1, abs=2e-6)
    assert half == pytest.approx(0.5, abs=2e-6)


def test_the_interval_holds_its_share():
    one = Population("plate", "edge", 60, 0.4, 0.5)
    low, high = one.interval(0.95)
    assert quad(one.density, low, high)[0] == pytest.approx(0.95, abs=1e-9)
    # exp(1.96 * 0.4) = 2.19
    assert (60 / low, high / 60) == pytest.approx((2.190, 2.190), abs=1e-3)


def test_the_silver_lab_s_table_is_read():
    problem = find_problem("silver-prisms")
    found = particle_sizes(problem.lab, problem.optimum.recipe)
    row = problem.lab.populations(problem.optimum.recipe[None]).iloc[0]
    assert found.metal == "silver"
    assert [(p.kind, p.dimension) for p in found.populations] == [
        ("plate", "edge"),
        ("compact", "length"),
        ("sphere", "diameter"),
    ]
    plate = found.populations[0]
    assert (plate.median, plate.log_spread, plate.share) == (
        row["plate_edge_nm"],
        row["plate_log_spread"],
        row["silver_in_plates"],
    )
    assert found.unreduced == row["silver_unreduced"]
    assert sum(p.share for p in found.populations) + found.unreduced == pytest.approx(1, abs=1e-12)


def test_the_gold_lab_s_table_is_read():
    problem = find_problem("gold-rods")
    recipe = problem.space.sample(1, np.random.default_rng(0))[0]
    found = particle_sizes(problem.lab, recipe)
    assert found.metal == "gold"
    assert [(p.kind, p.dimension) for p in found.populations] == [
        ("rod", "length"),
        ("sphere", "diameter"),
    ]
    assert all(p.log_spread for p in found.populations)
    assert sum(p.share for p in found.populations) + found.unreduced == pytest.approx(1, abs=1e-12)


class Table:
    """A lab that grows what it is told."""

    name = "table"

    def __init__(self, **columns):
        self.columns = columns

    def populations(self, recipes):
        return pd.DataFrame({name: [value] for name, value in self.columns.items()})


def test_a_kind_without_a_size_is_left_out():
    lab = Table(cube_edge_nm=40, palladium_in_cubes=0.7, palladium_in_dust=0.3)
    found = particle_sizes(lab, [1.0])
    assert found.metal == "palladium"
    assert [p.kind for p in found.populations] == ["cube"]
    assert found.unreduced is None
    assert found.populations[0].log_spread is None
    assert found.populations[0].interval() == (40, 40)
    with pytest.raises(PlasmonbenchError, match="scatter"):
        found.populations[0].density([1.0])


def test_each_kind_has_the_spread_of_its_name():
    lab = Table(
        rod_length_nm=40, bead_size_nm=9, rod_log_spread=0.2, gold_in_rods=0.6, gold_in_beads=0.4
    )
    spreads = [p.log_spread for p in particle_sizes(lab, [1.0]).populations]
    assert spreads == [0.2, None]


@pytest.mark.parametrize(
    ("lab", "message"),
    [
        (find_problem, "does not say which particles"),
        (Table(edge=4), "it has edge"),
        (Table(gold_in_rods=1), "no kind with a share"),
    ],
)
def test_labs_that_tell_nothing_are_told(lab, message):
    with pytest.raises(PlasmonbenchError, match=message):
        particle_sizes(lab, [1.0])
