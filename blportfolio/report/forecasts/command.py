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


def contest_command(plan: Mapping[str, Any], settings: ComparisonSettings) -> str:
    """Return the equivalent `blportfolio forecast compare` command.

    Data sets and universes are named; a file that was brought along is named as it was called.
    Simulated series and log prices are read from `SERIES_FILE`, as the dashboard offers it.

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
        is_file = source["kind"] == "upload"
        reference = str(source["reference"])
        words.append(source.get("name") or (Path(reference).name if is_file else reference))
        words += _reading(source.get("reading", {}))
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
    return bool(plan["source"]["kind"] == "simulated" or plan["kind"] == "levels")


def _reading(reading: Mapping[str, Any]) -> list[str]:
    """Return options of `load_prices` as flags of the command."""
    words: list[str] = []
    for name, value in sorted(reading.items()):
        if value is None or value is False:
            continue
        flag = f"--{name.replace('_', '-')}"
        words += [flag] if name in _SWITCHES else [flag, str(value)]
    return words
