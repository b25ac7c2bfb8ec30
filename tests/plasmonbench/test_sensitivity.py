import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    PlasmonbenchError,
    Problem,
    RecipeSpace,
    cli,
    silver_prism_loss,
)
from plasmonbench.catalogue import find_problem_without_landscape
from plasmonbench.sensitivity import BINS, analyse, as_record, explained_variance

LOSS = silver_prism_loss()


class Amplitude:
    """A lab whose band has a fixed shape and place, and a height that a formula gives."""

    name = "amplitude"

    def __init__(self, formula, space, beyond=np.nan):
        self.formula, self.space, self.beyond = formula, space, beyond
        self.wavelengths = CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        height = self.formula(*recipes.T)
        return height[:, None] * np.exp(-(((self.wavelengths - 550) / 60) ** 2))


def problem(formula, axes, **limits):
    space = RecipeSpace.of(axes, **limits)
    return Problem("p", Amplitude(formula, space), LOSS, space)


def ishigami(x, y, z):
    # Lifted by 20, so that it is a height; a constant changes no index.
    return 20 + np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


# Ishigami & Homma (1990), a = 7, b = .1: from the closed forms of the variances.
V1 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2
V2 = 7**2 / 8
V13 = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
ISHIGAMI_FIRST = np.array([V1, V2, 0]) / (V1 + V2 + V13)
ISHIGAMI_TOTAL = np.array([V1 + V13, V2, V13]) / (V1 + V2 + V13)
TURN = [(name, "rad", -np.pi, np.pi) for name in "xyz"]


@pytest.mark.parametrize("limits", [{}, {"sum_limit": (["x", "y"], 0.0)}])
def test_ishigami_whatever_may_be_mixed(limits, rng):
    found = analyse(problem(ishigami, TURN, **limits), rng=rng)
    axes = found.axes["amplitude"]
    first = np.array([one.first.value for one in axes])
    total = np.array([one.total.value for one in axes])
    assert first == pytest.approx(ISHIGAMI_FIRST, abs=0.01)  # measured .003
    assert total == pytest.approx(ISHIGAMI_TOTAL, abs=0.01)  # measured .004
    assert found.infeasible_share == pytest.approx(0.5 if limits else 0.0, abs=0.01)
    for one, truth, whole in zip(axes, ISHIGAMI_FIRST, ISHIGAMI_TOTAL, strict=True):
        assert one.first.low - 0.005 < truth < one.first.high + 0.005
        assert one.total.low - 0.005 < whole < one.total.high + 0.005
        assert one.first.high - one.first.low < 0.1
    if not limits:
        feasible = [one.feasible for one in axes]
        assert feasible == pytest.approx(ISHIGAMI_FIRST, abs=0.02)  # slices are coarse


def test_a_sum_explains_itself_without_interactions(rng):
    # Variance of a uniform axis: width^2 / 12; shares are 9 : 16 : 0 of 25.
    axes = [("a", "%", 0, 3), ("b", "%", 1, 3), ("c", "%", 0, 1)]
    found = analyse(problem(lambda a, b, c: 1 + a + 2 * b + 0 * c, axes), rng=rng, sample=4096)
    for one, share in zip(found.axes["amplitude"], [9 / 25, 16 / 25, 0], strict=True):
        assert one.first.value == pytest.approx(share, abs=0.005)
        assert one.total.value == pytest.approx(share, abs=0.005)
        assert one.feasible == pytest.approx(share, abs=0.01)


def test_a_peak_that_stays_has_no_indices_and_no_nan(rng):
    found = analyse(problem(lambda *x: 0.02 * ishigami(*x), TURN), rng=rng, sample=64)
    peak = found.axes["peak"]
    assert {one.first.value for one in peak} == {None}
    assert {one.feasible for one in peak} == {None}
    record = json.loads(json.dumps(as_record(found), allow_nan=False))
    assert record["quantities"]["peak"]["x"]["first_interval"] == [None, None]
    assert record["quantities"]["loss"]["x"]["first"] is not None


def test_the_same_generator_gives_the_same_intervals():
    runs = [
        analyse(problem(ishigami, TURN), rng=np.random.default_rng(4), sample=128) for _ in "ab"
    ]
    assert as_record(runs[0]) == as_record(runs[1])


def test_the_peak_is_sought_from_a_wavelength_on(rng):
    two = problem(lambda x: 1 + x, [("x", "%", 0, 1)])
    band = np.exp(-(((CAMPAIGN_WAVELENGTHS - 430) / 20) ** 2))

    def truth(recipes):
        centre = 560 + 100 * recipes
        return 2 * band + np.exp(-(((CAMPAIGN_WAVELENGTHS - centre) / 40) ** 2))

    two.lab.truth = truth
    anywhere = analyse(two, rng=rng, sample=256).axes["peak"][0]
    above = analyse(two, rng=rng, sample=256, peak_above=500).axes["peak"][0]
    assert anywhere.first.value is None, "the band at 430 nm is the higher one and stays"
    assert above.first.value == pytest.approx(1, abs=0.02)


def test_correlation_ratio_of_a_normal_pair(rng):
    # Var(E[Y|X]) / Var(Y) = rho^2.
    x, y = multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]]).rvs(40_000, random_state=rng).T
    noise = rng.normal(size=len(x))
    shares = explained_variance(np.column_stack([x, noise]), y)
    assert shares == pytest.approx([0.36, 0.0], abs=0.015)  # measured .004


@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-10, 10))
def test_explained_variance_knows_no_units(seed, scale, shift):
    rng = np.random.default_rng(seed)
    points = rng.random((10 * BINS, 2))
    values = points[:, 0] ** 2 + rng.normal(size=len(points))
    shares = explained_variance(points, values)
    moved = explained_variance(np.exp(points) * scale, shift + scale * values)
    assert moved == pytest.approx(shares, abs=1e-9)
    assert all(share <= 1 for share in shares)


def test_too_few_feasible_recipes_say_nothing():
    assert explained_variance(np.zeros((5, 2)), np.arange(5.0)) == [None, None]
    assert explained_variance(np.zeros((0, 1)), np.zeros(0)) == [None]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample": 100}, "power of two.*try 128"),
        ({"sample": 32}, "at least 64"),
        ({"peak_above": 900}, "spectra end at 800 nm"),
    ],
)
def test_settings_out_of_range(settings, message, rng):
    with pytest.raises(PlasmonbenchError, match=message):
        analyse(problem(ishigami, TURN), rng=rng, **settings)


def test_a_lab_that_knows_nothing_beyond_the_limit(rng):
    def formula(x, y):
        return np.where(x + y <= 1, 1 + x, np.nan)

    axes = [("x", "%", 0, 1), ("y", "%", 0, 1)]
    asked = problem(formula, axes, sum_limit=(["x", "y"], 1.0))
    with pytest.raises(PlasmonbenchError, match=r"12\d of 256 recipes, 12\d of them beyond"):
        analyse(asked, rng=rng, sample=64)


def test_recorded_recipes_have_no_box(rng):
    space = RecipeSpace(("a",), ("%",), [0], [1], candidates=[[0.2], [0.4]])
    recorded = Problem("r", Amplitude(ishigami, space), LOSS, space)
    with pytest.raises(PlasmonbenchError, match="recorded recipes"):
        analyse(recorded, rng=rng)


def test_silver_and_seeds_decide_the_loss_of_silver_prisms(rng):
    # As SHAP says of the campaign's own network (Mekki-Berrada et al. 2021), and seeds the peak.
    prisms = find_problem_without_landscape("silver-prisms")
    found = analyse(prisms, rng=rng, sample=512, peak_above=480)
    total = {
        quantity: {one.axis: one.total.value for one in axes}
        for quantity, axes in found.axes.items()
    }
    ranked = sorted(total["loss"], key=total["loss"].get, reverse=True)
    assert set(ranked[:2]) == {"q_agno3", "q_seed"}
    assert max(total["peak"], key=total["peak"].get) == "q_seed"
    assert total["loss"]["q_pva"] < 0.02  # nearly inert
    assert found.infeasible_share == pytest.approx(0.21, abs=0.02)


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["plasmonbench", "sensitivity", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_command(monkeypatch, capsys, toy):
    code, out, _ = run(monkeypatch, capsys, toy, "--sample", 256, "--json")
    record = json.loads(out)
    assert code == 0
    assert record["infeasible_share"] == 0
    # The toy's first flow moves the target's band, the second scales it.
    peak = record["quantities"]["peak"]
    assert peak["a"]["total"] > 0.9
    assert peak["b"]["total"] == pytest.approx(0, abs=1e-9)
    code, out, _ = run(monkeypatch, capsys, toy, "--sample", 256)
    assert code == 0
    assert out.count("first order") == 3
    code, _, err = run(monkeypatch, capsys, toy, "--sample", 100)
    assert code == 2
    assert "power of two" in err
