"""`blportfolio app`: what it hands to Streamlit, and what it refuses."""

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request

import pytest
from helpers import ROOT

from blportfolio.report.charts import PALETTE

SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
MODULE = sys.modules["blportfolio.cli.app"]


@pytest.fixture
def handed(call, monkeypatch):
    """Run the command up to the point where Streamlit takes over; return what it is handed."""
    monkeypatch.setenv("BLPORTFOLIO_RUNS", "")
    monkeypatch.setenv("BLPORTFOLIO_MAX_UPLOAD_MB", "")
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(
        MODULE.runpy, "run_module", lambda name, **_: found.append((name, sys.argv))
    )
    monkeypatch.setattr(MODULE.signal, "signal", lambda *_: None)  # tests keep their own handlers
    found = []

    def handed_(*words):
        result = call("app", *words)
        assert result.exit_code == 0, result.stderr
        ((name, words),) = found
        assert name == "streamlit"
        assert words[:2] == ["streamlit", "run"]
        return words, result.stderr, os.environ["BLPORTFOLIO_RUNS"]

    return handed_


def free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def test_by_default_it_serves_this_machine_only_and_safely(handed, tmp_path):
    port = free_port()
    words, said, runs = handed("--port", port)
    for flag in (
        "--server.address=localhost",
        f"--server.port={port}",
        "--server.enableXsrfProtection=true",
        "--server.enableCORS=true",
        "--server.maxUploadSize=50",
        "--server.fileWatcherType=none",
        "--server.headless=false",
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--client.toolbarMode=minimal",
    ):
        assert flag in words
    assert said == ""
    assert runs == str(tmp_path / "runs")


def test_flags_choose_upload_limit_runs_and_browser(handed, tmp_path):
    words, _, runs = handed(
        "--port", free_port(), "--max-upload-mb", 7, "--runs", tmp_path / "mine", "--no-browser"
    )
    assert {"--server.maxUploadSize=7", "--server.headless=true"} <= set(words)
    assert runs == str(tmp_path / "mine")


def test_another_host_is_warned_of_in_one_sentence(handed):
    words, said, _ = handed("--host", "0.0.0.0", "--port", free_port())  # noqa: S104
    assert said.startswith("warning: the dashboard has no login")
    assert said.count("\n") == 1
    assert "--server.allowedHosts=*" in words
    assert "--logger.hideWelcomeMessage=true" in words  # else the internet is asked for an address


def test_a_port_in_use_is_one_sentence(call):
    with socket.socket() as server:
        server.bind(("localhost", 0))
        server.listen()
        result = call("app", "--port", server.getsockname()[1])
    assert result.exit_code == 4
    assert result.stderr.startswith("error: --port: ")
    assert result.stderr.count("\n") == 1


def test_an_address_of_nobody_is_one_sentence(call):
    result = call("app", "--host", "nobody.invalid", "--port", free_port())
    assert result.exit_code == 4
    assert result.stderr.startswith("error: --host: ")


def test_without_streamlit_it_says_what_to_install(call, monkeypatch):
    monkeypatch.setattr(MODULE.importlib.util, "find_spec", lambda _: None)
    result = call("app")
    assert result.exit_code == 4
    assert 'pip install "blportfolio[app]"' in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_colours_of_the_theme_are_those_of_the_charts():
    assert SETTINGS["theme"]["chartCategoricalColors"] == PALETTE


def luminance(colour):
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_letters_and_marks_of_the_theme_stand_out(name):
    theme = SETTINGS["theme"][name]
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        for ink in (theme["textColor"], theme["linkColor"]):
            assert contrast(ink, ground) >= 4.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 4.5
    for colour in PALETTE:
        assert contrast(colour, theme["backgroundColor"]) >= 3


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_control_c_or_a_closed_terminal_ends_the_server_and_leaves_nothing(name, tmp_path):
    if not hasattr(signal, name):
        pytest.skip(f"{name} is none of this system's signals")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "blportfolio", "app", "--port", str(port), "--no-browser"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline, "the server did not answer"
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode in {0, 130}, errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
