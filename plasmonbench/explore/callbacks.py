"""What happens on a move, a choice, a click, an upload: thin wires to pure functions.

Everything that changes is kept in the page; the server keeps benches and palettes, which are
functions of a problem's name.
"""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import Any, cast

import numpy as np
from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.explore import view as page_view
from plasmonbench.explore.address import parse_query, recipe_of
from plasmonbench.explore.bench import Bench, open_bench
from plasmonbench.explore.choices import Choices, count_instances, spec_of
from plasmonbench.explore.flows import flows, middle, settable
from plasmonbench.explore.layout import instance_options, sliders, swatches
from plasmonbench.explore.measured_csv import MeasuredSpectrum, read_measured
from plasmonbench.explore.palette import palette
from plasmonbench.explore.panels import own_text

MOST_OVERLAY = 1000
"""Points of one's own spectrum that travel with each move; finer ones are thinned to as many."""

FLOWS = {"type": "flow", "index": ALL}
SCENE = tuple[Any, ...]


def register(app: Dash, choices: Choices) -> None:
    """Wire the page of an app up."""
    app.callback(
        Output("problem", "value"),
        Output("instance", "options"),
        Output("instance", "value"),
        Output("instance-choice", "hidden"),
        Output("flows", "children"),
        Output("about", "children"),
        Output("noise", "value"),
        Output("scene", "data"),
        Output("notice", "children"),
        Output("notice", "hidden"),
        Input("address", "search"),
        Input("problem", "value"),
        Input("instance", "value"),
        State(FLOWS, "value"),
        State("scene", "data"),
    )(partial(set_scene, choices))
    app.callback(
        Output("spectrum", "figure"),
        Output("sizes", "figure"),
        Output("sizes-frame", "hidden"),
        Output("spectrum-legend", "children"),
        Output("sizes-legend", "children"),
        Output("loss-panel", "children"),
        Output("colours", "children"),
        Output("peaks", "children"),
        Output("grown", "children"),
        Output("budget", "children"),
        Output("fault", "children"),
        Output("fault-box", "hidden"),
        Output("bench", "className"),
        Output("share", "data"),
        Input("scene", "data"),
        Input(FLOWS, "value"),
        Input("noise", "value"),
        Input("redraw", "n_clicks"),
        Input("own", "data"),
    )(move)
    _register_clicks(app)
    _register_in_browser(app)


def _register_clicks(app: Dash) -> None:
    """Wire up palette, buttons and upload."""
    app.callback(Output("palette", "children"), Input("scene", "data"))(show_palette)
    app.callback(
        Output(FLOWS, "value"),
        Input({"type": "swatch", "index": ALL}, "n_clicks"),
        Input("best", "n_clicks"),
        Input("middle", "n_clicks"),
        Input("nearest", "n_clicks"),
        State("scene", "data"),
        State(FLOWS, "value"),
        prevent_initial_call=True,
    )(set_recipe)
    app.callback(
        Output("own", "data"),
        Output("own-text", "children"),
        Output("own-text", "className"),
        Output("forget", "hidden"),
        Output("upload", "contents"),
        Input("upload", "contents"),
        Input("forget", "n_clicks"),
        Input("scene", "data"),
        State("upload", "filename"),
        State("own", "data"),
        prevent_initial_call=True,
    )(take_upload)


def _register_in_browser(app: Dash) -> None:
    """Wire up what needs no server: numbers beside sliders, address, clipboard."""
    in_browser: Any = app  # Dash does not type its clientside callbacks
    slider, amount = {"type": "flow", "index": MATCH}, {"type": "amount", "index": MATCH}
    in_browser.clientside_callback(
        ClientsideFunction("explore", "sync"),
        Output(slider, "value"),
        Output(amount, "value"),
        Input(slider, "value"),
        Input(amount, "value"),
        Input(amount, "n_submit"),
        Input(amount, "n_blur"),
        State(slider, "min"),
        State(slider, "max"),
        State(slider, "step"),
        prevent_initial_call=True,
    )
    in_browser.clientside_callback(
        ClientsideFunction("explore", "copy"),
        Output("copied", "children"),
        Input("copy-recipe", "n_clicks"),
        Input("copy-link", "n_clicks"),
        Input("share", "data"),
        prevent_initial_call=True,
    )


def set_scene(
    choices: Choices,
    search: str | None,
    problem: str,
    instance: int,
    values: list[Any],
    scene: dict[str, Any] | None,
) -> SCENE:
    """Open a problem: from the address at first, then as chosen from the lists."""
    if scene is None:
        return _scene_of_address(choices, search or "")
    if problem == scene["problem"] and instance == scene["instance"]:
        raise PreventUpdate
    if problem != scene["problem"]:
        instance = 0
    try:
        choices.check(problem, instance)
        bench = open_bench(spec_of(problem, instance))
    except PlasmonbenchError as error:
        return (*[no_update] * 8, str(error), False)
    before = open_bench(spec_of(scene["problem"], scene["instance"]))
    recipe = _carried_over(before, bench, page_view.numbers(values))
    return _scene(problem, instance, bench, recipe, luck=scene["luck"], noise=None, notice="")


def _scene_of_address(choices: Choices, search: str) -> SCENE:
    problem, instance = choices.first
    luck, noise, notice, recipe = 0, True, "", None
    try:
        asked = parse_query(search, choices)
        bench = open_bench(spec_of(asked.problem, asked.instance))
        recipe = recipe_of(asked, flows(bench.problem.space))
        problem, instance, luck, noise = asked.problem, asked.instance, asked.luck, asked.noise
    except PlasmonbenchError as error:
        notice = f"The address was not understood: {error}."
        bench = open_bench(spec_of(problem, instance))
    if recipe is None:
        recipe = middle(bench.problem.space)
    return _scene(problem, instance, bench, recipe, luck=luck, noise=noise, notice=notice)


def _scene(
    problem: str,
    instance: int,
    bench: Bench,
    recipe: FloatArray,
    *,
    luck: int,
    noise: bool | None,
    notice: str,
) -> SCENE:
    return (
        problem,
        instance_options(problem),
        instance,
        count_instances(problem) == 1,
        sliders(bench, recipe),
        bench_text(bench),
        no_update if noise is None else (["on"] if noise else []),
        {"problem": problem, "instance": instance, "luck": luck},
        notice,
        not notice,
    )


def bench_text(bench: Bench) -> str:
    """Say how large the space of a problem is, and what a campaign may spend on it."""
    problem = bench.problem
    return (
        f"{problem.space.dimension} flows. A campaign has {problem.rounds} rounds of "
        f"{problem.batch_size} recipes, {problem.replicates} droplets each."
    )


def _carried_over(before: Bench, after: Bench, recipe: FloatArray | None) -> FloatArray:
    """Return the recipe (d,) to go on with on another bench: the same, if its flows are the same.

    It is brought within the new bounds; a sum that was too large stays so.
    """
    space = after.problem.space
    same = space.names == before.problem.space.names and space.units == before.problem.space.units
    if not same or recipe is None or len(recipe) != space.dimension:
        return middle(space)
    inside = np.clip(recipe, space.lower, space.upper)
    return settable(space, inside) if space.contains(inside[None])[0] else inside


def move(
    scene: dict[str, Any] | None,
    values: list[Any],
    noise: list[str] | None,
    redraws: int | None,
    own: dict[str, Any] | None,
) -> tuple[Any, ...]:
    """Show the recipe that the sliders hold."""
    recipe = page_view.numbers(values)
    if scene is None or recipe is None:
        raise PreventUpdate
    state = page_view.State(
        problem=scene["problem"],
        instance=scene["instance"],
        recipe=recipe,
        luck=scene["luck"] + (redraws or 0),
        noise=bool(noise),
        own=_unpacked(own),
    )
    if len(recipe) != state.bench.problem.space.dimension:
        raise PreventUpdate  # sliders of the problem before; those of this one are on their way
    seen = page_view.view(state)
    return (
        seen.spectrum,
        no_update if seen.sizes is None else seen.sizes,
        seen.sizes is None,
        seen.spectrum_legend,
        seen.sizes_legend,
        seen.loss,
        seen.colours,
        seen.peaks,
        seen.grown,
        seen.budget,
        f"This recipe cannot be made: {seen.fault}." if seen.fault else "",
        seen.feasible,
        "bench" if seen.feasible else "bench impossible",
        {"query": seen.query, "recipe": seen.recipe},
    )


def show_palette(scene: dict[str, Any] | None) -> Any:
    """Show the colours that the chemistry of a problem can reach."""
    if scene is None:
        raise PreventUpdate
    spec = spec_of(scene["problem"], scene["instance"])
    return swatches(palette(spec), flows(open_bench(spec).problem.space))


def set_recipe(
    _swatches: list[int | None],
    _best: int | None,
    _middle: int | None,
    _nearest: int | None,
    scene: dict[str, Any] | None,
    values: list[Any],
) -> list[float]:
    """Set the sliders to the recipe of the swatch or button that was clicked."""
    asked = ctx.triggered_id
    # New swatches report themselves with no click.
    if scene is None or asked is None or not ctx.triggered[0]["value"]:
        raise PreventUpdate
    spec = spec_of(scene["problem"], scene["instance"])
    recipe = chosen_recipe(spec, asked, page_view.numbers(values))
    if recipe is None:
        raise PreventUpdate
    return cast(list[float], recipe.tolist())


def chosen_recipe(
    spec: str, asked: str | dict[str, Any], values: FloatArray | None
) -> FloatArray | None:
    """Return the recipe (d,) that a swatch or a button stands for; None if there is none."""
    bench = open_bench(spec)
    space = bench.problem.space
    if asked == "middle":
        return middle(space)
    if asked == "nearest":
        return None if values is None else page_view.nearest(bench, values)
    if asked == "best":
        known = bench.problem.optimum
        return None if known is None else settable(space, known.recipe)
    found = palette(spec)
    index = asked["index"] if isinstance(asked, dict) else -1
    return found[index].recipe if 0 <= index < len(found) else None


def take_upload(
    contents: str | None,
    _forget: int | None,
    scene: dict[str, Any] | None,
    filename: str | None,
    own: dict[str, Any] | None,
) -> tuple[Any, ...]:
    """Read one's own spectrum from what the browser sends, or say what is wrong with it.

    ``contents`` is emptied afterwards, so that the same file can be given again once mended.
    """
    if scene is None:
        raise PreventUpdate
    bench = open_bench(spec_of(scene["problem"], scene["instance"]))
    if ctx.triggered_id == "forget":
        return None, "", "", True, None
    if ctx.triggered_id == "scene":  # another target: the same spectrum has another loss
        kept = _unpacked(own)
        if kept is None:
            raise PreventUpdate
        return no_update, own_text(bench, kept), "", False, no_update
    if contents is None:
        raise PreventUpdate
    try:
        measured = read_measured(_uploaded(contents), (filename or "the file")[:60])
    except PlasmonbenchError as error:
        return no_update, str(error), "wrong", own is None, None
    return _packed(measured), own_text(bench, measured), "", False, None


def _uploaded(contents: str) -> bytes:
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise PlasmonbenchError("the file did not arrive whole; give it again") from None


def _packed(measured: MeasuredSpectrum) -> dict[str, Any]:
    grid, absorbance = measured.wavelengths, measured.absorbance
    if len(grid) > MOST_OVERLAY:
        fewer = np.linspace(grid[0], grid[-1], MOST_OVERLAY)
        grid, absorbance = fewer, np.interp(fewer, grid, absorbance)
    return {
        "name": measured.name,
        "wavelengths": np.round(grid, 3).tolist(),
        "absorbance": np.round(absorbance, 5).tolist(),
    }


def _unpacked(own: dict[str, Any] | None) -> MeasuredSpectrum | None:
    if own is None:
        return None
    return MeasuredSpectrum(
        own["name"], np.array(own["wavelengths"], float), np.array(own["absorbance"], float)
    )
