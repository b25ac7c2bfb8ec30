"""A real browser for the pages: Debian's Chromium, headless, through Playwright."""

import os
import shutil
import threading

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def chromium():
    """Return the path of a Chromium; skip, with the reason, where there is none."""
    path = os.environ.get("PLASMONBENCH_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium here: install Debian's chromium or set PLASMONBENCH_CHROMIUM")
    return path


@pytest.fixture(scope="session")
def browser(chromium):
    """Start the browser once."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def browser_page(browser):
    """Return a fresh page of 1400 x 900; ``errors`` and ``requests`` collect what it meets.

    ``errors`` holds console errors and uncaught exceptions, ``requests`` every address that was
    asked for.
    """
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.errors, page.requests = [], []
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    yield page
    context.close()


@pytest.fixture(scope="session")
def explorer_url():
    """Serve the explorer of silver-prisms on a free loopback port; return its address."""
    from plasmonbench.explore import server
    from plasmonbench.explore.app import create_app

    with server.listen("127.0.0.1", 0) as listening:
        running = server.build_server(create_app("silver-prisms"), listening, "127.0.0.1")
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield server.address_of(listening, "127.0.0.1")
        running.shutdown()
        thread.join(timeout=10)
        running.server_close()
