"""Cached prices as market data, without asking anybody."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.cache import PriceCache
from blportfolio.data.calendars import Calendar, align_calendars
from blportfolio.data.market import MarketData
from blportfolio.data.sessions import currency_of
from blportfolio.data.tickers import split_tickers
from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.validation import check_date

MARKET_FIELDS = ("prices", "close", "open", "high", "low", "volume")
MAX_GAP = 5
"""Dates in a row over which a price that the source lacks is carried forward."""


def load_cached(
    tickers: str | Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    calendar: Calendar = "union",
    max_gap: int = MAX_GAP,
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
    market, left_out = load_usable(
        split_tickers(tickers),
        start,
        end,
        calendar=calendar,
        max_gap=max_gap,
        name=name,
        cache=cache or PriceCache(),
        notes=notes,
    )
    if left_out:
        warnings.warn(left_out, BLPortfolioWarning, stacklevel=2)
    return market


def load_usable(
    names: Sequence[str],
    start: str | pd.Timestamp | None,
    end: str | pd.Timestamp | None,
    *,
    calendar: Calendar,
    max_gap: int,
    name: str,
    cache: PriceCache,
    notes: tuple[str, ...] = (),
) -> tuple[MarketData, str]:
    """Load what can be used of cached tickers, and say what was left out.

    Raises:
        DataError: As `load_cached`.
    """
    bars = _between(cache.read(names, MARKET_FIELDS), start, end)
    faults = dict(zip(names, _faults(bars.prices), strict=True))
    left_out = "; ".join(f"{ticker}: {reason}" for ticker, reason in faults.items() if reason)
    if left_out:
        left_out = f"Cannot be used in these dates: {left_out}."
        kept = [ticker for ticker, reason in faults.items() if not reason]
        if not kept:
            raise DataError(left_out)
        notes = (*notes, left_out)
        bars = _chosen(bars, slice(None), kept)
    bars, filled = align_calendars(bars, calendar=calendar, max_gap=max_gap)
    frames: dict[str, Any] = dict(bars.market_frames())
    del bars  # unadjusted prices; large ones need not stay while market data are made
    assets = tuple(frames["prices"].columns)
    currencies = {currency_of(ticker) for ticker in assets}
    if len(currencies - {""}) > 1:
        notes = (*notes, f"Prices are in {', '.join(sorted(currencies - {''}))}, not converted.")
    market = MarketData(
        **frames,
        name=name,
        currency=currencies.pop() if len(currencies) == 1 else "",
        sources={cache.path(ticker).name: cache.digest(ticker) for ticker in assets},
        notes=(*notes, *filled),
    )
    return market, left_out


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
