"""A stored campaign's droplets come back as they were, or not at all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError
from plasmonbench.campaign import run_campaign, without_spectra
from plasmonbench.campaign_file import read_campaign_table, write_campaign
from plasmonbench.catalogue import find_problem
from plasmonbench.registry import find_strategy
from plasmonbench.replay import replayed_history, stored_history


def play(problem, strategy="random", seed=1):
    plan = find_strategy(strategy)
    return run_campaign(problem, plan.label, lambda space, p, s: plan.build(space, p.loss, s), seed)


@pytest.fixture(scope="module")
def problem():
    return find_problem("silver-prisms[rounds=3,batch_size=4,replicates=3]")


@pytest.fixture(scope="module")
def campaign(problem):
    return play(problem)


def again(problem, campaign, **changes):
    history = campaign.history
    known = {
        "recipes": history.recipes,
        "rounds": history.round,
        "seed": campaign.seed,
        "losses": history.losses,
    }
    return replayed_history(problem, **(known | changes))


def test_every_droplet_comes_back(problem, campaign):
    history = again(problem, campaign)
    for name in ("recipes", "round", "losses", "spectra"):
        np.testing.assert_array_equal(getattr(history, name), getattr(campaign.history, name))


def test_a_file_without_spectra_is_measured_again(problem, campaign, tmp_path):
    path = tmp_path / "one.parquet"
    write_campaign(path, without_spectra(campaign))
    history = stored_history(path, problem)
    np.testing.assert_array_equal(history.spectra, campaign.history.spectra)
    np.testing.assert_array_equal(history.losses, campaign.history.losses)


def test_kept_spectra_are_used_as_they_are(problem, campaign, tmp_path):
    """Even where the lab has changed since: what was measured was measured."""
    path = tmp_path / "one.parquet"
    write_campaign(path, campaign)
    other = find_problem("silver-prisms[rounds=3,batch_size=4,replicates=3,lab=1]")
    for lab in (problem, other):
        history = stored_history(path, lab)
        # Kept in single precision: half a unit in the 24th binary digit of readings up to 2.
        np.testing.assert_allclose(history.spectra, campaign.history.spectra, rtol=0, atol=2.0**-23)
        np.testing.assert_array_equal(history.losses, campaign.history.losses)
        np.testing.assert_array_equal(history.round, campaign.history.round)


@pytest.mark.parametrize(
    "change",
    [{"lab": "lab=1"}, {"noise": "noise=harsh"}, {"noise": "noise=none"}],
    ids=["another lab", "other noise", "no noise"],
)
def test_another_lab_is_told_in_one_line(problem, campaign, change):
    [knob] = change.values()
    other = find_problem(f"silver-prisms[rounds=3,batch_size=4,replicates=3,{knob}]")
    with pytest.raises(PlasmonbenchError, match="made by another version of the lab") as told:
        again(other, campaign)
    assert "\n" not in str(told.value)
    assert "run it again" in str(told.value)


def test_another_seed_is_another_campaign(problem, campaign):
    with pytest.raises(PlasmonbenchError, match="first in round 1"):
        again(problem, campaign, seed=campaign.seed + 1)


def test_the_round_of_the_first_difference_is_named(problem, campaign):
    losses = campaign.history.losses.copy()
    losses[5, 1] += 1e-3
    with pytest.raises(PlasmonbenchError, match=r"1 of 36 droplets .* round 2"):
        again(problem, campaign, losses=losses)


def test_unreadable_droplets_stay_unreadable(toy):
    """A lab whose second droplet can never be read."""
    text = toy.with_name("toy_lab.py").read_text()
    text += "\n    def measure(self, recipes, replicates, rng):\n"
    text += "        spectra = np.repeat(self.truth(recipes)[:, None], replicates, axis=1)\n"
    text += "        spectra[:, 1] = np.nan\n        return spectra\n"
    toy.with_name("blind.py").write_text(text)
    path = toy.with_name("blind.toml")
    path.write_text(toy.read_text().replace("toy_lab.py", "blind.py"))
    problem = find_problem(str(path))
    campaign = play(problem)
    assert np.isnan(campaign.history.losses[:, 1]).all()
    history = again(problem, campaign)
    np.testing.assert_array_equal(history.losses, campaign.history.losses)
    readable = np.where(np.isnan(campaign.history.losses), 0.5, campaign.history.losses)
    with pytest.raises(PlasmonbenchError, match="another version"):
        again(problem, campaign, losses=readable)


def test_other_numbers_of_droplets_are_another_problem(problem, campaign):
    with pytest.raises(PlasmonbenchError, match=r"measures 5 droplets .* \(12, 3\)"):
        again(replace(problem, replicates=5), campaign)


def test_other_recipes_are_another_problem(toy, campaign):
    with pytest.raises(PlasmonbenchError, match=r"2 flows \(a, b\)"):
        again(find_problem(str(toy)), campaign)


@pytest.mark.parametrize("rounds", [[1, 1, 2], [0, 2, 2], [0, 1, 0], [0, 1]])
def test_rounds_count_up_from_zero(problem, campaign, rounds):
    with pytest.raises(PlasmonbenchError, match="count up from 0"):
        replayed_history(problem, campaign.history.recipes[:3], np.array(rounds), 0)


def test_nothing_made_nothing_measured(problem):
    assert len(replayed_history(problem, np.empty((0, 5)), np.empty(0, dtype=int), 0)) == 0


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4), seed=st.integers(0, 50))
def test_rounds_of_any_size_come_back(sizes, seed):
    problem = find_problem("silver-prisms[rounds=4,batch_size=4,replicates=2]")
    rng = np.random.default_rng(seed)
    history = problem.empty_history()
    for size in sizes:
        recipes = problem.space.sample(size, rng)
        made = problem.measure(recipes, seed, history.n_rounds)
        history = history.append(recipes, made.losses, made.spectra)
    replayed = replayed_history(problem, history.recipes, history.round, seed, history.losses)
    np.testing.assert_array_equal(replayed.spectra, history.spectra)


def test_a_recorded_campaign_is_drawn_again(campaign_data, tmp_path):
    problem = find_problem(f"recorded:{campaign_data / 'agnp_losses.csv'}[rounds=2]")
    campaign = play(problem)
    path = tmp_path / "one.parquet"
    write_campaign(path, campaign)
    history = stored_history(path, problem)
    assert history.spectra is None
    np.testing.assert_array_equal(history.losses, campaign.history.losses)


def test_what_is_no_campaign_is_told(problem, tmp_path):
    path = tmp_path / "no.parquet"
    path.write_bytes(b"nothing")
    with pytest.raises(PlasmonbenchError, match="cannot be read as a campaign"):
        stored_history(path, problem)


def test_spectra_of_other_wavelengths_are_another_problem(problem, campaign, tmp_path):
    path = tmp_path / "one.parquet"
    write_campaign(path, campaign)
    table = read_campaign_table(path)
    assert table.losses.shape == (12, 3)
    with pytest.raises(PlasmonbenchError, match="421 wavelengths"):
        stored_history(path, find_problem("gold-rods"))
