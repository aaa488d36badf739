"""Loads data again from what names them: a packaged set, a cached universe, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blportfolio.data.datasets import load_dataset
from blportfolio.data.files import load_prices
from blportfolio.data.market import MarketData
from blportfolio.data.tickers import split_tickers
from blportfolio.validation import check_choice

KINDS = ("packaged", "cached", "upload")


def reload_market(kind: str, reference: str, reading: Mapping[str, Any]) -> MarketData:
    """Load data.

    Args:
        kind: "packaged" or "cached" for a name that `load_dataset` knows, "upload" for a file.
        reference: That name, or the path.
        reading: Options of `load_prices` for a file.

    Raises:
        ConfigError: If there is no such kind.
        DataError: If they cannot be loaded.
    """
    check_choice(kind, KINDS, name="kind")
    if kind == "upload":
        return load_prices(reference, **reading)
    return load_dataset(reference)


def code_of(kind: str, origin: str, reading: Mapping[str, Any], *, start: str | None = "") -> str:
    """Return the Python that loads data, after `import blportfolio as bl`.

    Args:
        kind: As of `reload_market`.
        origin: Name of the data set, of the owner's file, or tickers.
        reading: Options of `load_prices` for a file.
        start: First day of tickers, None for all; empty where `origin` is a file.

    Raises:
        ConfigError: If there is no such kind.
    """
    check_choice(kind, KINDS, name="kind")
    if kind != "upload":
        return f"bl.load_dataset({origin!r})"
    if start == "":
        options = "".join(f", {name}={value!r}" for name, value in sorted(reading.items()))
        return f"bl.load_prices({origin!r}{options})"
    since = "" if start is None else f", start={start!r}"
    return f"bl.download({' '.join(split_tickers(origin))!r}{since})"
