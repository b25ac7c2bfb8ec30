"""The part of the page that says how the results were made, so that they can be made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plasmonbench.report.parts import NOTHING, Cell, Section, Table, words
from plasmonbench.results import Results


def record_section(results: Results) -> Section:
    """Return settings, versions, machines and seeds of all runs."""
    codes = {str(manifest["code"]) for manifest in results.manifests}
    warnings = ["These runs were made by different code or libraries."] if len(codes) > 1 else []
    return Section(
        heading="How these results were made",
        paragraphs=[
            "All randomness is keyed by the seed: the same code with the same settings gives the "
            "same results again, whatever the number of workers; only times differ."
        ],
        warnings=[*warnings, *_incomplete(results)],
        tables=[
            _runs(results.manifests),
            _versions(results.manifests),
            _strategies(results),
            _problems(results.problems),
        ],
    )


def _incomplete(results: Results) -> list[str]:
    planned = sum(
        len(one["problems"]) * len(one["strategies"]) * int(one["seeds"])
        for one in results.manifests
    )
    if len(results.tables) >= planned:
        return []
    return [f"{len(results.tables)} of {planned} campaigns have finished so far."]


def _runs(manifests: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for number, one in enumerate(manifests, start=1):
        machine = one.get("machine") or {}
        rows.append(
            [
                words(f"run {number}"),
                _text(one.get("suite")),
                _text(one.get("begun")),
                words(f"0 to {int(one['seeds']) - 1}"),
                _text(one.get("commit")),
                _text(one["code"]),
                words(
                    f"{machine.get('system', NOTHING)}, {machine.get('processor', NOTHING)}, "
                    f"{machine.get('cores', NOTHING)} cores"
                ),
            ]
        )
    titles = ["run", "suite", "begun (UTC)", "seeds", "commit", "code", "machine"]
    return Table(
        "Runs; code is a fingerprint of plasmonbench and its libraries.",
        titles,
        rows,
        sortable=False,
    )


def _versions(manifests: Sequence[Mapping[str, Any]]) -> Table:
    kept = [one.get("versions") or {} for one in manifests]
    names = list(dict.fromkeys(name for versions in kept for name in versions))
    rows = [[words(name), *(_text(versions.get(name)) for versions in kept)] for name in names]
    titles = ["library", *(f"run {number + 1}" for number in range(len(kept)))]
    return Table("Versions that the numbers hang on.", titles, rows, sortable=False)


def _strategies(results: Results) -> Table:
    known: dict[str, Mapping[str, Any]] = {}
    for manifest in results.manifests:
        known |= manifest["strategies"]
    rows = []
    for name, entry in known.items():
        seeds = {one.seed for one in results.stored if one.strategy == name}
        knobs = ", ".join(f"{knob} = {value}" for knob, value in entry["knobs"].items())
        rows.append(
            [
                words(name),
                words(str(entry["spec"])),
                words(knobs or "as they come"),
                words(seed_ranges(seeds)),
                words(str(entry["fingerprint"])),
            ]
        )
    titles = ["strategy", "asked for as", "knobs set", "seeds finished", "fingerprint"]
    return Table("Strategies and their knobs.", titles, rows, sortable=False)


def _problems(problems: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        [
            words(name),
            *(
                Cell(str(entry[key]), entry[key])
                for key in ("batch_size", "replicates", "rounds", "recipe_budget")
            ),
            _text(entry["headline"]),
            Cell(NOTHING if entry["optimum_loss"] is None else f"{entry['optimum_loss']:.5f}"),
            words(str(entry["content"])),
        ]
        for name, entry in problems.items()
    ]
    titles = ["problem", "recipes a round", "droplets a recipe", "rounds", "recipes", "headline",
              "best loss known", "fingerprint"]  # fmt: skip
    return Table("Problems.", titles, rows, sortable=False)


def seed_ranges(seeds: set[int]) -> str:
    """Return seeds as ranges: {0, 1, 2, 5} is "0 to 2, 5"."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    texts = [f"{one[0]} to {one[-1]}" if len(one) > 1 else f"{one[0]}" for one in parts]
    return ", ".join(texts) or NOTHING


def _text(value: object) -> Cell:
    return Cell(NOTHING) if value is None else words(str(value))
