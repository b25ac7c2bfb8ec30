import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    Optimum,
    PlasmonbenchError,
    Problem,
    RecipeSpace,
    TargetLevel,
    cli,
    landscape,
    silver_prism_loss,
)
from plasmonbench.catalogue import find_problem, landscape_file
from plasmonbench.hardness import (
    active_directions,
    analyse,
    feasible_share,
    find_basins,
    participation_ratio,
    reading_error,
)

LOSS = silver_prism_loss()
SQUARE = RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 20)])


def two_wells(recipes):
    """Wells at a = 2.5 (depth .1) and a = 7.5 (depth .2), a barrier of .3 + between them."""
    a, b = SQUARE.to_unit(recipes).T
    first = 0.1 + 4 * (a - 0.25) ** 2
    second = 0.2 + 4 * (a - 0.75) ** 2
    return np.minimum(first, second) + (b - 0.5) ** 2


def test_participation_by_hand():
    assert participation_ratio(np.array([1.0, 0, 0])) == 1
    assert participation_ratio(np.array([2.0, 2.0, 2.0])) == pytest.approx(3)
    assert participation_ratio(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8), st.floats(1e-3, 1e3))
def test_participation_lies_between_one_and_all(eigenvalues, scale):
    values = np.array(eigenvalues)
    ratio = participation_ratio(values)
    assert 1 - 1e-9 <= ratio <= len(values) + 1e-9
    assert participation_ratio(scale * values) == pytest.approx(ratio)


def test_active_directions_of_a_ridge(rng):
    # f(w x) changes along w alone, whatever f: one direction (Constantine et al. 2014).
    recipes = SQUARE.sample(400, rng)

    def ridge(r):
        return 0.5 + 0.3 * np.sin(SQUARE.to_unit(r) @ [2.0, 1.0])

    shares, dimension = active_directions(ridge, SQUARE, recipes)
    assert shares == pytest.approx([1, 0], abs=1e-6)
    assert dimension == pytest.approx(1, abs=1e-6)


def test_active_directions_of_a_plane_and_a_bowl(rng):
    recipes = SQUARE.sample(4000, rng)

    def bowl(r):
        x = SQUARE.to_unit(r) - 0.5
        return 0.1 + 0.3 * x[:, 0] ** 2 + 0.15 * x[:, 1] ** 2

    # Mean squared slopes are (2 c)^2 / 12 of the two axes: 4 to 1, so (4 + 1)^2 / (16 + 1).
    shares, dimension = active_directions(bowl, SQUARE, recipes)
    assert shares == pytest.approx([0.8, 0.2], abs=0.01)
    assert dimension == pytest.approx(25 / 17, abs=0.02)


def test_gradients_stop_at_constraints_and_cliffs():
    space = RecipeSpace.of([("a", "%", 0, 1), ("b", "%", 0, 1)], sum_limit=(["a", "b"], 1.0))
    edge = np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 0.3], [0.7, 0.1]])

    def plane(r):
        assert space.contains(r).all(), "asked beyond the constraint"
        return np.where(r[:, 0] > 0.69, 1.0, 0.2 + 0.3 * r[:, 0] + 0.4 * r[:, 1])

    # Slopes (.3, .4) everywhere, one-sided at the edge; the cliff at .69 has none.
    shares, dimension = active_directions(plane, space, edge)
    assert shares == pytest.approx([1, 0], abs=1e-6)
    assert dimension == pytest.approx(1, abs=1e-6)
    with pytest.raises(PlasmonbenchError, match="changes nowhere"):
        active_directions(lambda r: np.full(len(r), 0.5), space, edge)


def test_two_wells_are_two_basins():
    ends = np.array([[2.5, 10], [7.5, 10], [2.51, 10.01], [2.4, 9.9]], dtype=float)
    basins = find_basins(two_wells, SQUARE, ends, two_wells(ends))
    assert [basin.loss for basin in basins] == pytest.approx([0.1, 0.2])
    assert [basin.share for basin in basins] == [0.75, 0.25]
    assert basins[0].recipe == (2.5, 10)


def test_a_bent_valley_is_one_basin_by_its_members():
    """A straight line between its ends leaves the valley; the ends between them do not."""

    def valley(recipes):
        a, b = SQUARE.to_unit(recipes).T
        return 0.1 + (np.hypot(a, b) - 0.9) ** 2

    angles = np.linspace(0.05, np.pi / 2 - 0.05, 30)
    ends = SQUARE.from_unit(0.9 * np.column_stack([np.cos(angles), np.sin(angles)]))
    assert len(find_basins(valley, SQUARE, ends, valley(ends))) == 1
    outer = ends[[0, -1]]
    assert len(find_basins(valley, SQUARE, outer, valley(outer))) == 2


def test_feasible_share_of_a_simplex():
    axes = [(name, "%", 0, 1) for name in "abc"]
    space = RecipeSpace.of(axes, sum_limit=(["a", "b", "c"], 1.0))
    assert feasible_share(space) == pytest.approx(1 / 6, abs=0.005)
    assert feasible_share(SQUARE) == 1


class Wells:
    """A lab whose band has the target's shape and a height that gives the loss of two wells."""

    name = "wells"
    space = SQUARE
    wavelengths = CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        # Below the amplitude window the loss of a spectrum of the target's shape is 1 - A / .7.
        height = 0.7 * (1 - two_wells(recipes))
        return height[:, None] * LOSS.target / LOSS.target.max()

    def measure(self, recipes, replicates, rng):
        noise = 0.007 * rng.standard_normal((len(recipes), replicates, 1))
        shape = LOSS.target / LOSS.target.max()
        return self.truth(recipes)[:, None] + noise * shape


@pytest.fixture
def wells():
    return Problem(
        "wells",
        Wells(),
        LOSS,
        SQUARE,
        batch_size=7,
        replicates=1,
        levels=(TargetLevel("1 in 1,000", 0.105),),
        headline="1 in 1,000",
        optimum=Optimum(np.array([2.5, 10]), 0.1),
    )


def test_hardness_of_two_wells(wells):
    shares = []
    found = analyse(wells, sample=20_000, starts=40, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert found.optimum_loss == pytest.approx(0.1, abs=1e-9)
    assert [basin.loss for basin in found.basins] == pytest.approx([0.1, 0.2], abs=1e-6)
    # The barrier is where 4 (a - 1/4)^2 + .1 = 4 (a - 3/4)^2 + .2: at .525.
    assert found.starts_at_optimum == pytest.approx(0.525, abs=0.2)
    assert found.starts_at_headline == found.starts_at_optimum
    # Within .01 of the best lies an ellipse with half axes .05 and .1.
    assert found.near_share == pytest.approx(np.pi * 0.05 * 0.1, rel=0.1)
    # There, mean squared slopes of 4 x^2 and y^2 over the ellipse are as 4 to 1.
    assert found.top_dimension == pytest.approx(25 / 17, abs=0.05)
    # The band scatters by .007 of an absorbance, the loss by .007 / .7.
    assert found.reading_error == pytest.approx(0.01, rel=0.15)
    assert abs(found.reading_bias) < 0.002
    assert found.error_over_gap == pytest.approx(found.reading_error / 0.005)


def test_more_droplets_read_better(wells, rng):
    recipes = SQUARE.sample(300, rng)
    one, _ = reading_error(wells, recipes)
    many, _ = reading_error(wells.with_budget(replicates=25), recipes)
    # A median of 25 normal readings: sqrt(pi / 2 / 25) = .25 of one.
    assert many / one == pytest.approx(0.25, rel=0.2)


def test_what_cannot_be_analysed(wells, campaign_data):
    with pytest.raises(PlasmonbenchError, match="at least 10,000"):
        analyse(wells, sample=100)
    with pytest.raises(PlasmonbenchError, match="no target levels yet"):
        analyse(Problem("p", Wells(), LOSS, SQUARE))
    with pytest.raises(PlasmonbenchError, match="recorded"):
        analyse(find_problem(f"recorded:{campaign_data / 'agnp_losses.csv'}"))


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["plasmonbench", "hardness", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_command(monkeypatch, capsys, toy, tmp_path):
    small = ("--sample", 10_000, "--starts", 4)
    code, _, err = run(monkeypatch, capsys, toy, *small)
    assert code == 2
    assert "plasmonbench landscape" in err
    found = landscape.explore(find_problem(str(toy)), sample_size=20_000, starts=2)
    landscape.save(*landscape_file(str(toy)), found)
    code, out, _ = run(monkeypatch, capsys, toy, *small, "--json")
    record = json.loads(out)
    assert code == 0
    # The toy's spectrum is the target at a = 6, whatever b within the amplitude window.
    assert record["starts_at_headline"] == 1
    assert record["basins"][0]["recipe"][0] == pytest.approx(6, abs=0.01)
    page = tmp_path / "problems.md"
    page.write_text("before\n<!-- hardness: begin -->\nold\n<!-- hardness: end -->\nafter\n")
    code, out, _ = run(monkeypatch, capsys, toy, *small, "--page", page)
    assert code == 0
    assert "effective dimension" in out
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| problem |" in text
    page.write_text("no place")
    code, _, err = run(monkeypatch, capsys, toy, *small, "--page", page)
    assert code == 2
    assert "no place for the table" in err
