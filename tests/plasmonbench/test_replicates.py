import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plasmonbench.replicates import (
    ReplicateFigures,
    compare_replicates,
    dud_share,
    efold,
    excess,
    lag1,
    replicate_figures,
    within_recipe_sd,
)

DROPLETS = np.arange(1, 23)
NOTHING = ReplicateFigures(None, None, None, None, None)


def settling(excess_at_first, efold_droplets, droplets=DROPLETS):
    return 0.3 + excess_at_first * np.exp(-(droplets - 1) / efold_droplets)


@pytest.mark.parametrize("efold_droplets", [0.5, 2, 6, 12, 40])
@pytest.mark.parametrize("height", [-0.1, 1e-3, 0.5])
def test_the_time_of_a_pure_exponential_is_found(efold_droplets, height):
    curve = height * np.exp(-np.arange(15) / efold_droplets)
    assert efold(curve) == pytest.approx(efold_droplets, rel=1e-4)


@pytest.mark.parametrize(
    "curve",
    [
        np.zeros(15),
        np.full(15, 0.02),  # never falls
        np.linspace(0.01, 0.05, 15),  # rises
        np.eye(1, 15)[0],  # gone at once
    ],
)
def test_what_does_not_decay_has_no_time(curve):
    assert efold(curve) is None


def test_the_start_up_by_hand():
    rows = settling(0.08, 6)
    # Droplets 15 to 22 settle at the mean of the 18th and 19th.
    settled = 0.04 * (np.exp(-17 / 6) + np.exp(-18 / 6))
    found = replicate_figures([rows[None], rows[None] + 0.2])
    assert found.transient == pytest.approx(0.08 - settled, abs=1e-12)
    # Less the settled value, which is not yet 0, the curve falls sooner.
    assert 4.5 < found.efold_droplets < 6
    above = excess([rows[None]])
    assert above.shape == (1, 1, 19)
    np.testing.assert_allclose(above[0, 0], 0.08 * np.exp(-np.arange(19) / 6) - settled)


def test_recipes_with_fewer_than_19_droplets_show_no_start_up():
    short, long = settling(0.5, 3)[None, :18], settling(0.08, 6)[None, :19]
    assert replicate_figures([short]).transient is None
    assert replicate_figures([short]).settled_sd is None
    alone, both = replicate_figures([long]), replicate_figures([short, long])
    assert (alone.transient, alone.efold_droplets) == (both.transient, both.efold_droplets)


def test_the_settled_spread_begins_at_droplet_15():
    rows = np.full(20, 0.5)
    rows[:14] = 0.9
    rows[14:] += [0.01, -0.01] * 3
    found = replicate_figures([rows[None]])
    assert found.settled_sd == pytest.approx(0.01 * np.sqrt(6 / 5), abs=1e-12)


def test_spread_is_that_of_pandas_and_nan_for_a_single_droplet(rng):
    losses = [rng.random((1, k)) for k in (1, 2, 7, 25)]
    expected = [pd.Series(rows[0]).std() for rows in losses]
    np.testing.assert_allclose(within_recipe_sd(losses), expected, rtol=1e-12)


def test_equal_droplets_have_no_spread_to_rank():
    equal = [np.full((3, 7), value) for value in (0.1, 0.3, 0.7)]
    assert within_recipe_sd(equal).tolist() == [0, 0, 0]
    # 0.1 is no binary fraction: the standard deviation is not 0 to the last bit.
    assert np.full(7, 0.1).std() > 0


@given(arrays(np.float64, st.integers(4, 30), elements=st.floats(0, 1, width=16)))
def test_memory_is_that_of_pandas(values):
    found = float(lag1(values[None])[0])
    if np.ptp(values[1:]) == 0 or np.ptp(values[:-1]) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(pd.Series(values).autocorr(), abs=1e-6)


def test_memory_of_an_autoregressive_series(rng):
    series = [0.0]
    for shock in rng.standard_normal(20_000):
        series.append(0.8 * series[-1] + shock)
    assert lag1(np.array([series]))[0] == pytest.approx(0.8, abs=0.02)


def test_duds_by_hand():
    rows = np.ones((1, 20))
    assert dud_share([rows]) == 0
    rows[0, [0, 7, 12]] = [0.5, 0.6, 0.7]
    assert dud_share([rows]) == 3 / 20
    rows[0, 12] = 0.72  # faint, but no dud
    rows[0, 7] = 0.45  # hardly a droplet
    assert dud_share([rows]) == 1 / 20
    assert dud_share([rows, np.ones((1, 20))]) == 1 / 40


def test_two_duds_in_a_row_are_both_seen():
    rows = np.ones((1, 10))
    rows[0, [4, 5]] = 0.6
    assert dud_share([rows]) == 2 / 10


def test_a_slow_rise_holds_no_duds():
    assert dud_share([np.linspace(0.3, 1.0, 20)[None]]) == 0


def test_without_neighbours_nothing_is_a_dud():
    assert dud_share([np.ones((1, 1))]) is None
    assert dud_share([np.array([[1.0, 0.6]])]) == 1 / 2
    assert dud_share([np.zeros((2, 5))]) == 0


def test_duds_are_counted_over_all_repetitions():
    rows = np.ones((4, 10))
    rows[1, 3] = rows[2, 8] = 0.6
    assert dud_share([rows]) == 2 / 40


def test_figures_are_taken_in_each_repetition_and_averaged(rng):
    losses = [rng.random((3, 20)) for _ in range(5)]
    together = replicate_figures(losses)
    apart = [replicate_figures([rows[[r]] for rows in losses]) for r in range(3)]
    for name in ("transient", "settled_sd", "lag1"):
        expected = np.mean([getattr(figures, name) for figures in apart])
        assert getattr(together, name) == pytest.approx(expected, abs=1e-12)


def test_twice_the_scatter(rng):
    scale = rng.permutation(np.linspace(0.01, 0.1, 9))
    measured = [s * rng.standard_normal((1, 20)) for s in scale]
    found = compare_replicates(measured, [0.5 + 2 * rows for rows in measured])
    assert found.sd_ratio == pytest.approx(2, abs=1e-12)
    assert found.sd_spearman == pytest.approx(1, abs=1e-12)
    opposite = [rows / within_recipe_sd([rows])[0] ** 2 for rows in measured]
    assert compare_replicates(measured, opposite).sd_spearman == pytest.approx(-1, abs=1e-12)


def test_simulated_spread_is_the_median_over_repetitions():
    base = np.array([-1.0, 0, 1])  # standard deviation 1
    simulated = np.outer([0.1, 0.2, 0.9], base)
    found = compare_replicates([0.1 * base[None]], [simulated])
    assert found.sd_ratio == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize(
    "losses",
    [
        [np.array([[0.3]])],
        [np.array([[0.3]]), np.array([[0.4]])],
        [np.full((1, 2), 0.3)],
    ],
)
def test_too_few_droplets_tell_nothing(losses):
    found = compare_replicates(losses, losses)
    assert found.measured == found.simulated == NOTHING
    assert (found.sd_spearman, found.sd_ratio) == (None, None)
    assert found.measured_excess.shape == (0, 19)


def test_a_lab_without_noise_beside_real_droplets(rng):
    measured = [rng.random((1, 20)) for _ in range(4)]
    found = compare_replicates(measured, [np.full((2, 20), 0.1) for _ in measured])
    assert (found.sd_ratio, found.sd_spearman) == (0, None)
    assert found.simulated.transient == 0
    assert found.simulated.settled_sd == pytest.approx(0, abs=1e-15)
    assert found.simulated.efold_droplets is found.simulated.lag1 is None


@given(st.integers(0, 2**32 - 1), st.floats(-1, 1), st.floats(0.1, 10))
def test_figures_follow_shift_and_scale(seed, shift, scale):
    rng = np.random.default_rng(seed)
    losses = [rng.random((2, k)) + settling(0.3, 5, np.arange(1, k + 1)) for k in (19, 24, 30)]
    first = replicate_figures(losses)
    second = replicate_figures([shift + scale * rows for rows in losses])
    assert second.transient == pytest.approx(scale * first.transient, rel=1e-9, abs=1e-12)
    assert second.settled_sd == pytest.approx(scale * first.settled_sd, rel=1e-9)
    assert second.lag1 == pytest.approx(first.lag1, abs=1e-9)
    if first.efold_droplets is not None:
        assert second.efold_droplets == pytest.approx(first.efold_droplets, rel=1e-3)
