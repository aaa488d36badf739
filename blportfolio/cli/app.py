"""`blportfolio app`."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import json
import os
import runpy
import signal
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption
from blportfolio.errors import ConfigError

PACKAGE = Path(__file__).resolve().parents[1]
LOCAL = ("localhost", "127.0.0.1", "::1")
EVERY = ("0.0.0.0", "::")  # noqa: S104, names of all addresses of a machine


def app(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Port of this machine.")
    ] = 8501,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; the default is for this machine only."),
    ] = "localhost",
    runs: Annotated[
        Path,
        typer.Option(
            "--runs", envvar="BLPORTFOLIO_RUNS", help="Folder of runs: those shown and new ones."
        ),
    ] = Path("runs"),
    max_upload_mb: Annotated[
        int,
        typer.Option(
            "--max-upload-mb",
            envvar="BLPORTFOLIO_MAX_UPLOAD_MB",
            min=1,
            help="Largest file of prices to upload, in MB.",
        ),
    ] = 50,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open no browser.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Open the dashboard in a browser: allocate, explain, backtest, compare. Ctrl-C ends it.

    Example: blportfolio app --runs ~/portfolios/runs --port 8600

    It works without a network and begins with a packaged example run; those of `blportfolio
    backtest` made in the same place are there too. Files that you upload go to this process and
    no further, and are deleted when your visit ends.

    Exit codes: 0 or 130 ended by Ctrl-C, 2 wrong usage, 4 configuration, 1 a bug.
    """
    with reported(debug=debug):
        if importlib.util.find_spec("streamlit") is None:
            raise ConfigError(
                "The dashboard needs Streamlit, which is not installed: pip install "
                '"blportfolio[app]".'
            )
        _check_address(host, port)
        if host not in LOCAL:
            typer.echo(
                f"warning: the dashboard has no login; anyone who reaches {host}:{port} can use "
                "it, see the runs in its folder and start new ones.",
                err=True,
            )
        settings = read_settings()
        server = settings.setdefault("server", {})
        server.update(address=host, port=port, maxUploadSize=max_upload_mb, headless=no_browser)
        if host not in LOCAL:
            server["allowedHosts"] = ["*"]
        if host in EVERY:  # Streamlit would ask a machine of the internet for the address
            settings["logger"]["hideWelcomeMessage"] = True
            typer.echo(f"The dashboard: http://localhost:{port}, and any address of this machine.")
        os.environ["BLPORTFOLIO_RUNS"] = str(runs.expanduser().absolute())
        os.environ["BLPORTFOLIO_MAX_UPLOAD_MB"] = str(max_upload_mb)  # for the page's own check
        main = PACKAGE / "app" / "main.py"
        sys.argv = ["streamlit", "run", str(main), *flags(settings)]
        _load_ahead()
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, _hang_up)
        # The same as `python -m streamlit run`, in this process, which so gets every signal.
        runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _hang_up(*_: object) -> None:
    """End as Ctrl-C does when the terminal is closed: visits end, their files are deleted."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # there is no terminal any more to write to
        os.dup2(nowhere, stream)
    signal.raise_signal(signal.SIGTERM)


def _load_ahead() -> None:
    """Load what pages need, once and in one thread.

    Two first visitors would otherwise load it at the same time, each in a thread of its own, and
    one could meet half a module.
    """
    for name in ("backtest", "data", "report.headline", "runs.stored"):
        importlib.import_module(f"blportfolio.{name}")


def read_settings() -> dict[str, Any]:
    """Return Streamlit's settings for the dashboard: server and theme.

    Raises:
        ConfigError: If the packaged file is missing.
    """
    for folder in (PACKAGE / "_packaged" / "streamlit", PACKAGE.parent / ".streamlit"):
        path = folder / "config.toml"
        if path.is_file():
            return tomllib.loads(path.read_text(encoding="utf-8"))
    raise ConfigError("The packaged file 'config.toml' is missing; reinstall blportfolio.")


def flags(settings: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """Give settings as flags of `streamlit run`.

    Streamlit takes a list of a theme as JSON, and another list as a flag for each item.
    """
    for key, value in settings.items():
        name = f"{section}.{key}" if section else key
        if isinstance(value, Mapping):
            yield from flags(value, name)
        elif isinstance(value, list) and not name.startswith("theme."):
            yield from (f"--{name}={item}" for item in value)
        else:
            yield f"--{name}={value if isinstance(value, str) else json.dumps(value)}"


def _check_address(host: str, port: int) -> None:
    """Check that the server can listen there.

    Raises:
        ConfigError: If it cannot.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"--host: {host!r} is no address of this machine; localhost is."
        ) from error
    usable = False
    for family, kind, _, _, address in found:  # localhost may be two, of which one is switched off
        with socket.socket(family, kind) as server:
            if os.name != "nt":  # as the server itself does: a port that was just left is free
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    continue
                raise ConfigError(
                    f"--port: {host}:{port} cannot be used ({error.strerror or error}); is the "
                    f"dashboard open already? Try --port {port + 1 if port < 65535 else 8501}."
                ) from error
            usable = True
    if not usable:
        raise ConfigError(f"--host: {host!r} is no address of this machine; localhost is.")
