"""The command `explore` and its server: ports, addresses, who may ask, and what leaves the page."""

import http.client
import re
import socket
import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from plasmonbench import PlasmonbenchError
from plasmonbench.commands import explore as command
from plasmonbench.explore import server
from plasmonbench.explore.app import create_app


@pytest.fixture(scope="module")
def app():
    return create_app("silver-prisms")


@contextmanager
def served(app, host="127.0.0.1"):
    with server.listen(host, 0) as listening:
        running = server.build_server(app, listening, host)
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            running.shutdown()
            thread.join(timeout=10)
            running.server_close()


def get(port, path="/", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={} if host is None else {"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_served_and_asks_no_other_host(app):
    with served(app) as port:
        status, page = get(port)
        assert status == 200
        assert '<html lang="en">' in page
        links = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert links
        assert all(link.startswith("/") and not link.startswith("//") for link in links)
        for link in links:
            if link.startswith("/assets/"):
                code, text = get(port, link)
                assert code == 200
                assert "://" not in text


def test_on_loopback_only_this_machines_names_are_answered(app):
    with served(app) as port:
        assert get(port, host=f"localhost:{port}")[0] == 200
        assert get(port, host="evil.example")[0] == 400


def test_a_busy_port_is_refused_in_one_line_before_anything_is_built():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        result = CliRunner().invoke(command.explore_command, ["--port", str(port), "--no-open"])
    assert isinstance(result.exception, PlasmonbenchError)  # which `main` prints, with exit code 2
    text = str(result.exception)
    assert text.startswith(f"port {port} of 127.0.0.1 is in use; take another with --port")
    assert "\n" not in text


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told(host):
    with pytest.raises(PlasmonbenchError, match=f"'{host}' is no address of this machine"):
        server.listen(host, 0)


def test_bad_problems_are_told():
    for problem in ("silver-prism", "silver-prisms[lab=99]", "silver-prisms[colour=red]"):
        result = CliRunner().invoke(command.explore_command, [problem, "--port", "0", "--no-open"])
        assert isinstance(result.exception, PlasmonbenchError)
        assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("host", "loopback", "address"),
    [("127.0.0.1", True, "http://127.0.0.1:"), ("0.0.0.0", False, "http://localhost:")],  # noqa: S104
)
def test_the_address_is_one_to_click_on(host, loopback, address):
    with server.listen(host, 0) as listening:
        assert server.is_loopback(listening) is loopback
        assert server.address_of(listening, host).startswith(address)


@pytest.mark.parametrize(
    ("host", "said"),
    [("127.0.0.1", ""), ("0.0.0.0", "it asks for no password")],  # noqa: S104
)
def test_the_command_prints_the_address_and_says_when_others_can_reach_it(
    host, said, monkeypatch, capsys
):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    monkeypatch.setattr(
        server, "serve", lambda app, listening, host, ready: ready()
    )  # all but the waiting
    command.explore_command.main(
        ["gold-rods", "--host", host, "--port", "0", "--open"], standalone_mode=False
    )
    printed = capsys.readouterr()
    (address,) = opened
    assert f"Explore gold-rods at {address}" in printed.out
    assert said in printed.err
    assert ("reaches this one" in printed.err) == bool(said)
