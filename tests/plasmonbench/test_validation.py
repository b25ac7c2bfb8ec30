"""The comparison of a lab with droplets, on labs whose answers are known by hand."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasmonbench import (
    DropletTable,
    PlasmonbenchError,
    RecipeSpace,
    SpectralLoss,
    read_losses,
    read_spectra,
)
from plasmonbench.catalogue import find_problem_without_landscape
from plasmonbench.replicates import SETTLED_FROM
from plasmonbench.validation import (
    makeable,
    predicted_losses,
    settled_spectra,
    simulate,
    validate,
)

WAVELENGTHS = np.arange(400.0, 801.0, 2)


def bands(centers, heights=1.0):
    """Return Gaussian bands of shape (..., W)."""
    centers, heights = np.asarray(centers)[..., None], np.asarray(heights)[..., None]
    return heights * np.exp(-0.5 * ((WAVELENGTHS - centers) / 30) ** 2)


LOSS = SpectralLoss(WAVELENGTHS, bands(600))


class BandLab:
    """A band at the nm that the recipe asks for; droplets differ as ``scatter`` says."""

    name = "band"
    wavelengths = WAVELENGTHS
    space = RecipeSpace.of([("center", "nm", 500, 700), ("dye", "%", 0.5, 10)])

    def __init__(self, scatter=lambda recipes, replicates, rng: (0.0, 1.0)):
        self.scatter = scatter
        self.asked = []

    def measure(self, recipes, replicates, rng):
        self.asked.append((recipes, replicates))
        shift, gain = self.scatter(recipes, replicates, rng)
        shape = (len(recipes), replicates)
        return bands(recipes[:, :1] + np.broadcast_to(shift, shape), np.broadcast_to(gain, shape))

    def truth(self, recipes):
        return bands(recipes[:, 0])


def noisy(recipes, replicates, rng):
    """Draw a start-up that fades, white noise that grows with the dye, and duds."""
    n = len(recipes)
    start = 40 * np.exp(-np.arange(replicates) / 4)
    shift = start + recipes[:, 1:] * rng.standard_normal((n, replicates))
    return shift, np.where(rng.random((n, replicates)) < 0.03, 0.6, 1.0)


def recipes_of(centers, dye=1.0):
    return np.column_stack([centers, np.broadcast_to(dye, len(centers))])


def table(recipes, values):
    labels = tuple(f"r{row}" for row in range(len(recipes)))
    return DropletTable(labels, np.asarray(recipes, dtype=float), values)


def measured_by(lab, recipes, counts, rng):
    """Let a lab fill a table of losses and one of spectra."""
    droplets = lab.measure(recipes, max(counts), rng)
    spectra = [rows[:k] for rows, k in zip(droplets, counts, strict=True)]
    return table(recipes, [LOSS(rows)[:, None] for rows in spectra]), table(recipes, spectra)


def test_as_many_droplets_as_were_measured_in_the_order_of_the_file(rng):
    """The k-th droplet is k nm off, so the median of the first k tells how many were used."""
    lab = BandLab(lambda recipes, replicates, rng: (np.arange(replicates), 1.0))
    recipes = recipes_of([640, 610, 655])
    found = predicted_losses(lab, LOSS, recipes, [1, 4, 5], rng, repetitions=3)
    off = [
        LOSS(bands([640.0])),
        LOSS(bands(610.0 + np.arange(4))),
        LOSS(bands(655.0 + np.arange(5))),
    ]
    np.testing.assert_allclose(found, [np.median(losses) for losses in off], atol=1e-12)
    assert len(lab.asked) == 3
    for asked, replicates in lab.asked:
        np.testing.assert_array_equal(asked, recipes)
        assert replicates == 5


def test_the_prediction_is_the_mean_over_repetitions_of_the_median(rng):
    """The first time all is right, then the band is 10 nm off, and 50 nm at last."""
    lab = BandLab(lambda recipes, replicates, rng: ((0.0, 10.0, 50.0)[len(lab.asked) - 1], 1.0))
    found = predicted_losses(lab, LOSS, recipes_of([600]), [3], rng, repetitions=3)
    expected = np.mean([LOSS(bands(center)) for center in (600.0, 610.0, 650.0)])
    assert found == pytest.approx([expected], abs=1e-12)


def test_repetitions_have_luck_of_their_own(rng):
    simulated = simulate(BandLab(noisy), LOSS, recipes_of([560, 640]), [6, 2], rng, 4)
    assert [rows.shape for rows in simulated.losses] == [(4, 6), (4, 2)]
    assert [rows.shape for rows in simulated.peaks] == [(4, 6), (4, 2)]
    assert len(np.unique(simulated.losses[0])) == 24


def test_a_perfect_lab(rng):
    lab = BandLab()
    recipes = recipes_of(np.linspace(520, 690, 9))
    found = validate(lab, LOSS, *measured_by(lab, recipes, [3] * 9, rng), rng)
    assert found.losses.r2 == pytest.approx(1, abs=1e-12)
    assert found.losses.spearman == pytest.approx(1, abs=1e-12)
    assert found.losses.mae == pytest.approx(0, abs=1e-15)
    assert found.losses.bias == pytest.approx(0, abs=1e-15)
    figures = found.record()["spectra"]
    assert figures == {"n": 9, "rmse": 0, "peak_nm": 0, "centroid_nm": 0, "amplitude": 0}


def test_a_lab_that_is_10_nm_off_and_a_fifth_too_bright(rng):
    real = BandLab()
    recipes = recipes_of(np.linspace(520, 690, 9))
    losses, spectra = measured_by(real, recipes, [3] * 9, rng)

    class Off(BandLab):
        def truth(self, recipes):
            return 1.2 * bands(recipes[:, 0] + 10)

    off = Off(lambda recipes, replicates, rng: (10.0, 1.0))
    found = validate(off, LOSS, losses, spectra, rng)
    np.testing.assert_allclose(found.predicted_losses, LOSS(bands(recipes[:, 0] + 10)), atol=1e-12)
    figures = found.record()["spectra"]
    assert figures["peak_nm"] == 10
    # The window cuts the tails of the bands at its ends.
    assert figures["centroid_nm"] == pytest.approx(10, abs=0.01)
    assert figures["amplitude"] == pytest.approx(0.2, abs=1e-12)
    assert found.losses.bias == pytest.approx(
        np.mean(LOSS(bands(recipes[:, 0] + 10)) - LOSS(bands(recipes[:, 0])))
    )


def test_a_lab_predicts_droplets_of_its_own(rng):
    """What was measured came from the lab itself, so every figure must agree but for luck."""
    lab = BandLab(noisy)
    recipes = recipes_of(np.linspace(520, 690, 40), dye=np.tile([1, 2, 4, 8], 10))
    found = validate(lab, LOSS, *measured_by(lab, recipes, [25] * 40, rng), rng)
    assert found.losses.r2 > 0.97  # measured .99
    record = found.record()
    assert record["replicates"]["sd_ratio"] == pytest.approx(1, abs=0.15)  # measured .96
    assert record["replicates"]["sd_spearman"] > 0.85  # measured .96
    real, simulated = record["measured"], record["replicates"]
    assert simulated["transient"] == pytest.approx(real["transient"], rel=0.1)
    assert simulated["efold_droplets"] == pytest.approx(real["efold_droplets"], rel=0.15)
    assert simulated["settled_sd"] == pytest.approx(real["settled_sd"], rel=0.25)
    assert simulated["dud_share"] == pytest.approx(0.03, abs=0.006)
    assert real["dud_share"] == pytest.approx(0.03, abs=0.015)  # 1000 droplets: +- .005
    assert simulated["lag1"] == pytest.approx(real["lag1"], abs=0.1)


def test_settled_spectra_begin_at_the_ninth_droplet_of_twelve():
    long = np.concatenate([np.full((8, 3), 9.0), np.outer([1.0, 2, 3, 4], [1, 2, 3])])
    short = np.arange(33.0).reshape(11, 3)
    found = settled_spectra(table(recipes_of([600, 610]), [long, short]))
    np.testing.assert_array_equal(found, [[2.5, 5, 7.5], [15, 16, 17]])


def test_losses_do_not_depend_on_whether_spectra_are_given():
    lab = BandLab(noisy)
    recipes = recipes_of(np.linspace(520, 690, 8))
    losses, spectra = measured_by(lab, recipes, [20] * 8, np.random.default_rng(1))
    alone, both = (
        validate(lab, LOSS, losses, given, np.random.default_rng(2)).record()
        for given in (None, spectra)
    )
    assert alone["losses"] == both["losses"]
    assert alone["intervals"]["losses"] == both["intervals"]["losses"]
    assert alone["spectra"] is alone["left_out"] is alone["intervals"]["spectra"] is None
    assert alone["replicates"].pop("dud_share") is alone["measured"].pop("dud_share") is None
    both["replicates"].pop("dud_share")
    assert alone["replicates"] == both["replicates"]


def test_the_same_seed_gives_the_same_record():
    lab = BandLab(noisy)
    tables = measured_by(lab, recipes_of([550, 600, 650]), [20] * 3, np.random.default_rng(1))
    first, second, other = (
        validate(lab, LOSS, *tables, np.random.default_rng(seed)).record() for seed in (3, 3, 4)
    )
    assert first == second != other


def test_the_keys_of_the_record(rng):
    lab = BandLab(noisy)
    tables = measured_by(lab, recipes_of(np.linspace(520, 690, 6)), [20] * 6, rng)
    record = validate(lab, LOSS, *tables, rng).record()
    droplets = {"transient", "efold_droplets", "settled_sd", "dud_share", "lag1"}
    assert {part: set(figures) for part, figures in record.items()} == {
        "losses": {"n", "spearman", "r2", "mae", "bias"},
        "spectra": {"n", "rmse", "peak_nm", "centroid_nm", "amplitude"},
        "replicates": {"sd_spearman", "sd_ratio"} | droplets,
        "measured": droplets,
        "intervals": {"losses", "spectra"},
        "left_out": {"peak_nm"},
    }
    assert set(record["intervals"]["losses"]) == {"spearman", "r2", "mae", "bias"}
    assert set(record["intervals"]["spectra"]) == {"rmse", "peak_nm", "centroid_nm", "amplitude"}
    for low, high in record["intervals"]["losses"].values():
        assert low < high


def test_a_single_droplet_leaves_null_and_no_complaint(rng):
    lab = BandLab()
    tables = measured_by(lab, recipes_of([600]), [1], rng)
    record = validate(lab, LOSS, *tables, rng).record()
    assert record["losses"]["n"] == 1
    assert record["losses"]["spearman"] is record["losses"]["r2"] is None
    assert set(record["replicates"].values()) == set(record["measured"].values()) == {None}
    assert set(record["intervals"]["losses"].values()) == {None}


@settings(max_examples=20, deadline=None)  # each resamples some thousand times
@given(st.data())
def test_any_table_gives_figures_without_a_warning(data):
    counts = data.draw(st.lists(st.integers(1, 24), min_size=1, max_size=6), label="counts")
    seed = data.draw(st.integers(0, 2**32 - 1), label="seed")
    constant = data.draw(st.booleans(), label="constant losses")
    lab = BandLab(noisy if data.draw(st.booleans(), label="noise") else lambda *_: (0.0, 1.0))
    rng = np.random.default_rng(seed)
    recipes = recipes_of(rng.uniform(500, 700, len(counts)), dye=rng.uniform(1, 9, len(counts)))
    values = [np.full((k, 1), 0.4) if constant else rng.random((k, 1)) for k in counts]
    spectra = [rng.normal(0.2, 0.3, (k, len(WAVELENGTHS))) for k in counts]
    given_spectra = table(recipes, spectra) if data.draw(st.booleans(), label="spectra") else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = validate(lab, LOSS, table(recipes, values), given_spectra, rng, repetitions=2)
        json.dumps(found.record(), allow_nan=False)
    if constant:
        assert found.losses.spearman is found.losses.r2 is None


def test_recipes_beyond_the_lab_are_named():
    recipes = [[600, 5], [600, 10.5], [800, 5], [500, 5]]
    with pytest.raises(PlasmonbenchError, match="1 more") as caught:
        makeable(table(recipes, [np.ones((1, 1))] * 4), BandLab.space, "mine.csv")
    assert str(caught.value) == (
        "mine.csv: the lab cannot make recipe r1 (center=600, dye=10.5): "
        "dye must lie in 0.5 to 10 %; 1 more cannot be made either"
    )


def test_flows_that_pumps_rounded_are_taken_as_on_the_bound():
    given = table([[600, 10.005], [499.9, 0.4999], [612, 3]], [np.ones((1, 1))] * 3)
    found = makeable(given, BandLab.space, "mine.csv")
    np.testing.assert_allclose(found.recipes, [[600, 10], [500, 0.5], [612, 3]], atol=1e-12)
    assert found.labels == given.labels
    assert BandLab.space.contains(found.recipes).all()


def test_a_lab_that_does_not_know_its_truth(rng):
    class Blind(BandLab):
        def truth(self, recipes):
            return None

    losses, spectra = measured_by(Blind(), recipes_of([600, 620]), [2, 2], rng)
    assert validate(Blind(), LOSS, losses, None, rng).spectra is None
    with pytest.raises(PlasmonbenchError, match="does not know its noise-free spectra"):
        validate(Blind(), LOSS, losses, spectra, rng)


@pytest.fixture(scope="module")
def silver_prisms():
    return find_problem_without_landscape("silver-prisms")


def test_the_real_campaign(campaign_data, silver_prisms):
    """Of the lab only what any fit of it must give; of the droplets what pandas says of them."""
    lab, loss = silver_prisms.lab, silver_prisms.loss
    losses = read_losses(campaign_data / "agnp_losses.csv", lab.space)
    spectra = read_spectra(campaign_data / "agnp_spectra_run1.csv", lab.space, lab.wavelengths)
    rng = np.random.default_rng(0)
    record = validate(lab, loss, losses, spectra, rng, repetitions=3).record()
    assert record["losses"]["n"] == 82
    assert record["spectra"]["n"] == 8
    assert record["losses"]["r2"] > 0.8
    assert record["losses"]["spearman"] > 0.9
    assert record["losses"]["mae"] < 0.06
    assert record["spectra"]["rmse"] < 0.06
    assert record["spectra"]["centroid_nm"] < 20
    assert 0.4 < record["replicates"]["sd_ratio"] < 2.5

    droplets = pd.read_csv(campaign_data / "agnp_losses.csv").groupby("recipe")["loss"]
    long = [group.to_numpy() for _, group in droplets if len(group) >= 19]
    measured = record["measured"]
    start = np.mean([x[0] - np.median(x[SETTLED_FROM - 1 :]) for x in long])
    assert measured["transient"] == pytest.approx(start, abs=1e-12)
    settled = np.median([np.std(x[14:], ddof=1) for x in long])
    assert measured["settled_sd"] == pytest.approx(settled, abs=1e-12)
    memory = droplets.apply(lambda x: x.autocorr() if len(x) >= 4 else np.nan).median()
    assert measured["lag1"] == pytest.approx(memory, abs=1e-9)
    # Figures of the whole campaign, of which these are a half: .078, 6 droplets, 1.9 %.
    assert 0.05 < measured["transient"] < 0.1
    assert 4 < measured["efold_droplets"] < 8
    assert 0.003 < measured["dud_share"] < 0.03


def test_the_real_settled_spectra(campaign_data, silver_prisms):
    lab = silver_prisms.lab
    spectra = read_spectra(campaign_data / "agnp_spectra_run1.csv", lab.space, lab.wavelengths)
    settled = settled_spectra(spectra)
    frame = pd.read_csv(campaign_data / "agnp_spectra_run1.csv")
    columns = [f"a{w:g}" for w in lab.wavelengths]
    first = frame[frame["recipe"] == 0][columns].iloc[8:].median()
    np.testing.assert_allclose(settled[0], first.to_numpy())
    assert settled.shape == (8, 421)
