import json

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError, landscape
from plasmonbench.catalogue import (
    find_problem,
    find_problem_without_landscape,
    landscape_file,
    portable_spec,
    problem_names,
)

CAMPAIGNS = ["silver-prisms", "silver-prisms-paper"]
HARDER = ["silver-prisms-hard", "silver-prisms-far-550", "silver-prisms-far-720"]
SHIPPED = CAMPAIGNS + HARDER


def test_the_promised_problems_are_there():
    assert set(SHIPPED) <= set(problem_names())


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_the_budget_is_that_of_the_campaign(name):
    problem = find_problem(name)
    assert (problem.batch_size, problem.replicates, problem.rounds) == (15, 20, 9)
    assert problem.headline_level.name == "1 in 1,000"
    assert [level.name for level in problem.levels] == ["1 in 100", "1 in 1,000", "1 in 10,000"]


def test_the_papers_problem_begins_in_its_small_box():
    problem = find_problem("silver-prisms-paper")
    first = problem.space_at(problem.empty_history())
    assert first.lower.tolist() == [4, 10, 4, 4, 200]
    assert first.upper.tolist() == [20, 40, 20, 20, 1000]
    assert problem.space.upper.tolist() == [80, 40, 80, 80, 1000]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_stated_optimum_is_attained_and_not_beaten(name, rng):
    problem = find_problem(name)
    optimum = problem.optimum
    assert problem.space.contains(optimum.recipe[None])[0]
    assert problem.true_loss(optimum.recipe[None])[0] == pytest.approx(optimum.loss, abs=1e-9)
    assert problem.true_loss(problem.space.sample(20_000, rng)).min() >= optimum.loss
    # Nor beaten by small steps from it, which a random sample never takes.
    unit = problem.space.to_unit(optimum.recipe)
    steps = np.clip(unit + rng.normal(scale=0.01, size=(2000, 5)), 0, 1)
    nearby = problem.space.project(problem.space.from_unit(steps))
    assert problem.true_loss(nearby).min() >= optimum.loss - 1e-9


@pytest.mark.parametrize("name", SHIPPED)
def test_levels_are_as_rare_as_they_say(name, rng):
    problem = find_problem(name)
    losses = problem.true_loss(problem.space.sample(60_000, rng))
    for level in problem.levels:
        expected = 60_000 / int(level.name.removeprefix("1 in ").replace(",", ""))
        found = (losses <= level.loss).sum()
        # 4.5 standard deviations of a Poisson count, and one for levels too rare to be met.
        assert abs(found - expected) < 4.5 * np.sqrt(expected) + 1, level.name


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_kept_landscape_is_what_the_command_finds(name):
    kept = landscape.load(*landscape_file(name))
    found = landscape.explore(find_problem_without_landscape(name))
    assert found.truth_fingerprint == kept.truth_fingerprint
    assert found.levels == pytest.approx(kept.levels, abs=1e-9)
    assert found.optimum_loss == pytest.approx(kept.optimum_loss, abs=1e-7)


def test_a_small_landscape_agrees_with_the_kept_one():
    name = "silver-prisms"
    kept = landscape.load(*landscape_file(name))
    found = landscape.explore(find_problem_without_landscape(name), sample_size=20_000, starts=4)
    assert found.levels["1 in 100"] == pytest.approx(kept.levels["1 in 100"], abs=0.01)
    assert kept.optimum_loss - 1e-6 <= found.optimum_loss < kept.levels["1 in 10,000"]


def test_a_stale_landscape_is_refused_with_the_command_that_mends_it(toy):
    problem = find_problem(str(toy))
    assert problem.levels == ()
    path, key = landscape_file(str(toy))
    found = landscape.explore(problem, sample_size=20_000, starts=2)
    landscape.save(path, key, found)
    assert find_problem(str(toy)).headline_level.name == "1 in 1,000"
    kept = json.loads(path.read_text())
    kept[key]["truth_fingerprint"] = "0" * 16
    path.write_text(json.dumps(kept))
    with pytest.raises(PlasmonbenchError, match="plasmonbench landscape"):
        find_problem(str(toy))


def test_noise_changes_neither_truth_nor_levels(rng):
    real, harsh = find_problem("silver-prisms"), find_problem("silver-prisms[noise=harsh]")
    assert real.levels == harsh.levels
    recipes = real.space.sample(5, rng)
    assert np.array_equal(real.true_loss(recipes), harsh.true_loss(recipes))


def test_knobs_set_budget_and_lab():
    problem = find_problem("silver-prisms[rounds=2,batch_size=7,replicates=3,noise=none]")
    assert problem.recipe_budget == 14
    assert problem.replicates == 3
    assert problem.lab.noise == "none"


def test_an_optics_that_has_no_landscape_yet_has_no_levels():
    assert find_problem("silver-prisms[plates=triangle]").levels == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rounds = 3", "rounds = 0", "rounds must be at least 1"),
        ("rounds = 3", "rounds = 'many'", "'rounds' must be of type int"),
        ("rounds = 3", "ruonds = 3", "did you mean rounds"),
        ("rounds = 3", "rounds = ", "not a TOML file"),
        ("[0, 10] },\n    {", "[10, 0] },\n    {", "must be below the upper"),
        ("[0, 10] },\n    {", "[0, nan] },\n    {", "must be finite"),
        ("[0, 10] },\n    {", "[0] },\n    {", "must be two numbers"),
        ('name = "b"', 'name = "c"', "axes are"),
        ("rounds = 3", "sum_limit = { axes = ['a', 'b'], limit = -1 }", "no recipe satisfies"),
        ("rounds = 3", "growth = { sahre = 1 }", "did you mean share"),
        ("rounds = 3", 'target = "gold"', "unknown target 'gold'"),
        ('lab = "toy_lab.py"', "", "'lab' is missing"),
    ],
)
def test_wrong_definitions_name_the_file_and_the_fault(toy, old, new, message):
    text = toy.read_text()
    assert old in text
    toy.write_text(text.replace(old, new, 1))
    with pytest.raises(PlasmonbenchError, match=message) as caught:
        find_problem(str(toy))
    assert "toy.toml" in str(caught.value)


def test_a_target_of_somebodys_own_on_a_grid_of_somebodys_own(toy):
    lab = toy.parent / "toy_lab.py"
    lab.write_text(
        lab.read_text()
        .replace("return CAMPAIGN_WAVELENGTHS", "return np.arange(400.0, 700, 2)")
        .replace("return np.array(moved)", "return np.array(moved)[:, 20:320:2]")
    )
    (toy.parent / "mine.csv").write_text("wavelength_nm,absorbance\n390,0\n500,1\n710,0.5\n")
    toy.write_text(toy.read_text() + 'target = "mine.csv"\n')
    problem = find_problem(str(toy))
    assert len(problem.loss.wavelengths) == 150
    assert problem.loss.target[problem.loss.wavelengths == 500] == 1
    assert problem.true_loss(np.array([[6.0, 5.0]])).shape == (1,)
    (toy.parent / "mine.csv").write_text("wavelength_nm,absorbance\n450,0\n500,1\n710,0.5\n")
    with pytest.raises(PlasmonbenchError, match="covers 450 to 710 nm, the lab measures 400"):
        find_problem(str(toy))
    (toy.parent / "mine.csv").write_text("wavelength_nm,absorbance\n390,0\n500,x\n")
    with pytest.raises(PlasmonbenchError, match=r"mine\.csv: a target needs the columns"):
        find_problem(str(toy))


def test_unknown_problems_and_knobs():
    with pytest.raises(PlasmonbenchError, match="did you mean silver-prisms"):
        find_problem("silver-prism")
    with pytest.raises(PlasmonbenchError, match="did you mean noise"):
        find_problem("silver-prisms[nosie=real]")
    with pytest.raises(PlasmonbenchError, match="whole number"):
        find_problem("silver-prisms[rounds=two]")


def test_specs_are_made_portable(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert portable_spec("toy.toml[rounds=2]") == f"{toy}[rounds=2]"
    assert portable_spec("recorded:x.csv") == f"recorded:{tmp_path}/x.csv"
    assert portable_spec("silver-prisms") == "silver-prisms"
