"""The explorer's callbacks, called as Dash calls them, without a browser."""

import base64
from contextvars import copy_context

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from plasmonbench.catalogue import find_problem
from plasmonbench.explore import callbacks
from plasmonbench.explore.choices import offer
from plasmonbench.explore.flows import middle, settable

CHOICES = offer("silver-prisms")
SCENE = {"problem": "silver-prisms", "instance": 0, "luck": 0}
VALUES = [33.5, 10, 13.6, 4.5, 200]
NAMES = ["problem", "options", "instance", "hidden", "sliders", "about", "noise", "scene",
         "notice", "quiet"]  # fmt: skip


def triggered(prop_id, value, function, *arguments):
    """Call a callback as if a property had set it off (dash.plotly.com/testing)."""

    def call():
        inputs = [{"prop_id": prop_id, "value": value}]
        context_value.set(AttributeDict(triggered_inputs=inputs))
        return function(*arguments)

    return copy_context().run(call)


def scene(search="", problem="silver-prisms", instance=0, values=(), before=None):
    found = callbacks.set_scene(CHOICES, search, problem, instance, list(values), before)
    return dict(zip(NAMES, found, strict=True))


def set_values(sliders):
    """Return what the range inputs of slider components hold."""
    return [
        part.value for s in sliders for part in s.children if getattr(part, "type", "") == "range"
    ]


def upload(text, own=None):
    contents = "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
    return triggered(
        "upload.contents", contents, callbacks.take_upload, contents, None, SCENE, "mine.csv", own
    )


# -- scenes ---------------------------------------------------------------------------------------


def test_the_page_opens_with_the_middle_of_the_asked_problem():
    found = scene()
    assert found["scene"] == SCENE
    assert set_values(found["sliders"]) == middle(find_problem("silver-prisms").space).tolist()
    assert [option["value"] for option in found["options"]] == list(range(11))
    assert found["quiet"] is True


def test_the_page_opens_with_what_the_address_says():
    query = "?problem=silver-prisms&lab=3&q_agno3=30&q_pva=20&q_tsc=5&q_seed=5&q_total=500"
    found = scene(query + "&luck=7&noise=off")
    assert found["scene"] == {"problem": "silver-prisms", "instance": 3, "luck": 7}
    assert set_values(found["sliders"]) == [30, 20, 5, 5, 500]
    assert found["noise"] == []


def test_an_address_that_makes_no_sense_opens_the_start_and_says_so():
    found = scene("?problem=mine.toml")
    assert found["scene"] == SCENE
    assert found["notice"].startswith("The address was not understood: no problem 'mine.toml'")
    assert found["quiet"] is False


def test_an_instance_keeps_the_recipe_another_chemistry_does_not():
    kept = scene(instance=4, values=VALUES, before=SCENE)
    assert set_values(kept["sliders"]) == VALUES
    other = scene(problem="gold-rods", instance=4, values=VALUES, before=SCENE)
    assert other["instance"] == 0  # gold has no fourth lab
    assert other["hidden"] is True
    assert set_values(other["sliders"]) == middle(find_problem("gold-rods").space).tolist()


def test_a_wider_box_keeps_the_recipe_and_a_narrower_one_brings_it_in():
    wide = {"problem": "silver-prisms-hard", "instance": 0, "luck": 0}
    found = scene(problem="silver-prisms", values=[70, 12, 3, 2, 150], before=wide)
    assert set_values(found["sliders"]) == [45, 12, 3, 2, 200]


def test_nothing_happens_while_nothing_was_chosen():
    with pytest.raises(PreventUpdate):
        scene(values=VALUES, before=SCENE)


def test_a_lab_that_is_not_there_leaves_the_page_as_it_is():
    found = scene(instance=99, values=VALUES, before=SCENE)
    assert found["scene"] is no_update
    assert "has no lab 99" in found["notice"]


# -- moves ----------------------------------------------------------------------------------------


def test_a_move_takes_what_range_inputs_give():
    by_text = callbacks.move(SCENE, [str(value) for value in VALUES], ["on"], None, None)
    by_number = callbacks.move(SCENE, VALUES, ["on"], None, None)
    assert by_text[0] == by_number[0]
    assert by_number[-1]["query"].endswith(
        "q_agno3=33.5&q_pva=10&q_tsc=13.6&q_seed=4.5&q_total=200"
    )
    assert by_number[-1]["recipe"].startswith("AgNO₃ 33.5 %, PVA 10.0 %")


def test_other_droplets_are_another_luck():
    first, second = (callbacks.move(SCENE, VALUES, ["on"], n, None) for n in (None, 1))
    assert first[0] != second[0]
    assert second[-1]["query"].endswith("&luck=1")


@pytest.mark.parametrize("values", [[1, 2, 3, 4, None], [1.0, 2.0], []])
def test_a_move_waits_for_all_sliders(values):
    with pytest.raises(PreventUpdate):
        callbacks.move(SCENE, values, ["on"], None, None)


def test_a_move_to_what_cannot_be_made_says_so():
    found = callbacks.move(SCENE, [40, 35, 15, 10, 500], ["on"], None, None)
    texts = [part for part in found if isinstance(part, str)]
    assert any(text.startswith("This recipe cannot be made: AgNO₃ + PVA") for text in texts)
    assert "bench impossible" in texts


# -- palette and buttons --------------------------------------------------------------------------


def test_a_swatch_sets_the_recipe_that_it_names():
    buttons = callbacks.show_palette(SCENE)
    space = find_problem("silver-prisms").space
    for index in (0, len(buttons) // 2, len(buttons) - 1):
        prop = f'{{"index":{index},"type":"swatch"}}.n_clicks'
        recipe = triggered(prop, 1, callbacks.set_recipe, [], None, None, None, SCENE, VALUES)
        assert space.contains([recipe])[0]
        assert f"AgNO₃ {recipe[0]:.1f} %" in buttons[index].title


def test_buttons_set_the_best_the_middle_and_the_nearest_recipe():
    problem = find_problem("silver-prisms")
    expected = {
        "best": settable(problem.space, problem.optimum.recipe),
        "middle": middle(problem.space),
    }
    for name, recipe in expected.items():
        found = triggered(f"{name}.n_clicks", 1, callbacks.set_recipe, [], 1, 1, 1, SCENE, VALUES)
        assert found == recipe.tolist()
    impossible = [40, 35, 15, 10, 500]
    found = triggered("nearest.n_clicks", 1, callbacks.set_recipe, [], 1, 1, 1, SCENE, impossible)
    exact = problem.space.project([impossible])[0]
    np.testing.assert_allclose(found, exact, atol=0.11)
    assert problem.space.contains([found])[0]


def test_new_swatches_and_unknown_ones_set_nothing():
    for prop, value in (('{"index":0,"type":"swatch"}.n_clicks', None),
                        ('{"index":999,"type":"swatch"}.n_clicks', 1)):  # fmt: skip
        with pytest.raises(PreventUpdate):
            triggered(prop, value, callbacks.set_recipe, [], None, None, None, SCENE, VALUES)


# -- one's own spectrum ---------------------------------------------------------------------------

FLAT = "nm;A\n" + "\n".join(f"{x};0,5" for x in range(370, 811, 10))


def test_a_good_file_is_kept_in_the_page_and_told():
    own, text, kind, hidden, contents = upload(FLAT)
    assert own["wavelengths"] == list(range(370, 811, 10))
    assert set(own["absorbance"]) == {0.5}
    assert "45 points, 370 to 810 nm. Its loss against the target is 1.000." in text
    assert (kind, hidden, contents) == ("", False, None)


def test_a_short_spectrum_is_shown_without_a_loss():
    _, text, *_ = upload("\n".join(f"{x},0.5" for x in range(500, 600, 10)))
    assert "It has no loss: that needs 380 to 800 nm." in text


def test_a_fine_spectrum_is_thinned_before_it_travels():
    own, *_ = upload("\n".join(f"{300 + k / 10:.1f},{k / 9000:.4f}" for k in range(6000)))
    assert len(own["wavelengths"]) == 1000
    assert np.allclose(own["absorbance"], (np.array(own["wavelengths"]) - 300) / 900, atol=1e-4)


def test_a_bad_file_leaves_the_one_before_and_says_the_line():
    own, text, kind, hidden, contents = upload("nm,A\n400,x\n", own={"name": "good.csv"})
    assert own is no_update
    assert text == "mine.csv, line 2: 'x' is not a number"
    assert (kind, hidden, contents) == ("wrong", False, None)


def test_a_file_that_did_not_arrive_whole_is_told():
    found = triggered(
        "upload.contents", "data:,!", callbacks.take_upload, "data:,!", None, SCENE, "a.csv", None
    )
    assert "did not arrive whole" in found[1]


def test_another_problem_tells_the_loss_of_the_same_spectrum_anew():
    own, *_ = upload(FLAT.replace("0,5", "0,4", 1))
    other = SCENE | {"problem": "gold-rods"}
    found = triggered("scene.data", other, callbacks.take_upload, None, None, other, None, own)
    assert "that needs 400 to 1100 nm" in found[1]


def test_one_can_be_taken_away():
    found = triggered(
        "forget.n_clicks", 1, callbacks.take_upload, None, 1, SCENE, None, {"name": "good.csv"}
    )
    assert found == (None, "", "", True, None)
