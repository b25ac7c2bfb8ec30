from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError
from plasmonbench.specs import Spec, convert_knobs, parse_spec, unknown_name

WORDS = st.text("abcxyz_-.0123456789/", min_size=1, max_size=12)
KINDS = {
    "count": int,
    "rate": float,
    "on": bool,
    "mode": Literal["slow", "fast"],
    "label": str,
    "limit": float | None,
}


@given(WORDS, st.dictionaries(WORDS, WORDS, max_size=4))
def test_a_spec_is_read_back_as_it_was_written(name, knobs):
    spec = Spec(name, tuple(knobs.items()))
    assert parse_spec(str(spec)) == spec


def test_spaces_do_not_matter():
    assert parse_spec(" a [ x = 1 , y=2 ] ") == Spec("a", (("x", "1"), ("y", "2")))


@pytest.mark.parametrize("text", ["", "a[x]", "a[x=1", "a]x[", "a[=1]", "a[x=1,x=2]", "a[x=]"])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(PlasmonbenchError):
        parse_spec(text)


def test_texts_become_their_types():
    texts = {"count": "3", "rate": "1e-2", "on": "True", "mode": "fast", "label": "x", "limit": "2"}
    values = convert_knobs("it", texts.items(), KINDS)
    assert values == {
        "count": 3, "rate": 0.01, "on": True, "mode": "fast", "label": "x", "limit": 2.0
    }  # fmt: skip
    assert convert_knobs("it", [("limit", "none")], KINDS) == {"limit": None}


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("count", "1.5", "whole number"),
        ("rate", "much", "a number"),
        ("rate", "nan", "finite number"),
        ("rate", "inf", "finite number"),
        ("on", "1", "true or false"),
        ("mode", "medium", "slow, fast"),
        ("cuont", "1", "did you mean count"),
    ],
)
def test_wrong_knobs_say_what_would_be_right(key, text, message):
    with pytest.raises(PlasmonbenchError, match=message):
        convert_knobs("it", [(key, text)], KINDS)


def test_unknown_names_are_answered_with_the_nearest():
    assert "did you mean random" in str(unknown_name("strategy", "randon", ["random", "lhs"]))
    assert "known are: lhs, random" in str(unknown_name("strategy", "qq", ["random", "lhs"]))
