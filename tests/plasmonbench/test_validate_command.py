import json
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from plasmonbench import cli, read_losses, read_spectra
from plasmonbench.catalogue import find_problem_without_landscape
from plasmonbench.validation import validate
from plasmonbench.validation_pictures import (
    MEASURED,
    draw_losses,
    draw_spectra,
    draw_spread,
    draw_startup,
    draw_validation,
)

RECIPES = [(4.0, 5.0), (5.0, 3.0), (6.5, 7.0), (7.0, 5.0), (6.0, 4.0), (8.0, 6.0)]


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


def write_tables(folder, toy, droplets=20, labels=range(6)):
    """Write droplets that the toy lab made, a twentieth too bright, as a user's two files."""
    problem = find_problem_without_landscape(str(toy))
    spectra = 1.05 * problem.lab.measure(np.array(RECIPES), droplets, np.random.default_rng(7))
    rows = [
        {"recipe": label, "droplet": k + 1, "a_pct": a, "b_pct": b}
        for label, (a, b) in zip(labels, RECIPES, strict=True)
        for k in range(droplets)
    ]
    mixed = pd.DataFrame(rows)
    columns = [f"a{w:g}" for w in problem.lab.wavelengths]
    flat = spectra.reshape(len(rows), -1)
    losses, spectra_file = folder / "losses.csv", folder / "spectra.csv"
    mixed.assign(loss=problem.loss(flat)).to_csv(losses, index=False)
    mixed.join(pd.DataFrame(flat, columns=columns)).to_csv(spectra_file, index=False)
    return losses, spectra_file


@pytest.fixture
def tables(toy, tmp_path):
    return write_tables(tmp_path, toy)


@pytest.fixture
def validation(toy, tables):
    problem = find_problem_without_landscape(str(toy))
    lab = problem.lab
    losses = read_losses(tables[0], lab.space)
    spectra = read_spectra(tables[1], lab.space, lab.wavelengths)
    return validate(lab, problem.loss, losses, spectra, np.random.default_rng(0))


def test_for_machines(plasmonbench, toy, tables):
    losses, spectra = tables
    asked = ("validate", "-p", toy, "--losses", losses, "--spectra", spectra, "--json")
    code, out, err = plasmonbench(*asked)
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert record["losses"]["n"] == record["spectra"]["n"] == 6
    assert record["losses"]["spearman"] > 0.9
    # The median of 12 droplets with 1 % of scatter is within .3 % of the truth.
    assert record["spectra"]["amplitude"] == pytest.approx(1 - 1 / 1.05, abs=0.006)
    assert plasmonbench(*asked)[1] == out, "the same seed, the same figures"
    assert plasmonbench(*asked, "--seed", 1)[1] != out


def test_for_people(plasmonbench, toy, tables):
    code, out, err = plasmonbench("validate", "-p", toy, "--losses", tables[0])
    assert (code, err) == (0, "")
    assert "Losses of 6 recipes" in out
    assert "mean absolute error" in out
    assert "plates' peak" not in out, "there are no spectra to tell of"
    code, out, _ = plasmonbench(
        "validate", "-p", toy, "--losses", tables[0], "--spectra", tables[1]
    )
    assert "plates' peak, nm" in out
    assert "measured   simulated" in out
    assert "95 % interval" in out


def test_the_table_says_what_the_record_says(plasmonbench, toy, tables):
    asked = ("validate", "-p", toy, "--losses", tables[0], "--spectra", tables[1])
    record = json.loads(plasmonbench(*asked, "--json")[1])
    lines = plasmonbench(*asked)[1].splitlines()

    def numbers(start):
        line = next(line for line in lines if line.strip().startswith(start))
        return line.strip().removeprefix(start).replace(" to ", " ").split()

    low, high = record["intervals"]["losses"]["r2"]
    assert numbers("R2, share of the variance explained") == [
        f"{value:.3f}" for value in (record["losses"]["r2"], low, high)
    ]
    low, high = record["intervals"]["spectra"]["amplitude"]
    assert numbers("peak absorbance, %") == [
        f"{100 * value:.1f}" for value in (record["spectra"]["amplitude"], low, high)
    ]
    assert numbers("correlation with the next droplet's loss") == [
        f"{record[part]['lag1']:.2f}" for part in ("measured", "replicates")
    ]


def test_a_single_recipe_is_told_without_figures_it_has_not(plasmonbench, toy, tmp_path, tables):
    one = pd.read_csv(tables[0]).head(1)
    one.to_csv(tmp_path / "one.csv", index=False)
    code, out, err = plasmonbench(
        "validate", "-p", toy, "--losses", "one.csv", "--pictures", "pictures"
    )
    assert code == 0, err
    assert "Losses of 1 recipe:" in out
    written = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert written == ["losses.png", "spread.png", "start-up.png"]


def test_pictures_are_drawn(plasmonbench, toy, tables, tmp_path):
    code, out, err = plasmonbench(
        "validate", "-p", toy, "--losses", tables[0], "--spectra", tables[1],
        "--pictures", "new/folder", "--json",
    )  # fmt: skip
    assert code == 0
    json.loads(out)
    for name in ("losses", "spectra", "start-up", "spread"):
        assert f"{name}.png" in err
        content = (tmp_path / "new" / "folder" / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")


def test_the_picture_of_losses(validation):
    (axes,) = draw_losses(validation).axes
    (dots,) = axes.collections
    np.testing.assert_array_equal(
        dots.get_offsets(),
        np.column_stack([validation.measured_losses, validation.predicted_losses]),
    )
    error = np.abs(validation.predicted_losses - validation.measured_losses)
    best = validation.labels[int(error.argmin())]
    named = {text.get_text() for text in axes.texts}
    assert named == {f"recipe {label}" for label in validation.labels if label != best}
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert "loss" in axes.get_xlabel()
    assert "loss" in axes.get_ylabel()


def test_the_picture_of_spectra(validation):
    spectra = validation.spectra
    figure = draw_spectra(spectra, range(6))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 6
    for row, axes in enumerate(shown):
        assert f"recipe {spectra.labels[row]} " in axes.get_title()
        measured, predicted = axes.get_lines()
        np.testing.assert_array_equal(measured.get_ydata(), spectra.measured[row])
        np.testing.assert_array_equal(predicted.get_ydata(), spectra.predicted[row])
        band = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert band.min() == spectra.measured_low[row].min()
        assert band.max() == spectra.measured_high[row].max()
    assert figure.get_supxlabel() == "wavelength, nm"
    assert figure.get_supylabel() == "absorbance"


def test_the_picture_of_the_start_up(validation):
    (axes,) = draw_startup(validation.replicates).axes
    measured, simulated = (bars.lines[0] for bars in axes.containers)
    excess = validation.replicates.measured_excess
    np.testing.assert_array_equal(measured.get_ydata(), excess.mean(axis=0))
    np.testing.assert_array_equal(
        simulated.get_ydata(), validation.replicates.simulated_excess.mean(axis=0)
    )
    assert to_hex(measured.get_color()) == MEASURED.lower()
    assert len(excess) == 6


def test_the_picture_of_the_spread(validation):
    (axes,) = draw_spread(validation.replicates).axes
    (dots,) = axes.collections
    np.testing.assert_array_equal(
        dots.get_offsets(),
        np.column_stack([validation.replicates.measured_sd, validation.replicates.simulated_sd]),
    )


def test_many_spectra_go_on_several_pages(toy, tmp_path, monkeypatch, validation):
    monkeypatch.setattr("plasmonbench.validation_pictures.PANELS_PER_PAGE", 4)
    written = {path.name for path in draw_validation(validation, tmp_path)}
    assert {"spectra-1.png", "spectra-2.png"} <= written


def test_names_of_recipes_may_hold_any_sign(plasmonbench, toy, tmp_path):
    names = ["a$b$", "[red]", "\u92c0", "x_1^", "{}", "%d"]
    losses, spectra = write_tables(tmp_path, toy, droplets=3, labels=names)
    code, out, err = plasmonbench(
        "validate", "-p", toy, "--losses", losses, "--spectra", spectra, "--pictures", "pictures"
    )
    assert code == 0, err
    assert sum(name in out for name in names) == 5, "the five that are farthest off"


def test_what_cannot_be_used_is_said_in_one_line(plasmonbench, toy, tables, tmp_path):
    losses, spectra = tables
    (tmp_path / "file.png").write_text("mine")
    odd = pd.read_csv(losses)
    odd.loc[odd["recipe"] == 4, "a_pct"] = 11.0
    odd.to_csv(tmp_path / "odd.csv", index=False)
    odd_spectra = pd.read_csv(spectra)
    odd_spectra.loc[odd_spectra["recipe"] == 2, "b_pct"] = -1.0
    odd_spectra.to_csv(tmp_path / "odd-spectra.csv", index=False)
    for arguments, complaint in [
        (["--losses", "none.csv"], "there is no file none.csv"),
        (["--losses", losses, "--spectra", "none.csv"], "there is no file none.csv"),
        (["--losses", "odd.csv"], "odd.csv: the lab cannot make recipe 4 (a=11, b=4)"),
        (["--losses", losses, "--spectra", "odd-spectra.csv"], "the lab cannot make recipe 2"),
        (["--losses", spectra], "column 'loss' is missing"),
        (["--losses", losses, "--spectra", losses], "column 'a380' is missing"),
        (["--losses", losses, "--pictures", "file.png"], "--pictures needs a folder"),
        (["--losses", losses, "--pictures", "file.png/deeper"], "cannot make the folder"),
        (["--losses", losses, "-p", f"recorded:{losses}"], "replays real droplets"),
        (["--losses", losses, "-p", "nonsense"], "unknown problem"),
        ([], "--losses"),
    ]:
        code, out, err = plasmonbench("validate", "-p", toy, *arguments)
        assert (code, out) == (2, ""), arguments
        assert err.startswith("error: ")
        assert err.count("\n") == 1, err
        assert complaint in err, arguments
    assert (tmp_path / "file.png").read_text() == "mine"
