import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import silver_prism_loss
from simulators.silver_prisms import SilverPrisms
from simulators.stages.droplets import (
    LARGEST_DEFICIT,
    DropletParameters,
    Droplets,
    harsher,
)

LOSS = silver_prism_loss()
FEW_SEEDS = np.array([[30.0, 20, 5, 4, 600]])
MANY_SEEDS = np.array([[20.0, 20, 5, 15, 600]])


def draw(recipes, replicates=20, seed=0, parameters=None):
    rngs = np.random.default_rng(seed).spawn(len(recipes))
    return Droplets(parameters).draw(recipes, replicates, rngs)


def campaign_like(n, rng):
    """Draw recipes like those that the campaign made."""
    low, high = np.array([10.0, 12, 2, 1, 300]), np.array([40.0, 38, 18, 12, 950])
    return low + (high - low) * rng.random((n, 5))


def test_start_up_decays_and_is_tied_to_few_seeds():
    few = draw(FEW_SEEDS).rate_factor[0]
    assert few[0] < 0.5
    assert (np.diff(few) > 0).all()
    assert few[-1] > 0.9
    many = draw(MANY_SEEDS).rate_factor[0]
    assert (many > few).all()
    assert many[0] > 0.75


def test_the_first_droplet_by_hand():
    # At the reference flows the logit stands alone; at twice the seeds ln 2 times the slope more.
    p = DropletParameters(startup_logit=0.4, startup_seed_slope=-1.5, startup_flow_slope=0.3)
    recipes = np.array([[25.0, 25, 5, 5, 700], [25.0, 25, 5, 10, 700], [9.0, 11, 5, 5, 350]])
    logits = np.array([0.4, 0.4 - 1.5 * np.log(2), 0.4 - 0.3 * np.log(2)])
    deficit = 0.95 / (1 + np.exp(-logits))
    found = Droplets(p).rate_factor(recipes, np.zeros(3))
    assert found == pytest.approx(1 - deficit, rel=1e-12)
    assert Droplets(p).rate_factor(recipes, np.full(3, 8.0)) == pytest.approx(
        1 - deficit / np.e, rel=1e-12
    )
    assert (Droplets(p).rate_factor(recipes, np.full(3, np.inf)) == 1).all(), "settled"


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-30, 30), st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10),
    st.floats(0.1, 100), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_something_always_grows(logit, by_seeds, by_citrate, by_flow, droplets, seed):
    p = DropletParameters(
        startup_logit=logit, startup_seed_slope=by_seeds, startup_citrate_slope=by_citrate,
        startup_flow_slope=by_flow, startup_droplets=droplets,
    )  # fmt: skip
    recipes = SilverPrisms.recipe_space.sample(5, np.random.default_rng(seed))
    # No slope is so steep that the exponential of the logit overflows within the pumps' bounds.
    factor = Droplets(p).rate_factor(recipes[:, None], np.arange(30))
    assert factor.shape == (5, 30)
    assert (factor >= 1 - LARGEST_DEFICIT - 1e-12).all()
    assert (factor <= 1).all()
    assert (np.diff(factor, axis=1) >= 0).all()


def test_start_up_raises_the_loss_as_much_as_in_the_campaign(rng):
    # Excess over the settled loss at droplets 1, 3, 6, 10, 15 of the campaign: .072, .052, .033,
    # .013, .003; e-fold of about 6 droplets.
    losses = LOSS(SilverPrisms().measure(campaign_like(150, rng), 24, rng))
    excess = (losses - np.median(losses[:, 17:], axis=1, keepdims=True)).mean(axis=0)
    assert 0.035 < excess[0] < 0.11
    assert excess[0] > excess[2] > excess[5] > excess[9]
    efold = 9 / np.log(excess[0] / excess[9])
    assert 3.5 < efold < 8.5


def test_start_up_raises_the_loss_where_seeds_are_few(flow_space, rng):
    # Medians in the campaign: .125 to .158 for 1 to 6 % of seeds, .005 to .014 for 6 to 12 %.
    lab = SilverPrisms()
    recipes = flow_space.sample(1500, rng)
    seeds = recipes[:, 3]

    def excess(here):
        slow = lab.droplets.rate_factor(recipes[here], np.full(np.count_nonzero(here), 0.5))
        absorbance = lab.extinction.absorbance(lab.growth.grow(recipes[here], slow))
        return np.median(LOSS(lab.spectrometer.read(absorbance)) - LOSS(lab.truth(recipes[here])))

    few, many = excess((seeds >= 1) & (seeds < 6)), excess(seeds >= 6)
    assert few > 0.03
    assert abs(many) < 0.02
    assert few > 3 * abs(many)


def test_carry_over_comes_from_the_recipe_before_and_ends_after_a_few_droplets():
    still = DropletParameters(flow_jitter=0, total_jitter=0, carryover_probability=1.0)
    recipes = np.concatenate([FEW_SEEDS, MANY_SEEDS])
    mixed = draw(recipes, parameters=still).recipes
    assert np.allclose(mixed[0], FEW_SEEDS)  # nothing ran before the first recipe
    assert np.allclose(mixed[1, 0], 0.7 * FEW_SEEDS[0] + 0.3 * MANY_SEEDS[0])
    assert np.allclose(mixed[1, 8:], MANY_SEEDS, rtol=1e-4)


def test_duds_are_as_frequent_and_as_deep_as_in_the_campaign():
    luck = draw(np.tile(FEW_SEEDS, (2000, 1)), 10)
    dud = luck.dud < 1
    assert dud.mean() == pytest.approx(0.019, abs=0.004)
    assert np.all((luck.dud[dud] >= 0.53) & (luck.dud[dud] <= 0.66))


def test_gain_and_offset_vary_as_in_the_campaign_and_against_each_other():
    luck = draw(np.tile(FEW_SEEDS, (500, 1)), 10)
    gain, offset = luck.gain.ravel(), luck.offset.ravel()
    assert 0.01 < gain.std() < 0.04
    assert 0.008 < offset.std() < 0.025
    assert np.corrcoef(gain, offset)[0, 1] == pytest.approx(-0.6, abs=0.05)


def test_jitter_remembers_the_droplet_before():
    parameters = DropletParameters(carryover_usual=0, carryover_probability=0)
    luck = draw(np.tile(FEW_SEEDS, (200, 1)), 40, parameters=parameters)
    jitter = np.log(luck.recipes / FEW_SEEDS)
    assert jitter.std(axis=(0, 1)) == pytest.approx([0.018, 0.018, 0.018, 0.018, 0.01], rel=0.08)
    lagged = np.corrcoef(jitter[:, :-1, 0].ravel(), jitter[:, 1:, 0].ravel())[0, 1]
    assert lagged == pytest.approx(parameters.jitter_memory, abs=0.05)


def test_luck_of_a_slot_does_not_depend_on_the_other_slots(rng):
    lab = SilverPrisms()
    recipes = lab.space.sample(4, rng)
    whole = lab.measure(recipes, 5, np.random.default_rng(1))
    # Less the last recipe nothing changes for the first three, which ran before it.
    part = lab.measure(recipes[:3], 5, np.random.default_rng(1))
    assert np.allclose(whole[:3], part, rtol=1e-12, atol=1e-14)


def test_the_same_generator_gives_the_same_droplets(rng):
    lab = SilverPrisms()
    recipes = lab.space.sample(3, rng)
    first, again = (lab.measure(recipes, 4, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, lab.measure(recipes, 4, np.random.default_rng(8)), atol=1e-3)


def test_without_noise_every_droplet_is_the_truth(rng):
    lab = SilverPrisms(noise="none")
    recipes = lab.space.sample(3, rng)
    measured = lab.measure(recipes, 4, rng)
    assert np.array_equal(measured, np.repeat(lab.truth(recipes)[:, None], 4, axis=1))


def test_harsh_is_worse_than_real(rng):
    recipes = np.tile(MANY_SEEDS, (50, 1))
    spread = {}
    for noise in ("real", "harsh"):
        spectra = SilverPrisms(noise=noise).measure(recipes, 20, np.random.default_rng(0))
        spread[noise] = np.median(spectra.max(axis=2).std(axis=1))
    assert spread["harsh"] > 1.5 * spread["real"]


def test_harsher_leaves_alone_what_is_no_cause_of_scatter():
    plain = DropletParameters(carryover_probability=0.7)
    harsh = harsher(plain)
    assert harsh.carryover_probability == 1.0, "a share, never more than all"
    unchanged = {"startup_logit", "startup_seed_slope", "startup_droplets", "dud_low"}
    for field in dataclasses.fields(plain):
        before, after = getattr(plain, field.name), getattr(harsh, field.name)
        assert after >= before, field.name
        assert field.name not in unchanged or after == before
    assert Droplets(harsh).rate_factor(FEW_SEEDS, 0) == Droplets(plain).rate_factor(FEW_SEEDS, 0)


def test_truth_has_the_median_loss_of_twenty_droplets(rng):
    """What makes it the truth: a recipe's result is the median over its droplets.

    Without chance, that is with the start-up alone. Measured: .0023 apart at most.
    """
    lab = SilverPrisms()
    recipes = campaign_like(60, rng)
    droplets = np.repeat(recipes, 20, axis=0)
    factor = lab.droplets.rate_factor(droplets, np.tile(np.arange(20), 60))
    absorbance = lab.extinction.absorbance(lab.growth.grow(droplets, factor))
    losses = LOSS(lab.spectrometer.read(absorbance)).reshape(60, 20)
    off = np.median(losses, axis=1) - LOSS(lab.truth(recipes))
    assert np.ptp(losses, axis=1).max() > 0.1, "the start-up is seen"
    assert np.abs(off).max() < 0.003


def test_settled_droplets_scatter_about_the_truth(rng):
    lab = SilverPrisms()
    # Measured: off by .0016 at most.
    recipes = np.tile(MANY_SEEDS, (200, 1))
    settled = np.median(lab.measure(recipes, 20, rng)[:, 10:].reshape(2000, -1), axis=0)
    assert np.allclose(settled, lab.truth(MANY_SEEDS)[0], atol=0.004)


def test_settled_scatter_and_lag_are_those_of_the_campaign(rng):
    # Relative SD of the peak 1 to 5.5 % when settled; lag-1 autocorrelation of the loss .74.
    lab = SilverPrisms()
    spectra = lab.measure(campaign_like(120, rng), 22, rng)
    peaks = spectra[:, 12:].max(axis=2)
    relative = np.median(np.abs(peaks / np.median(peaks, axis=1, keepdims=True) - 1)) * 1.4826
    assert 0.01 < relative < 0.055
    losses = LOSS(spectra)
    within = np.median(losses.std(axis=1))
    assert 0.012 < within < 0.05  # .022 in the campaign
    varying = losses[losses.std(axis=1) > 0]
    lags = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in varying]
    assert np.median(lags) > 0.4  # .68 in the campaign, by the same estimator
