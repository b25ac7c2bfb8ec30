"""Figures of runs show the statistics, and their texts say the same numbers."""

import itertools
import re

import colour
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.figures.data_profile import data_profile, data_profile_text, profile_order
from plasmonbench.figures.mean_ranks import mean_ranks, mean_ranks_text
from plasmonbench.figures.network_quality import (
    has_network_quality,
    network_quality,
    network_quality_text,
)
from plasmonbench.figures.observed_losses import (
    POINTS_IN_ALL,
    in_full_rounds,
    observed_losses,
    observed_losses_text,
    thinned,
)
from plasmonbench.figures.order import FOREMOST, best_first, foremost, summary_order
from plasmonbench.figures.panels import panels, place
from plasmonbench.figures.planner_time import pareto_front, planner_time, planner_time_text
from plasmonbench.figures.regret import FLOOR, regret, regret_text
from plasmonbench.figures.style import (
    BOUND_GREY,
    FADED,
    OKABE_ITO,
    colour_of,
    look_of,
    plain,
    translucent,
)
from plasmonbench.figures.time_to_target import arrivals, time_to_target, time_to_target_text
from plasmonbench.scoring.data_profiles import data_profiles
from plasmonbench.scoring.ranks import friedman_ranks
from plasmonbench.scoring.regret import regret_curves
from plasmonbench.scoring.scores import score_campaigns

SETTINGS = {
    "rounds": 4,
    "recipe_budget": 8,
    "batch_size": 2,
    "replicates": 3,
    "levels": [{"name": "easy", "loss": 0.5}, {"name": "hard", "loss": 0.2}],
    "headline": "hard",
    "optimum_loss": 0.1,
    "finite": False,
    "pool_size": None,
}
FAST, SLOW, NEVER, BOUND = "fast", "slow[knob=2]", "random", "oracle (bound)"


def campaign(strategy, seed, losses, seconds=1.0, failure=None):
    n = len(losses)
    return StoredCampaign(
        problem="p",
        strategy=strategy,
        seed=seed,
        recipes_by_round=tuple(2 * (k + 1) for k in range(n)),
        true_loss=tuple(losses),
        planner_wall_seconds=(seconds,) * n,
        planner_cpu_seconds=(seconds,) * n,
        recipe_true_losses=(),
        stop_reason=None,
        failure=failure,
    )


@pytest.fixture
def campaigns():
    """Six seeds: fast arrives after 1 or 2 rounds, slow after 3 or never, random never."""
    kept = []
    for seed in range(6):
        fast = [0.15] * 4 if seed < 3 else [0.4, 0.15, 0.15, 0.15]
        slow = [0.6, 0.5, 0.2, 0.2] if seed < 4 else [0.6, 0.5, 0.4, 0.3]
        kept += [
            campaign(FAST, seed, fast, 2.0),
            campaign(SLOW, seed, slow, 0.1),
            campaign(NEVER, seed, [0.8, 0.7, 0.6, 0.5], 0.001),
            campaign(BOUND, seed, [0.11] * 4, 5.0),
        ]
    return kept


def lines(figure, name):
    """Return the traces of a figure with a name."""
    return [trace for trace in figure.data if trace.name == plain(name)]


def titles(figure):
    return [note.text for note in figure.layout.annotations]


# -- looks --------------------------------------------------------------------------------------


def test_looks_depend_on_the_names_alone_and_differ():
    names = [f"strategy {k:02d}" for k in range(20)] + [BOUND]
    looks = look_of(names)
    assert look_of(reversed(names)) == looks
    assert len(set(looks.values())) == 21
    assert looks[BOUND].colour == BOUND_GREY
    assert looks[BOUND].dash == "dash"
    assert colour_of(names)["strategy 00"] == OKABE_ITO[0]


@pytest.mark.parametrize("deficiency", ["none", "Protanomaly", "Deuteranomaly"])
def test_colours_can_be_told_apart_by_the_colour_blind(deficiency):
    # Machado et al. (2009), full severity; CIE 2000 difference above 10 is seen at a glance.
    rgb = np.array([[int(one[k : k + 2], 16) / 255 for k in (1, 3, 5)] for one in OKABE_ITO])
    linear = colour.models.eotf_sRGB(rgb)
    if deficiency != "none":
        linear = linear @ colour.matrix_cvd_Machado2009(deficiency, 1.0).T
    lab = colour.XYZ_to_Lab(
        colour.RGB_to_XYZ(np.clip(linear, 0, 1), "sRGB", apply_cctf_decoding=False)
    )
    for one, other in itertools.combinations(range(len(lab)), 2):
        assert colour.delta_E(lab[one], lab[other]) > 10, (OKABE_ITO[one], OKABE_ITO[other])


def test_names_are_shown_as_they_are_written():
    assert plain("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert translucent("#0072B2", 0.2) == "rgba(0, 114, 178, 0.2)"


# -- which strategies stand out -----------------------------------------------------------------


def test_best_first_and_bounds_last(campaigns):
    assert best_first(campaigns, SETTINGS) == [FAST, SLOW, NEVER, BOUND]


def test_of_twenty_the_best_few_the_floor_and_bounds_stand_out():
    order = [f"s{k:02d}" for k in range(19)] + ["random", BOUND]
    chosen = foremost(order)
    assert chosen == [*order[:FOREMOST], "random", BOUND]
    assert summary_order(order) == ["s00", "s01", "s02", "random"]
    assert summary_order(order[:4]) == order[:4]


# -- panels -------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 25), st.integers(1, 5))
def test_every_panel_has_a_place_of_its_own(count, columns):
    figure = panels(
        [f"s{k}" for k in range(count)], title="t", x_title="x", y_title="y", columns=columns
    )
    for number in range(count):
        figure.add_trace(go.Scatter(x=[0], y=[number]), **place(number, columns, count))
    assert len({trace.xaxis for trace in figure.data}) == count
    assert {"x", "y"} <= set(titles(figure))
    # No axis matches itself: the browser would complain.
    for key, axis in figure.layout.to_plotly_json().items():
        if key.startswith(("xaxis", "yaxis")):
            assert axis.get("matches") != key.replace("axis", "")


def test_long_names_take_two_lines_and_no_more():
    name = "a-strategy-of-a-long-name[knob=value,other_knob=another_value,third=3]"
    figure = panels([name], title="t", x_title="x", y_title="y")
    lines = titles(figure)[0].split("<br>")
    assert len(lines) == 2
    assert lines[1].endswith("…")


# -- time to target -----------------------------------------------------------------------------


def test_arrivals_are_the_share_that_has_arrived(campaigns):
    curve = arrivals(campaigns, SETTINGS, FAST)
    assert curve.when.tolist() == [0, 2, 4, 8]
    np.testing.assert_allclose(curve.share, [0, 0.5, 1, 1], atol=1e-12)
    assert (curve.low <= curve.share + 1e-12).all()
    assert (curve.share <= curve.high + 1e-12).all()
    rounds = arrivals(campaigns, SETTINGS, SLOW, unit="rounds")
    assert rounds.when[-1] == 4
    np.testing.assert_allclose(rounds.share[-1], 4 / 6)


def test_time_to_target_draws_the_curves(campaigns):
    figure = time_to_target(campaigns, SETTINGS)
    [line] = lines(figure, SLOW)
    assert line.line.shape == "hv"
    np.testing.assert_allclose(line.y[-1], 100 * 4 / 6)
    assert titles(figure)[:4] == [FAST, SLOW, NEVER, BOUND]
    assert {"recipes made", "campaigns arrived (%)"} <= set(titles(figure))
    assert figure.layout.width is None


def test_a_failed_campaign_never_arrives(campaigns):
    failed = [campaign("broken", seed, [0.11] * 4, failure="round 4: no") for seed in range(5)]
    curve = arrivals([*campaigns, *failed], SETTINGS, "broken")
    assert (curve.share == 0).all()


def test_time_to_target_text(campaigns):
    text = time_to_target_text(campaigns, SETTINGS)
    # Wilson's interval of 4 of 6: 30 to 90 %.
    assert f"4 of 6 campaigns of {SLOW} (95 % interval 30 to 90 %)" in text
    assert f"0 of 6 campaigns of {NEVER}" in text
    assert "Within 8 recipes" in text
    assert "reached hard" in text
    assert "reached easy" in time_to_target_text(campaigns, SETTINGS, level="easy")


def test_too_few_campaigns_have_a_curve_but_no_band(campaigns):
    few = [one for one in campaigns if one.seed < 3]
    figure = time_to_target(few, SETTINGS)
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert len(bands) == 4
    assert all(len(trace.x) == 0 for trace in bands)


@pytest.mark.parametrize("draw", ["arrivals", "regret", "profile"])
def test_what_the_last_round_brought_is_marked(campaigns, rng, draw):
    if draw == "arrivals":
        figure = time_to_target(campaigns, SETTINGS)
    elif draw == "regret":
        figure = regret(regret_curves(campaigns, SETTINGS, rng))
    else:
        figure = data_profile(data_profiles(campaigns, {"p": SETTINGS}))
    [line] = lines(figure, NEVER)
    assert "markers" in line.mode
    assert list(np.flatnonzero(line.marker.size)) == [len(line.x) - 1]
    assert line.x[-1] == 8


# -- regret -------------------------------------------------------------------------------------


def test_regret_draws_its_frame(campaigns, rng):
    curves = regret_curves(campaigns, SETTINGS, rng)
    figure = regret(curves, [FAST, SLOW, NEVER, BOUND])
    [line] = lines(figure, NEVER)
    np.testing.assert_allclose(line.y, [0.7, 0.6, 0.5, 0.4])
    np.testing.assert_allclose(line.x, [2, 4, 6, 8])
    assert figure.layout.yaxis.type == "log"
    assert "After 8 recipes the median regret is 0.05 for fast" in regret_text(
        curves, [FAST, SLOW, NEVER, BOUND]
    )


def test_no_regret_is_drawn_at_the_floor(rng):
    perfect = [campaign("s", seed, [0.1] * 4) for seed in range(5)]
    figure = regret(regret_curves(perfect, SETTINGS, rng))
    [line] = lines(figure, "s")
    assert set(line.y) == {FLOOR}


def test_regret_of_those_that_failed_is_beyond_any_figure(rng):
    failed = [campaign("s", seed, [0.11] * 4, failure="no") for seed in range(5)]
    text = regret_text(regret_curves(failed, SETTINGS, rng))
    assert "beyond any figure for s" in text


# -- observed losses ----------------------------------------------------------------------------


def droplets_of(strategies, rounds=3, count=500, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        pd.DataFrame({"strategy": name, "round": k, "loss": rng.random(count) / k})
        for name in strategies
        for k in range(1, rounds + 1)
    ]
    return pd.concat(rows, ignore_index=True)


def test_small_rounds_are_put_together():
    # One recipe a round, two droplets a recipe; seed 1 makes full rounds of three.
    rows = [("p", "s", 0, k + 1, 1, droplet, 0.5) for k in range(7) for droplet in (1, 2)] + [
        ("p", "s", 1, k // 3 + 1, k % 3 + 1, 1, 0.5) for k in range(6)
    ]
    names = ["problem", "strategy", "seed", "round", "slot", "droplet", "loss"]
    droplets = pd.DataFrame(rows, columns=names)
    blocks = in_full_rounds(droplets, 3)
    assert blocks.loc[blocks["seed"] == 0, "round"].tolist() == [1] * 6 + [2] * 6 + [3] * 2
    assert blocks.loc[blocks["seed"] == 1, "round"].tolist() == [1, 1, 1, 2, 2, 2]
    pd.testing.assert_frame_equal(blocks.drop(columns="round"), droplets.drop(columns="round"))


def points_of(figure):
    return [trace for trace in figure.data if isinstance(trace, go.Scatter)]


def test_boxes_are_of_all_droplets_and_points_of_few():
    droplets = droplets_of(["a", "b"])
    droplets.loc[0, "loss"] = np.nan
    figure = observed_losses(droplets)
    boxes = [trace for trace in figure.data if isinstance(trace, go.Box)]
    own = droplets[(droplets["strategy"] == "a") & (droplets["round"] == 1)]["loss"].dropna()
    for name, share in (
        ("lowerfence", 5), ("q1", 25), ("median", 50), ("q3", 75), ("upperfence", 95),
    ):  # fmt: skip
        np.testing.assert_allclose(getattr(boxes[0], name)[0], np.percentile(own, share))
    points = points_of(figure)
    drawn = sum(len(trace.x) for trace in points)
    assert drawn == 2 * 3 * 40
    assert own.min() in points[0].y
    assert own.max() in points[0].y
    text = observed_losses_text(droplets)
    assert f"{drawn:,} of 2,999 readable droplets are drawn" in text
    assert "1 droplets had no reading" in text
    assert f"a {own.median():.3f} in round 1" in text


def test_twenty_strategies_stay_light():
    figure = observed_losses(droplets_of([f"s{k}" for k in range(20)], rounds=9, count=60))
    assert sum(len(trace.x) for trace in points_of(figure)) <= POINTS_IN_ALL


def test_few_droplets_are_all_drawn():
    assert "All 30 readable droplets are drawn" in observed_losses_text(
        droplets_of(["a"], rounds=1, count=30)
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.integers(2, 50))
def test_thinning_keeps_the_ends(values, count):
    kept = thinned(np.array(values), count)
    assert len(kept) == min(count, len(values))
    assert kept[0] == min(values)
    assert kept[-1] == max(values)
    assert set(kept) <= set(values)


# -- planner time -------------------------------------------------------------------------------


def test_pareto_front_by_hand(campaigns):
    front = pareto_front(score_campaigns(campaigns, {"p": SETTINGS}))
    # random never arrives, the bound does not compete; slow is quicker to plan than fast.
    assert [one.strategy for one in front] == [SLOW, FAST]
    slower = [campaign("worse", seed, [0.8, 0.8, 0.8, 0.15], 3.0) for seed in range(6)]
    front = pareto_front(score_campaigns([*campaigns, *slower], {"p": SETTINGS}))
    assert [one.strategy for one in front] == [SLOW, FAST]


def test_planner_time_draws_medians_and_who_never_arrived(campaigns):
    figure = planner_time(campaigns, SETTINGS)
    [slow], [never] = lines(figure, SLOW), lines(figure, NEVER)
    assert (slow.x[0], slow.y[0]) == (0.1, 6.0)
    assert never.y[0] > 8
    assert never.marker.color == "white"
    [front] = lines(figure, "Pareto front")
    assert list(front.x) == [0.1, 2.0]
    assert "s per 2 recipes" in figure.layout.xaxis.title.text
    text = planner_time_text(campaigns, SETTINGS)
    assert f"{SLOW} (0.1 s, 6 recipes)" in text
    assert f"The median campaign of {NEVER} did not reach" in text


def test_planner_time_where_nobody_arrives():
    lost = [campaign("s", seed, [0.9] * 4) for seed in range(5)]
    planner_time(lost, SETTINGS)
    assert "No strategy's median campaign reached" in planner_time_text(lost, SETTINGS)


# -- network quality ----------------------------------------------------------------------------


def told(values):
    rows = [
        {"problem": "p", "strategy": "two-step", "seed": seed, "round": k, "name": n, "value": v}
        for seed, by_round in enumerate(values)
        for k, v in by_round.items()
        for n in ("accuracy", "stability", "error", "loss")
    ]
    return pd.DataFrame(rows)


def test_network_quality_is_the_median_by_rounds_measured():
    # A plan of round 3 rests on 2 rounds measured.
    frame = told([{3: 0.7, 4: 0.8}, {3: 0.9, 4: 0.95}, {3: 0.8, 4: 0.9}])
    other = {"problem": "p", "strategy": "spectral", "seed": 0, "round": 3, "name": "loss"}
    frame = pd.concat([frame, pd.DataFrame([other | {"value": 0.1}])])
    figure = network_quality(frame)
    line = lines(figure, "two-step")[0]
    assert list(line.x) == [2, 3]
    np.testing.assert_allclose(line.y, [0.8, 0.9])
    assert not lines(figure, "spectral")
    text = network_quality_text(frame)
    assert "two-step after 3 rounds: accuracy 0.900 (first 0.800)" in text


def test_without_a_network_there_is_nothing_to_draw():
    frame = told([{3: 0.7}])
    assert has_network_quality(frame)
    assert not has_network_quality(frame[frame["name"] == "loss"])
    assert not has_network_quality(frame.iloc[:0])


# -- over all problems --------------------------------------------------------------------------


def test_data_profile_draws_its_frame(campaigns):
    profiles = data_profiles(campaigns, {"p": SETTINGS})
    figure = data_profile(profiles)
    [line] = lines(figure, NEVER)
    # Easy is reached at 8 recipes, hard never: half of the pairs.
    assert line.y[-1] == 50
    assert profile_order(profiles)[0] == BOUND
    assert f"{NEVER} 50 %" in data_profile_text(profiles)


def test_of_twenty_profiles_the_best_are_coloured():
    many = [
        campaign(f"s{k:02d}", seed, [0.9 - 0.02 * k] * 3 + [0.6 - 0.03 * k])
        for k in range(20)
        for seed in range(2)
    ]
    profiles = data_profiles(many, {"p": SETTINGS})
    figure = data_profile(profiles)
    shown = [trace for trace in figure.data if trace.showlegend]
    grey = [trace for trace in figure.data if trace.line.color == FADED]
    assert len(shown) == FOREMOST
    assert len(grey) == 20 - FOREMOST
    assert "14 strategies behind them are grey" in data_profile_text(profiles)


def test_bars_of_ranks_overlap_if_and_only_if_not_told_apart(campaigns):
    ranks = friedman_ranks(campaigns, {"p": SETTINGS})
    figure = mean_ranks(ranks)
    ends = {}
    for trace in figure.data:
        half = trace.error_x.array[0]
        ends[trace.y[0]] = (trace.x[0] - half, trace.x[0] + half)
    for one, other in itertools.combinations(ranks.mean_ranks, 2):
        apart = abs(ranks.mean_ranks[one] - ranks.mean_ranks[other]) > ranks.critical_difference
        low, high = sorted([ends[plain(one)], ends[plain(other)]])
        assert (low[1] < high[0]) == apart
    assert BOUND not in ends
    text = mean_ranks_text(ranks)
    assert f"critical difference {ranks.critical_difference:.2f}" in text
    assert re.search(r"fast \(1\.\d\d\)", text)
