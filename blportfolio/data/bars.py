"""Bars of several assets as a source gave them: aligned, not yet checked as market data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

FRAMES = ("prices", "close", "open", "high", "low", "volume", "dividends", "splits")
QUOTED = ("open", "high", "low")
"""Frames on the basis of `close`, which the factor prices / close turns into adjusted ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What a file, a download or the cache says of several assets.

    All frames are dates × assets on the same labels: a sorted tz-naive DatetimeIndex without
    duplicates named "date", and unique text columns named "asset". Values are floats as they came;
    nothing here has been checked for being positive, complete or plausible.

    Attributes:
        prices: What returns are computed from: adjusted closes where the source has them.
        close: Closes as quoted, where the source has both.
        open: Opening prices on the basis of `close`, or of `prices` without it; high and low alike.
        high: Highest prices.
        low: Lowest prices.
        volume: Traded volumes.
        dividends: Dividends per share on their ex-dates, 0 elsewhere.
        splits: New shares for one old share on the first day of the new ones, 0 elsewhere.
        currencies: Currency by asset, where it is known.
    """

    prices: pd.DataFrame
    close: pd.DataFrame | None = None
    open: pd.DataFrame | None = None
    high: pd.DataFrame | None = None
    low: pd.DataFrame | None = None
    volume: pd.DataFrame | None = None
    dividends: pd.DataFrame | None = None
    splits: pd.DataFrame | None = None
    currencies: Mapping[str, str] = field(default_factory=dict)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames that are there, by name."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name in FRAMES}
        return {name: frame for name, frame in named.items() if frame is not None}

    def with_frames(self, changed: Mapping[str, pd.DataFrame]) -> Bars:
        """Return bars with some frames changed."""
        return Bars(**{**self.frames(), **changed}, currencies=self.currencies)

    def market_frames(self) -> dict[str, pd.DataFrame]:
        """Return prices and, adjusted by the factors of the closes, open, high, low and volume."""
        kept = {k: v for k, v in self.frames().items() if k in {"prices", "volume", *QUOTED}}
        if self.close is not None and any(name in kept for name in QUOTED):
            factor = self.prices / self.close
            kept.update({name: kept[name] * factor for name in QUOTED if name in kept})
        return kept
