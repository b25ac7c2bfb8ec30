"""Survival curves, medians and restricted means against textbooks, by hand, and against laws."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from plasmonbench import PlasmonbenchError
from plasmonbench.scoring.estimates import Estimate
from plasmonbench.scoring.survival import kaplan_meier, kaplan_meier_median, restricted_mean

# Remission of leukaemia in weeks: Freireich et al., Blood 21, 699 (1963), as in Klein and
# Moeschberger, Survival Analysis (2003), section 1.2 and table 4.1.
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

observations = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40).map(
    lambda pairs: ([float(t) for t, _ in pairs], [event for _, event in pairs])
)


# -- published ------------------------------------------------------------------------------------


def test_curve_of_the_leukaemia_trial():
    curve = kaplan_meier(DRUG, RELAPSED)
    at_events = curve.events > 0
    assert curve.times[at_events].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk[at_events].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.events[at_events].tolist() == [3, 1, 1, 1, 1, 1, 1]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.survival[at_events] == pytest.approx(published, abs=5.1e-4)


def test_intervals_of_the_leukaemia_trial():
    # The published Greenwood errors, put through log(-log) by hand: S ** exp(+-1.96 SE/(S ln S)).
    published = np.array([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448])
    greenwood = np.array([0.076, 0.087, 0.096, 0.107, 0.114, 0.128, 0.135])
    reach = 1.96 * greenwood / np.abs(published * np.log(published))
    curve = kaplan_meier(DRUG, RELAPSED)
    at_events = curve.events > 0
    # The published figures have three digits; in the exponent that makes about 1 %.
    assert curve.low[at_events] == pytest.approx(published ** np.exp(reach), abs=5e-3)
    assert curve.high[at_events] == pytest.approx(published ** np.exp(-reach), abs=5e-3)


def test_medians_of_the_leukaemia_trial():
    # As SAS prints them, with log-log intervals.
    assert kaplan_meier_median(DRUG, RELAPSED) == Estimate(23, 13, None)
    assert kaplan_meier_median(PLACEBO, [1] * 21) == Estimate(8, 4, 11)


@pytest.mark.parametrize(
    ("times", "events", "mean", "error"),
    # As R's `print(survfit(...), print.rmean = TRUE)` shows them.
    [(DRUG, RELAPSED, 23.29, 2.83), (PLACEBO, [1] * 21, 8.67, 1.38)],
)
def test_restricted_means_of_the_leukaemia_trial(times, events, mean, error):
    found = restricted_mean(times, events, 35)
    assert found.value == pytest.approx(mean, abs=5.1e-3)
    # The interval is by Student's t, and by 21 / 20 of that variance.
    reach = 2.085963 * (21 / 20) ** 0.5
    assert (found.high - found.low) / (2 * reach) == pytest.approx(error, abs=5.1e-3)


# -- by hand --------------------------------------------------------------------------------------


def test_a_curve_by_hand():
    # 5 campaigns; at 2 one of 5 arrives, at 3 one is lost from sight, at 4 one of 3 arrives.
    curve = kaplan_meier([2, 3, 4, 6, 6], [True, False, True, False, False])
    assert curve.times.tolist() == [2, 3, 4, 6]
    assert curve.at_risk.tolist() == [5, 4, 3, 2]
    assert curve.events.tolist() == [1, 0, 1, 0]
    assert curve.survival == pytest.approx([4 / 5, 4 / 5, 8 / 15, 8 / 15])
    # Area to 6: 2 + 2 * 4/5 + 2 * 8/15.
    found = restricted_mean([2, 3, 4, 6, 6], [True, False, True, False, False], 6)
    assert found.value == pytest.approx(2 + 8 / 5 + 16 / 15)
    variance = (8 / 5 + 16 / 15) ** 2 / (5 * 4) + (16 / 15) ** 2 / (3 * 2)
    # Student's t of 4 degrees of freedom; 5 / 4 of the variance.
    assert found.low == pytest.approx(found.value - 2.776445 * (5 / 4 * variance) ** 0.5)
    assert found.high == 6, "no mean of times up to 6 is larger"


def test_an_event_and_a_loss_at_the_same_time():
    # Who is lost at 3 was still at risk when the other arrived at 3.
    curve = kaplan_meier([3, 3, 5, 5], [True, False, True, True])
    assert curve.survival == pytest.approx([3 / 4, 0])


def test_nobody_arrived():
    curve = kaplan_meier([9] * 6, [False] * 6)
    assert curve.survival.tolist() == curve.high.tolist() == [1]
    # Wilson's interval of 0 of 6: up to z2 / (6 + z2) = .39 may arrive.
    assert curve.low == pytest.approx([1 - 3.841459 / 9.841459])
    assert kaplan_meier_median([9] * 6, [False] * 6) == Estimate(None, None, None)
    # Not [9, 9]: that nothing was seen to vary does not mean that nothing does.
    assert restricted_mean([9] * 6, [False] * 6, 9) == Estimate(9, None, None)


def test_all_arrived():
    # Also of those who all arrived by 4 some might not have.
    curve = kaplan_meier([2, 2, 4, 4, 4, 4], [True] * 6)
    assert curve.survival.tolist() == pytest.approx([4 / 6, 0])
    assert curve.high[-1] == pytest.approx(3.841459 / 9.841459)
    assert curve.low[-1] == 0
    # All at the same time: that nothing was seen to vary does not mean that nothing does.
    assert restricted_mean([4] * 6, [True] * 6, 9) == Estimate(4, None, None)


def test_ends_are_as_wide_as_wilsons_interval_of_those_in_sight():
    # Of ten, four are lost from sight at 1; of the six others none arrives before 3, all by 5.
    times = [1] * 4 + [2] + [3, 4, 4, 5, 5]
    curve = kaplan_meier(times, [False] * 5 + [True] * 5)
    shares = [3.841459 / (n + 3.841459) for n in (10, 6, 5)]
    assert curve.times.tolist() == [1, 2, 3, 4, 5]
    assert 1 - curve.low[:2] == pytest.approx(shares[:2])
    assert curve.high[-1] == pytest.approx(shares[2])


@pytest.mark.parametrize("share", [0.97, 0.03])
def test_the_band_covers_shares_near_the_ends(rng, share):
    # 30 campaigns, 1,000 times; where the band had no width at 0 and 1 this was 60 %.
    covered = 0
    for arrived in rng.binomial(30, share, size=1000):
        curve = kaplan_meier([1.0] * 30, np.arange(30) < arrived)
        covered += curve.low[0] <= 1 - share <= curve.high[0]
    assert covered >= 930


def test_few_have_no_interval():
    curve = kaplan_meier([1, 2, 3, 4], [True] * 4)
    assert np.isnan(curve.low).all()
    assert np.isnan(curve.high).all()
    assert kaplan_meier_median([1, 2, 3, 4], [True] * 4) == Estimate(2, None, None)
    assert restricted_mean([1, 2, 3, 4], [True] * 4, 4) == Estimate(2.5, None, None)


def test_what_happens_after_the_horizon_does_not_count():
    early = restricted_mean([1, 2, 9, 9, 9], [True] * 5, 5)
    late = restricted_mean([1, 2, 9, 7, 6], [True, True, False, True, False], 5)
    assert early.value == pytest.approx((1 + 2 + 5 * 3) / 5)
    assert (late.value, late.low) == pytest.approx((early.value, early.low))


@pytest.mark.parametrize(
    ("times", "reached", "horizon", "match"),
    [
        ([], [], 3, "0 times and 0 events"),
        ([1.0], [True, False], 3, "1 times and 2 events"),
        ([1.0, np.inf], [True, False], 3, "finite"),
        ([1.0, -1.0], [True, False], 3, "not negative"),
        ([1.0, 2.0], [True, True], 0, "must be positive"),
        ([1.0, 2.0], [True, True], np.nan, "must be positive"),
        ([1.0, 2.0], [True, False], 3, "observation ended at 2"),
    ],
)
def test_what_makes_no_sense_is_refused(times, reached, horizon, match):
    with pytest.raises(PlasmonbenchError, match=match):
        restricted_mean(times, reached, horizon)


# -- laws -----------------------------------------------------------------------------------------


@given(observations)
def test_a_curve_falls_within_its_interval(data):
    times, reached = data
    curve = kaplan_meier(times, reached)
    assert (np.diff(curve.survival) <= 1e-12).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    assert curve.at_risk[0] == len(times)
    assert curve.events.sum() == sum(reached)
    assert (np.diff(curve.survival, prepend=1.0)[curve.events == 0] == 0).all()
    if len(times) >= 5:
        assert (curve.low <= curve.survival).all()
        assert (curve.survival <= curve.high).all()


@given(observations)
def test_the_product_limit(data):
    times, reached = data
    curve = kaplan_meier(times, reached)
    assert curve.survival == pytest.approx(np.cumprod(1 - curve.events / curve.at_risk))


@given(st.lists(st.floats(0.1, 20), min_size=5, max_size=40), st.floats(0.5, 25))
@example([1.0] * 9 + [20.0], 25.0)  # so skewed that the normal interval would go below zero
@example([1.0, 2.0, 3.0, 4.7, 4.9], 5.0)
def test_restricted_mean_without_losses_is_the_mean(times, horizon):
    # Then Greenwood's variance is that of the sample, over n, and the interval is Student's.
    found = restricted_mean(times, [True] * len(times), horizon)
    cut = np.minimum(times, horizon)
    assert found.value == pytest.approx(cut.mean())
    if found.low is not None:
        reach = stats.t.ppf(0.975, len(times) - 1) * stats.sem(cut)
        assert found.low == pytest.approx(max(cut.mean() - reach, 0), abs=1e-9)
        assert found.high == pytest.approx(min(cut.mean() + reach, horizon), abs=1e-9)
    else:
        assert np.ptp(cut) <= 1e-6 * cut.mean()


@given(observations)
def test_restricted_mean_is_the_area_under_the_curve(data):
    times, reached = data
    curve, horizon = kaplan_meier(times, reached), max(times)
    fine = np.arange(0, horizon, 0.25)  # times are whole numbers
    standing = np.searchsorted(curve.times, fine, side="right")
    heights = np.concatenate([[1.0], curve.survival])[standing]
    assert restricted_mean(times, reached, horizon).value == pytest.approx(0.25 * heights.sum())


def test_coverage_of_the_restricted_mean_of_few(rng):
    # 500 experiments of 5 campaigns that arrive after 30, 45 or 60 recipes in 80 % of cases, else
    # never: the mean is .8 * 45 + .2 * 90. A normal interval holds it in 76 % of them.
    covered = 0
    for _ in range(500):
        reached = rng.random(5) < 0.8
        times = np.where(reached, rng.choice([30, 45, 45, 45, 60], size=5), 90)
        found = restricted_mean(times, reached, 90)
        covered += found.low is None or found.low <= 54 <= found.high
    assert covered / 500 >= 0.86


def test_coverage_of_the_restricted_mean(rng):
    # 300 experiments of 60 exponential times of mean 5, half of them lost from sight at some time:
    # the interval holds the true mean of min(T, 6), 5 (1 - exp(-6/5)), as often as it says, within
    # three standard errors (1.3 % each).
    covered = 0
    for _ in range(300):
        times = rng.exponential(5, 60)
        end = np.full(60, 6.0)
        end[:30] = np.minimum(rng.uniform(2, 20, 30), 6.0)
        found = restricted_mean(np.minimum(times, end), times <= end, 6)
        covered += found.low <= 5 * (1 - np.exp(-6 / 5)) <= found.high
    assert 0.91 <= covered / 300 <= 0.99
