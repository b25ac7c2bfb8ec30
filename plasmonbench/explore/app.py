"""The Dash app of the explorer."""

from __future__ import annotations

from pathlib import Path

from dash import Dash

from plasmonbench.explore.bench import open_bench, read_recipe
from plasmonbench.explore.callbacks import register
from plasmonbench.explore.choices import Choices, offer, spec_of
from plasmonbench.explore.flows import middle
from plasmonbench.explore.layout import page

ASSETS = Path(__file__).parent / "assets"
MOST_BYTES = 8_000_000
"""Of a request: an uploaded spectrum, and all that the page holds."""
INDEX = """<!doctype html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>
"""


def create_app(problem: str = "silver-prisms") -> Dash:
    """Return the explorer as a Dash app that opens with a problem; nothing is fetched from outside.

    Raises
    ------
    PlasmonbenchError
        If there is no such problem or instance, or it cannot be explored.
    """
    choices = offer(problem)
    _warm_up(choices)
    app = Dash(
        "plasmonbench.explore",
        title="plasmonbench explore",
        update_title="",
        assets_folder=str(ASSETS),
        index_string=INDEX,
        serve_locally=True,
        suppress_callback_exceptions=True,  # sliders and swatches come with the problem
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.enable_dev_tools(debug=False, dev_tools_disable_version_check=True)
    app.server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.layout = page(choices)
    register(app, choices)
    return app


def _warm_up(choices: Choices) -> None:
    """Open the first problem and make a recipe, so that errors come at once and moves are fast."""
    bench = open_bench(spec_of(*choices.first))
    choices.check(*choices.first)
    read_recipe(bench, middle(bench.problem.space), luck=0)
