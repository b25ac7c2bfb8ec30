"""Figures of labs and models draw the numbers that they were given, and say them in words."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from plasmonbench import RecipeSpace, TargetLevel
from plasmonbench.best_spectra import BestSpectrum
from plasmonbench.catalogue import find_problem
from plasmonbench.figures.best_spectra import best_spectra, best_spectra_text
from plasmonbench.figures.importance import (
    importance,
    importance_text,
    shap_swarm,
    shap_swarm_text,
)
from plasmonbench.figures.loss_maps import loss_maps, loss_maps_text
from plasmonbench.figures.particles import particles, particles_text
from plasmonbench.figures.style import look_of
from plasmonbench.interpretation import Importance, NamedMap
from plasmonbench.loss_map import loss_map, plane_through
from plasmonbench.particle_sizes import ParticleSizes, Population
from plasmonbench.sensitivity import AxisSensitivity, Index
from plasmonbench.shap_values import ShapValues

LOSS = find_problem("silver-prisms").loss
SPACE = RecipeSpace.of(
    [("q_agno3", "%", 0, 10), ("q_seed", "%", 0, 10), ("q_total", "uL/min", 0, 100)],
    sum_limit=(["q_agno3", "q_seed"], 15),
)


def spectrum(name, loss=0.2, colour="#fdfdfd"):
    return BestSpectrum(
        strategy=name,
        seed=3,
        round=2,
        recipe=np.zeros(5),
        true_loss=loss,
        spectrum=0.1 + 0.8 * LOSS.target / LOSS.target.max(),
        colour=colour,
    )


@pytest.fixture(scope="module")
def maps():
    plane = plane_through(SPACE, [4, 4, 50])
    recipes = np.array([[4.0, 4, 50], [1, 1, 90], [2, 3, 100]])

    def bowl(r):
        return 0.1 + ((r[:, :2] - 4) ** 2).sum(axis=1) / 100

    return [
        NamedMap("truth", loss_map(bowl, plane, 11), None),
        NamedMap(
            "neural network of two-step[switch_round=3]",
            loss_map(lambda r: bowl(r) + 0.05, plane, 11),
            recipes,
        ),
    ]


@pytest.fixture(scope="module")
def weights():
    recipes = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    truth = ShapValues(recipes, np.array([[0.1, -0.3, 0], [-0.1, 0.2, 0], [0.0, 0.4, 0]]), 0.5, 0.1)
    model = ShapValues(recipes, 0.5 * truth.values, 0.5, 0.1)
    indices = [
        AxisSensitivity(name, Index(first, first - 0.1, first + 0.1), Index(total, 0.1, 0.9), first)
        for name, first, total in (
            ("q_agno3", 0.2, 0.3),
            ("q_seed", 0.6, 0.7),
            ("q_total", -0.01, 0.02),
        )
    ]
    return Importance(SPACE.names, truth, model, "neural network of two-step", tuple(indices), 0.21)


@pytest.fixture(scope="module")
def grown():
    populations = (
        Population("plate", "edge", 60, 0.4, 0.3),
        Population("sphere", "diameter", 19, 0.3, 0.6),
    )
    unscattered = (Population("rod", "length", 40, None, 0.9),)
    return [
        (
            "best droplet (spectral, loss 0.109)",
            ParticleSizes(np.zeros(5), "silver", populations, 0.1),
        ),
        ("optimum (loss 0.107)", ParticleSizes(np.zeros(5), "silver", unscattered, None)),
    ]


def traces(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def texts(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def checked(figure):
    """Check what holds of every figure; return it."""
    assert figure.layout.title.text
    assert figure.layout.width is None
    assert figure.layout.height
    return figure


def test_each_strategy_has_a_panel_with_its_droplet():
    names = ["spectral", "random", "oracle (bound)"]
    shown = [spectrum(name, 0.1 * k, f"#a0b0c{k}") for k, name in enumerate(names, start=1)]
    figure = checked(best_spectra(shown, LOSS))
    looks = look_of(names)
    for one in shown:
        [curve] = traces(figure, one.strategy)
        np.testing.assert_array_equal(curve.y, one.spectrum)
        assert curve.line.color == looks[one.strategy].colour
    droplets = traces(figure, "droplet")
    assert [d.marker.color for d in droplets] == ["#a0b0c1", "#a0b0c2", "#a0b0c3"]
    # A pale droplet on white paper has an outline.
    assert all(d.marker.line.width and d.marker.opacity == 1 for d in droplets)
    assert [d.text[0].strip() for d in droplets] == ["loss 0.100", "loss 0.200", "loss 0.300"]
    assert {"wavelength (nm)", "absorbance"} <= set(texts(figure))


def test_the_target_is_scaled_as_the_loss_scales_it():
    figure = best_spectra([spectrum("spectral")], LOSS)
    [target] = traces(figure, "target, scaled")
    np.testing.assert_allclose(target.y, spectrum("x").spectrum, atol=0.05)
    y = spectrum("x").spectrum
    assert (min(target.y), max(target.y)) == pytest.approx((y.min(), y.max()), abs=1e-12)


@pytest.mark.parametrize("columns", [4, 2])
def test_twenty_strategies_stand_in_panels_of_their_own(columns):
    shown = [spectrum(f"strategy-{k}[knob={k}]") for k in range(20)]
    figure = checked(best_spectra(shown, LOSS, columns=columns))
    assert len({trace.xaxis for trace in figure.data}) == 20
    rows = 20 / columns
    assert figure.layout.height > rows * 150


def test_spectra_in_words():
    shown = [spectrum(f"s{k}", 0.5 - k / 10) for k in range(4)]
    text = best_spectra_text(shown, LOSS)
    assert "4 strategies" in text
    assert "Closest: s3 (loss 0.200, peak 642 nm, droplet #fdfdfd)" in text.replace("643", "642")
    assert "Farthest: s0, loss 0.500" in text
    assert "Farthest" not in best_spectra_text(shown[:1], LOSS)


def test_maps_have_one_scale_one_plane_and_the_points_that_were_learnt_from(maps):
    level = TargetLevel("1 in 100", 0.2)
    figure = checked(loss_maps(maps, level=level, optimum=np.array([4.0, 4, 50])))
    heat = [trace for trace in figure.data if trace.type == "heatmap"]
    assert {trace.coloraxis for trace in heat} == {"coloraxis"}
    for trace, one in zip(heat, maps, strict=True):
        np.testing.assert_array_equal(trace.z, one.map.loss)
        np.testing.assert_array_equal(trace.x, one.map.across)
    contours = [trace for trace in figure.data if trace.type == "contour"]
    assert [(c.contours.start, c.contours.end) for c in contours] == [(0.2, 0.2)] * 2
    [points] = traces(figure, "recipe learnt from; small if far from the plane")
    np.testing.assert_array_equal(points.x, [4, 1, 3])  # q_seed across
    np.testing.assert_array_equal(points.y, [4, 1, 2])
    assert points.xaxis == heat[1].xaxis
    # The nearer to the plane (q_total 50) the larger and the darker.
    assert list(points.marker.size) == sorted(points.marker.size, reverse=True)
    assert list(points.marker.opacity) == sorted(points.marker.opacity, reverse=True)
    assert points.marker.size[0] > points.marker.size[1] > points.marker.size[2]
    stars = traces(figure, "best recipe known")
    assert [(s.x[0], s.y[0]) for s in stars] == [(4, 4)] * 2
    assert sum(bool(trace.showlegend) for trace in figure.data) == 3  # each mark once
    assert "q_total 50 uL/min" in figure.layout.title.text
    assert figure.layout.xaxis.title.text == "q_seed (%)"
    assert figure.layout.yaxis.title.text == "q_agno3 (%)"


def test_maps_stand_below_each_other_on_a_phone(maps):
    figure = checked(loss_maps(maps, columns=1))
    wide = loss_maps(maps)
    assert figure.layout.height > 1.5 * wide.layout.height * 0.8
    assert {trace.type for trace in figure.data} == {"heatmap", "scatter"}
    titles = [figure.layout[axis].title.text for axis in ("xaxis", "xaxis2")]
    assert titles == [None, "q_seed (%)"]


def test_maps_in_words(maps):
    text = loss_maps_text(maps, level=TargetLevel("1 in 100", 0.2))
    assert "with q_total 50 uL/min held" in text
    assert "truth: lowest 0.100 at q_seed 4 % and q_agno3 4 %" in text
    feasible = np.isfinite(maps[0].map.loss)
    share = (maps[0].map.loss[feasible] <= 0.2).mean()
    assert f"{share:.2%} of it at or below 0.200" in text
    assert "Off the first map (median over the plane): neural network of two-step" in text
    assert "by 0.050" in text


@pytest.mark.parametrize("columns", [1, 2])
def test_bars_of_importance_are_its_numbers(weights, columns):
    figure = checked(importance(weights, columns=columns))
    shown = {re.sub("<.*?>", " ", bar.name): bar for bar in figure.data}
    assert set(shown) == {
        "Shapley: truth",
        "Shapley: neural network of two-step",
        "Sobol: first order",
        "Sobol: total order",
    }
    truth = shown["Shapley: truth"]
    assert list(truth.y) == ["q_total", "q_agno3", "q_seed"]  # upwards: the one that matters most
    np.testing.assert_allclose(truth.x, [0, 0.2 / 3, 0.9 / 3])
    np.testing.assert_allclose(shown["Shapley: neural network of two-step"].x, truth.x / 2)
    total = shown["Sobol: total order"]
    np.testing.assert_allclose(total.x, [0.02, 0.3, 0.7])
    np.testing.assert_allclose(np.add(total.x, total.error_x.array), [0.9] * 3)
    first = shown["Sobol: first order"]
    # An estimate below 0, which no share of variance is, is drawn as 0.
    np.testing.assert_allclose(first.x, [0, 0.2, 0.6])
    assert min(first.error_x.arrayminus) >= 0
    assert len({bar.marker.color for bar in figure.data}) == 4


def test_importance_of_a_run_without_a_network(weights):
    alone = Importance(
        weights.axes, weights.truth, None, "", weights.sobol, weights.sobol_infeasible_share
    )
    assert len(checked(importance(alone)).data) == 3
    assert len({trace.xaxis for trace in checked(shap_swarm(alone)).data}) == 1
    assert "network" not in importance_text(alone)
    assert "network" not in shap_swarm_text(alone)


def test_importance_in_words(weights):
    text = importance_text(weights)
    assert "in the truth q_seed 0.300, q_agno3 0.067 and q_total 0.000" in text
    assert "total order: q_seed 0.70, q_agno3 0.30 and q_total 0.02" in text
    assert "10% of the recipes asked for Shapley values and 21% of those for Sobol" in text
    assert "farthest from the truth on q_seed (0.150 for 0.300)" in text


@pytest.mark.parametrize("columns", [1, 2])
def test_each_shapley_value_is_a_point(weights, columns):
    figure = checked(shap_swarm(weights, columns=columns))
    assert len(figure.data) == 6
    seed = traces(figure, "q_seed")
    np.testing.assert_array_equal(seed[0].x, weights.truth.values[:, 1])
    np.testing.assert_array_equal(seed[1].x, weights.model.values[:, 1])
    np.testing.assert_array_equal(seed[0].marker.color, [0, 0.5, 1])
    for trace in figure.data:
        assert np.ptp(np.round(trace.y)) == 0  # a row each, without overlap


def test_points_of_one_place_stand_apart(weights):
    same = ShapValues(np.arange(12.0).reshape(4, 3), np.zeros((4, 3)), 0.5, 0.0)
    alone = Importance(weights.axes, same, None, "", weights.sobol, 0.0)
    for trace in shap_swarm(alone).data:
        assert len(set(trace.y)) == 4


def test_the_swarm_in_words(weights):
    text = shap_swarm_text(weights)
    assert "3 random recipes" in text
    assert "in the truth, q_seed moves the loss most, by -0.30 to +0.40, and on the" in text
    assert "whole more of it raises it" in text


def test_areas_of_particles_are_their_shares(grown):
    figure = checked(particles(grown))
    [plates] = traces(figure, "plate edge")
    [spheres] = traces(figure, "sphere diameter")
    # The axis ends where 99.5 % of the plates are smaller.
    assert np.trapezoid(plates.y, plates.x) == pytest.approx(0.3, abs=0.002)
    assert np.trapezoid(spheres.y, spheres.x) == pytest.approx(0.6, abs=0.002)
    [rods] = traces(figure, "rod length")
    assert list(rods.x) == [40, 40]
    assert figure.layout.xaxis2.title.text == "size (nm)"
    assert any("silver in plate 30%, sphere 60%" in text for text in texts(figure))


def test_particles_in_words(grown):
    text = particles_text(grown)
    assert "Best droplet (spectral, loss 0.109): plate edge 60 nm" in text
    assert "(95 % between 27 and 131 nm), 30% of the silver" in text
    assert "10% is still dissolved" in text
    assert "rod length 40 nm, 90% of the silver." in text


def test_names_are_shown_as_they_are_written(maps):
    odd = SimpleNamespace(name="forest of a<b>", map=maps[0].map, recipes=None)
    assert "of a&lt;b&gt;" in texts(loss_maps([maps[0], odd]))[1]
