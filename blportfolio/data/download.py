"""Downloaded prices as market data: fetch into the cache, then load from it."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.cache import PriceCache
from blportfolio.data.calendars import Calendar, align_calendars
from blportfolio.data.fetch_report import Fetched, FetchReport, describe
from blportfolio.data.fetching import Progress, fetch
from blportfolio.data.market import MarketData
from blportfolio.data.sessions import currency_of
from blportfolio.data.tickers import split_tickers
from blportfolio.data.universe import is_universe
from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.validation import check_date

MARKET_FIELDS = ("prices", "close", "open", "high", "low", "volume")


def download(
    tickers: str | Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    calendar: Calendar = "union",
    max_gap: int = 5,
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
            of a universe, whose membership comes with them.
        start: First day; all that Yahoo has by default.
        end: Last day, included; the last finished one by default.
        calendar: `union` keeps all dates and carries prices over exchange holidays; `common`
            keeps the dates on which every listed asset trades.
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
    if isinstance(tickers, str) and is_universe(tickers):
        from blportfolio.data.universes import load_universe  # which loads from the cache too

        market = load_universe(tickers, start=start, end=end, calendar=calendar, cache=cache)
        return replace(market, name=name or market.name, notes=(*notes, *market.notes))
    return load_cached(
        report.usable,
        start,
        end,
        calendar=calendar,
        max_gap=max_gap,
        name=name or "yahoo",
        cache=cache,
        notes=notes,
    )


def load_cached(
    tickers: str | Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    calendar: Calendar = "union",
    max_gap: int = 5,
    name: str = "cached",
    cache: PriceCache | None = None,
    notes: tuple[str, ...] = (),
) -> MarketData:
    """Load cached prices as checked market data, without asking anybody.

    Args:
        tickers: Tickers as text or a sequence; all of them must be in the cache.
        start: First day.
        end: Last day, included.
        calendar: As in `download`.
        max_gap: As in `download`.
        name: Short name of the data.
        cache: Where prices are kept; the user's cache by default.
        notes: What is already known of the data.

    Returns:
        Market data; tickers whose prices cannot be used in these dates are named in a warning.

    Raises:
        DataError: If a ticker is not cached or its file is damaged, or none has usable prices.
    """
    cache = cache or PriceCache()
    names = split_tickers(tickers)
    bars = _between(cache.read(names, MARKET_FIELDS), start, end)
    unusable = [
        Fetched(ticker, "failed", reason)
        for ticker, reason in zip(names, _faults(bars.prices), strict=True)
        if reason
    ]
    if unusable:
        kept = [ticker for ticker in names if ticker not in {one.ticker for one in unusable}]
        message = f"Cannot be used in these dates: {describe(unusable)}"
        if not kept:
            raise DataError(message)
        _warn(message)
        notes = (*notes, message)
        bars = _chosen(bars, slice(None), kept)
    bars, filled = align_calendars(bars, calendar=calendar, max_gap=max_gap)
    frames: dict[str, Any] = dict(bars.market_frames())
    del bars  # unadjusted prices; large ones need not stay while market data are made
    assets = tuple(frames["prices"].columns)
    currencies = {currency_of(ticker) for ticker in assets}
    if len(currencies - {""}) > 1:
        notes = (*notes, f"Prices are in {', '.join(sorted(currencies - {''}))}, not converted.")
    return MarketData(
        **frames,
        name=name,
        currency=currencies.pop() if len(currencies) == 1 else "",
        sources={cache.path(ticker).name: cache.digest(ticker) for ticker in assets},
        notes=(*notes, *filled),
    )


def _notes(report: FetchReport) -> tuple[str, ...]:
    """Return what a reader of results must know of a fetch."""
    notes = []
    if report.failed:
        notes.append(f"No prices of {describe(report.failed)}")
    for one in report.tickers:
        if one.is_usable and one.reason:
            notes.append(f"{one.ticker}: {one.status}; {one.reason}.")
    return tuple(notes)


def _between(bars: Bars, start: object, end: object) -> Bars:
    """Return the dates from `start` to `end` on which any asset has a price."""
    first = None if start is None else check_date(start, name="start")
    last = None if end is None else check_date(end, name="end")
    chosen = bars if first is last is None else _chosen(bars, slice(first, last))
    if not len(chosen.prices):
        raise DataError(
            f"There is no price between {start or 'the beginning'} and {end or 'the end'}; choose "
            "other dates."
        )
    return chosen


def _chosen(bars: Bars, dates: slice, assets: Sequence[str] | None = None) -> Bars:
    """Return some dates and assets, without dates on which no asset has a price."""
    frames: dict[str, Any] = {
        name: frame.loc[dates, slice(None) if assets is None else list(assets)]
        for name, frame in bars.frames().items()
    }
    priced = frames["prices"].notna().any(axis=1)
    if not priced.all():
        frames = {name: frame[priced] for name, frame in frames.items()}
    return Bars(**frames)


def _faults(prices: pd.DataFrame) -> list[str]:
    """Return by asset why market data cannot hold it; nothing where they can."""
    values = prices.to_numpy()
    known = np.isfinite(values)
    lowest = np.where(known, values, np.inf).min(axis=0)
    highest = np.where(known, values, -np.inf).max(axis=0)
    reasons = []
    for count, low, high in zip(known.sum(axis=0), lowest, highest, strict=True):
        if count < 2:
            reasons.append("fewer than two prices")
        elif low <= 0:
            reasons.append(f"a price of {low:g}, which is not positive")
        else:
            reasons.append("the price never changes" if low == high else "")
    return reasons


def _warn(message: str) -> None:
    warnings.warn(message, BLPortfolioWarning, stacklevel=3)
