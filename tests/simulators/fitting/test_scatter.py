"""Scatter found again in droplets of a lab whose scatter is known."""

import dataclasses

import numpy as np
import pytest

from plasmonbench import DropletTable
from simulators.fitting.objective import LONG
from simulators.fitting.scatter import with_scatter
from simulators.stages.parameters import SilverParameters

DEFAULT = SilverParameters()
STILL = {
    "flow_jitter": 0.0,
    "total_jitter": 0.0,
    "dud_probability": 0.0,
    "startup_logit": -20.0,
    "startup_seed_slope": 0.0,
    "carryover_probability": 0.0,
    "carryover_usual": 0.0,
}
"""Droplets that differ by gain and offset alone."""
SCATTER = (
    "gain_spread",
    "gain_memory",
    "offset_spread",
    "gain_offset_correlation",
    "dud_probability",
    "flow_jitter",
    "jitter_memory",
)


def changed(stray=None, baseline=None, **droplets):
    """Return the defaults with other droplets, stray light or baseline."""
    spectrometer = DEFAULT.spectrometer
    if stray is not None:
        spectrometer = dataclasses.replace(spectrometer, stray_at_380=stray)
    if baseline is not None:
        spectrometer = dataclasses.replace(spectrometer, offset=baseline)
    return dataclasses.replace(
        DEFAULT,
        droplets=dataclasses.replace(DEFAULT.droplets, **droplets),
        spectrometer=spectrometer,
    )


@pytest.fixture
def found(campaign_of):
    """Return the scatter that is found in droplets of some lab: in spectra, in losses or both."""

    def found(parameters, kinds="both", recipes=40, droplets=120, seed=3):
        rng = np.random.default_rng(seed)
        _, losses, spectra = campaign_of(parameters, rng, recipes, recipes, droplets)
        if kinds == "spectra":
            short = [rows[:3] for rows in losses.values]
            losses = DropletTable(losses.labels, losses.recipes, short)
        return with_scatter(parameters, losses, None if kinds == "losses" else spectra).droplets

    return found


# -- each cause alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_gain_and_offset(found, memory):
    """Without stray light and baseline, which the regression does not know; 40 times 112 droplets.

    Measured: spreads within 3 %, correlation within .004, memory within .03.
    """
    true = changed(stray=1e-6, baseline=0.0, **STILL, gain_memory=memory)
    scatter = found(true, "spectra")
    assert scatter.gain_spread == pytest.approx(0.025, rel=0.04)
    assert scatter.offset_spread == pytest.approx(0.010, rel=0.04)
    assert scatter.gain_offset_correlation == pytest.approx(-0.6, abs=0.02)
    assert scatter.gain_memory == pytest.approx(memory, abs=0.04)
    assert scatter.dud_probability < 0.01


@pytest.mark.xfail(strict=True, reason="stray light takes from what the regression sees of a gain")
def test_gain_is_found_through_stray_light(found):
    """Measured: .019 for .025. Beyond 510 nm, where there is none, it would be found: .0244."""
    scatter = found(changed(baseline=0.0, **STILL), "spectra")
    assert scatter.gain_spread == pytest.approx(0.025, rel=0.08)


def test_the_baseline_is_not_part_of_the_gain(found):
    """Measured: -.66 for -.6."""
    scatter = found(changed(stray=1e-6, **STILL), "spectra")
    assert scatter.gain_offset_correlation == pytest.approx(-0.6, abs=0.04)


def test_duds(found):
    """1200 droplets of 60 recipes; without duds .4 % of them, slow starters, are taken for some."""
    many, none = changed(dud_probability=0.04), changed(dud_probability=0.0)
    assert found(many, "spectra", 60, 20).dud_probability == pytest.approx(0.04, abs=0.012)
    assert found(none, "spectra", 60, 20).dud_probability < 0.006


@pytest.mark.parametrize(("droplets", "jitter"), [(22, 0.018), (120, 0.018), (120, 0.036)])
def test_jitter_without_memory(found, droplets, jitter):
    """Of the flows alone, no droplet a dud. Measured: within 4 %."""
    true = changed(**STILL | {"flow_jitter": jitter}, jitter_memory=0.0)
    scatter = found(true, "losses", 60 if droplets < 100 else 40, droplets)
    assert scatter.flow_jitter == pytest.approx(jitter, rel=0.06)
    assert scatter.jitter_memory < 0.1


def test_jitter_that_remembers_in_long_series(found):
    """300 droplets. Measured: .0172 for .018, and a memory of .84 for .8."""
    scatter = found(changed(**STILL | {"flow_jitter": 0.018}), "losses", droplets=300)
    assert scatter.flow_jitter == pytest.approx(0.018, rel=0.08)
    assert scatter.jitter_memory == pytest.approx(0.8, abs=0.08)


def test_duds_are_no_jitter(found):
    """Measured: .047 for .018, since nearly every series of 120 droplets holds a dud."""
    true = changed(**STILL | {"flow_jitter": 0.018, "dud_probability": 0.019}, jitter_memory=0.0)
    assert found(true, "losses").flow_jitter == pytest.approx(0.018, rel=0.3)


def test_memory_in_series_as_short_as_the_campaigns(found):
    """Measured: .23 for .8, and a jitter of .012 for .018.

    Nine droplets look calm and forgetful about their own mean.
    """
    true = changed(**STILL | {"flow_jitter": 0.018, "total_jitter": 0.01})
    assert found(true, "losses", 60, 22).jitter_memory == pytest.approx(0.8, abs=0.2)


# -- all at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [3, 4])
def test_the_scatter_of_the_campaign(found, seed):
    """60 recipes of 22 droplets with all that goes wrong at once; biases as in the tests above.

    Measured for four seeds: gain .022-.023 (true .025), offset .0098-.0106 (.010), correlation
    -.43 to -.48 (-.6, since jitter shows as a gain without an offset), duds .017-.024 (.019),
    jitter .011-.019 (.018), its memory .5-.95 (.8).
    """
    scatter = found(DEFAULT, "both", 60, 22, seed)
    assert scatter.gain_spread == pytest.approx(0.025, rel=0.16)
    assert scatter.offset_spread == pytest.approx(0.010, rel=0.12)
    assert scatter.gain_offset_correlation == pytest.approx(-0.6, abs=0.18)
    assert scatter.dud_probability == pytest.approx(0.019, abs=0.008)
    assert scatter.flow_jitter == pytest.approx(0.018, rel=0.4)
    assert 0.45 <= scatter.jitter_memory <= 0.95


# -- too little to tell ----------------------------------------------------------------------------


def test_without_spectra_gain_offset_and_duds_stay(campaign_of):
    _, losses, _ = campaign_of(DEFAULT, np.random.default_rng(0), 12, 0, 20)
    start = changed(gain_spread=0.031, offset_spread=0.012, dud_probability=0.05, flow_jitter=0.5)
    scatter = with_scatter(start, losses, None).droplets
    changes = {name for name in SCATTER if getattr(scatter, name) != getattr(start.droplets, name)}
    assert changes == {"flow_jitter", "jitter_memory"}
    assert 0 <= scatter.flow_jitter <= 0.1


def test_too_few_droplets_change_nothing(campaign_of):
    """None long enough for the jitter, none with settled spectra enough; duds are not told."""
    _, losses, spectra = campaign_of(DEFAULT, np.random.default_rng(0), 12, 6, 13)
    assert max(len(rows) for rows in losses.values) < LONG
    assert with_scatter(DEFAULT, losses, spectra) == DEFAULT
    assert with_scatter(DEFAULT, losses, None) == DEFAULT


def test_only_the_scatter_changes(campaign_of):
    _, losses, spectra = campaign_of(DEFAULT, np.random.default_rng(0), 12, 6, 22)
    after = with_scatter(DEFAULT, losses, spectra)
    back = {name: getattr(DEFAULT.droplets, name) for name in SCATTER}
    droplets = dataclasses.replace(after.droplets, **back)
    assert dataclasses.replace(after, droplets=droplets) == DEFAULT
    assert after != DEFAULT


@pytest.mark.parametrize("constant", [2, 12])
def test_losses_that_never_change_are_read_over(campaign_of, constant):
    """A recipe that is always too dark or too strong loses 1 in each droplet."""
    _, losses, spectra = campaign_of(DEFAULT, np.random.default_rng(0), 12, 6, 22)
    strong = [np.ones_like(rows) for rows in losses.values[:constant]]
    # Recipes whose simulated loss does not move either.
    recipes = losses.recipes.copy()
    recipes[:constant] = [78.0, 11, 0.5, 0.5, 100]
    table = DropletTable(losses.labels, recipes, strong + losses.values[constant:])
    scatter = with_scatter(DEFAULT, table, spectra).droplets
    assert np.isfinite([getattr(scatter, name) for name in SCATTER]).all()
    if constant == 2:
        rest = losses.subset(np.arange(constant, 12))
        expected = with_scatter(DEFAULT, rest, spectra).droplets.flow_jitter
        assert scatter.flow_jitter == pytest.approx(expected, rel=0.3)
        assert scatter.flow_jitter > 0
