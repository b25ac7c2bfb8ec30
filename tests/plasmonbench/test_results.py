"""`plasmonbench.load`: what is in the files is in the tables, row by row."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import plasmonbench
from plasmonbench import History, PlasmonbenchError
from plasmonbench.campaign import Campaign, Failure, RoundRecord
from plasmonbench.catalogue import find_problem
from plasmonbench.store import Store

SETTINGS = {
    "batch_size": 2,
    "replicates": 3,
    "rounds": 2,
    "recipe_budget": 4,
    "levels": [{"name": "low", "loss": 0.2}],
    "headline": "low",
    "optimum_loss": 0.1,
    "finite": False,
    "pool_size": None,
}
PRISMS = "silver-prisms[rounds=2]"
RECIPES = np.array([[10.0, 20, 5, 4, 300], [11, 20, 5, 4, 300], [12, 21, 5, 4, 300]])


def round_record(recipe, true_loss, seconds=1.0, **explanation):
    bounds = np.zeros_like(recipe), np.full_like(recipe, 100)
    return RoundRecord(seconds, seconds / 2, recipe, true_loss, *bounds, explanation)


def prisms_campaign(strategy="mine", seed=0, failure=None):
    """Two rounds, of two recipes and of one, three droplets each; one droplet has no reading."""
    losses = np.array([[0.5, 0.6, 0.7], [0.4, np.nan, 0.3], [0.2, 0.2, 0.9]])
    return Campaign(
        problem=PRISMS,
        strategy=strategy,
        seed=seed,
        history=History(RECIPES, losses, np.array([0, 0, 1])),
        rounds=(
            round_record(RECIPES[1], 0.36, 1.0),
            round_record(RECIPES[2], 0.19, 3.0, stability=0.9, loss=0.35),
        ),
        true_losses=np.array([0.61, 0.36, 0.19]),
        failure=failure,
    )


def write_run(folder, campaigns):
    store = Store(folder)
    names = list(dict.fromkeys(one.strategy for one in campaigns)) or ["mine"]
    problems = list(dict.fromkeys(one.problem for one in campaigns)) or [PRISMS]
    store.open(
        {
            "suite": None,
            "problems": dict.fromkeys(problems, SETTINGS),
            "strategies": {name: {"spec": name, "knobs": {}, "fingerprint": "f"} for name in names},
            "seeds": 1 + max((one.seed for one in campaigns), default=0),
            "code": "abc",
            "commit": None,
            "versions": {"python": "3.11"},
            "machine": {"system": "Linux", "processor": "x", "cores": 2},
            "begun": "2026-01-02T03:04:05+00:00",
        }
    )
    for campaign in campaigns:
        store.write(campaign)
    return folder


@pytest.fixture
def run(tmp_path):
    failed = Failure("round 3: ValueError: odd", "traceback")
    return write_run(tmp_path / "run", [prisms_campaign(), prisms_campaign(seed=1, failure=failed)])


def test_campaigns(run):
    frame = plasmonbench.load(run).campaigns
    assert len(frame) == 2
    first = frame.iloc[0]
    assert tuple(first[["problem", "strategy", "seed"]]) == (PRISMS, "mine", 0)
    assert tuple(first[["rounds", "recipes"]]) == (2, 3)
    assert tuple(first[["best_true_loss", "final_true_loss"]]) == (0.19, 0.19)
    assert tuple(first[["planner_wall_seconds", "planner_cpu_seconds"]]) == (4.0, 2.0)
    assert frame["stop_reason"].isna().all()
    assert frame["failure"].isna().tolist() == [True, False]
    assert frame["failure"].iloc[1] == "round 3: ValueError: odd"


def test_rounds_count_from_1_and_hold_the_recommendation(run):
    frame = plasmonbench.load(str(run)).rounds
    own = frame[frame["seed"] == 0]
    assert own["round"].tolist() == [1, 2]
    assert own["recipes"].tolist() == [2, 3]
    assert own["true_loss"].tolist() == [0.36, 0.19]
    assert own["planner_wall_seconds"].tolist() == [1.0, 3.0]
    assert own["recommended q_agno3"].tolist() == [11.0, 12.0]
    assert own["recommended q_total"].tolist() == [300.0, 300.0]


def test_recipes_and_slots(run):
    frame = plasmonbench.load(run).recipes
    own = frame[frame["seed"] == 1]
    assert own["round"].tolist() == [1, 1, 2]
    assert own["slot"].tolist() == [1, 2, 1]
    assert own["q_agno3"].tolist() == [10, 11, 12]
    assert own["true_loss"].tolist() == [0.61, 0.36, 0.19]
    np.testing.assert_allclose(own["median_loss"], [0.6, 0.35, 0.2], rtol=1e-15)


def test_droplets(run):
    frame = plasmonbench.load(run).droplets
    own = frame[frame["seed"] == 0].reset_index(drop=True)
    assert len(own) == 9
    assert own["droplet"].tolist() == [1, 2, 3] * 3
    assert own.loc[5, ["round", "slot", "loss"]].tolist() == [1, 2, 0.3]
    assert own["loss"].isna().tolist() == [False] * 4 + [True] + [False] * 4
    # The medians of the recipes are those of their droplets.
    medians = own.groupby(["round", "slot"])["loss"].median().to_numpy()
    recipes = plasmonbench.load(run).recipes
    np.testing.assert_allclose(medians, recipes.loc[recipes["seed"] == 0, "median_loss"])


def test_explanations(run):
    frame = plasmonbench.load(run).explanations
    own = frame[frame["seed"] == 0]
    assert own["round"].tolist() == [2, 2]
    assert dict(zip(own["name"], own["value"], strict=True)) == {"stability": 0.9, "loss": 0.35}


def test_keys_stand_first_in_every_table(run):
    results = plasmonbench.load(run)
    for name in ("campaigns", "rounds", "recipes", "droplets", "explanations"):
        assert list(getattr(results, name))[:3] == ["problem", "strategy", "seed"], name


def test_a_flow_that_a_problem_lacks_is_missing(toy, tmp_path):
    write_run(tmp_path / "prisms", [prisms_campaign()])
    other = Campaign(
        problem=str(toy),
        strategy="mine",
        seed=0,
        history=History(np.array([[1.0, 2.0]]), np.array([[0.5]]), np.array([0])),
        rounds=(round_record(np.array([1.0, 2.0]), 0.4),),
        true_losses=np.array([0.4]),
    )
    write_run(tmp_path / "toy", [other])
    results = plasmonbench.load(tmp_path / "prisms", tmp_path / "toy")
    for frame, names in (
        (results.recipes, ("a", "q_seed")),
        (results.rounds, ("recommended a", "recommended q_seed")),
    ):
        toys = frame["problem"] == str(toy)
        assert frame.loc[toys, names[0]].tolist() == [1.0]
        assert frame.loc[toys, names[1]].isna().all()
        assert frame.loc[~toys, names[0]].isna().all()
        assert frame.loc[~toys, names[1]].notna().all()


def test_a_campaign_that_failed_at_once_has_no_rows_but_is_there(tmp_path):
    empty = Campaign(
        problem=PRISMS,
        strategy="mine",
        seed=0,
        history=History.empty(5, 3, None),
        rounds=(),
        true_losses=np.empty(0),
        failure=Failure("round 1: ValueError: no", ""),
    )
    results = plasmonbench.load(write_run(tmp_path / "run", [empty, prisms_campaign(seed=1)]))
    assert results.campaigns["recipes"].tolist() == [0, 3]
    assert np.isnan(results.campaigns["best_true_loss"].iloc[0])
    assert results.droplets["seed"].unique().tolist() == [1]
    alone = plasmonbench.load(write_run(tmp_path / "alone", [empty]))
    assert len(alone.campaigns) == 1
    for name in ("rounds", "recipes", "droplets", "explanations"):
        assert len(getattr(alone, name)) == 0, name


def test_runs_are_merged_as_compare_does(tmp_path):
    write_run(tmp_path / "a", [prisms_campaign("one")])
    write_run(tmp_path / "b", [prisms_campaign("two")])
    results = plasmonbench.load(tmp_path / "a", tmp_path / "b")
    assert results.campaigns["strategy"].tolist() == ["one", "two"]
    assert len(results.manifests) == 2
    assert [one.strategy for one in results.stored] == ["one", "two"]
    with pytest.raises(PlasmonbenchError, match="a second time"):
        plasmonbench.load(tmp_path / "a", tmp_path / "a")


def test_what_is_no_run_is_told_in_one_line(tmp_path):
    with pytest.raises(PlasmonbenchError, match="holds no run"):
        plasmonbench.load(tmp_path)
    with pytest.raises(PlasmonbenchError, match="name the folder"):
        plasmonbench.load()
    with pytest.raises(PlasmonbenchError, match="no finished campaign"):
        plasmonbench.load(write_run(tmp_path / "run", []))
    broken = write_run(tmp_path / "broken", [prisms_campaign()])
    [path] = (broken / "campaigns").glob("*.parquet")
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(PlasmonbenchError, match="cannot be read as a campaign"):
        plasmonbench.load(broken)
    pd.DataFrame({"round": [0], "true_loss": [0.5]}).to_parquet(path)
    with pytest.raises(PlasmonbenchError, match="not written by plasmonbench"):
        plasmonbench.load(broken)


def test_a_real_run_agrees_with_its_files(toy, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "plasmonbench.cli", "run", "-p", str(toy), "-s", "random", "--seeds",
         "1", "--keep-spectra", "--out", str(tmp_path / "run")],
        check=True, capture_output=True,
    )  # fmt: skip
    results = plasmonbench.load(tmp_path / "run")
    [path] = (tmp_path / "run" / "campaigns").glob("*.parquet")
    file = pd.read_parquet(path)
    assert len(results.recipes) == len(file) == 12
    assert len(results.droplets) == 36
    np.testing.assert_array_equal(results.recipes[["a", "b"]], file[["a", "b"]])
    np.testing.assert_array_equal(results.droplets["loss"], np.concatenate(file["losses"]))
    assert "spectra" not in results.recipes
    assert json.loads((tmp_path / "run" / "manifest.json").read_text()) == results.manifests[0]


def test_importing_plasmonbench_does_not_import_what_draws():
    code = (
        "import sys, plasmonbench; print({'plotly', 'dash', 'colour', 'jinja2'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert answer.stdout.strip() == "set()"


def test_a_flow_named_like_a_column_is_kept_beside_it(tmp_path):
    """Gold rods have a flow called seed."""
    problem = find_problem("gold-rods[rounds=1]")
    recipes = problem.space.sample(2, np.random.default_rng(0))
    name = problem.name
    campaign = Campaign(
        problem=name,
        strategy="mine",
        seed=7,
        history=History(recipes, np.array([[0.5], [0.4]]), np.array([0, 0])),
        rounds=(round_record(recipes[1], 0.4),),
        true_losses=np.array([0.5, 0.4]),
    )
    write_run(tmp_path / "run", [campaign])
    results = plasmonbench.load(tmp_path / "run")
    assert results.tables[0].axes == problem.space.names
    np.testing.assert_array_equal(results.tables[0].recipes, recipes)
    assert results.recipes["seed"].tolist() == [7, 7]
    k = problem.space.names.index("seed")
    np.testing.assert_array_equal(results.recipes["flow seed"], recipes[:, k])
    assert results.rounds["recommended seed"].tolist() == [recipes[1, k]]
