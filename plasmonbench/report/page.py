"""Puts the page together: sections, style, script and plotly.js in one file."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from plasmonbench.errors import PlasmonbenchError
from plasmonbench.figures.style import in_words, look_of, template
from plasmonbench.report.figure_json import compact, script_json
from plasmonbench.report.overall_section import overall_section
from plasmonbench.report.parts import Section
from plasmonbench.report.problem_section import Subject, problem_section
from plasmonbench.report.record_section import record_section
from plasmonbench.results import Results

FOLDER = Path(__file__).parent
NAMED = 4
"""Problems or strategies that the first paragraph names; more are counted."""


def page(
    results: Results,
    rng: np.random.Generator,
    *,
    level: str | None = None,
    problem: str | None = None,
    against: str | None = None,
    models: bool = True,
) -> str:
    """Return the report as one HTML page that loads nothing from elsewhere.

    Parameters
    ----------
    results
        Of one or more runs.
    rng
        Of bootstrap and permutation tests.
    level
        Name of the target level; None: each problem's headline.
    problem
        The only one to report on; None: all.
    against
        Strategy that the others are compared with; None: random, where it was run.
    models
        Whether to show the laboratory and what models learnt of it: best spectra, loss maps,
        importance of flows, particles. It takes some seconds, as models are trained again; of
        several problems the first is shown.

    Raises
    ------
    PlasmonbenchError
        If there are no campaigns of the problem or of ``against``, or a problem lacks the level.
    """
    results = only(results, problem)
    looks = look_of(one.strategy for one in results.stored)
    run = {one.problem for one in results.stored}
    sections = []
    if len(run) > 1:
        sections.append(overall_section(results, level, looks))
    for number, name in enumerate(name for name in results.problems if name in run):
        subject = Subject(results, name, level, looks)
        section = problem_section(subject, against, rng)
        sections.append(_with_models(section, subject) if models and number == 0 else section)
    if len(run) == 1:
        sections.append(overall_section(results, level, looks))
    sections.append(record_section(results))
    return render("Strategies compared", _introduction(results, run), sections)


def _with_models(section: Section, subject: Subject) -> Section:
    """Add the figures of the laboratory, and say which could not be had."""
    # What trains and explains models is loaded only where it is wanted.
    from plasmonbench.interpretation import interpret
    from plasmonbench.report.lab_drawings import lab_drawings

    try:
        found = interpret(subject.results, subject.problem)
    except PlasmonbenchError as error:
        return replace(section, notes=[f"The laboratory is not shown: {error}."])
    return replace(
        section,
        drawings=[*section.drawings, *lab_drawings(found, subject.looks, subject.level)],
        notes=[f"Not shown: {reason}" for reason in found.missing.values()],
    )


def only(results: Results, problem: str | None) -> Results:
    """Return the results of one problem; of all for None.

    Raises
    ------
    PlasmonbenchError
        If there are no campaigns of it.
    """
    if problem is None:
        return results
    tables = tuple(one for one in results.tables if one.stored.problem == problem)
    if not tables:
        names = ", ".join(dict.fromkeys(one.problem for one in results.stored))
        raise PlasmonbenchError(
            f"--problem {problem}: there are no campaigns of it; there are: {names}"
        )
    return Results({problem: results.problems[problem]}, results.manifests, tables)


def render(title: str, paragraphs: Sequence[str], sections: Sequence[Section]) -> str:
    """Return sections as HTML; every text is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    scripts = {"plotly": get_plotlyjs(), "js": _file("page.js")}
    text: str = environment.get_template("page.html.j2").render(
        title=title,
        paragraphs=paragraphs,
        sections=sections,
        css=Markup(_file("page.css")),  # noqa: S704 - our own
        policy=_policy(scripts.values()),
        template=compact(template.to_plotly_json()),
        script_json=lambda value: Markup(script_json(value)),  # noqa: S704 - no tag can be in it
        version=importlib.metadata.version("plasmonbench"),
        **{name: Markup(script) for name, script in scripts.items()},  # noqa: S704 - known scripts
    )
    return text


def _introduction(results: Results, run: set[str]) -> list[str]:
    strategies = dict.fromkeys(one.strategy for one in results.stored)
    failed = sum(one.failure is not None for one in results.stored)
    begun = sorted(str(one["begun"])[:10] for one in results.manifests if one.get("begun"))
    when = f", begun {begun[0]}" if begun else ""
    return [
        f"{len(results.stored):,} campaigns ({failed} of them failed) of "
        f"{_named(list(strategies), 'strategies')} on {_named(sorted(run), 'problems')}{when}.",
        "A campaign is one strategy that plans recipes for one laboratory, round by round, with "
        "one seed. It is judged by the noise-free loss of the recipe that it recommends, not by "
        "its luckiest droplet; 0 would be the target spectrum itself.",
    ]


def _named(names: Sequence[str], what: str) -> str:
    return in_words(names) if len(names) <= NAMED else f"{len(names)} {what}"


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _policy(scripts: Any) -> str:
    """Return a policy under which nothing is loaded, and no script runs but those of the page."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
