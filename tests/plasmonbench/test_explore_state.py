"""The explorer's state: flows as they are set, what cannot be made, addresses, choices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError, RecipeSpace
from plasmonbench.catalogue import find_problem
from plasmonbench.explore.address import parse_query, query_of, recipe_of
from plasmonbench.explore.choices import Choices, count_instances, offer, spec_of
from plasmonbench.explore.feasibility import faults
from plasmonbench.explore.flows import flows, label, middle, settable

CHOICES = offer("silver-prisms")


# -- flows ----------------------------------------------------------------------------------------


def test_steps_are_powers_of_ten_and_give_a_hundred_settings(flow_space):
    parts = flows(flow_space)
    assert [flow.step for flow in parts] == [0.1, 0.1, 0.1, 0.1, 1.0]
    assert [flow.text(12.345) for flow in parts[::4]] == ["12.3 %", "12 µL/min"]
    for flow in parts:
        assert (flow.high - flow.low) / flow.step >= 100


def test_names_are_those_of_chemists_and_strangers_keep_theirs():
    assert label("q_agno3") == "AgNO₃"
    assert label("seed") == "seeds"
    assert label("my_own_dye") == "my own dye"


@given(unit=st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_what_is_set_is_feasible_on_the_step_and_near(flow_space, unit):
    recipe = flow_space.project(flow_space.from_unit(np.array([unit])))[0]
    found = settable(flow_space, recipe)
    assert flow_space.contains(found[None])[0]
    steps = np.array([flow.step for flow in flows(flow_space)])
    np.testing.assert_allclose(found / steps, np.round(found / steps), atol=1e-6)
    assert np.all(np.abs(found - recipe) <= steps * (1 + 1e-9))


def test_bounds_narrower_than_rounding_are_kept():
    space = RecipeSpace.of([("a", "%", 0.333, 1.337), ("b", "%", 0, 10)], sum_limit=(["a"], 1.0))
    for recipe in ([0.333, 0], [1.0, 10.0]):
        assert space.contains(settable(space, np.array(recipe))[None])[0]


def test_the_middle_can_be_made_everywhere():
    for name in CHOICES.problems:
        space = find_problem(name).space
        assert space.contains(middle(space)[None])[0]


# -- what cannot be made --------------------------------------------------------------------------


def test_a_feasible_recipe_has_no_fault(flow_space):
    assert faults(flow_space, np.array([30.0, 20, 10, 5, 600])) == []


def test_the_broken_sum_is_named_with_its_excess(flow_space):
    (fault,) = faults(flow_space, np.array([40.0, 35, 15, 6.4, 600]))
    assert fault == (
        "AgNO₃ + PVA + citrate (TSC) + seeds is 96.4 %, at most 90 % can be mixed: 6.4 % too much"
    )


def test_each_broken_bound_is_named_with_its_excess(flow_space):
    below, above = faults(flow_space, np.array([3.0, 20, 10, 5, 1250]))
    assert below == "AgNO₃ is 1.0 % below its least, 4.0 %"
    assert above == "total flow is 250 µL/min above its most, 1000 µL/min"


@given(unit=st.lists(st.floats(-0.3, 1.3), min_size=5, max_size=5))
def test_there_is_a_fault_exactly_where_the_space_says_so(flow_space, unit):
    recipe = flow_space.from_unit(np.array(unit))
    assert bool(faults(flow_space, recipe)) != bool(flow_space.contains(recipe[None])[0])


# -- addresses ------------------------------------------------------------------------------------


@given(
    unit=st.lists(st.floats(0, 1), min_size=5, max_size=5),
    luck=st.integers(0, 999_999),
    noise=st.booleans(),
    instance=st.integers(0, 10),
)
def test_an_address_brings_its_state_back(flow_space, unit, luck, noise, instance):
    parts = flows(flow_space)
    recipe = np.clip(
        np.round(flow_space.from_unit(np.array(unit)), 2), flow_space.lower, flow_space.upper
    )
    query = query_of("silver-prisms", instance, parts, recipe, luck=luck, noise=noise)
    asked = parse_query(query, CHOICES)
    assert (asked.problem, asked.instance) == ("silver-prisms", instance)
    assert (asked.luck, asked.noise) == (luck, noise)
    np.testing.assert_array_equal(recipe_of(asked, parts), recipe)


def test_an_empty_address_is_the_start():
    asked = parse_query("", offer("silver-prisms[lab=3]"))
    assert (asked.problem, asked.instance, asked.flows) == ("silver-prisms", 3, ())
    assert recipe_of(asked, ()) is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?problem=mine.toml", "no problem 'mine.toml' is offered here"),
        ("?problem=recorded:/etc/passwd", "is offered here"),
        ("?lab=11", "has no lab 11; there are 0 to 10"),
        ("?lab=-1", "lab must be a whole number"),
        ("?lab=9999999999999999999", "lab must be a whole number"),
        ("?luck=x", "luck must be a whole number"),
        ("?noise=maybe", "noise must be on or off"),
        ("?lab=1&lab=2", "'lab' stands twice"),
        ("?q_agno3=1&q_agno3=2", "'q_agno3' stands twice"),
    ],
)
def test_an_address_that_makes_no_sense_is_told(query, message):
    with pytest.raises(PlasmonbenchError, match=message):
        parse_query(query, CHOICES)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?q_agno3=30", "the flow q_pva is missing"),
        ("?q_gold=30", "unknown entry 'q_gold'"),
        ("?q_agno3=x&q_pva=20&q_tsc=5&q_seed=5&q_total=500", "q_agno3: 'x' is not a number"),
        ("?q_agno3=nan&q_pva=20&q_tsc=5&q_seed=5&q_total=500", "q_agno3 must lie in 4 to 45 %"),
        ("?q_agno3=50&q_pva=20&q_tsc=5&q_seed=5&q_total=500", "q_agno3 must lie in 4 to 45 %"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_told(flow_space, query, message):
    with pytest.raises(PlasmonbenchError, match=message):
        recipe_of(parse_query(query, CHOICES), flows(flow_space))


@given(text=st.text(max_size=60))
def test_any_other_text_gives_one_clear_line_or_a_state(flow_space, text):
    message = ""
    try:
        recipe_of(parse_query(text, CHOICES), flows(flow_space))
    except PlasmonbenchError as error:
        message = str(error)
    assert len(message) < 400


# -- choices --------------------------------------------------------------------------------------


def test_the_problems_that_come_along_are_offered_and_ones_own_first():
    assert "gold-rods" in CHOICES.problems
    assert CHOICES.first == ("silver-prisms", 0)
    own = offer("silver-prisms[noise=harsh,lab=2]")
    assert own.problems == ("silver-prisms[noise=harsh]", *CHOICES.problems)
    assert own.first == ("silver-prisms[noise=harsh]", 2)
    assert spec_of(*own.first) == "silver-prisms[noise=harsh,lab=2]"


def test_instances_are_counted_by_asking_the_lab():
    assert count_instances("silver-prisms") == 11
    assert count_instances("gold-rods") == 1


def test_what_is_not_offered_is_refused():
    with pytest.raises(PlasmonbenchError, match="gold-rods has no lab 1"):
        CHOICES.check("gold-rods", 1)
    with pytest.raises(PlasmonbenchError, match="no problem 'b' is offered here"):
        Choices(("a",), ("a", 0)).check("b", 0)
    with pytest.raises(PlasmonbenchError, match="whole number"):
        offer("silver-prisms[lab=best]")
