"""Colours of droplets: colour-science's own integration, laws of light, and bad input."""

import time

import colour
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import CAMPAIGN_WAVELENGTHS, PlasmonbenchError
from plasmonbench.droplet_colour import droplet_colours, hex_colours, tristimulus

OBSERVER = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
D65 = colour.SDS_ILLUMINANTS["D65"].copy().align(OBSERVER.shape)


def band(centre, height=1.0, width=40.0, wavelengths=CAMPAIGN_WAVELENGTHS):
    return height * np.exp(-0.5 * ((wavelengths - centre) / width) ** 2)


def integrated(wavelengths, absorbance):
    """XYZ by colour-science's integration of the transmitted light, Y = 1 for a clear droplet."""
    passed = colour.SpectralDistribution(10.0**-absorbance, wavelengths)
    passed = passed.align(OBSERVER.shape)
    return np.asarray(colour.sd_to_XYZ(passed, OBSERVER, D65, method="Integration")) / 100


@pytest.mark.parametrize("centre", [400, 480, 560, 640, 720])
@pytest.mark.parametrize(
    ("wavelengths", "tolerance"),
    # On 1 nm nothing is interpolated; on 2 nm (gold's grid) linear stands against Sprague.
    [(CAMPAIGN_WAVELENGTHS, 1e-14), (np.arange(400.0, 1101.0, 2.0), 1e-4)],
)
def test_agrees_with_the_integration_of_colour_science(centre, wavelengths, tolerance):
    absorbance = 0.05 + band(centre, wavelengths=wavelengths)
    np.testing.assert_allclose(
        tristimulus(wavelengths, absorbance),
        integrated(wavelengths, absorbance),
        rtol=0,
        atol=tolerance,
    )


def test_the_text_is_what_colour_science_encodes():
    absorbance = 0.1 + 0.5 * band(560)
    rgb = colour.XYZ_to_sRGB(integrated(CAMPAIGN_WAVELENGTHS, absorbance))
    assert np.all((rgb > 0) & (rgb < 1))  # nothing to clip in this one
    expected = "#{:02x}{:02x}{:02x}".format(*np.rint(np.asarray(rgb) * 255).astype(int))
    assert droplet_colours(CAMPAIGN_WAVELENGTHS, absorbance).item() == expected


def test_white_is_that_of_d65_for_the_2_degree_observer():
    # ASTM E308, table 5; it sums in steps of 20 nm, we in steps of 1 nm.
    white = tristimulus(CAMPAIGN_WAVELENGTHS, np.zeros(CAMPAIGN_WAVELENGTHS.shape))
    np.testing.assert_allclose(white, [0.95047, 1.0, 1.08883], rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    "xyz", [(0.2, 0.3, 0.4), (0.35, 0.3, 0.1), (0.002, 0.0021, 0.0022), (0.6, 0.65, 0.7)]
)
def test_srgb_is_that_of_its_standard(xyz):
    # IEC 61966-2-1: its matrix, and its gamma with the straight part near black.
    matrix = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    linear = np.clip(matrix @ np.array(xyz), 0, 1)
    encoded = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    text = hex_colours(np.array(xyz)).item()
    found = np.array([int(text[k : k + 2], 16) for k in (1, 3, 5)])
    assert (np.abs(found - 255 * encoded) <= 0.6).all()


def test_a_clear_droplet_is_white_and_an_opaque_one_black():
    shape = CAMPAIGN_WAVELENGTHS.shape
    assert droplet_colours(CAMPAIGN_WAVELENGTHS, np.zeros(shape)).item() == "#ffffff"
    assert droplet_colours(CAMPAIGN_WAVELENGTHS, np.full(shape, 9.0)).item() == "#000000"


@pytest.mark.parametrize(
    ("absorbed", "hue"),
    # Complementary colours: what is taken from white, and the hue angle (CIELAB, degrees) left.
    [(430, (60, 110)), (500, (0, 60)), (550, (290, 345)), (640, (200, 285))],
)
def test_a_droplet_has_the_complementary_colour_of_what_it_absorbs(absorbed, hue):
    lab = colour.XYZ_to_Lab(tristimulus(CAMPAIGN_WAVELENGTHS, band(absorbed)))
    angle = np.degrees(np.arctan2(lab[2], lab[1])) % 360
    assert hue[0] < angle < hue[1]


def test_grey_keeps_its_luminance():
    grey = np.full(CAMPAIGN_WAVELENGTHS.shape, 0.5)
    white = tristimulus(CAMPAIGN_WAVELENGTHS, np.zeros(CAMPAIGN_WAVELENGTHS.shape))
    assert white[1] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(tristimulus(CAMPAIGN_WAVELENGTHS, grey), white * 10**-0.5)


@given(
    centre=st.floats(380, 800),
    height=st.floats(0, 3),
    ratio=st.floats(0.1, 5),
    more=st.floats(0, 1),
)
def test_a_longer_path_is_more_absorbance_and_never_brighter(centre, height, ratio, more):
    absorbance = band(centre, height)
    longer = tristimulus(CAMPAIGN_WAVELENGTHS, absorbance, ratio)
    np.testing.assert_allclose(longer, tristimulus(CAMPAIGN_WAVELENGTHS, absorbance * ratio))
    darker = tristimulus(CAMPAIGN_WAVELENGTHS, absorbance + more, ratio)
    assert np.all(darker <= longer + 1e-12)


def test_what_no_screen_shows_is_clipped():
    # A narrow window in the green: far outside of sRGB.
    window = 4.0 - 4.0 * band(520, width=5)
    xyz = tristimulus(CAMPAIGN_WAVELENGTHS, window)
    rgb = np.asarray(colour.XYZ_to_sRGB(xyz))
    assert rgb.min() < 0
    red = int(droplet_colours(CAMPAIGN_WAVELENGTHS, window).item()[1:3], 16)
    assert red == 0
    assert hex_colours(np.array([2.0, 2.0, 2.0])).item() == "#ffffff"


def test_shapes_are_kept_and_unreadable_droplets_have_no_colour():
    absorbance = np.tile(0.3 + band(600), (3, 4, 1))
    absorbance[1, 2, 7] = np.nan
    absorbance[2, 0, 9] = np.inf
    colours = droplet_colours(CAMPAIGN_WAVELENGTHS, absorbance)
    assert colours.shape == (3, 4)
    assert colours[1, 2] is None
    assert colours[2, 0] is None
    assert {type(text) for text in colours.ravel()} == {str, type(None)}
    assert len(set(colours.ravel())) == 2


def test_beyond_its_ends_a_spectrum_stays_as_it_is_there():
    narrow = np.arange(420.0, 701.0)
    absorbance = 0.2 + band(560, wavelengths=narrow)
    held = np.interp(CAMPAIGN_WAVELENGTHS, narrow, 10.0**-absorbance)
    np.testing.assert_allclose(
        tristimulus(narrow, absorbance),
        tristimulus(CAMPAIGN_WAVELENGTHS, -np.log10(held)),
        atol=1e-14,
    )


def test_negative_baselines_and_absurd_readings_give_colours_without_warnings():
    shape = CAMPAIGN_WAVELENGTHS.shape
    for level in (-0.05, -1e6, 1e6):
        assert droplet_colours(CAMPAIGN_WAVELENGTHS, np.full(shape, level)).item().startswith("#")


@pytest.mark.parametrize(
    ("wavelengths", "absorbance", "ratio", "message"),
    [
        (np.arange(380.0, 390.0), np.zeros(9), 1.0, "shape"),
        (np.array([500.0, 400.0]), np.zeros(2), 1.0, "increase"),
        (np.array([900.0, 1000.0]), np.zeros(2), 1.0, "visible light"),
        (np.array([500.0]), np.zeros(1), 1.0, "visible light"),
        (np.array([400.0, 500.0]), np.zeros(2), 0.0, "positive"),
    ],
)
def test_bad_input_is_told(wavelengths, absorbance, ratio, message):
    with pytest.raises(PlasmonbenchError, match=message):
        droplet_colours(wavelengths, absorbance, ratio)


def test_ten_thousand_droplets_are_coloured_in_no_time():
    absorbance = np.random.default_rng(5).random((10_000, len(CAMPAIGN_WAVELENGTHS)))
    droplet_colours(CAMPAIGN_WAVELENGTHS, absorbance[:1])
    times = []
    for _ in range(5):
        start = time.perf_counter()
        droplet_colours(CAMPAIGN_WAVELENGTHS, absorbance)
        times.append(time.perf_counter() - start)
    # 48 ms measured on one busy core; the integration one by one takes minutes.
    assert min(times) < 0.2
