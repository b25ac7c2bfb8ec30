"""What is shown of labs and models: chosen by rule, computed from what was measured."""

import json
from dataclasses import replace

import numpy as np
import pytest

import plasmonbench
from plasmonbench import PlasmonbenchError
from plasmonbench.best_spectra import best_spectrum, median_campaign
from plasmonbench.cli import cli
from plasmonbench.droplet_colour import droplet_colours
from plasmonbench.interpretation import GAUSSIAN_PROCESS, NETWORK, believed, interpret
from plasmonbench.randomness import planner_seed
from plasmonbench.registry import find_strategy
from plasmonbench.store import CAMPAIGNS

PROBLEM = "silver-prisms[rounds=3,batch_size=8,replicates=3]"
NET = "dnn-grid[epochs=20,samples=500,beam=20]"
THREE_FLOWS = """
import numpy as np
from plasmonbench import CAMPAIGN_WAVELENGTHS, RecipeSpace


class Lab:
    space = RecipeSpace.of([("dye", "%", 1, 10), ("salt", "%", 0, 1), ("time", "s", 1, 60)])
    wavelengths = CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        dye, _, time = recipes.T[:, :, None]
        return 0.1 * dye * np.exp(-(((self.wavelengths - 550 - 2 * time) / 60) ** 2))

    def measure(self, recipes, replicates, rng):
        return np.repeat(self.truth(recipes)[:, None], replicates, axis=1)
"""
SPECS = ["random", "local-penalization", NET]


def run(folder, problem, specs, seeds=2):
    arguments = ["run", "-p", problem, "--seeds", str(seeds), "--out", str(folder)]
    for spec in specs:
        arguments += ["-s", spec]
    assert cli.main(arguments, standalone_mode=False) is None
    return plasmonbench.load(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "run"


@pytest.fixture(scope="module")
def results(folder):
    return run(folder, PROBLEM, SPECS)


@pytest.fixture(scope="module")
def found(results):
    return interpret(results, PROBLEM, resolution=12)


def tables(results, strategy):
    return [table for table in results.tables if table.stored.strategy == strategy]


def with_losses(table, losses, failure=None):
    stored = replace(table.stored, true_loss=tuple(losses), failure=failure)
    return replace(table, stored=stored)


def test_the_median_campaign_is_the_better_middle_one(results):
    table = results.tables[0]
    made = [with_losses(table, [0.9, loss]) for loss in (0.4, 0.2, 0.3, 0.1)]
    assert median_campaign(made) is made[1]
    assert median_campaign(made[:3]) is made[2]
    assert median_campaign([]) is None


def test_failed_campaigns_are_set_aside_unless_there_are_no_others(results):
    table = results.tables[0]
    failed = with_losses(table, [0.01], failure="round 2: it burnt")
    sound = with_losses(table, [0.5])
    assert median_campaign([failed, sound]) is sound
    assert median_campaign([failed]) is failed
    assert median_campaign([with_losses(table, [], failure="round 1: it burnt")]) is None


def test_a_best_spectrum_is_the_truth_of_what_was_recommended(results):
    problem = plasmonbench.catalogue.find_problem(PROBLEM)
    table = tables(results, "random")[0]
    best = best_spectrum(problem, table)
    assert best.true_loss == min(table.stored.true_loss)
    assert best.round == table.stored.true_loss.index(best.true_loss) + 1
    assert problem.loss(best.spectrum) == pytest.approx(best.true_loss, abs=1e-12)
    assert best.colour == droplet_colours(problem.loss.wavelengths, best.spectrum)


def test_a_best_spectrum_is_of_the_best_advice_not_of_the_last(results):
    problem = plasmonbench.catalogue.find_problem(PROBLEM)
    table = tables(results, "random")[0]
    worse = [0.1, *[0.9] * (len(table.stored.true_loss) - 1)]
    best = best_spectrum(problem, with_losses(table, worse))
    assert best.round == 1
    np.testing.assert_array_equal(best.recipe, table.recommendations[0])


def test_a_best_spectrum_of_a_recorded_lab_is_the_median_droplet(campaign_data, tmp_path):
    problem = (
        f"recorded:{campaign_data / 'agnp_losses.csv'}"
        f"[spectra={campaign_data / 'agnp_spectra_run1.csv'},rounds=1,replicates=5]"
    )
    results = run(tmp_path / "run", problem, ["random"], seeds=1)
    name = next(iter(results.problems))
    shown = interpret(results, name)
    [best] = shown.spectra
    assert best.spectrum.shape == (421,)
    assert 0.3 < best.spectrum.max() < 2
    assert shown.maps == ()
    assert "recorded recipes alone" in shown.missing["maps"]
    assert shown.importance is None
    assert shown.particles == ()


def test_a_recorded_recipe_that_was_recommended_and_never_made_has_a_spectrum(
    campaign_data, tmp_path
):
    problem = (
        f"recorded:{campaign_data / 'agnp_losses.csv'}"
        f"[spectra={campaign_data / 'agnp_spectra_run1.csv'},rounds=1,batch_size=3,replicates=25]"
    )
    results = run(tmp_path / "run", problem, ["random"], seeds=1)
    [table] = results.tables
    lab = plasmonbench.catalogue.find_problem(table.stored.problem)
    made = {recipe.tobytes() for recipe in table.recipes}
    other = next(one for one in lab.space.candidates if one.tobytes() not in made)
    found = best_spectrum(lab, replace(table, recommendations=other[None]))
    np.testing.assert_array_equal(found.recipe, other)
    # The droplets of that recipe and no other: their loss is the one on record, but for its scatter
    # (.02) and that of 25 draws.
    assert lab.loss(found.spectrum) == pytest.approx(lab.true_loss(other[None])[0], abs=0.05)


def test_each_surrogate_is_that_of_its_strategy_s_median_campaign(results, found):
    assert found.beliefs[GAUSSIAN_PROCESS].strategy == "local-penalization"
    belief = found.beliefs[NETWORK]
    assert belief.strategy == NET
    table = median_campaign(tables(results, NET))
    assert belief.seed == table.stored.seed
    np.testing.assert_array_equal(belief.recipes, table.recipes)
    assert found.missing == {}


def test_a_belief_is_what_the_strategy_itself_had_come_to(results, found):
    """The campaign played again, and its strategy asked at the end."""
    problem = found.problem
    belief = found.beliefs[GAUSSIAN_PROCESS]
    plan = find_strategy("local-penalization")
    history = problem.empty_history()
    for _ in range(problem.rounds):
        strategy = plan.build(problem.space, problem.loss, planner_seed(belief.seed))
        recipes = strategy.propose(history, problem.batch_size)
        made = problem.measure(recipes, belief.seed, history.n_rounds)
        history = history.append(recipes, made.losses, made.spectra)
    recipes = problem.space.sample(9, np.random.default_rng(2))
    expected = strategy.predicted_loss(history)(recipes)
    np.testing.assert_allclose(belief.predicted(recipes), expected, rtol=0, atol=1e-9)


def test_a_strategy_without_a_surrogate_believes_nothing(results, found):
    table = tables(results, "random")[0]
    assert believed(found.problem, table, find_strategy("random")) is None


def test_maps_are_of_one_plane_through_the_optimum(found):
    names = [one.name for one in found.maps]
    assert names == ["truth", "Gaussian process of local-penalization", f"{NETWORK} of {NET}"]
    for one in found.maps:
        np.testing.assert_array_equal(one.map.plane.anchor, found.problem.optimum.recipe)
        assert one.map.loss.shape == (12, 12)
    truth, process, _ = found.maps
    assert truth.recipes is None
    np.testing.assert_array_equal(process.recipes, found.beliefs[GAUSSIAN_PROCESS].recipes)
    row, column = 8, 3
    recipe = process.map.plane.recipes(process.map.across[column], process.map.up[row])
    predicted = found.beliefs[GAUSSIAN_PROCESS].predicted(recipe)[0]
    assert process.map.loss[row, column] == pytest.approx(predicted, abs=1e-12)


def test_importance_compares_like_with_like(found):
    importance = found.importance
    assert importance.axes == found.problem.space.names
    np.testing.assert_array_equal(importance.truth.recipes, importance.model.recipes)
    for values, loss in (
        (importance.truth, found.problem.true_loss),
        (importance.model, found.beliefs[NETWORK].predicted),
    ):
        whole = values.base + values.values.sum(axis=1)
        # The network computes in single precision.
        np.testing.assert_allclose(whole, loss(values.recipes), rtol=0, atol=1e-5)
    # What one-at-a-time sweeps and the paper's own SHAP say of the campaign.
    most = [importance.axes[k] for k in np.argsort(-importance.truth.mean_absolute)[:2]]
    assert set(most) == {"q_agno3", "q_seed"}
    assert max(importance.sobol, key=lambda one: one.total.value).axis == most[0]


def test_particles_are_of_the_best_recommendation_and_of_the_optimum(found):
    (first, best), (second, optimum) = found.particles
    winner = min(found.spectra, key=lambda one: one.true_loss)
    assert winner.strategy in first
    np.testing.assert_array_equal(best.recipe, winner.recipe)
    np.testing.assert_array_equal(optimum.recipe, found.problem.optimum.recipe)
    assert second.startswith("optimum")


def test_what_a_run_has_not_is_said(results):
    only = replace(results, tables=tuple(tables(results, "random")))
    found = interpret(only, PROBLEM, resolution=5)
    assert found.missing == {
        GAUSSIAN_PROCESS: "no strategy of this run models losses by a Gaussian process",
        NETWORK: "no strategy of this run trains a neural network",
    }
    assert [one.name for one in found.maps] == ["truth"]
    assert found.importance.model is None


def test_a_run_of_another_lab_has_no_beliefs_but_is_shown(results):
    moved = [
        replace(table, losses=table.losses + 0.01)
        for table in tables(results, "local-penalization")
    ]
    found = interpret(replace(results, tables=tuple(moved)), PROBLEM, resolution=5)
    assert "another version of the lab" in found.missing[GAUSSIAN_PROCESS]
    assert [one.name for one in found.maps] == ["truth"]
    assert len(found.spectra) == 1


def test_a_strategy_that_is_gone_is_said(results, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["strategies"][NET]["spec"] = "/nowhere/gone.py"
    found = interpret(
        replace(results, manifests=(manifest,), tables=tuple(tables(results, NET))),
        PROBLEM,
        resolution=5,
    )
    assert "gone.py" in found.missing[NETWORK]


def test_campaigns_that_never_began_leave_nothing_to_show(results):
    burnt = [
        with_losses(table, [], failure="round 1: it burnt") for table in tables(results, "random")
    ]
    found = interpret(replace(results, tables=tuple(burnt)), PROBLEM, resolution=5)
    assert found.spectra == ()
    assert "no campaign came as far" in found.missing["spectra"]
    assert next(name for name, _ in found.particles).startswith("optimum")


def test_a_lab_of_somebody_s_own_is_interpreted_too(toy, tmp_path):
    results = run(tmp_path / "run", str(toy), ["local-penalization"], seeds=1)
    [name] = results.problems
    found = interpret(results, name, resolution=6)
    assert found.maps[0].map.plane.names == ("a", "b")
    assert found.maps[0].map.plane.held == {}
    assert "does not say which particles" in found.missing["particles"]
    assert found.importance.axes == ("a", "b")


def test_maps_of_other_labs_are_over_the_flows_that_matter_most(tmp_path):
    """Of three flows the second does nothing at all."""
    (tmp_path / "lab.py").write_text(THREE_FLOWS)
    (tmp_path / "mine.toml").write_text('lab = "lab.py"\nbatch_size = 4\nrounds = 1\n')
    results = run(tmp_path / "run", str(tmp_path / "mine.toml"), ["random"], seeds=1)
    [name] = results.problems
    found = interpret(results, name, resolution=5)
    assert set(found.maps[0].map.plane.names) == {"dye", "time"}
    assert set(found.maps[0].map.plane.held) == {"salt"}


def test_an_unknown_problem_is_told(results):
    with pytest.raises(PlasmonbenchError, match="no problem 'gold' in these runs"):
        interpret(results, "gold")


def test_files_are_left_as_they_were(results, folder):
    before = {path: path.read_bytes() for path in (folder / CAMPAIGNS).iterdir()}
    interpret(results, PROBLEM, resolution=5)
    assert {path: path.read_bytes() for path in (folder / CAMPAIGNS).iterdir()} == before
