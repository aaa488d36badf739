#!/usr/bin/env python3
"""Runs a command in the checkout's own `.venv`, which it makes or brings up to date first.

    python3 .ci/with_venv.py blportfolio backtest
    python3 .ci/with_venv.py --extra dev pytest -n 2

Needs Python 3.11 or newer and nothing else. When the environment is current, nothing is installed
and no network is needed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "blportfolio-installed.json"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def main() -> int:
    """Prepare the environment and run the command; return its exit code."""
    if sys.version_info < (3, 11):
        return _fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--extra", action="append", default=[], help="extra to install, such as dev"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="command to run in .venv")
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("give a command to run")
    wanted = {
        "root": str(ROOT),
        "python": list(sys.version_info[:2]),
        "project": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
    }
    installed = _read_stamp()
    extras = set(arguments.extra)
    if installed is not None and {k: installed.get(k) for k in wanted} == wanted:
        extras |= set(installed["extras"])
        current = extras == set(installed["extras"])
    else:
        current = False
    if not current:
        problem = _install(sorted(extras), fresh=installed is None or not PYTHON.exists())
        if problem is not None:
            return _fail(problem)
        STAMP.write_text(json.dumps({**wanted, "extras": sorted(extras)}), encoding="utf-8")
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    environment["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    environment.pop("PYTHONHOME", None)
    program = shutil.which(arguments.command[0], path=environment["PATH"])
    if program is None:
        return _fail(f"there is no command {arguments.command[0]!r} in {VENV.name}.")
    try:
        return subprocess.call([program, *arguments.command[1:]], env=environment)
    except KeyboardInterrupt:
        return 130


def _read_stamp() -> "dict | None":
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    works = PYTHON.exists() and subprocess.call([str(PYTHON), "-c", ""]) == 0
    return stamp if works and isinstance(stamp, dict) else None


def _install(extras: list, *, fresh: bool) -> "str | None":
    """Install the project; return what went wrong, or None."""
    _say("setting up .venv (once; this takes a few minutes) …")
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    install = ["install", "--quiet", "--disable-pip-version-check", "--editable", target]
    if fresh:
        made = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        if _call(made, quiet=True) != 0:
            # Debian keeps ensurepip in a package of its own; a pip outside can serve instead.
            outside = [sys.executable, "-m", "pip"]
            if _call([*outside, "--version"], quiet=True) != 0:
                return "this Python has neither ensurepip nor pip; install python3-venv."
            if _call([*made, "--without-pip"]) != 0:
                return "no virtual environment could be made; see the messages above."
            if _call([*outside, "--python", str(PYTHON), "install", "--quiet", "pip"]) != 0:
                return "pip could not be installed; it needs the package registry."
    if _call([str(PYTHON), "-m", "pip", *install]) != 0:
        return "installation failed; see the messages above. It needs the package registry."
    return None


def _call(command: list, *, quiet: bool = False) -> int:
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.call(command, stdout=sink, stderr=sink)


def _say(text: str) -> None:
    print(f"with_venv: {text}", file=sys.stderr, flush=True)


def _fail(text: str) -> int:
    _say(text)
    return 1


if __name__ == "__main__":
    sys.exit(main())
