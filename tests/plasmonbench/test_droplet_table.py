import numpy as np
import pandas as pd
import pytest

from plasmonbench import (
    CAMPAIGN_WAVELENGTHS,
    PlasmonbenchError,
    RecipeSpace,
    read_losses,
    read_spectra,
    recipe_columns,
)

SPACE = RecipeSpace.of([("dye", "%", 0, 10), ("flow", "uL/min", 1, 60), ("heat", "K", 270, 400)])


def write(path, losses, first="a"):
    rows = [(first, k, 1.0, 2.0, 300.0, loss) for k, loss in enumerate(losses)]
    columns = ["recipe", "droplet", "dye_pct", "flow_ul_min", "heat", "loss"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def test_columns_are_named_by_axis_and_unit():
    assert recipe_columns(SPACE) == ["dye_pct", "flow_ul_min", "heat"]


def test_labels_and_subsets(tmp_path):
    path = write(tmp_path / "l.csv", [0.1, 0.2])
    more = pd.read_csv(path)
    other = more.assign(recipe="b", dye_pct=3.0, loss=[0.5, 0.6])
    pd.concat([more, other]).to_csv(path, index=False)
    table = read_losses(path, SPACE)
    assert table.labels == ("a", "b")
    losses = table.values  # noqa: PD011 - no pandas frame
    assert [rows[:, 0].tolist() for rows in losses] == [[0.1, 0.2], [0.5, 0.6]]
    part = table.subset(np.array([1]))
    assert part.labels == ("b",)
    assert part.recipes.tolist() == [[3.0, 2.0, 300.0]]


@pytest.mark.parametrize("losses", [[0.5, 57.9], [-0.2, 0.3]])
def test_losses_that_cannot_be_are_refused(tmp_path, losses):
    path = write(tmp_path / "l.csv", losses)
    with pytest.raises(PlasmonbenchError, match=r"recipe a has a loss of .*between 0 and 1"):
        read_losses(path, SPACE)


def test_absorbances_that_cannot_be_are_refused(tmp_path):
    path = write(tmp_path / "s.csv", [0.5])
    table = pd.read_csv(path)
    grid = CAMPAIGN_WAVELENGTHS[:3]
    for k, w in enumerate(grid):
        table[f"a{w:g}"] = 0.4 * k
    table.to_csv(path, index=False)
    spectra = read_spectra(path, SPACE, grid)
    assert spectra.values[0].tolist() == [[0.0, 0.4, 0.8]]  # noqa: PD011
    table["a382"] = 8.0
    table.to_csv(path, index=False)
    with pytest.raises(PlasmonbenchError, match="recipe a has an absorbance of 8"):
        read_spectra(path, SPACE, grid)
