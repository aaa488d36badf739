"""Downloaded prices as market data: fetch into the cache, then load from it."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import MAX_GAP, load_cached
from blportfolio.data.calendars import Calendar, check_alignment
from blportfolio.data.market import MarketData
from blportfolio.data.tickers import shortened
from blportfolio.data.universe import is_universe
from blportfolio.data.yahoo.fetching import Progress, fetch
from blportfolio.data.yahoo.report import FetchReport, describe
from blportfolio.errors import BLPortfolioWarning


def download(
    tickers: str | Path | Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    calendar: Calendar | None = None,
    max_gap: int = MAX_GAP,
    offline_ok: bool = False,
    refresh: bool = False,
    name: str | None = None,
    cache: PriceCache | None = None,
    progress: Progress | None = None,
    retries: int = 4,
    now: dt.datetime | None = None,
    sleep: Callable[[float], None] | None = None,
) -> MarketData:
    """Download daily prices from Yahoo, through a local cache, as checked market data.

    Prices are closes adjusted for splits and dividends, oldest first; open, high and low are
    adjusted by the same factors.

    Args:
        tickers: Tickers as Yahoo writes them, as text ("AAPL MSFT,KO") or a sequence; or the name
            or path of a universe, whose membership comes with them.
        start: First day; all that Yahoo has by default.
        end: Last day, included; the last finished one by default.
        calendar: `union`, the default, keeps all dates and carries prices over exchange holidays;
            `common` keeps the dates on which every listed asset trades.
        max_gap: Dates in a row over which a price that Yahoo lacks is carried forward; noted.
        offline_ok: Whether cached prices will do when Yahoo cannot be reached; their age is noted.
        refresh: Whether to download the whole history again.
        name: Short name of the data.
        cache: Where prices are kept; the user's cache by default.
        progress: Called with a name, tickers done and all tickers.
        retries: Further tries when Yahoo asks to wait or cannot be reached.
        now: The time; the clock's by default.
        sleep: Waits for so many seconds between tries.

    Returns:
        Market data of the tickers that could be had; the others are named in a warning and in
        `notes`.

    Raises:
        DataError: If an argument is malformed, Yahoo cannot be reached (and `offline_ok` is
            False), or no ticker has prices.
        OutputError: If the cache cannot be written to.
    """
    check_alignment(calendar or "union", max_gap)
    cache = cache or PriceCache()
    report = fetch(
        tickers,
        start,
        end,
        refresh=refresh,
        offline_ok=offline_ok,
        cache=cache,
        progress=progress,
        retries=retries,
        now=now,
        sleep=sleep,
    )
    report.check()
    if report.failed:
        _warn(f"No prices of {describe(report.failed)}")
    notes = _notes(report)
    kept = [one for one in report.tickers if one.status == "kept"]
    if kept and not offline_ok:
        _warn(f"Used as cached before: {describe(kept)}")
    if isinstance(tickers, str | Path) and is_universe(tickers):
        from blportfolio.data.universes import load_universe  # which loads from the cache too

        market = load_universe(
            tickers, start=start, end=end, calendar=calendar, max_gap=max_gap, cache=cache
        )
        return replace(market, name=name or market.name, notes=(*notes, *market.notes))
    return load_cached(
        report.usable,
        start,
        end,
        calendar=calendar or "union",
        max_gap=max_gap,
        name=name or "yahoo",
        cache=cache,
        notes=notes,
    )


def _notes(report: FetchReport) -> tuple[str, ...]:
    """Return what a reader of results must know of a fetch."""
    notes = []
    if report.failed:
        notes.append(f"No prices of {describe(report.failed)}")
    alike: dict[str, list[str]] = {}
    for one in report.tickers:
        if one.is_usable and one.reason:
            alike.setdefault(f"{one.status}; {one.reason}.", []).append(one.ticker)
    return (*notes, *(f"{shortened(names)}: {what}" for what, names in alike.items()))


def _warn(message: str) -> None:
    warnings.warn(message, BLPortfolioWarning, stacklevel=3)
