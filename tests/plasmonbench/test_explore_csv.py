"""One's own spectrum from a file: what is tolerated, and what is said of the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError, silver_prism_loss
from plasmonbench.explore.measured_csv import MeasuredSpectrum, own_loss, read_measured

POINTS = [(400, 0.1), (410, 0.25), (420, 0.5), (430, 0.25), (440, 0.125)]


def table(separator=",", header="wavelength_nm,absorbance\n", decimal=".", end="\n"):
    rows = (f"{x}{separator}{y}".replace(".", decimal) for x, y in POINTS)
    return header + end.join(rows) + end


@pytest.mark.parametrize(
    "text",
    [
        table(),
        table(header=""),
        table(";", decimal=","),
        table("\t", decimal=","),
        table("\t"),
        table(" "),
        table("   ", decimal=","),
        table("; "),
        table(", ", header='"Wavelength (nm)", "Abs"\r\n', end="\r\n"),
        table(header="Sample 5, plate 3\ntaken by NN\nWavelength;A\n"),
        "# a comment\n\n" + table() + "\n\n# the end\n",
        table(end=",\n"),  # an empty third column
        "\ufeff" + table(),
    ],
)
def test_all_usual_ways_to_write_two_columns_are_read(text):
    found = read_measured(text.encode(), "mine.csv")
    np.testing.assert_array_equal(np.column_stack([found.wavelengths, found.absorbance]), POINTS)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_what_spreadsheets_write_is_read(encoding):
    text = table("\t", header="Wellenlänge\tAbsorption\n")
    assert len(read_measured(text.encode(encoding), "mine.txt").wavelengths) == 5


def test_falling_wavelengths_are_turned_round():
    lines = table(header="").splitlines()
    found = read_measured("\n".join(reversed(lines)).encode(), "mine.csv")
    np.testing.assert_array_equal(found.wavelengths, [x for x, _ in POINTS])
    np.testing.assert_array_equal(found.absorbance, [y for _, y in POINTS])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.csv has 0 lines with two numbers"),
        ("nm,a\n400,0.1\n", "mine.csv has 1 lines with two numbers"),
        ("nm,a\n400,0.1\n410,oops\n", "line 3: 'oops' is not a number"),
        ("nm,a\n400,0.1\n410,nan\n", "line 3: 'nan' is not a number"),
        ("nm,a\n400,0.1\n\n410\n", "line 4: 1 column where two are needed"),
        ("nm,a\n400,0.1,7\n", "line 2: 3 columns where two are needed"),
        ("400,5,0,31\n", r"line 1: 4 columns .*\(decimal commas need semicolons"),
        ("nm,a\n0.4,0.1\n", "line 2: a wavelength of 0.4 is not in nm .*micrometres or eV"),
        ("nm,a\n25000,0.1\n", "line 2: a wavelength of 25000 is not in nm .*wavenumbers"),
        ("x,y\n400,95\n", "line 2: 95 is no absorbance .*transmittance in %"),
        ("x,y\n400,1e9\n", "line 2: 1e\\+09 is no absorbance"),
        ("wavenumber (cm-1),A\n25000,0.1\n", "line 1: the header says .*wavenumbers"),
        ("energy,A\n2.5,0.1\n", "line 1: the header says 'energy', that is energies"),
        ("wavelength,%T\n400,95\n", "line 1: the header says '%T'"),
        (table(header="") + "450,0.1\n430,0.2\n", "line 7: wavelengths rise up to here"),
        (table(header="") + "440,0.2\n", "line 6: wavelength 440 nm stands twice"),
        ("\x00\x01binary", "is not a text file"),
    ],
)
def test_a_bad_file_is_told_with_the_line_and_what_is_wrong(text, message):
    with pytest.raises(PlasmonbenchError, match=message) as caught:
        read_measured(text.encode(), "mine.csv")
    assert str(caught.value).startswith("mine.csv")
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_refused():
    with pytest.raises(PlasmonbenchError, match="larger than 2 MB"):
        read_measured(b"1" * 2_000_001, "mine.csv")


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_else_gives_one_clear_line(content):
    message = "mine.csv"
    try:
        read_measured(content, "mine.csv")
    except PlasmonbenchError as error:
        message = str(error)
    assert message.startswith("mine.csv")
    assert "\n" not in message


@given(
    steps=st.lists(st.floats(0.01, 50), min_size=4, max_size=40),
    separator=st.sampled_from([",", ";", "\t", " "]),
    data=st.data(),
)
def test_what_was_written_is_read_back(steps, separator, data):
    wavelengths = np.round(300 + np.cumsum([0.0, *steps]), 2)
    floats = st.floats(-0.5, 4).map(lambda value: round(value, 6))
    absorbance = data.draw(st.lists(floats, min_size=len(wavelengths), max_size=len(wavelengths)))
    rows = zip(wavelengths.tolist(), absorbance, strict=True)
    text = "\n".join(f"{x!r}{separator}{y!r}" for x, y in rows)
    found = read_measured(text.encode(), "mine.csv")
    np.testing.assert_array_equal(found.wavelengths, wavelengths)
    np.testing.assert_array_equal(found.absorbance, absorbance)


def test_the_loss_of_ones_own_spectrum_is_that_of_the_target_at_the_same_wavelengths():
    loss = silver_prism_loss()
    twice = np.arange(370.0, 811.0, 0.5)
    target = np.interp(twice, CAMPAIGN_WAVELENGTHS, loss.target)
    measured = MeasuredSpectrum("mine.csv", twice, 0.9 * target / target.max())
    assert own_loss(loss, measured) == pytest.approx(0, abs=1e-12)
    short = MeasuredSpectrum("mine.csv", twice[40:], measured.absorbance[40:])
    assert own_loss(loss, short) is None
