"""The command `explore`: a local page to move a recipe's flows and see what the lab would show."""

from __future__ import annotations

import sys
import webbrowser

import click
from rich.console import Console

notes = Console(stderr=True, soft_wrap=True, highlight=False)
out = Console(soft_wrap=True, highlight=False)
PORT = 8050


@click.command("explore")
@click.argument("problem", default="silver-prisms")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--open/--no-open",
    "open_page",
    default=None,
    help="Open the page in a browser (default: from a terminal, yes).",
)
def explore_command(problem: str, host: str, port: int, *, open_page: bool | None) -> None:
    """Explore the lab of a PROBLEM in the browser: sliders, spectrum, loss, colour, particles.

    The page is reached from this machine alone, unless --host says otherwise. End it with Ctrl-C.
    """  # fmt: skip
    # Dash and the tables of colours take two seconds to import, which no other command needs.
    from plasmonbench.explore import server
    from plasmonbench.explore.app import create_app

    # The port first: a busy one is known at once.
    with server.listen(host, port) as listening:
        app = create_app(problem)
        address = server.address_of(listening, host)
        if not server.is_loopback(listening):
            notes.print(
                f"listening on {host}: every machine that reaches this one can open the page; "
                "it asks for no password",
                markup=False,
            )

        def ready() -> None:
            out.print(f"Explore {problem} at {address}", markup=False)
            notes.print("end it with Ctrl-C", markup=False)
            if sys.stdout.isatty() if open_page is None else open_page:
                webbrowser.open(address)

        try:
            server.serve(app, listening, host, ready)
        except KeyboardInterrupt:
            notes.print("stopped")
