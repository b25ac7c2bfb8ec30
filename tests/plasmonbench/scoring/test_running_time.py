"""Expected running time, success shares, and the intervals of both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from plasmonbench import PlasmonbenchError
from plasmonbench.scoring.estimates import Estimate, percentile_interval, quantile
from plasmonbench.scoring.running_time import expected_running_time, running_time_interval
from plasmonbench.scoring.success import success_share

trials = st.lists(st.tuples(st.integers(1, 100), st.booleans()), min_size=1, max_size=25).map(
    lambda pairs: ([float(cost) for cost, _ in pairs], [success for _, success in pairs])
)

# The trials in the documentation of COCO's `cocopp.toolsstats.simulated_evals`: one success.
COCO_SPENT = [1.0, 2.0, 4.0, 2.0, 6.0, 100.0]
COCO_REACHED = [True, False, False, False, False, False]


# -- expected running time ------------------------------------------------------------------------


def test_running_time_by_hand():
    assert expected_running_time([15, 45, 90, 30], [True, True, False, True]) == 180 / 3
    assert expected_running_time([90, 90], [False, False]) is None


def test_running_time_is_the_mean_of_cocos_simulated_restarts(rng):
    # COCO defines it as the running time of an algorithm that begins anew until it succeeds, and
    # draws its trials with replacement to simulate that; 115 is all that these trials spent.
    assert expected_running_time(COCO_SPENT, COCO_REACHED) == 115
    simulated = []
    for _ in range(20_000):
        total, arrived = 0.0, False
        while not arrived:
            drawn = rng.integers(6)
            total, arrived = total + COCO_SPENT[drawn], COCO_REACHED[drawn]
        simulated.append(total)
    error = np.std(simulated) / 20_000**0.5  # about 1
    assert np.mean(simulated) == pytest.approx(115, abs=4 * error)


@given(trials)
def test_the_two_published_forms_agree(data):
    # Hansen et al., BBOB 2009, Experimental Setup: RT_S + (1 - p) / p RT_US.
    spent, reached = np.array(data[0]), np.array(data[1])
    found = expected_running_time(*data)
    if not reached.any():
        assert found is None
        return
    p = reached.mean()
    in_vain = spent[~reached].mean() if p < 1 else 0.0
    assert found == pytest.approx(spent[reached].mean() + (1 - p) / p * in_vain)


@settings(deadline=None)
@given(trials, st.integers(0, 5))
def test_interval_of_the_running_time(data, seed):
    found = running_time_interval(*data, 100.0, np.random.default_rng(seed))
    assert found.value == expected_running_time(*data)
    if len(data[0]) < 5:
        assert (found.low, found.high) == (None, None)
    elif found.value is None:
        assert found.low > 0
        assert found.high is None
    else:
        # Nothing can be less than the quickest success.
        quickest = min(cost for cost, success in zip(*data, strict=True) if success)
        assert quickest <= found.low <= (np.inf if found.high is None else found.high)


def test_no_upper_end_where_resamples_have_no_success(rng):
    # One success in 10: a resample has none in .9 ** 10 = 35 % of cases.
    found = running_time_interval([10.0] * 10, [True] + [False] * 9, 10.0, rng)
    assert found.value == 100
    # At most 5 successes in 2.5 % of resamples (binomial), that is 4: at least 100 / 4.
    assert found.low == pytest.approx(100 / stats.binom.ppf(0.975, 10, 0.1), rel=1e-9)
    assert found.high is None
    # 4 in 10: .6 ** 10 = .6 %, so that there is one.
    assert running_time_interval([10.0] * 10, [True] * 4 + [False] * 6, 10, rng).high is not None


def test_without_any_success_there_is_a_lower_end(rng):
    # Wilson: 0 of 30 are at most z2 / (n + z2) = .1135; then 90 (1 - p) / p recipes are lost.
    z2 = stats.norm.ppf(0.975) ** 2
    found = running_time_interval([90.0] * 30, [False] * 30, 90.0, rng)
    assert found.low == pytest.approx(90 * 30 / z2)
    assert (found.value, found.high) == (None, None)


def test_resampling_is_of_whole_campaigns(rng):
    # Cost and success of a campaign stay together: quick successes, slow failures.
    spent, reached = [10.0] * 15 + [90.0] * 15, [True] * 15 + [False] * 15
    found = running_time_interval(spent, reached, 90.0, rng)
    # With k successes of 30 it is (10 k + 90 (30 - k)) / k; k is binomial.
    k = stats.binom.ppf([0.975, 0.025], 30, 0.5)
    low, high = 10 + 90 * (30 - k) / k
    assert found.low == pytest.approx(low, rel=0.12)  # the next k is that far
    assert found.high == pytest.approx(high, rel=0.12)


def test_the_bootstrap_is_scipys_where_every_resample_has_a_success(rng):
    spent = np.array([30, 45, 60, 90, 90, 45, 75, 60, 60, 30.0])
    reached = spent < 90
    theirs = stats.bootstrap(
        (spent, reached.astype(float)),
        lambda costs, flags, axis: costs.sum(axis) / flags.sum(axis),
        paired=True,
        vectorized=True,
        method="percentile",
        rng=rng,
    ).confidence_interval
    found = running_time_interval(spent, reached, 90.0, rng)
    # Quantiles of two sets of resamples: with 25 seeds up to 3 and 5 % apart.
    assert found.low == pytest.approx(theirs.low, rel=0.05)
    assert found.high == pytest.approx(theirs.high, rel=0.08)


def test_coverage_of_the_running_time(rng):
    # Geometric arrivals of p = .04 a recipe, 50 recipes at most: the expected number is 25.
    covered = 0
    for _ in range(200):
        times = rng.geometric(0.04, size=30)
        found = running_time_interval(np.minimum(times, 50), times <= 50, 50.0, rng)
        covered += found.low <= 25 <= (np.inf if found.high is None else found.high)
    assert covered >= 180


@pytest.mark.parametrize(("campaigns", "share"), [(5, 0.9), (10, 0.9), (30, 0.95)])
def test_coverage_where_misses_are_rare(rng, campaigns, share):
    # All campaigns arrive in 59, 35 and 21 % of experiments. Who takes that as certain holds the
    # truth in 52, 72 and 81 % of them.
    covered = 0
    for _ in range(300):
        reached = rng.random(campaigns) < share
        spent = np.where(reached, rng.choice([30, 45, 45, 45, 60], size=campaigns), 90)
        found = running_time_interval(spent, reached, 90.0, rng)
        high = np.inf if found.high is None else found.high
        covered += found.low <= 45 + (1 - share) / share * 90 <= high
    assert covered / 300 >= 0.93


def test_where_all_arrived_misses_may_have_been_overlooked(rng):
    # The success probability is at least the 2.5 % quantile of Jeffreys' distribution, .92.
    found = running_time_interval([45.0] * 30, [True] * 30, 90.0, rng)
    least = stats.beta.ppf(0.025, 30.5, 0.5)
    assert found.value == 45
    assert found.low == pytest.approx(45, abs=0.01)
    assert found.high == pytest.approx(45 + 90 * (1 - least) / least, rel=0.03)


@pytest.mark.parametrize(
    ("spent", "reached"), [([], []), ([1.0], [True, False]), ([-1.0], [True]), ([np.nan], [True])]
)
def test_what_cannot_have_been_spent_is_refused(spent, reached):
    with pytest.raises(PlasmonbenchError):
        expected_running_time(spent, reached)


# -- success --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "campaigns", "low", "high"),
    # Newcombe, Statist. Med. 17, 857 (1998), table I, method 3 (score, no continuity correction).
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_as_published(reached, campaigns, low, high):
    found = success_share(reached, campaigns)
    assert found.value == reached / campaigns
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


@given(st.integers(1, 60), st.data())
def test_wilsons_interval_solves_its_equation(campaigns, data):
    # Its ends are the shares p from which the one observed is just 1.96 errors of p away.
    reached = data.draw(st.integers(0, campaigns))
    found = success_share(reached, campaigns)
    z2 = stats.norm.ppf(0.975) ** 2
    for end in (found.low, found.high):
        distance = (found.value - end) ** 2
        assert distance == pytest.approx(z2 * end * (1 - end) / campaigns, abs=1e-9)
    assert found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12
    mirrored = success_share(campaigns - reached, campaigns)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)


@pytest.mark.parametrize(("reached", "campaigns"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(reached, campaigns):
    with pytest.raises(PlasmonbenchError, match="no share"):
        success_share(reached, campaigns)


# -- quantiles ------------------------------------------------------------------------------------


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=30), st.sampled_from([0.25, 0.5, 0.975]))
def test_quantile_is_numpys(values, share):
    expected = np.quantile(np.array(values, float), share, method="averaged_inverted_cdf")
    assert quantile(np.array(values, float), share) == pytest.approx(expected)
    assert quantile(np.array(values, float), 0.5) == np.median(values)


def test_an_infinite_value_is_no_nan():
    assert quantile(np.array([1.0, np.inf, np.inf, 2.0]), 0.5) == np.inf
    assert quantile(np.array([1.0, np.inf, 3.0, 2.0]), 0.5) == 2.5
    assert percentile_interval(np.array([1.0] * 99 + [np.inf])) == (1, 1)
    assert percentile_interval(np.array([1.0] * 9 + [np.inf])) == (1, None)
    assert percentile_interval(np.full(9, np.inf)) == (None, None)


def test_an_estimate_is_plain():
    assert Estimate(1.0, None, 2.0) == Estimate(value=1.0, low=None, high=2.0)
