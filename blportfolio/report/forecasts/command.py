"""The command that holds the same contest as the dashboard, to copy."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blportfolio.forecasters.comparison import ComparisonSettings

SERIES_FILE = "series.csv"
"""Name of the file of series that the dashboard offers where no other can be named."""
_FLAGS = {
    "context_length": "--context",
    "test_share": "--test-share",
    "n_refits": "--refits",
    "n_seeds": "--seeds",
    "max_windows": "--max-windows",
    "seed": "--seed",
}
_SWITCHES = ("returns", "adjust")
_OPTIONS = ("calendar", "date_order", "decimal", "max_bytes", "max_gap", "sheet")


def contest_command(plan: Mapping[str, Any], settings: ComparisonSettings) -> str:
    """Return the equivalent `blportfolio forecast compare` command.

    Data sets, universes and tickers are named; a file that was brought along is named as it was
    called. Simulated series, log prices and files that were read in a way that the command has no
    option for are read from `SERIES_FILE`, as the dashboard offers it.

    Args:
        plan: What was asked for, as `run_contest` takes it.
        settings: How the contest was held.
    """
    source = plan["source"]
    words = ["blportfolio", "forecast", "compare"]
    if needs_file(plan):
        levels = plan["kind"] == "levels"
        words += [SERIES_FILE, "--levels" if levels else "--returns"]
    else:
        is_tickers = bool(source.get("tickers"))
        words.append(source.get("name") or Path(str(source["reference"])).name)
        words += [] if is_tickers else _reading(source.get("reading", {}))
        for asset in plan["assets"]:
            words += ["--column", asset]
        if plan.get("start"):
            words += ["--start", str(plan["start"])]
    for name in plan.get("forecasters") or ():
        words += ["--forecaster", name]
    for horizon in settings.horizons:
        words += ["--horizon", str(horizon)]
    usual = ComparisonSettings()
    for name, flag in _FLAGS.items():
        value = getattr(settings, name)
        if value != getattr(usual, name):
            words += [flag, str(value)]
    return shlex.join(words)


def needs_file(plan: Mapping[str, Any]) -> bool:
    """Whether the command reads a file of series that the dashboard must offer."""
    source = plan["source"]
    if source["kind"] == "simulated" or plan["kind"] == "levels":
        return True
    given = {name for name, value in source.get("reading", {}).items() if value is not None}
    return not given <= {*_SWITCHES, *_OPTIONS} and not source.get("tickers")


def _reading(reading: Mapping[str, Any]) -> list[str]:
    """Return options of `load_prices` as flags of the command."""
    words: list[str] = []
    for name, value in sorted(reading.items()):
        if value is None or value is False:
            continue
        flag = f"--{name.replace('_', '-')}"
        words += [flag] if name in _SWITCHES else [flag, str(value)]
    return words
