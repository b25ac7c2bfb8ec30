"""Serves the explorer on one address, and on loopback alone unless told otherwise."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from dash import Dash
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from plasmonbench.errors import PlasmonbenchError


class QuietHandler(WSGIRequestHandler):
    """Says nothing of each request; errors are still told."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes a free one.

    Raises
    ------
    PlasmonbenchError
        If the port is in use or not allowed, or the host is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise PlasmonbenchError(_in_words(host, port, error)) from error


def is_loopback(listening: socket.socket) -> bool:
    """Tell whether only this machine can reach a socket."""
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def address_of(listening: socket.socket, host: str) -> str:
    """Return the address to open in a browser."""
    port = listening.getsockname()[1]
    unspecified = ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_unspecified
    name = "localhost" if unspecified else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def build_server(app: Dash, listening: socket.socket, host: str) -> BaseWSGIServer:
    """Return a server of the app on a listening socket; `BaseWSGIServer.serve_forever` runs it.

    On loopback it answers to this machine's own names alone, so that no page from elsewhere can
    reach it by a name of its own that leads here (DNS rebinding).
    """
    if is_loopback(listening):
        app.server.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]", "::1", host]
    return make_server(
        host,
        listening.getsockname()[1],
        app.server,
        threaded=True,
        request_handler=QuietHandler,
        fd=listening.fileno(),
    )


def serve(app: Dash, listening: socket.socket, host: str, ready: Callable[[], Any]) -> None:
    """Serve the app until an interrupt; ``ready`` is called once requests are taken."""
    server = build_server(app, listening, host)
    try:
        ready()
        server.serve_forever()
    finally:
        server.server_close()


def _in_words(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"'{host}' is no address of this machine; the default is 127.0.0.1"
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use; take another with --port, or --port 0 for a free one"
        )
    if error.errno == errno.EACCES:
        return f"port {port} is not allowed to you; take one above 1023 with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"
