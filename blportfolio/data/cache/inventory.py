"""What lies in the cache of prices: each ticker with its dates, its source and its age."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from blportfolio.data.cache.price_file import read_dates
from blportfolio.data.cache.store import PriceCache
from blportfolio.errors import DataError


@dataclass(frozen=True, slots=True)
class CachedTicker:
    """Prices of one ticker in the cache.

    Attributes:
        ticker: Ticker in capitals.
        first: First cached date; None where the file is damaged.
        last: Last cached date.
        rows: Cached dates.
        age_days: Days since they were last compared with the source.
        source: "yahoo", or the name of the file that was imported.
        currency: Currency of the quotes; empty where unknown.
        problem: What is wrong with the file, else empty.
    """

    ticker: str
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    rows: int = 0
    age_days: float | None = None
    source: str = ""
    currency: str = ""
    problem: str = ""


def inventory(
    cache: PriceCache | None = None, *, now: dt.datetime | None = None
) -> list[CachedTicker]:
    """Return what is cached, by ticker; damaged files are named and not opened further.

    Args:
        cache: Where prices are kept; the user's cache by default.
        now: The time, with a time zone; now by default.
    """
    store = cache or PriceCache()
    moment = now or dt.datetime.now(dt.UTC)
    return [_described(store, ticker, moment) for ticker in store.tickers()]


def _described(store: PriceCache, ticker: str, now: dt.datetime) -> CachedTicker:
    try:
        info = store.info(ticker)
        dates = pd.DatetimeIndex(read_dates(store.path(ticker)))
    except (DataError, OSError) as error:
        return CachedTicker(ticker, problem=str(error))
    return CachedTicker(
        ticker,
        first=dates[0] if len(dates) else None,
        last=dates[-1] if len(dates) else None,
        rows=len(dates),
        age_days=(now - info.fetched).total_seconds() / 86400,
        source=info.source,
        currency=info.currency,
    )
