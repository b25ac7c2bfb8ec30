"""The page's fixed parts, and the sliders of a problem."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from plasmonbench import catalogue
from plasmonbench.arrays import FloatArray
from plasmonbench.explore.bench import Bench
from plasmonbench.explore.choices import Choices, count_instances
from plasmonbench.explore.flows import Flow, flows
from plasmonbench.explore.palette import Swatch
from plasmonbench.explore.panels import aria, recipe_text


def page(choices: Choices) -> Component:
    """Return the page, empty: callbacks fill it."""
    return html.Div(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="scene"),
            dcc.Store(id="own"),
            dcc.Store(id="share"),
            _header(choices),
            html.Div(id="notice", className="notice", role="alert", hidden=True),
            html.Main(
                [
                    html.Div([_recipe_card()], className="column"),
                    html.Div([_spectrum_card(), _sizes_card()], className="column"),
                    html.Div([_loss_card(), _colour_card()], className="column outcome"),
                ],
                id="bench",
                className="bench",
            ),
        ],
        className="page",
    )


def sliders(bench: Bench, recipe: FloatArray) -> list[Component]:
    """Return a slider with a number beside it for each flow, set to a recipe (d,)."""
    pairs = zip(flows(bench.problem.space), recipe.tolist(), strict=True)
    return [_slider(index, flow, value) for index, (flow, value) in enumerate(pairs)]


def instance_options(problem: str) -> list[dict[str, Any]]:
    """Return the labs of a problem as options of a list."""
    return [
        {"label": "0, best fit" if not i else str(i), "value": i}
        for i in range(count_instances(problem))
    ]


def swatches(found: Sequence[Swatch], parts: tuple[Flow, ...]) -> list[Component]:
    """Return a button for each colour of a palette."""
    return [
        html.Button(
            id={"type": "swatch", "index": index},
            className="swatch",
            style={"backgroundColor": swatch.colour},
            title=f"{swatch.colour}: {recipe_text(parts, swatch.recipe.tolist())}",
            type="button",
            **aria(f"colour {swatch.colour}, {recipe_text(parts, swatch.recipe.tolist())}"),
        )
        for index, swatch in enumerate(found)
    ]


def _header(choices: Choices) -> Component:
    described = catalogue.problem_names()
    options = [
        {"label": name, "value": name, "title": described.get(name, "")}
        for name in choices.problems
    ]
    problem, instance = choices.first
    return html.Header(
        [
            html.Div(
                [html.H1("plasmonbench"), html.P("explore a lab, one recipe at a time")],
                className="title",
            ),
            html.Div(
                [
                    html.Label(["Problem"], htmlFor="problem"),
                    dcc.Dropdown(
                        options,
                        problem,
                        id="problem",
                        clearable=False,
                        searchable=False,
                        maxHeight=420,
                    ),
                ],
                className="choice",
            ),
            html.Div(
                [
                    html.Label(["Lab that the data allow"], htmlFor="instance"),
                    dcc.Dropdown(
                        instance_options(problem),
                        instance,
                        id="instance",
                        clearable=False,
                        searchable=False,
                        maxHeight=420,
                    ),
                ],
                className="choice narrow",
                id="instance-choice",
            ),
        ]
    )


def _slider(index: int, flow: Flow, value: float) -> Component:
    slider = {"type": "flow", "index": index}
    return html.Div(
        [
            html.Label(
                [
                    html.Span(flow.label, className="name"),
                    dcc.Input(
                        id={"type": "amount", "index": index},
                        type="number",
                        value=value,
                        step="any",
                        debounce=True,
                        className="amount",
                    ),
                    html.Span(flow.unit, className="unit"),
                ]
            ),
            html.Label(
                [f"Slider of {flow.label}, {flow.unit}"],
                htmlFor=json.dumps(slider, sort_keys=True, separators=(",", ":")),
                className="unseen",
            ),
            dcc.Input(
                id=slider,
                type="range",
                min=flow.low,
                max=flow.high,
                step=flow.step,
                value=value,
                className="slider",
            ),
            html.Div([html.Span(f"{flow.low:g}"), html.Span(f"{flow.high:g}")]),
        ],
        className="flow",
    )


def _button(identity: str, text: str, *, main: bool = False) -> Component:
    return html.Button(text, id=identity, type="button", className="main" if main else "")


def _graph(identity: str, kind: str) -> Component:
    # The frame has the height; Dash sets the graph's own to all of it.
    return html.Div(
        dcc.Graph(
            id=identity, config={"displayModeBar": False, "showTips": False}, responsive=True
        ),
        className=kind,
        id=f"{identity}-frame",
    )


def _legend(identity: str) -> Component:
    return html.Ul(id=f"{identity}-legend", className="legend")


def _recipe_card() -> Component:
    return html.Section(
        [
            html.H2("Recipe"),
            html.P(id="about", className="quiet"),
            html.Div(id="flows"),
            html.P(id="budget", className="quiet"),
            html.Div(
                [
                    html.P(id="fault"),
                    _button("nearest", "Take the nearest recipe that can be made", main=True),
                ],
                id="fault-box",
                role="alert",
                hidden=True,
            ),
            html.Div(
                [
                    _button("best", "Best known recipe"),
                    _button("middle", "Middle"),
                    _button("copy-recipe", "Copy recipe"),
                    _button("copy-link", "Copy link"),
                ],
                className="buttons",
            ),
            html.P(id="copied", className="quiet", role="status"),
        ],
        className="card recipe",
    )


def _spectrum_card() -> Component:
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Spectrum"),
                    dcc.Checklist(
                        [{"label": "droplets with noise", "value": "on"}],
                        ["on"],
                        id="noise",
                        className="switch",
                    ),
                    _button("redraw", "Other droplets"),
                ],
                className="head",
            ),
            _legend("spectrum"),
            _graph("spectrum", "graph tall"),
            html.P(id="peaks", className="quiet", role="status"),
            html.Div(
                [
                    dcc.Upload(
                        html.Button("Lay your own spectrum over it (CSV)", type="button"),
                        id="upload",
                        accept=".csv,.txt,.tsv,.dat,.asc,text/csv,text/plain",
                        multiple=False,
                        style={},
                    ),
                    html.Button("Remove it", id="forget", type="button", hidden=True),
                    html.Span("Two columns: wavelength in nm, absorbance.", className="quiet"),
                ],
                className="buttons own",
            ),
            html.P(id="own-text", role="status"),
        ],
        className="card spectrum",
    )


def _loss_card() -> Component:
    return html.Section(
        [html.H2("Loss"), html.Div(id="loss-panel", role="status")], className="card loss"
    )


def _sizes_card() -> Component:
    return html.Section(
        [
            html.H2("Particles"),
            _legend("sizes"),
            _graph("sizes", "graph low"),
            html.P(id="grown", className="quiet"),
        ],
        className="card sizes",
    )


def _colour_card() -> Component:
    return html.Section(
        [
            html.H2("Colour"),
            html.Div(id="colours", className="colours"),
            html.Div(
                [
                    html.H3("What the chemistry can reach"),
                    html.P("Choose a colour to set its recipe.", className="quiet"),
                ],
                className="palette-head",
            ),
            dcc.Loading(
                html.Div(id="palette", className="palette", role="group", **aria("Palette")),
                type="dot",
                color="#0072B2",
                delay_show=200,
            ),
        ],
        className="card colour",
    )
