import dataclasses
import os
import tomllib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plasmonbench import PlasmonbenchError
from simulators.stages.parameters import (
    SHIPPED,
    SilverParameters,
    fitted_numbers,
    from_vector,
    read_parameters,
    to_vector,
    write_parameters,
)

NUMBERS = fitted_numbers()
DEFAULT = SilverParameters()


def flat(parameters):
    """Return every value by stage and name; series as arrays."""
    return {
        (stage, name): np.asarray(value) if isinstance(value, tuple) else value
        for stage, values in dataclasses.asdict(parameters).items()
        for name, value in values.items()
    }


def drawn(seed):
    """Draw parameters far around the priors' means, those that no fit moves included."""
    rng = np.random.default_rng(seed)
    vector = to_vector(DEFAULT, NUMBERS)
    spread = np.array([number.prior.spread for number in NUMBERS])
    parameters = from_vector(
        vector + 3 * spread * rng.standard_normal(len(vector)), DEFAULT, NUMBERS
    )
    droplets = dataclasses.replace(parameters.droplets, gain_spread=float(rng.lognormal(-3, 3)))
    optics = dataclasses.replace(
        parameters.extinction,
        plates=str(rng.choice(["spheroid", "triangle", "disk"])),
        damping=float(10 ** rng.uniform(-8, 8)),
    )
    return dataclasses.replace(parameters, droplets=droplets, extinction=optics)


@pytest.fixture
def changed(tmp_path):
    """Write the defaults with one text replaced by another."""

    def changed(old, new):
        path = tmp_path / "changed.toml"
        write_parameters(path, DEFAULT, {}, {})
        text = path.read_text()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))
        return path

    return changed


# -- the vector -------------------------------------------------------------------------------


def test_the_vector_holds_each_number_with_a_prior_once():
    assert len({number.label for number in NUMBERS}) == len(NUMBERS)
    vector = to_vector(DEFAULT, NUMBERS)
    means = [np.log(n.prior.mean) if n.prior.log else n.prior.mean for n in NUMBERS]
    assert vector == pytest.approx(means), "defaults are the means of the priors"
    assert all(number.prior.spread > 0 for number in NUMBERS)
    sizes = {n.field: sum(m.field == n.field for m in NUMBERS) for n in NUMBERS}
    assert sizes["growth.rate_correction"] == sizes["growth.volume_correction"] == 16
    assert sizes["spectrometer.log_gain"] == 15
    assert sizes["growth.rate"] == 1
    assert "droplets.gain_spread" not in sizes


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_from_vector_undoes_to_vector(seed):
    parameters = drawn(seed)
    vector = to_vector(parameters, NUMBERS)
    again = from_vector(vector, parameters, NUMBERS)
    for key, value in flat(parameters).items():
        if not isinstance(value, str):
            assert flat(again)[key] == pytest.approx(value, rel=1e-13), key
    assert to_vector(from_vector(vector, DEFAULT, NUMBERS), NUMBERS) == pytest.approx(vector)


def test_a_part_of_the_vector_leaves_the_rest_alone():
    part = [n for n in NUMBERS if n.field in ("growth.rate", "spectrometer.log_gain")]
    base = drawn(1)
    moved = from_vector(np.arange(len(part), dtype=float), base, part)
    assert moved.growth.rate == pytest.approx(1.0), "its logarithm was 0"
    assert moved.spectrometer.log_gain == pytest.approx(np.arange(1.0, 16))
    changed = {key for key, value in flat(moved).items() if np.any(value != flat(base)[key])}
    assert changed == {("growth", "rate"), ("spectrometer", "log_gain")}


# -- the file -----------------------------------------------------------------------------------


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_to_eight_digits(tmp_path, seed):
    parameters, path = drawn(seed), tmp_path / f"{seed}.toml"
    write_parameters(path, parameters, {}, {"starts": 3})
    again = flat(read_parameters(path))
    for key, value in flat(parameters).items():
        if isinstance(value, str):
            assert again[key] == value
        else:
            # Eight significant digits are off by half a unit of the last.
            assert again[key] == pytest.approx(value, rel=5.1e-8, abs=0), key


def test_the_file_says_where_a_number_comes_from(tmp_path):
    path = tmp_path / "lab.toml"
    spreads = {number.label: 0.123456 * (k + 1) for k, number in enumerate(NUMBERS)}
    del spreads["growth.seed_silver"]
    write_parameters(path, DEFAULT, spreads, {"starts": 2, "costs": [1.0, 2.0]})
    table = tomllib.loads(path.read_text())
    assert table["fit"] == {"starts": 2, "costs": [1.0, 2.0]}
    assert table["growth"]["rate"] == {
        "value": 3.8,
        "prior": {"mean": 3.8, "spread": 1.0, "scale": "log"},
        "uncertainty": 0.123,
    }
    assert table["growth"]["citrate_half"]["unit"] == "%"
    gain = table["spectrometer"]["log_gain"]
    assert len(gain["value"]) == len(gain["uncertainty"]) == 15
    assert gain["prior"]["scale"] == "linear"
    assert set(table["growth"]["seed_silver"]) == {"value"}, "it was not fitted"
    assert set(table["droplets"]["gain_spread"]) == {"value"}, "no fit moves it"


def test_the_shipped_file_holds_each_number():
    parameters = read_parameters()
    assert isinstance(parameters, SilverParameters)
    assert flat(parameters).keys() == flat(DEFAULT).keys()
    table = tomllib.loads(SHIPPED.read_text())
    for number in NUMBERS:
        record = table[number.stage][number.name]
        if "uncertainty" in record:
            assert np.all(np.array(record["uncertainty"]) > 0), number.field
            assert record["prior"]["mean"] == number.prior.mean, number.field


def test_a_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "lab.toml"
    write_parameters(path, DEFAULT, {}, {})
    first = read_parameters(path)
    assert read_parameters(path) is first, "and one that is not changed is not"
    later = dataclasses.replace(DEFAULT, growth=dataclasses.replace(DEFAULT.growth, rate=5.5))
    before = path.stat().st_mtime_ns
    write_parameters(path, later, {}, {})
    # Two writes may fall into one tick of a coarse clock.
    os.utime(path, ns=(before + 10**9, before + 10**9))
    assert read_parameters(path).growth.rate == 5.5
    path.unlink()
    with pytest.raises(PlasmonbenchError, match="there is no parameter file"):
        read_parameters(path)


# -- files that cannot be used -------------------------------------------------------------------


def complaint(path):
    with pytest.raises(PlasmonbenchError) as caught:
        read_parameters(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_no_file_and_no_toml(tmp_path):
    assert "there is no parameter file" in complaint(tmp_path / "none.toml")
    assert "there is no parameter file" in complaint(tmp_path)
    for content in (b"growth = [", b"\xff\xfe\x00", b"[a]\n[a]\n"):
        path = tmp_path / f"{len(content)}.toml"
        path.write_bytes(content)
        assert "is not a TOML file" in complaint(path)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    assert "growth.rate has no value" in complaint(empty)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[growth.rate]\nvalue = 3.8\n", "", "growth.rate has no value"),
        ("[growth.rate]\nvalue = 3.8\n", "[growth.rate]\nmean = 3.8\n", "growth.rate has no value"),
        ("[growth.rate]\n", "[growth.ratio]\nvalue = 1\n[growth.rate]\n", "no number growth.ratio"),
        ("[growth.rate]\nvalue = 3.8", '[growth.rate]\nvalue = "3.8"', "must be a finite number"),
        ("[growth.rate]\nvalue = 3.8", "[growth.rate]\nvalue = nan", "must be a finite number"),
        ("[growth.rate]\nvalue = 3.8", "[growth.rate]\nvalue = inf", "must be a finite number"),
        ("[growth.rate]\nvalue = 3.8", "[growth.rate]\nvalue = true", "must be a finite number"),
        ("[growth.rate]\nvalue = 3.8", "[growth.rate]\nvalue = [3.8]", "must be a finite number"),
        ('value = "Johnson"', "value = 3", "extinction.silver must be a text"),
        (
            "[growth.rate_correction]\nvalue = [\n",
            "[growth.rate_correction]\nvalue = [\n    0.0,\n",
            "growth.rate_correction needs 16 numbers; got 17",
        ),
        (
            "[growth.rate_correction]\nvalue = [\n",
            '[growth.rate_correction]\nvalue = [\n    "0.0",\n',
            "growth.rate_correction must be finite numbers",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_number_is_said_in_one_line(changed, old, new, message):
    assert message in complaint(changed(old, new))


def test_bare_numbers_instead_of_tables_are_refused(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text("[growth]\nrate = 3.8\n")
    assert "growth.rate has no value" in complaint(path)


def test_a_stage_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text("growth = 3\n")
    assert "growth" in complaint(path)


def test_a_stage_that_the_lab_does_not_have_is_refused(changed):
    path = changed("[growth.rate]\n", "[grwoth.rate]\nvalue = 1.0\n\n[growth.rate]\n")
    assert "grwoth" in complaint(path)


def test_what_must_be_positive_is(tmp_path):
    path = tmp_path / "lab.toml"
    growth = dataclasses.replace(SilverParameters().growth, rate=-6.0)
    write_parameters(path, dataclasses.replace(SilverParameters(), growth=growth), {}, {})
    with pytest.raises(PlasmonbenchError, match=r"growth\.rate must be positive; got -6"):
        read_parameters(path)
