"""Turns the tables of yfinance, in any of their shapes, into bars by ticker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.data.cache.merging import complete_frame
from blportfolio.data.sessions import exchange_of

NAMES = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "adj close": "prices",
    "volume": "volume",
    "dividends": "dividends",
    "stock splits": "splits",
}
"""Frames of `Bars` by the name of Yahoo's column."""


def split_table(table: object, tickers: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the bars by ticker of a table in any of the shapes that yfinance gives.

    Columns may be (ticker, price), (price, ticker) or, for one ticker, plain; dates may have a
    time zone; a ticker that failed may be absent, or have no number.
    """
    if not isinstance(table, pd.DataFrame) or table.empty:
        return {}
    if table.columns.nlevels == 1:
        parts = {tickers[0]: table} if len(tickers) == 1 else {}
    else:
        price_level = next(
            (
                level
                for level in range(table.columns.nlevels)
                if {"Close", "Adj Close"} & set(table.columns.get_level_values(level))
            ),
            1,
        )
        ticker_level = 1 - min(price_level, 1)
        labels = table.columns.get_level_values(ticker_level)
        parts = {}
        for label in dict.fromkeys(labels):
            part = table.loc[:, labels == label]
            names = part.columns.get_level_values(price_level)
            parts[str(label).upper()] = part.set_axis(names, axis=1)
    cleaned = {t: clean_bars(parts[t], t) for t in tickers if t in parts}
    return {ticker: frame for ticker, frame in cleaned.items() if len(frame)}


def clean_bars(part: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """Return the bars of one ticker as sorted days without a time zone, under our names.

    Days without a close are left out; a quote of 0 is how Yahoo writes one that it does not know.
    Where an adjusted close is missing its factor is that of the next day that has one.
    """
    names = [NAMES.get(str(column).strip().lower(), "") for column in part.columns]
    part = part.set_axis(names, axis=1)
    part = part.loc[:, ~part.columns.duplicated()].drop(columns="", errors="ignore")
    if "close" not in part:
        return no_bars()
    part = part.apply(pd.to_numeric, errors="coerce").astype(float)
    part = part.replace([np.inf, -np.inf], np.nan).set_axis(_days(part.index, ticker))
    quoted = [name for name in ("open", "high", "low", "close", "prices") if name in part]
    part[quoted] = part[quoted].replace(0.0, np.nan)
    part = part[part["close"].notna().to_numpy() & np.asarray(part.index.notna())]
    part = part.sort_index(kind="stable")
    part = part[~part.index.duplicated(keep="last")]
    if "prices" in part:
        factor = (part["prices"] / part["close"]).bfill().ffill().fillna(1.0)
        part["prices"] = part["prices"].fillna(part["close"] * factor)
    return complete_frame(part, ticker)


def _days(index: pd.Index, ticker: str) -> pd.DatetimeIndex:
    """Return the days at the exchange."""
    dates = pd.DatetimeIndex(pd.to_datetime(index, errors="coerce"))
    if str(dates.tz) == "UTC" and not dates.equals(dates.normalize()):
        exchange = exchange_of(ticker)
        dates = dates.tz_convert(exchange.zone) if exchange else dates
    return dates.tz_localize(None).normalize()


def no_bars() -> pd.DataFrame:
    """Return bars without a day."""
    empty = pd.DataFrame({"close": []}, index=pd.DatetimeIndex([]), dtype=float)
    return complete_frame(empty, "nothing")
