"""The commands that fit a lab to droplets and say how far the fit can be trusted."""

import json
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from plasmonbench import (
    PlasmonbenchError,
    cli,
    crossvalidation,
    read_losses,
    read_spectra,
    recipe_columns,
    silver_prism_loss,
)
from plasmonbench.crossvalidation_record import from_record
from plasmonbench.folds import Fold, Split
from plasmonbench.registry import build_lab, calibratable_lab

DROPLETS = 6


@pytest.fixture
def plasmonbench(monkeypatch, capsys, tmp_path):
    """Call the command line in a folder of its own; gives exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["plasmonbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return call


@pytest.fixture
def in_this_process(monkeypatch):
    """Fit in a thread: starting a process of its own takes longer than the fit."""
    monkeypatch.setattr("plasmonbench.commands.calibrate.local_executor", ThreadPoolExecutor)


@pytest.fixture
def write_campaign(tmp_path, flow_space):
    """Write a small campaign on the lab with triangles, as a user's two files."""

    def write(recipes=20, spectra=3, droplets=DROPLETS, step=5):
        rng = np.random.default_rng(5)
        lab = build_lab("silver-prisms", {"plates": "triangle"})
        mixed = flow_space.sample(recipes, rng)
        measured = lab.measure(mixed, droplets, rng)
        table = pd.DataFrame(np.repeat(mixed, droplets, axis=0), columns=recipe_columns(lab.space))
        table.insert(0, "recipe", np.repeat(step * np.arange(recipes), droplets))
        losses = silver_prism_loss()(measured).ravel()
        table.assign(loss=losses).to_csv(tmp_path / "losses.csv", index=False)
        flat = measured.reshape(len(table), -1)
        wide = table.join(pd.DataFrame(flat, columns=[f"a{w:g}" for w in lab.wavelengths]))
        wide[wide["recipe"] < step * spectra].to_csv(tmp_path / "spectra.csv", index=False)
        return tmp_path / "losses.csv", tmp_path / "spectra.csv"

    return write


def fitted(*more):
    return ("calibrate", "--losses", "losses.csv", "--starts", 1, "--labs", 1, *more)


# -- calibrate ------------------------------------------------------------------------------------


def test_what_calibrate_writes_is_a_lab(
    plasmonbench, in_this_process, write_campaign, tmp_path, flow_space
):
    losses, _ = write_campaign()
    code, out, err = plasmonbench(*fitted("--spectra", "spectra.csv", "--out", "mine.toml"))
    assert code == 0, err
    assert "written: mine.toml" in err
    assert "written: mine.labs.json" in err
    scores = dict(line.split(": ") for line in out.splitlines())
    assert scores["recipes"] == "20"
    assert scores["spectra"] == "3"
    assert float(scores["loss_r2"]) > 0.9
    source = tomllib.loads((tmp_path / "mine.toml").read_text())["fit"]["source"]
    assert source["lab"] == "silver-prisms"
    assert re.fullmatch(r"spectra\.csv sha256:[0-9a-f]{16}", source["spectra"])
    settings = {"parameters": str(tmp_path / "mine.toml"), "noise": "none"}
    table = read_losses(losses, flow_space)
    measured = [np.median(rows) for rows in table.values]  # noqa: PD011
    found = {}
    for number in ("0", "1"):
        lab = build_lab("silver-prisms", settings | {"lab": number})
        found[number] = silver_prism_loss()(lab.truth(table.recipes))
        # Six droplets are still starting up, which their settled truth does not show.
        assert np.corrcoef(found[number], measured)[0, 1] > 0.8
    assert not np.array_equal(found["0"], found["1"])
    with pytest.raises(PlasmonbenchError, match="lab must be 0 to 1"):
        build_lab("silver-prisms", settings | {"lab": "2"})


@pytest.mark.slow
def test_the_same_seed_gives_the_same_file(plasmonbench, write_campaign, tmp_path):
    """Whatever the number of processes; the quick variant is in test_fit.py."""
    write_campaign(recipes=12, spectra=1)
    for name, workers in (("one", 1), ("two", 2)):
        asked = fitted("--spectra", "spectra.csv", "--seed", 4, "--labs", 2, "-j", workers)
        assert plasmonbench(*asked, "--out", f"{name}.toml")[0] == 0
    one, two = (tmp_path / f"{name}.toml" for name in ("one", "two"))
    assert one.read_text() == two.read_text()
    assert one.with_suffix(".labs.json").read_text() == two.with_suffix(".labs.json").read_text()


def test_losses_alone_are_fitted_with_a_warning_for_the_user(
    plasmonbench, in_this_process, write_campaign
):
    write_campaign(recipes=12)
    code, out, err = plasmonbench(*fitted("--labs", 0))
    assert code == 0, err
    assert "without --spectra" in err
    assert "written: silver_prisms.toml" in err
    assert "labs.json" not in err
    assert "spectrum_rmse" not in out


def test_what_cannot_be_fitted_is_said_in_one_line(plasmonbench, write_campaign, tmp_path):
    write_campaign(recipes=12, spectra=1, droplets=2)
    table = pd.read_csv("losses.csv")
    table.drop(columns="q_tsc_pct").to_csv("no-citrate.csv", index=False)
    table[table["recipe"] < 45].to_csv("nine.csv", index=False)
    table.assign(q_seed_pct=85.0).to_csv("too-much.csv", index=False)
    start = ("calibrate", "--starts", 1, "--labs", 0)
    for arguments, complaint in [
        (["--losses", "losses.csv", "--out", "nowhere/mine.toml"], "there is no folder nowhere"),
        (["--losses", "none.csv"], "there is no file none.csv"),
        (["--losses", "no-citrate.csv"], "column 'q_tsc_pct' is missing"),
        (["--losses", "losses.csv", "--spectra", "losses.csv"], "column 'a380' is missing"),
        (
            ["--losses", "nine.csv", "--spectra", "spectra.csv"],
            "10 recipes at least; the table holds 9",
        ),
        (["--losses", "too-much.csv"], "the lab cannot make recipe 0"),
        (["--losses", "losses.csv", "--lab", "recorded"], "the lab recorded cannot be fitted"),
        (["--losses", "losses.csv", "--lab", "gold-rods"], "the lab gold-rods cannot be fitted"),
        (["--losses", "losses.csv", "--lab", "silver-prism"], "did you mean silver-prisms"),
        (["--losses", "losses.csv", "--starts", 0], "--starts"),
        ([], "--losses"),
    ]:
        code, out, err = plasmonbench(*start, *arguments)
        assert (code, out) == (2, ""), (arguments, err)
        assert err.count("\n") == 1, err
        assert err.startswith("error: ")
        assert complaint in err, arguments
    assert not list(tmp_path.glob("*.toml"))


def test_a_folder_instead_of_a_file_is_refused(
    plasmonbench, in_this_process, write_campaign, tmp_path
):
    write_campaign(recipes=12, spectra=1, droplets=2)
    (tmp_path / "folder").mkdir()
    code, _, err = plasmonbench(*fitted("--labs", 0, "--out", "folder"))
    assert code == 2
    assert "folder" in err


# -- crossvalidate ---------------------------------------------------------------------------------


def test_the_lab_predicts_what_a_fold_holds_out(write_campaign):
    """Two folds of 20 recipes, the quick variant of the whole command."""
    losses_file, spectra_file = write_campaign()
    cls = calibratable_lab("silver-prisms")
    losses = read_losses(losses_file, cls.recipe_space)
    spectra = read_spectra(spectra_file, cls.recipe_space, cls.grid)
    name, (calibrator, numbers) = next(iter(cls.calibrators().items()))
    rows = np.arange(20)
    folds = [Fold(f"{k}", rows[rows % 2 != k], rows[k::2], np.array([k])) for k in (0, 1)]
    with ThreadPoolExecutor(1) as executor:
        found = crossvalidation.run(
            {name: calibrator}, losses, spectra, executor=executor, wavelengths=cls.grid,
            splits=[Split("halves", tuple(folds))],
        )  # fmt: skip
    predicted = np.concatenate([p.losses for p in found.predictions[name]["halves"]])
    measured = found.measured[np.concatenate([fold.test for fold in folds])]
    off = np.abs(predicted - measured)
    # Measured: 7 % of the error of predicting the mean, and .035 and .040 of absorbance.
    assert off.mean() < 0.1 * np.abs(measured - measured.mean()).mean()
    for k, prediction in enumerate(found.predictions[name]["halves"]):
        assert prediction.spectra.shape == (1, 421)
        error = np.sqrt(np.mean((prediction.spectra - found.measured_spectra[k]) ** 2))
        assert error < 0.05
    assert numbers > 40


@pytest.mark.slow
def test_crossvalidate_writes_a_page_its_figures_and_the_record(
    plasmonbench, write_campaign, tmp_path
):
    # Labelled 0, 5, ... 115: five recipes at least from 90 on.
    write_campaign(recipes=24, spectra=2)
    code, out, err = plasmonbench(
        "crossvalidate", "--losses", "losses.csv", "--spectra", "spectra.csv",
        "--no-structures", "--out", "new/page", "-j", 2,
    )  # fmt: skip
    assert (code, out) == (0, ""), err
    assert "written: new/page/README.md" in err
    folder = tmp_path / "new" / "page"
    page = (folder / "README.md").read_text(encoding="utf-8")
    for text in ("silver-prisms", "Gaussian process", "random forest", "from 90 on"):
        assert text in page, text
    assert "Structures of the model" not in page
    for name in ("losses.png", "spectra.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert name in page
    record = json.loads((folder / "results.json").read_text())
    again = from_record(record)
    assert set(again.predictions) == {"chosen", "Gaussian process", "random forest"}
    assert len(again.labels) == 24


def test_what_cannot_be_cross_validated_is_said_in_one_line(plasmonbench, write_campaign, tmp_path):
    write_campaign(recipes=20, spectra=2, droplets=2)
    table = pd.read_csv("losses.csv")
    table.drop(columns="loss").to_csv("no-loss.csv", index=False)
    table[table["recipe"] < 50].to_csv("ten.csv", index=False)
    both = ("--spectra", "spectra.csv", "--out", "page")
    for arguments, complaint in [
        (["--losses", "losses.csv", "--out", "page"], "--spectra"),
        (["--losses", "no-loss.csv", *both], "column 'loss' is missing"),
        (["--losses", "ten.csv", *both], "there are 10 recipes"),
        (["--losses", "losses.csv", *both], "at least 5 recipes on either side"),
        (["--losses", "losses.csv", *both, "--lab", "recorded"], "cannot be fitted"),
    ]:
        code, out, err = plasmonbench("crossvalidate", "--no-structures", *arguments)
        assert (code, out) == (2, ""), (arguments, err)
        assert "error: " in err, arguments
        assert complaint in err, (arguments, err)
        assert "Traceback" not in err
    assert not (tmp_path / "page").exists()
