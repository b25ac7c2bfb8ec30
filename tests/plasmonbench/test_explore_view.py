"""What the explorer shows of a recipe: loss, peaks, droplets, particles, colours, figures."""

import json
import time

import colour
import numpy as np
import plotly
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError, silver_prism_loss
from plasmonbench.catalogue import problem_names
from plasmonbench.droplet_colour import droplet_colours
from plasmonbench.explore.bench import open_bench, read_recipe
from plasmonbench.explore.figures import sizes_figure
from plasmonbench.explore.flows import middle
from plasmonbench.explore.loss_parts import level_reached, loss_parts
from plasmonbench.explore.measured_csv import MeasuredSpectrum
from plasmonbench.explore.palette import pleasing_order, reachable_colours
from plasmonbench.explore.panels import level_text
from plasmonbench.explore.peaks import label_peaks
from plasmonbench.explore.view import State, budget_text, numbers, view
from plasmonbench.problem import TargetLevel

GOOD = np.array([33.5, 10, 13.6, 4.5, 200])
IMPOSSIBLE = np.array([40.0, 35, 15, 10, 500])
LOSS = silver_prism_loss()


def moved_by(silver_flow):
    return GOOD + np.array([silver_flow, 0, 0, 0, 0])


def band(centre, height=1.0, width=40.0):
    return height * np.exp(-0.5 * ((CAMPAIGN_WAVELENGTHS - centre) / width) ** 2)


@pytest.fixture(scope="module")
def silver():
    return open_bench("silver-prisms")


# -- loss and level -------------------------------------------------------------------------------


def test_the_target_itself_loses_by_its_amplitude_alone():
    half = LOSS.target / LOSS.target.max() * 0.35  # half of the least peak that costs nothing
    parts = loss_parts(LOSS, half)
    assert parts.shape == pytest.approx(0, abs=1e-12)
    assert parts.amplitude == pytest.approx(0.5)
    assert parts.loss == pytest.approx(0.5)
    assert parts.window == (0.7, 1.2)


def test_too_dark_loses_all_and_flat_has_no_shape():
    dark = loss_parts(LOSS, LOSS.target / LOSS.target.max() * 1.3)
    assert (dark.loss, dark.amplitude) == (1, pytest.approx(1))
    flat = loss_parts(LOSS, np.full(CAMPAIGN_WAVELENGTHS.shape, 0.9))
    assert (flat.loss, flat.shape, flat.amplitude) == (1, 1, 0)


@given(arrays(float, 421, elements=st.floats(-0.1, 2)))
def test_the_parts_add_up_to_the_loss(spectrum):
    parts = loss_parts(LOSS, spectrum)
    assert parts.shape + parts.amplitude == pytest.approx(parts.loss, abs=1e-9)
    assert parts.shape >= -1e-9
    assert parts.amplitude >= 0


def test_the_hardest_level_counts():
    levels = [TargetLevel("1 in 100", 0.2), TargetLevel("1 in 1,000", 0.1)]
    assert level_reached(levels, 0.3) is None
    assert level_reached(levels, 0.2).name == "1 in 100"
    assert level_reached(levels, 0.05).name == "1 in 1,000"
    assert level_reached([], 0.0) is None


def test_the_level_is_told_in_words(silver):
    assert level_text(silver, 0.5) == (
        "Not among the best 1 in 100 recipes: those have 0.146 or less."
    )
    assert level_text(silver, 0.119) == "Among the best 1 in 1,000 of all recipes."


# -- peaks ----------------------------------------------------------------------------------------


def test_peaks_stand_where_the_bands_do():
    spectrum = 0.05 + band(430, 0.4, 20) + band(640, 0.9, 30)
    first, second = label_peaks(CAMPAIGN_WAVELENGTHS, spectrum)
    assert (first.wavelength, second.wavelength) == (430, 640)
    assert second.absorbance == pytest.approx(0.95, abs=1e-6)


def test_ripples_ends_and_flat_lines_are_no_peaks():
    ripple = 0.3 + 0.002 * np.sin(CAMPAIGN_WAVELENGTHS / 5)
    falling = np.exp(-(CAMPAIGN_WAVELENGTHS - 380) / 100)
    for spectrum in (ripple, falling, np.zeros(421)):
        assert label_peaks(CAMPAIGN_WAVELENGTHS, spectrum) == ()


def test_no_more_than_three_peaks_are_labelled():
    spectrum = sum(band(centre, height, 12) for centre, height in zip(
        (420, 500, 580, 660, 740), (0.5, 1, 0.6, 0.9, 0.8), strict=True
    ))  # fmt: skip
    assert [peak.wavelength for peak in label_peaks(CAMPAIGN_WAVELENGTHS, spectrum)] == [
        500, 660, 740,
    ]  # fmt: skip


# -- one recipe -----------------------------------------------------------------------------------


def test_a_readout_is_what_the_problem_says(silver):
    readout = read_recipe(silver, GOOD, luck=0)
    assert readout.parts.loss == pytest.approx(silver.problem.true_loss(GOOD[None])[0])
    np.testing.assert_array_equal(readout.spectrum, silver.lab.truth(GOOD[None])[0])
    assert readout.colour == droplet_colours(CAMPAIGN_WAVELENGTHS, readout.spectrum).item()
    table = silver.lab.populations(GOOD[None]).iloc[0]
    plates = readout.grown.populations[0]
    assert (plates.median, plates.share) == (table.plate_edge_nm, table.silver_in_plates)
    shares = sum(population.share for population in readout.grown.populations)
    assert shares + readout.grown.unreduced == pytest.approx(1)


def test_luck_is_fixed_so_that_nothing_flickers(silver):
    first, again = (read_recipe(silver, GOOD, luck=0).droplets for _ in range(2))
    np.testing.assert_array_equal(first.low, again.low)
    other = read_recipe(silver, GOOD, luck=1).droplets
    assert np.abs(first.low - other.low).max() > 1e-4
    assert read_recipe(silver, GOOD, luck=None).droplets is None


def test_the_band_moves_smoothly_with_the_recipe(silver):
    here = read_recipe(silver, GOOD, luck=0)
    there = read_recipe(silver, moved_by(0.1), luck=0)
    moved = np.abs(there.spectrum - here.spectrum).max()
    assert np.abs(there.droplets.high - here.droplets.high).max() < 3 * moved


def test_the_band_holds_the_middle_of_the_droplets(silver):
    drops = read_recipe(silver, GOOD, luck=0).droplets
    assert np.all(drops.low <= drops.high)
    assert drops.loss_low <= drops.median_loss <= drops.loss_high
    measured = silver.problem.measure(GOOD[None], 0, 0).spectra[0]
    inside = (measured >= drops.low) & (measured <= drops.high)
    assert inside.mean() == pytest.approx(0.8, abs=0.02)


def test_the_target_colour_is_at_the_middle_of_the_window(silver):
    assert silver.target_absorbance == pytest.approx(0.95)
    scaled = LOSS.target * 0.95 / LOSS.target.max()
    assert silver.target_colour() == droplet_colours(CAMPAIGN_WAVELENGTHS, scaled).item()


def test_a_recorded_campaign_cannot_be_explored(campaign_data):
    spec = f"recorded:{campaign_data / 'agnp_losses.csv'}"
    with pytest.raises(PlasmonbenchError, match="holds the recipes that were made"):
        open_bench(spec)


# -- palette --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def palette(silver):
    return reachable_colours(silver, np.random.default_rng(1), sample=4000, swatches=48)


def test_each_swatch_has_a_recipe_of_just_that_colour(silver, palette):
    recipes = np.array([swatch.recipe for swatch in palette])
    assert silver.problem.space.contains(recipes).all()
    shown = droplet_colours(CAMPAIGN_WAVELENGTHS, silver.lab.truth(recipes))
    assert shown.tolist() == [swatch.colour for swatch in palette]
    assert 40 <= len(palette) <= 48


def oklab(colours):
    rgb = np.array([[int(text[k : k + 2], 16) for k in (1, 3, 5)] for text in colours]) / 255
    return np.asarray(colour.XYZ_to_Oklab(colour.sRGB_to_XYZ(rgb)))


def test_the_palette_covers_what_can_be_reached(silver, palette):
    recipes = silver.problem.space.sample(2000, np.random.default_rng(2))
    reached = oklab(droplet_colours(CAMPAIGN_WAVELENGTHS, silver.lab.truth(recipes)))
    shown = oklab([swatch.colour for swatch in palette])
    gaps = np.sqrt(((reached[:, None] - shown) ** 2).sum(axis=2)).min(axis=1)
    # .031 measured; colours of as many random recipes leave .045. Just seen is about .02.
    assert np.quantile(gaps, 0.99) < 0.035


def test_the_palette_is_ordered_by_hue_in_columns_from_light_to_dark(palette):
    colours = oklab([swatch.colour for swatch in palette])
    for start in range(0, len(colours), 6):
        lightness = colours[start : start + 6, 0]
        assert np.all(np.diff(lightness) <= 2e-3)
    assert sorted(pleasing_order(colours).tolist()) == list(range(len(colours)))


# -- the whole page -------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", sorted(problem_names()))
def test_the_figures_are_valid_and_named_with_units(problem):
    space = open_bench(problem).problem.space
    seen = view(State(problem, 0, middle(space)))
    spectrum = go.Figure(json.loads(json.dumps(seen.spectrum, allow_nan=False)))
    sizes = go.Figure(json.loads(json.dumps(seen.sizes, allow_nan=False)))
    assert spectrum.layout.xaxis.title.text == "wavelength, nm"
    assert spectrum.layout.yaxis.title.text == "absorbance"
    assert "nm" in sizes.layout.xaxis.title.text
    assert seen.feasible
    assert seen.fault == ""


def test_the_target_is_drawn_between_the_spectrums_own_ends(silver):
    seen = view(State("silver-prisms", 0, GOOD))
    drawn = {trace["name"]: np.array(trace["y"]) for trace in seen.spectrum["data"]}
    spectrum, target = drawn["spectrum, no noise"], drawn["target, scaled"]
    assert target.min() == pytest.approx(spectrum.min(), abs=2e-4)
    assert target.max() == pytest.approx(spectrum.max(), abs=2e-4)
    np.testing.assert_allclose(np.corrcoef(target, LOSS.target)[0, 1], 1, atol=1e-6)


def test_a_recipe_that_cannot_be_made_shows_the_nearest_in_grey_and_no_loss(silver):
    seen = view(State("silver-prisms", 0, IMPOSSIBLE))
    assert not seen.feasible
    assert "10 % too much" in seen.fault
    names = [trace["name"] for trace in seen.spectrum["data"]]
    assert "nearest recipe that can be made" in names
    assert "spectrum, no noise" not in names
    assert "loss" not in [getattr(part, "id", "") for part in seen.loss]
    assert seen.budget.startswith("AgNO₃, PVA, citrate (TSC), seeds: 100 of at most 90 %")


def test_ones_own_spectrum_is_laid_over_as_it_was_measured():
    own = MeasuredSpectrum("mine.csv", np.arange(300.0, 900.0, 10), np.full(60, 2.5))
    seen = view(State("silver-prisms", 0, GOOD, own=own))
    drawn = next(trace for trace in seen.spectrum["data"] if trace["name"] == "mine.csv")
    assert drawn["y"] == [2.5] * 60
    assert seen.spectrum["layout"]["yaxis"]["range"][1] > 2.5
    assert "mine.csv" in str(seen.spectrum_legend)


def test_the_area_of_a_size_curve_is_its_share_of_the_silver(silver):
    grown = read_recipe(silver, GOOD, luck=None).grown
    for trace, population in zip(sizes_figure(grown)["data"], grown.populations, strict=True):
        area = np.trapezoid(trace["y"], np.log(trace["x"]))
        assert area == pytest.approx(population.share, abs=2e-3)


OWN_LAB = """
import numpy as np
from plasmonbench import CAMPAIGN_WAVELENGTHS, RecipeSpace


class OnePeak:
    space = RecipeSpace.of([("dye", "%", 0, 10), ("time", "s", 1, 60)])
    wavelengths = CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        dye, time = recipes.T[:, :, None]
        return 0.1 * dye * np.exp(-(((self.wavelengths - 550 - 2 * time) / 60) ** 2))

    def measure(self, recipes, replicates, rng):
        spectra = np.repeat(self.truth(recipes)[:, None], replicates, axis=1)
        spectra[:, ::2] = np.nan  # every other droplet is unreadable
        return spectra
"""


def test_a_strangers_lab_without_particles_or_levels_can_be_explored(tmp_path):
    (tmp_path / "mine.py").write_text(OWN_LAB, encoding="utf-8")
    (tmp_path / "mine.toml").write_text('lab = "mine.py"\n', encoding="utf-8")
    path = str(tmp_path / "mine.toml")
    seen = view(State(path, 0, np.array([9.0, 40.0])))
    assert seen.peaks == "Peak: 630 nm (height 0.90)."
    assert seen.sizes is None
    assert seen.grown == "This lab does not tell which particles grow."
    assert "nobody has counted" in str(seen.loss)
    assert seen.budget == ""
    # Nothing absorbs: a flat spectrum, the worst loss, a white droplet.
    clear = view(State(path, 0, np.array([0.0, 40.0])))
    assert clear.peaks == "No peak inside the measured range."
    assert "1.000" in str(clear.loss)
    assert "#ffffff" in str(clear.colours)
    assert len(reachable_colours(open_bench(path), np.random.default_rng(3), 500, 24)) <= 24


def test_no_sum_no_budget():
    bench = open_bench("gold-rods")
    assert budget_text(bench, middle(bench.problem.space)) == ""


@pytest.mark.parametrize("values", [[1, None], ["", 2], ["x", 2], [float("nan"), 1]])
def test_a_number_that_is_being_typed_is_no_recipe(values):
    assert numbers(values) is None


def test_a_move_is_computed_in_a_fraction_of_a_tenth_of_a_second(silver):
    times = []
    for step in range(8):
        start = time.perf_counter()
        seen = view(State("silver-prisms", 0, moved_by(step / 10)))
        json.dumps([seen.spectrum, seen.sizes], cls=plotly.utils.PlotlyJSONEncoder)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05  # 10 ms measured
