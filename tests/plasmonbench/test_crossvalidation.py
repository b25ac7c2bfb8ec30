import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plasmonbench import DropletTable, PlasmonbenchError, read_losses
from plasmonbench.agreement import loss_agreement
from plasmonbench.crossvalidation import run
from plasmonbench.crossvalidation_record import as_record, from_record
from plasmonbench.crossvalidation_scores import (
    held_out,
    held_out_spectra,
    pooled_score,
    spectrum_score,
)
from plasmonbench.folds import (
    Fold,
    Split,
    interleaved,
    standard_splits,
)
from plasmonbench.reference_models import (
    GaussianProcessReference,
    RandomForestReference,
    median_losses,
)
from plasmonbench.runner import local_executor
from plasmonbench.validation_page import Structure, write_page

GRID = np.linspace(400.0, 800.0, 81)


def table(recipes, values, labels=None):
    names = labels or [str(2 * k) for k in range(len(recipes))]
    return DropletTable(tuple(names), np.asarray(recipes, float), [np.array(v) for v in values])


def band(recipes):
    """Return spectra (n, 81) that follow from the recipe: centre and height."""
    centre, height = 500 + 20 * recipes[:, :1], 0.2 + 0.1 * recipes[:, 1:2]
    return height * np.exp(-(((GRID - centre) / 40) ** 2))


@pytest.fixture
def campaign(rng):
    """Return losses of 40 recipes; spectra of 6 of them and of one more; three droplets each."""
    recipes = rng.uniform(1, 9, (40, 2))
    loss = 0.3 + 0.05 * recipes[:, 0] - 0.02 * recipes[:, 1]
    losses = table(recipes, loss[:, None, None] + 0.01 * rng.normal(size=(40, 3, 1)))
    rows = np.array([0, 3, 8, 20, 21, 39])
    # As another file rounds them; the last stands in that file alone.
    seen = np.concatenate([recipes[rows] * (1 + 1e-6), [[9.5, 9.5]]])
    labels = [*(losses.labels[row] for row in rows), "99"]
    spectra = table(seen, np.repeat(band(seen)[:, None], 3, axis=1), labels)
    return losses, spectra


class Memory:
    """Knows what it was fitted to: predicts 1 for a recipe it has seen, and 0 for others."""

    def __call__(self, losses, spectra):
        seen = [losses.recipes] + ([] if spectra is None else [spectra.recipes])
        return Remembered(np.concatenate(seen))


class Remembered:
    def __init__(self, seen):
        self.seen = seen

    def known(self, recipes):
        gap = np.abs(recipes[:, None] / self.seen - 1).max(axis=2).min(axis=1)
        return (gap < 1e-4).astype(float)

    def losses(self, recipes, droplets):
        return self.known(recipes)

    def spectra(self, recipes):
        return np.repeat(self.known(recipes)[:, None], len(GRID), axis=1)


class Mean:
    """Predicts the training mean, and the mean training spectrum, plus an offset."""

    def __init__(self, offset=0.0, mean=None, spectrum=None):
        self.offset, self.mean, self.spectrum = offset, mean, spectrum

    def __call__(self, losses, spectra):
        spectrum = None if spectra is None else np.mean([v[0] for v in spectra.values], axis=0)
        return Mean(self.offset, median_losses(losses).mean(), spectrum)

    def losses(self, recipes, droplets):
        return np.full(len(recipes), self.mean + self.offset)

    def spectra(self, recipes):
        return np.repeat(self.spectrum[None] + self.offset, len(recipes), axis=0)


def cross_validate(models, losses, spectra=None, workers=1, **options):
    grid = None if spectra is None else GRID
    with ThreadPoolExecutor(workers) as executor:
        return run(models, losses, spectra, executor=executor, wavelengths=grid, **options)


def splits_for(losses, spectra):
    return standard_splits(losses, spectra, boundaries=(20, 40))


# -- running ------------------------------------------------------------------------------------


def test_nothing_of_a_held_out_recipe_is_learned(campaign):
    losses, spectra = campaign
    result = cross_validate({"m": Memory()}, losses, spectra, splits=splits_for(losses, spectra))
    for split in result.splits:
        assert held_out(result, "m", split.name)[1].max() == 0
    left_out = result.predictions["m"]["left-out spectra"]
    assert max(fold.spectra.max() for fold in left_out) == 0
    # It would have been noticed: in a fold that is no hold-out the memory answers 1.
    assert Memory()(losses, None).losses(losses.recipes, None).min() == 1


def test_spectra_stay_in_the_fit_unless_held_out(campaign):
    losses, spectra = campaign
    seen = {}

    def spy(losses, spectra):
        seen[losses.labels] = () if spectra is None else spectra.labels
        return Remembered(losses.recipes)

    cross_validate({"spy": spy}, losses, spectra, splits=splits_for(losses, spectra))
    for split in splits_for(losses, spectra):
        for fold in split.folds:
            trained = losses.subset(fold.train).labels
            held_out = {spectra.labels[row] for row in fold.test_spectra}
            assert set(seen[trained]) == set(spectra.labels) & {*trained, "99"} - held_out
    everything = Split("s", (Fold("f", np.arange(20, 38), np.array([*range(20), 38, 39])),))
    cross_validate({"spy": spy}, losses, spectra.subset(np.arange(3)), splits=[everything])
    assert seen[losses.subset(np.arange(20, 38)).labels] == ()


def test_means_of_training_rows_by_hand():
    losses = table([[1.0], [2.0], [3.0], [4.0]], [[[v - 9], [v], [v + 1]] for v in (1, 2, 3, 6)])
    result = cross_validate({"mean": Mean()}, losses, splits=[interleaved(4, 2)])
    measured, predicted = held_out(result, "mean", "interleaved")
    assert list(measured) == [1, 3, 2, 6], "medians of all droplets"
    assert list(predicted) == [4, 4, 2, 2]
    figures = pooled_score(result, "mean", "interleaved", np.random.default_rng(0)).agreement
    assert figures.mae == 2  # 3, 1, 0, 4
    assert figures.bias == 0
    assert figures.r2 == pytest.approx(1 - 26 / 14)
    assert list(result.droplets) == [3, 3, 3, 3]


def test_results_do_not_depend_on_the_executor(campaign):
    losses, _ = campaign
    models = {"forest": RandomForestReference(trees=5)}
    splits = [interleaved(40, 3)]
    alone = cross_validate(models, losses, splits=splits)
    with local_executor(1) as executor:
        elsewhere = run(models, losses, executor=executor, splits=splits)
    threads = cross_validate(models, losses, splits=splits, workers=3)
    for other in (elsewhere, threads):
        both = [held_out(one, "forest", "interleaved")[1] for one in (alone, other)]
        np.testing.assert_array_equal(*both)


def test_progress_counts_every_fit(campaign):
    told = []
    cross_validate(
        {"a": Mean(), "b": Mean()},
        campaign[0],
        splits=[interleaved(40, 4)],
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(k, 8) for k in range(1, 9)]


class Wrong(Remembered):
    def __init__(self, losses, spectra=None):
        self.answers = losses, spectra

    def losses(self, recipes, droplets):
        return self.answers[0](len(recipes))

    def spectra(self, recipes):
        return self.answers[1](len(recipes))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ((lambda n: np.zeros(n + 1),), r"model 'm', split 'blocks', fold '1-5': losses must have"),
        ((lambda n: np.full(n, np.nan),), "losses are not all finite"),
        ((np.zeros, lambda n: np.zeros((n, 3))), r"spectra must have shape \(1, 81\)"),
        ((np.zeros, lambda n: np.full((n, 81), np.inf)), "spectra are not all finite"),
    ],
)
def test_predictions_that_cannot_be(campaign, answers, message):
    losses, spectra = campaign
    with pytest.raises(PlasmonbenchError, match=message):
        cross_validate(
            {"m": lambda *_: Wrong(*answers)}, losses, spectra, splits=splits_for(losses, spectra)
        )


def test_what_cannot_be_run(campaign):
    losses, spectra = campaign
    with pytest.raises(PlasmonbenchError, match="no model"):
        cross_validate({}, losses)
    with ThreadPoolExecutor(1) as executor, pytest.raises(PlasmonbenchError, match="81 columns"):
        run({"m": Mean()}, losses, spectra, executor=executor)


def test_left_out_spectra_by_hand(campaign, rng):
    losses, spectra = campaign
    result = cross_validate({"mean": Mean(0.1)}, losses, spectra, splits=splits_for(*campaign))
    score = spectrum_score(result, "mean", "left-out spectra", rng)
    curves = np.array([values[0] for values in spectra.values])
    for row in range(7):
        predicted = np.delete(curves, row, axis=0).mean(axis=0) + 0.1
        rmse = np.sqrt(np.mean((predicted - curves[row]) ** 2))
        assert score.errors.rmse[row] == pytest.approx(rmse)
    assert score.labels == spectra.labels
    assert score.intervals["rmse"][0] < score.agreement.rmse < score.intervals["rmse"][1]
    assert spectrum_score(result, "mean", "blocks", rng) is None


def test_unknown_names(campaign, rng):
    result = cross_validate({"m": Mean()}, campaign[0], splits=[interleaved(40)])
    with pytest.raises(PlasmonbenchError, match="no model 'x'; there are: m"):
        pooled_score(result, "x", "interleaved", rng)
    with pytest.raises(PlasmonbenchError, match="no split 'y'; there are: interleaved"):
        pooled_score(result, "m", "y", rng)


# -- records and the page -----------------------------------------------------------------------


def test_a_record_gives_back_the_same_result(campaign):
    models = {"mean": Mean(), "forest": RandomForestReference(trees=3)}
    result = cross_validate(models, *campaign, splits=splits_for(*campaign))
    record = json.loads(json.dumps(as_record(result), allow_nan=False))
    again = from_record(record)
    assert as_record(again) == record
    for field in ("recipes", "measured", "droplets", "wavelengths", "measured_spectra"):
        np.testing.assert_array_equal(getattr(again, field), getattr(result, field))
    for name in models:
        for split in result.splits:
            both = [held_out(one, name, split.name) for one in (result, again)]
            np.testing.assert_array_equal(*both)
            both = [held_out_spectra(one, name, split.name)[1] for one in (result, again)]
            np.testing.assert_array_equal(*both)
    without = cross_validate(models, campaign[0], splits=[interleaved(40)])
    assert as_record(from_record(as_record(without))) == as_record(without)


@pytest.mark.parametrize("record", [{}, {"labels": 3}, [], {"labels": [], "recipes": "x"}])
def test_what_is_no_record(record):
    with pytest.raises(PlasmonbenchError, match="no record of a cross-validation"):
        from_record(record)


def test_page(campaign, rng, tmp_path):
    losses, spectra = campaign
    models = {"a|b": Mean(0.01), "forest": RandomForestReference(trees=5)}
    result = cross_validate(models, losses, spectra, splits=splits_for(losses, spectra))
    small = cross_validate({"only": Mean()}, losses, splits=[interleaved(40)])
    structures = {"full": Structure(result, 23, "a|b"), "small": Structure(small, 2)}
    page = write_page(tmp_path / "docs", result, rng=rng, structures=structures)
    text = page.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert "plasmonbench crossvalidate --losses CSV --spectra CSV --out docs/validation" in first
    assert "nan" not in text.lower()
    for picture in ("losses.png", "spectra.png"):
        assert f"]({picture})" in text
        assert (page.parent / picture).read_bytes().startswith(b"\x89PNG")
    mae = pooled_score(result, "forest", "blocks", rng).agreement.mae
    rows = [line for line in text.splitlines() if line.startswith("| blocks | forest |")]
    assert len(rows) == 1
    assert f"| {mae:.3f} [" in rows[0]
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    for block in tables:
        columns = {line.replace("\\|", "").count("|") for line in block.splitlines()}
        assert len(columns) == 1, block
    assert "| small | 2 | - | - |" in text, "a structure that was not judged on a split"
    assert text.count("**median**") == 1, "the forest predicts no spectra"


def test_a_page_of_one_model_compares_nothing(campaign, rng, tmp_path):
    result = cross_validate({"mean": Mean()}, campaign[0], splits=[interleaved(40)])
    text = write_page(tmp_path, result, rng=rng).read_text(encoding="utf-8")
    assert "better?" not in text
    assert "Spectra:" not in text


def test_a_structure_among_several_models_must_be_named(campaign):
    result = cross_validate({"a": Mean(), "b": Mean()}, campaign[0], splits=[interleaved(40)])
    with pytest.raises(PlasmonbenchError, match="which model is meant: a, b"):
        _ = Structure(result, 3).name


# -- the campaign -------------------------------------------------------------------------------


def test_gaussian_process_interpolates_the_campaign(campaign_data, flow_space):
    losses = read_losses(campaign_data / "agnp_losses.csv", flow_space)
    models = {"gp": GaussianProcessReference(restarts=1)}
    result = cross_validate(models, losses, splits=[interleaved(len(losses.labels))])
    figures = loss_agreement(*held_out(result, "gp", "interleaved"))
    assert figures.r2 == pytest.approx(0.943, abs=0.01)
    assert figures.mae == pytest.approx(0.0364, abs=0.002)


@pytest.mark.slow
def test_reference_models_on_the_campaign(campaign_data, flow_space):
    losses = read_losses(campaign_data / "agnp_losses.csv", flow_space)
    models = {"gp": GaussianProcessReference(), "forest": RandomForestReference()}
    result = cross_validate(models, losses)
    r2 = {
        (model, split.name): loss_agreement(*held_out(result, model, split.name)).r2
        for model in models
        for split in result.splits
    }
    expected = {
        ("gp", "blocks"): 0.861,
        ("gp", "interleaved"): 0.943,
        ("forest", "blocks"): 0.79,
        ("forest", "interleaved"): 0.88,
    }
    for key, value in expected.items():
        assert r2[key] == pytest.approx(value, abs=0.02)
    # Neither learns from the first half of the campaign what the second will bring.
    for model in models:
        assert r2[model, "from 60 on"] < 0
        assert r2[model, "from 75 on"] < 0
