import numpy as np
import pandas as pd
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError, RecordedLab, silver_prism_loss
from plasmonbench.catalogue import find_problem
from simulators.recorded import Recorded

HEADER = "recipe,droplet,q_agno3_pct,q_pva_pct,q_tsc_pct,q_seed_pct,q_total_ul_min,loss"
ROWS = ["0,1,10,20,5,5,500,0.4", "0,2,10,20,5,5,500,0.6", "1,1,12,21,6,4,600,0.5"]


@pytest.fixture
def write(tmp_path):
    def write(*rows, header=HEADER, name="losses.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return str(path)

    return write


def test_replays_what_was_recorded(write, rng):
    lab = Recorded(write(*ROWS))
    assert isinstance(lab, RecordedLab)
    assert not lab.has_spectra
    assert lab.space.candidates.tolist() == [[10, 20, 5, 5, 500], [12, 21, 6, 4, 600]]
    assert lab.reference_losses(lab.space.candidates).tolist() == [0.5, 0.5]
    drawn = lab.measure_losses(lab.space.candidates, 4000, rng)
    assert set(drawn[0]) == {0.4, 0.6}
    assert drawn[0].mean() == pytest.approx(0.5, abs=0.01), "each droplet is as likely"
    assert set(drawn[1]) == {0.5}


def test_luck_of_a_slot_does_not_depend_on_the_others(write):
    lab = Recorded(write(*ROWS))
    both = lab.measure_losses(lab.space.candidates, 1, np.random.default_rng(4))
    one = lab.measure_losses(lab.space.candidates[:1], 1, np.random.default_rng(4))
    assert both[0, 0] == one[0, 0]


def test_the_real_campaign_as_a_problem(campaign_data):
    problem = find_problem(f"recorded:{campaign_data / 'agnp_losses.csv'}")
    assert len(problem.space.candidates) == 82
    assert problem.recipe_budget == 82
    table = pd.read_csv(campaign_data / "agnp_losses.csv")
    medians = table.groupby("recipe")["loss"].median().sort_values()
    assert problem.optimum.loss == medians.iloc[0]
    assert problem.headline_level.loss == medians.iloc[4]  # the best 5 % of 82 are 5
    history = problem.measure(problem.space.candidates, seed=0, round_number=0)
    recorded = {recipe: set(rows["loss"]) for recipe, rows in table.groupby("recipe")}
    for drawn, whole in zip(history.losses, recorded.values(), strict=True):
        assert set(drawn) <= whole


def test_with_spectra_only_their_recipes_exist_and_losses_come_from_them(campaign_data):
    losses, spectra = (campaign_data / f"agnp_{x}.csv" for x in ("losses", "spectra_run1"))
    problem = find_problem(f"recorded:{losses}[spectra={spectra}]")
    assert problem.has_spectra
    assert len(problem.space.candidates) == 8
    history = problem.measure(problem.space.candidates, seed=0, round_number=0)
    assert history.spectra.shape == (8, 20, 421)
    assert np.array_equal(history.losses, silver_prism_loss()(history.spectra))
    medians = problem.lab.reference_losses(problem.space.candidates)
    assert np.abs(history.median_loss - medians).max() < 0.03


def test_a_recipe_made_twice_is_one_recipe(write, rng):
    lab = Recorded(write(*ROWS, "7,1,10,20,5,5,500,0.8"))
    assert len(lab.space.candidates) == 2
    assert lab.reference_losses(lab.space.candidates[:1])[0] == 0.6


def test_an_axis_that_never_varied_is_no_obstacle(write):
    lab = Recorded(write(ROWS[0], "1,1,12,20,5,5,500,0.5"))
    assert lab.space.contains(lab.space.candidates).all()


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([*ROWS, "2,1,9,x,5,5,500,0.4"], HEADER, "row 5, column 'q_pva_pct': 'x' is not a finite"),
        ([*ROWS, "2,1,9,20,5,5,500,"], HEADER, "row 5, column 'loss': '' is not a finite"),
        ([*ROWS, "2,1,9,20,5,5,500,nan"], HEADER, "row 5, column 'loss': 'nan'"),
        ([*ROWS, "2,1,9,20,5,5,inf,.4"], HEADER, "row 5, column 'q_total_ul_min': 'inf'"),
        (ROWS, HEADER.replace("loss", "lost"), "column 'loss' is missing"),
        ([], HEADER, "no droplet below the header"),
        ([*ROWS, "0,3,11,20,5,5,500,0.4"], HEADER, "row 5 has other flows than row 2"),
        ([*ROWS, "1,2,3,4,5,6,7,8,9,10"], HEADER, "is not a CSV table"),
    ],
)
def test_malformed_files_name_row_and_column(write, rows, header, message):
    path = write(*rows, header=header)
    with pytest.raises(PlasmonbenchError, match=message) as caught:
        Recorded(path)
    assert path in str(caught.value)


def test_other_bad_input(write, rng):
    with pytest.raises(PlasmonbenchError, match="no file"):
        Recorded("nowhere.csv")
    lab = Recorded(write(*ROWS))
    with pytest.raises(PlasmonbenchError, match="not recorded"):
        lab.measure_losses(np.array([[1.0, 2, 3, 4, 5]]), 1, rng)
    with pytest.raises(PlasmonbenchError, match="losses alone"):
        lab.measure(lab.space.candidates, 1, rng)
    header = ",".join([HEADER.removesuffix(",loss"), *(f"a{w:.0f}" for w in CAMPAIGN_WAVELENGTHS)])
    stranger = ",".join(["9,1,1,1,1,1,1", *["0.1"] * 421])
    spectra = write(stranger, header=header, name="spectra.csv")
    with pytest.raises(PlasmonbenchError, match="no recipe stands in both"):
        Recorded(write(*ROWS), spectra)
