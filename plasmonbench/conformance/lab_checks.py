"""What every lab promises: sound readings, luck of each slot, a truth that they scatter about."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.conformance.checks import Check, ConformanceError, LeftOut, attempt
from plasmonbench.conformance.elsewhere import ask_elsewhere
from plasmonbench.conformance.global_state import out_of_step, watched
from plasmonbench.conformance.lab_case import LabCase, Measurement, checked_array, readings
from plasmonbench.lab import Lab, RecordedLab

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""Rounding that is allowed where a batch is computed in other blocks."""
DROPLETS = 20
ROUNDS_OF_DROPLETS = 5
FARTHEST = 2.0
"""Distance of the truth from the median reading, in root-mean-square distances of droplets."""


def space_and_wavelengths(case: LabCase) -> None:
    """Check: a recipe space, and wavelengths that increase; always the same."""
    space: Any = attempt("asked for its space", lambda: case.lab.space)
    first = case.source.build().space
    for one in (space, first):
        same = one.names == case.lab.space.names and np.array_equal(one.lower, case.lab.space.lower)
        if not same or not np.array_equal(one.upper, case.lab.space.upper):
            raise ConformanceError("asked for its space: it is not always the same; build it once")
    if case.losses_alone:
        return
    lab = cast(Lab, case.lab)
    asked = "asked for its wavelengths"
    wavelengths: Any = attempt(asked, lambda: np.asarray(lab.wavelengths, dtype=np.float64))
    if wavelengths.ndim != 1 or not len(wavelengths) or not np.isfinite(wavelengths).all():
        raise ConformanceError(
            f"{asked}: got shape {wavelengths.shape}; return (W,) finite numbers"
        )
    if np.any(np.diff(wavelengths) <= 0):
        raise ConformanceError(f"{asked}: they do not increase; sort them, each once")
    if not np.array_equal(wavelengths, lab.wavelengths):
        raise ConformanceError(f"{asked}: they are not always the same; build them once")


def shapes(case: LabCase) -> None:
    """Check: readings (n, replicates, W) of finite numbers, for any n and number of droplets."""
    for n, replicates in ((6, 3), (6, 1), (2, DROPLETS)):
        recipes = case.recipes(n)
        case.measure(recipes, replicates, f"asked for {replicates} droplets of {n} recipes")


def single_recipe(case: LabCase) -> None:
    """Check: a round of one recipe, and of one droplet."""
    for replicates in (1, 4):
        case.measure(case.recipes(1), replicates, f"asked for {replicates} droplets of one recipe")
    case.truth(case.recipes(1), "asked for the truth of one recipe")


def edge_recipes(case: LabCase) -> None:
    """Check: recipes in the corners of what is feasible can be made like any other."""
    corners = case.edge_recipes()
    asked = f"of {len(corners)} recipes in the corners"
    case.measure(corners, 2, f"asked for 2 droplets {asked}")
    case.truth(corners, f"asked for the truth {asked}")


def input_untouched(case: LabCase) -> None:
    """Check: the recipes that it is handed are left as they were."""
    for what, call in (
        ("2 droplets", lambda given: readings(case.lab, given, 2)),
        ("the truth", lambda given: case.truth(given, "asked for the truth of 5 recipes")),
    ):
        recipes = case.recipes(5)
        kept = recipes.copy()
        asked = f"asked for {what} of 5 recipes"
        attempt(asked, call, recipes)
        if not np.array_equal(kept, recipes):
            raise ConformanceError(f"{asked}: the recipes it was handed changed; work on a copy")


def answers_its_own(case: LabCase) -> None:
    """Check: what is done to an answer does not change the next one."""
    recipes = case.recipes(4)
    first = case.truth(recipes, "asked for the truth of 4 recipes")
    kept = None if first is None else first.copy()
    given: Any = (
        case.lab.reference_losses(recipes)
        if isinstance(case.lab, RecordedLab)
        else case.lab.truth(recipes)
    )
    if given is not None and isinstance(given, np.ndarray) and given.flags.writeable:
        given += 1
        again = case.truth(recipes, "asked for the truth again")
        given[...] = kept  # a lab that fails here need not fail elsewhere
        if not _same(cast(FloatArray, kept), cast(FloatArray, again)):
            raise ConformanceError(
                "asked for the truth again: what was done to the first answer is in the second; "
                "return a copy of what is kept"
            )


def same_luck_same_readings(case: LabCase) -> None:
    """Check: the same generator gives the same readings, whatever was measured in between."""
    recipes, asked = case.recipes(5), "asked for 3 droplets of 5 recipes"
    first = case.measure(recipes, 3, asked)
    case.measure(case.recipes(3, seed=1), 2, "asked for 2 droplets of 3 recipes")
    _must_be_same(first, case.measure(recipes, 3, asked), f"{asked} twice with the same luck")
    other: Any = attempt(asked, case.source.build)
    built_anew = attempt(asked, readings, other, recipes, 3)
    _must_be_same(first, built_anew, f"{asked}, of the lab built anew with the same luck")


def same_in_another_process(case: LabCase) -> None:
    """Check: another process measures the same with the same generator."""
    recipes, asked = case.recipes(5), "asked for 3 droplets of 5 recipes"
    there = ask_elsewhere(asked, Measurement(case.source, recipes, 3))
    _must_be_same(case.measure(recipes, 3, asked), there, f"{asked} in another process")


def global_state_untouched(case: LabCase) -> None:
    """Check: global random states and settings (numpy, random, torch) stay as they were."""
    recipes = case.recipes(4)
    with watched("asked for 3 droplets of 4 recipes"):
        case.measure(recipes, 3, "asked for 3 droplets of 4 recipes")
    with watched("asked for the truth of 4 recipes"):
        case.truth(recipes, "asked for the truth of 4 recipes")


def global_state_has_no_say(case: LabCase) -> None:
    """Check: what others draw from the global random states does not change a reading."""
    recipes, asked = case.recipes(4), "asked for 3 droplets of 4 recipes"
    first = case.measure(recipes, 3, asked)
    with out_of_step():
        other = case.measure(recipes, 3, asked)
    _must_be_same(first, other, f"{asked} with the global random states seeded otherwise")


def luck_of_each_slot(case: LabCase) -> None:
    """Check: droplets of a slot depend on no recipe but its own and the one before it."""
    recipes = case.recipes(6)
    droplets = 4
    asked = f"asked for {droplets} droplets of 6 recipes"
    whole = case.measure(recipes, droplets, asked)
    for fewer in range(1, len(recipes)):
        part = case.measure(recipes[:fewer], droplets, f"asked for the first {fewer} of 6 recipes")
        _must_keep_luck(whole[:fewer], part, f"the first {fewer} of 6 recipes measured alone")
    # What is left in the tubes of the recipe before may show: it is chemistry, not luck.
    changed = np.concatenate([recipes[1:2], recipes[1:]])
    if case.space.candidates is None:
        changed[0] = case.recipes(1, seed=2)
    after = case.measure(changed, droplets, f"{asked}, the first another one")
    _must_keep_luck(whole[2:], after[2:], "the third and later of 6 recipes, the first another one")


def _must_keep_luck(one: FloatArray, other: FloatArray, what: str) -> None:
    if not _same(one, other):
        raise ConformanceError(
            f"{what}: droplets differ by up to {np.abs(one - other).max():.3g}; draw the luck of "
            "slot k from rng.spawn(n)[k] alone"
        )


def truth_alone(case: LabCase) -> None:
    """Check: the truth of a recipe does not depend on its neighbours."""
    recipes = case.recipes(40)
    whole = case.truth(recipes, f"asked for the truth of {len(recipes)} recipes")
    if whole is None:
        raise LeftOut("it knows no truth")
    for k in (0, len(recipes) // 2, len(recipes) - 1):
        alone = case.truth(recipes[k : k + 1], "asked for the truth of one recipe")
        if alone is None or not _same(whole[k : k + 1], alone):
            raise ConformanceError(
                f"asked for the truth of one of {len(recipes)} recipes alone: it is another; "
                "compute each row from its recipe alone"
            )


def truth_without_noise(case: LabCase) -> None:
    """Check: without noise, every droplet is the truth."""
    if isinstance(case.lab, RecordedLab):
        raise LeftOut("a recorded campaign has its noise")
    source = case.source.without_noise()
    if source is None:
        raise LeftOut("it has no knob noise=none or noise=0")
    quiet = cast(Lab, source.build())
    recipes = case.recipes(10)
    asked = f"asked for 3 droplets of {len(recipes)} recipes without noise"
    measured = np.asarray(attempt(asked, readings, quiet, recipes, 3))
    truth = case.truth(recipes, f"asked for the truth of {len(recipes)} recipes")
    if truth is None:
        raise LeftOut("it knows no truth")
    expected = np.repeat(truth[:, None], 3, axis=1)
    if measured.shape != expected.shape or not _same(expected, measured):
        apart = (
            f"differ from the truth by up to {np.abs(measured - expected).max():.3g}"
            if measured.shape == expected.shape
            else f"have shape {measured.shape}"
        )
        raise ConformanceError(f"{asked}: they {apart}; measure and truth must share their physics")


def truth_amid_droplets(case: LabCase) -> str:
    """Check: the truth lies amid the droplets: no farther from their median than droplets do."""
    recipes = case.recipes(12)
    truth = case.truth(recipes, f"asked for the truth of {len(recipes)} recipes")
    if truth is None:
        raise LeftOut("it knows no truth")
    droplets = np.concatenate(
        [_with_luck(case, recipes, luck) for luck in range(ROUNDS_OF_DROPLETS)], axis=1
    )
    middle = np.median(droplets, axis=1)
    tail = tuple(range(1, middle.ndim))
    off = np.sqrt(np.mean((truth - middle) ** 2, axis=tail)) if tail else np.abs(truth - middle)
    all_but_recipes = tuple(range(1, droplets.ndim))
    scatter = np.sqrt(np.mean((droplets - middle[:, None]) ** 2, axis=all_but_recipes))
    ratio = float(np.median(off / np.maximum(scatter, ABSOLUTE + RELATIVE * np.abs(middle).max())))
    if ratio > FARTHEST:
        raise ConformanceError(
            f"asked for {droplets.shape[1]} droplets of {len(recipes)} recipes: the truth is "
            f"{ratio:.2g} times as far from their median as they scatter (median over recipes), "
            f"at most {FARTHEST:g} is allowed; let truth be the typical droplet"
        )
    return f"{ratio:.2g} times the droplets' scatter from their median"


def _with_luck(case: LabCase, recipes: FloatArray, luck: int) -> FloatArray:
    rng = np.random.default_rng(luck)
    asked = f"asked for {DROPLETS} droplets of {len(recipes)} recipes"
    # The truth of a recorded lab are losses, even where it has spectra.
    measure = case.lab.measure_losses if isinstance(case.lab, RecordedLab) else case.lab.measure
    given: Any = attempt(asked, measure, recipes, DROPLETS, rng)
    tail = () if isinstance(case.lab, RecordedLab) else case.tail
    return checked_array(given, (len(recipes), DROPLETS, *tail), asked)


def _same(one: FloatArray, other: FloatArray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=RELATIVE, atol=ABSOLUTE)


def _must_be_same(one: FloatArray, other: FloatArray, what: str) -> None:
    if not np.array_equal(one, other):
        apart = np.abs(one - other).max() if one.shape == other.shape else np.inf
        raise ConformanceError(
            f"{what}: readings differ by up to {apart:.3g}; take all luck from the generator that "
            "is handed over, and keep nothing between calls"
        )


LAB_CHECKS: tuple[Check[LabCase], ...] = (
    Check("space and wavelengths", space_and_wavelengths),
    Check("shapes", shapes),
    Check("single recipe", single_recipe),
    Check("edge recipes", edge_recipes),
    Check("input untouched", input_untouched),
    Check("answers its own", answers_its_own),
    Check("same luck, same readings", same_luck_same_readings),
    Check("same in another process", same_in_another_process),
    Check("global state untouched", global_state_untouched),
    Check("global state has no say", global_state_has_no_say),
    Check("luck of each slot", luck_of_each_slot),
    Check("truth of each recipe", truth_alone),
    Check("truth without noise", truth_without_noise),
    Check("truth amid droplets", truth_amid_droplets),
)
