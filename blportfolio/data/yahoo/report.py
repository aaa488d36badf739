"""What a fetch did to each ticker, as records and in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from blportfolio.data.cache.price_file import Entry
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError

Status = Literal["fresh", "updated", "downloaded", "redownloaded", "kept", "failed"]
FEW = 3
"""Tickers of one reason that are told one by one."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What happened to one ticker.

    Attributes:
        ticker: Ticker in capitals.
        status: `fresh` where nothing new was to be had, `updated`, `downloaded` for the first
            time, `redownloaded` as its history was revised, `kept` as Yahoo gave nothing better,
            `failed` where there is nothing to use.
        reason: Why, and what was left out.
        first: First cached date.
        last: Last cached date.
        rows: Cached dates.
        fetched: When the cached prices were last compared with Yahoo.
    """

    ticker: str
    status: Status
    reason: str = ""
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    rows: int = 0
    fetched: dt.datetime | None = None

    @classmethod
    def of(cls, ticker: str, status: Status, reason: str, entry: Entry | None) -> Fetched:
        """Return what happened to a ticker of which `entry` is cached now."""
        if entry is None:
            return cls(ticker, status, reason)
        dates = entry.frame.index
        return cls(ticker, status, reason, dates[0], dates[-1], len(dates), entry.info.fetched)

    @property
    def is_usable(self) -> bool:
        """Whether there are prices in the cache."""
        return self.rows > 0

    def record(self) -> dict[str, Any]:
        """Return it ready for JSON: dates as ISO text, what is unknown as None."""
        return {
            "ticker": self.ticker,
            "status": self.status,
            "reason": self.reason,
            "first": None if self.first is None else str(self.first.date()),
            "last": None if self.last is None else str(self.last.date()),
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What happened to every ticker, in the order asked for."""

    tickers: tuple[Fetched, ...]

    @property
    def usable(self) -> tuple[str, ...]:
        """Tickers with prices in the cache."""
        return tuple(one.ticker for one in self.tickers if one.is_usable)

    @property
    def failed(self) -> tuple[Fetched, ...]:
        """Tickers without prices in the cache."""
        return tuple(one for one in self.tickers if not one.is_usable)

    def check(self) -> None:
        """Check that one ticker at least can be used.

        Raises:
            DataError: If none can.
        """
        if not self.usable:
            raise DataError(f"No ticker has prices. {describe(self.failed)}")


def describe(several: Sequence[Fetched], most: int = 20) -> str:
    """Return one sentence of tickers and reasons; many of one reason together."""
    alike: dict[str, list[str]] = {}
    for one in several:
        alike.setdefault(one.reason or one.status, []).append(one.ticker)
    parts = []
    for reason, names in alike.items():
        together = [shortened(names)] if len(names) > FEW else names
        parts += [f"{name}: {reason}" for name in together]
    more = f"; and {len(parts) - most} more" if len(parts) > most else ""
    return "; ".join(parts[:most]) + more + "."


def age(fetched: dt.datetime, now: dt.datetime) -> str:
    """Say how old prices are; a clock that was set back makes none younger than new."""
    hours = max(now - fetched, dt.timedelta(0)) / dt.timedelta(hours=1)
    amount, unit = (round(hours / 24), "day") if hours >= 36 else (round(hours), "hour")
    return f"{amount} {unit}{'' if amount == 1 else 's'} old"
