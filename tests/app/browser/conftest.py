"""One server and one Chromium for all tests of the app in a browser, which skip without one."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
from browsing import ARGUMENTS, SCRIPT, find_chromium, settle

WAIT_S = 60
# Vega says this of a log axis; and a page that is opened by its own path looks for the server
# there too, before it asks at the root.
HARMLESS = ("is dropped as it does not work with log scale",)
PROBES = ("/_stcore/health", "/_stcore/host-config")


@pytest.fixture(scope="session")
def chromium_path():
    """Path of Chromium; without it or Playwright the test is skipped, and says why."""
    pytest.importorskip("playwright.sync_api", reason="Playwright's Python package is not here")
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on PATH (set BLPORTFOLIO_CHROMIUM, or install chromium)")
    return path


def free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def start_server(home, runs, port, *words):
    """Start `blportfolio app` as a visitor of this machine would, with folders of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BLPORTFOLIO_", "STREAMLIT_"))}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        kept[name] = "http://localhost:9"  # nobody listens there: whoever asks the network fails
    environment = {
        **kept,
        "HOME": str(home),
        "BLPORTFOLIO_CACHE": str(home / "prices"),
        "OPENBLAS_NUM_THREADS": "1",
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }
    command = [sys.executable, "-m", "blportfolio", "app", "--port", str(port), "--no-browser"]
    with (home / "server.log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            [*command, "--runs", str(runs), *words],
            cwd=home,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


def wait_until_up(process, port, log):
    """Wait until the server answers; return the seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < WAIT_S:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2):
                return time.monotonic() - began
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.02)
    pytest.fail(f"the server did not answer in {WAIT_S} s: {log.read_text()}")


def stop(process):
    """End the server as Ctrl-C does; return its exit code."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


@pytest.fixture(scope="session")
def server(chromium_path, tmp_path_factory):  # noqa: ARG001, no server without a browser
    """The running app: its address, folder of runs and log."""
    home = tmp_path_factory.mktemp("visitor")
    runs, port = home / "runs", free_port()
    process = start_server(home, runs, port)
    try:
        wait_until_up(process, port, home / "server.log")
        yield SimpleNamespace(
            url=f"http://localhost:{port}", runs=runs, log=home / "server.log", process=process
        )
    finally:
        stop(process)


@pytest.fixture
def new_server(chromium_path, tmp_path):  # noqa: ARG001
    """Starts another server, waits until it answers, and returns its address."""
    processes = []

    def new_server_():
        port = free_port()
        processes.append(start_server(tmp_path, tmp_path / "runs", port))
        wait_until_up(processes[-1], port, tmp_path / "server.log")
        return f"http://localhost:{port}"

    yield new_server_
    for process in processes:
        assert stop(process) in {0, 130}


@pytest.fixture(scope="session")
def chromium(chromium_path):
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(server, chromium):
    """Opens the app as a new visitor; afterwards its page must have said no error.

    `visit("views", width=390, dark=True, data="industries_12")` returns Playwright's page, at
    rest. `downloads` are accepted. A request to any other machine fails the test.
    """
    contexts, problems = [], []

    def listen(page):
        page.on("console", lambda message: problems.extend(complaint(message)))
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on("request", lambda request: problems.extend(elsewhere(request.url)))

    def visit_(name="", *, width=1280, height=900, dark=False, at_rest=True, url="", **query):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            locale="en-GB",
        )
        contexts.append(context)
        context.add_init_script(SCRIPT)
        page = context.new_page()
        page.set_default_timeout(1000 * WAIT_S)
        listen(page)
        path = "" if name == "overview" else name  # the first page has no path of its own
        page.goto(f"{url or server.url}/{path}" + (f"?{urlencode(query)}" if query else ""))
        if at_rest:
            settle(page)
        return page

    yield visit_
    for context in contexts:
        context.close()
    assert problems == []


def complaint(message):
    """Say what a console complains of, if it is an error."""
    known = any(text in message.text for text in HARMLESS)
    probe = message.location.get("url", "").endswith(PROBES)
    return [] if message.type != "error" or known or probe else [f"console: {message.text}"]


def elsewhere(url):
    """Say that a request left this machine, if it did."""
    parts = urlsplit(url)
    if parts.scheme in {"data", "blob", "about"} or parts.hostname == "localhost":
        return []
    return [f"request to another machine: {url}"]
