"""What the page says of a recipe in words, bars and swatches."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from plasmonbench.explore.bench import DROPLETS, Bench, Readout
from plasmonbench.explore.figures import BAND_NAME, NEAREST, SPECTRUM, TARGET, population_name
from plasmonbench.explore.flows import Flow
from plasmonbench.explore.loss_parts import LossParts, level_reached
from plasmonbench.explore.measured_csv import MeasuredSpectrum, own_loss
from plasmonbench.explore.theme import ACCENT, IMPOSSIBLE, INK, OWN, POPULATIONS
from plasmonbench.figures.style import DASHES
from plasmonbench.particle_sizes import ParticleSizes

Children = list[Component | str]


def aria(label: str) -> dict[str, Any]:
    """Return the property that names an element to screen readers."""
    return {"aria-label": label}


def loss_panel(bench: Bench, readout: Readout) -> Children:
    """Return the loss, the level that it reaches, its parts, and what single droplets read."""
    parts = readout.parts
    found: Children = [
        html.P(
            [
                html.Span(f"{parts.loss:.3f}", className="figure", id="loss"),
                html.Span("0 is best, 1 worst"),
            ],
            className="headline",
        ),
        html.P(level_text(bench, parts.loss), className="level", id="level"),
        _bar(parts),
        html.Dl(
            [
                *_row("shape", f"{parts.shape:.3f}", "1 − cosine to the target", "shape"),  # noqa: RUF001
                *_row("amplitude", f"{parts.amplitude:.3f}", amplitude_text(parts), "amplitude"),
            ],
            className="parts",
        ),
        _levels(bench, parts.loss),
    ]
    if readout.droplets is not None:
        drops = readout.droplets
        found.append(
            html.P(
                f"{DROPLETS} droplets read {drops.median_loss:.3f} in the median, "
                f"{drops.loss_low:.3f} to {drops.loss_high:.3f} from 10 to 90 %.",
                className="quiet",
            )
        )
    return found


def level_text(bench: Bench, loss: float) -> str:
    """Say how rare a loss is among feasible recipes, as far as that is known."""
    levels = bench.problem.levels
    if not levels:
        return "How rare that is nobody has counted for this problem."
    reached = level_reached(levels, loss)
    if reached is None:
        easiest = max(levels, key=lambda level: level.loss)
        return f"Not among the best {easiest.name} recipes: those have {easiest.loss:.3f} or less."
    return f"Among the best {reached.name} of all recipes."


def amplitude_text(parts: LossParts) -> str:
    """Say whether the peak lies in the window of the loss."""
    low, high = parts.window
    if parts.peak > high:
        return f"peak {parts.peak:.2f} is above {high:g}: too dark"
    if parts.peak < low:
        return f"peak {parts.peak:.2f} is below {low:g}: too faint"
    return f"peak {parts.peak:.2f}, {low:g} to {high:g} is free"


def colour_panel(bench: Bench, readout: Readout, *, feasible: bool) -> Children:
    """Return the droplet's colour beside the target's, with their codes."""
    name = "droplet" if feasible else "nearest recipe"
    return [
        _colour(readout.colour, name, "colour"),
        _colour(
            bench.target_colour(), f"target, peak {bench.target_absorbance:.2g}", "target-colour"
        ),
    ]


def peaks_text(readout: Readout) -> str:
    """List the peaks of a spectrum: wavelength and height."""
    if not readout.peaks:
        return "No peak inside the measured range."
    listed = ", ".join(f"{p.wavelength:.0f} nm (height {p.absorbance:.2f})" for p in readout.peaks)
    return f"{'Peaks' if len(readout.peaks) > 1 else 'Peak'}: {listed}."


def spectrum_legend(
    readout: Readout, own: MeasuredSpectrum | None, *, feasible: bool
) -> list[Component]:
    """Say what each line of the spectrum's figure is."""
    tone = ACCENT if feasible else IMPOSSIBLE
    found = [_legend(SPECTRUM if feasible else NEAREST, tone, "solid")]
    if readout.droplets is not None:
        found.append(_legend(BAND_NAME, tone, "band"))
    found.append(_legend(TARGET, INK, "dash"))
    if own is not None:
        found.append(_legend(own.name, OWN, "dot"))
    return found


def sizes_legend(grown: ParticleSizes | None, *, feasible: bool) -> list[Component]:
    """Say what each curve of the sizes' figure is."""
    if grown is None:
        return []
    return [
        _legend(
            population_name(population, grown.metal),
            POPULATIONS[number % len(POPULATIONS)] if feasible else IMPOSSIBLE,
            DASHES[number % len(DASHES)],
        )
        for number, population in enumerate(grown.populations)
    ]


def sizes_text(grown: ParticleSizes | None) -> str:
    """Say how the sizes' figure is to be read, and what no particle holds."""
    if grown is None:
        return "This lab does not tell which particles grow."
    text = (
        "Sizes as a microscope counts them, medians in the names; the area of a curve is its "
        f"share of the {grown.metal}."
    )
    if any(population.log_spread is None for population in grown.populations):
        text += " A bare line: the lab does not tell how these sizes scatter."
    if grown.unreduced is None:
        return text
    return f"{text} {100 * grown.unreduced:.0f} % stays in solution."


def own_text(bench: Bench, own: MeasuredSpectrum) -> str:
    """Say what was read from a file, and its loss against the target."""
    first, last = own.wavelengths[[0, -1]]
    text = f"{own.name}: {len(own.wavelengths)} points, {first:g} to {last:g} nm."
    loss = own_loss(bench.loss, own)
    if loss is None:
        low, high = bench.loss.wavelengths[[0, -1]]
        return f"{text} It has no loss: that needs {low:g} to {high:g} nm."
    return f"{text} Its loss against the target is {loss:.3f}."


def recipe_text(flows: tuple[Flow, ...], values: list[float]) -> str:
    """Return a recipe as text to be pasted into a notebook."""
    pairs = zip(flows, values, strict=True)
    return ", ".join(f"{flow.label} {flow.text(value)}" for flow, value in pairs)


def _bar(parts: LossParts) -> Component:
    text = f"Of the loss, {parts.shape:.3f} is shape and {parts.amplitude:.3f} amplitude."
    pieces = [("shape", parts.shape), ("amplitude", parts.amplitude)]
    return html.Div(
        [
            html.Div(className=f"piece {name}", style={"width": f"{100 * min(value, 1):.2f}%"})
            for name, value in pieces
        ],
        className="bar",
        role="img",
        **aria(text),
    )


def _legend(name: str, tone: str, dash: str) -> Component:
    return html.Li([html.Span(className=f"line {dash}", style={"color": tone}), html.Span(name)])


def _row(name: str, value: str, note: str, kind: str) -> list[Component]:
    return [
        html.Dt([html.Span(className=f"key {kind}"), name]),
        html.Dd([html.Strong(value), html.Span(note, className="quiet")]),
    ]


def _levels(bench: Bench, loss: float) -> Component:
    rows = [(level.name, level.loss, level.loss) for level in bench.problem.levels]
    known = bench.problem.optimum
    if known is not None:
        # Reached as far as the page shows digits: a recipe that can be set is never quite it.
        rows.append(("best known", known.loss, known.loss + 5e-4))
    return html.Ul(
        [
            html.Li(
                [
                    html.Span("✓" if loss <= level else "", className="mark"),
                    html.Span(name),
                    html.Span(f"{shown:.3f}", className="number"),
                ],
                className="reached" if loss <= level else "",
            )
            for name, shown, level in rows
        ],
        className="levels",
        **aria("Levels: the loss that so rare a recipe has"),
    )


def _colour(code: str, name: str, identity: str) -> Component:
    return html.Figure(
        [
            html.Div(
                className="swatch-large",
                id=identity,
                style={"backgroundColor": code},
                role="img",
                **aria(f"{name} {code}"),
            ),
            html.Figcaption([html.Span(name), html.Code(code)]),
        ]
    )
