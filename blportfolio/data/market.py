"""The checked container of market data that every later layer starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from blportfolio.data.checks import (
    Interval,
    checked_caps,
    checked_companion,
    checked_macro,
    checked_membership,
    checked_prices,
    checked_risk_free,
)
from blportfolio.data.growth import growth_of_one, infer_periods_per_year
from blportfolio.data.macro import MacroSeries as MacroSeries
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class MarketData:
    """Adjusted closes of several assets, with what is known about them.

    Missing prices follow one rule. An asset may lack prices before its first and after its last
    one: it was not listed, and no strategy may hold it then. A gap in between is refused, as is
    any value that is not a positive finite number.

    Attributes:
        prices: (n_dates, n_assets) adjusted closes, indexed by tz-naive period ends.
        open: Opening prices like `prices`, adjusted by the same factors; also high and low.
        high: Highest prices.
        low: Lowest prices.
        volume: Traded volumes ≥ 0.
        risk_free: (n_dates,) decimal rate earned over the period that ends on each date.
        market_weights: Dates × assets capitalisations or weights ≥ 0; at a decision the last row
            at or before it is used.
        membership: By asset, intervals (first day, last day or None) of index membership.
        macro: Macro-economic series by name.
        name: Short name of the data set.
        currency: Currency of the prices.
        periods_per_year: Periods of the data in a year; inferred from the dates by default.
        sources: SHA-256 by file name.
        notes: What was inferred or repaired while loading.

    Raises:
        DataError: If prices, dates or labels break the rules above.
    """

    prices: pd.DataFrame
    open: pd.DataFrame | None = None
    high: pd.DataFrame | None = None
    low: pd.DataFrame | None = None
    volume: pd.DataFrame | None = None
    risk_free: pd.Series | None = None
    market_weights: pd.DataFrame | None = None
    membership: Mapping[str, tuple[Interval, ...]] | None = None
    macro: Mapping[str, MacroSeries] | None = None
    name: str = "market"
    currency: str = ""
    periods_per_year: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check everything once and keep private copies."""
        prices = checked_prices(self.prices)
        object.__setattr__(self, "prices", prices)
        for name in ("open", "high", "low", "volume"):
            frame = getattr(self, name)
            if frame is not None:
                object.__setattr__(self, name, checked_companion(frame, prices, name))
        if self.risk_free is not None:
            object.__setattr__(self, "risk_free", checked_risk_free(self.risk_free, prices.index))
        if self.market_weights is not None:
            object.__setattr__(self, "market_weights", checked_caps(self.market_weights, prices))
        if self.membership is not None:
            checked = checked_membership(self.membership, prices.columns)
            object.__setattr__(self, "membership", checked)
        if self.macro is not None:
            object.__setattr__(self, "macro", checked_macro(self.macro))
        if self.periods_per_year is None:
            object.__setattr__(self, "periods_per_year", infer_periods_per_year(self.dates))
        elif not self.periods_per_year > 0:
            raise DataError(f"`periods_per_year` must be above 0, got {self.periods_per_year}.")

    @classmethod
    def from_returns(
        cls,
        returns: pd.DataFrame,
        *,
        risk_free: pd.Series | None = None,
        periods_per_year: float | None = None,
        name: str = "market",
        currency: str = "",
        sources: Mapping[str, str] | None = None,
        notes: tuple[str, ...] = (),
    ) -> MarketData:
        """Turn simple decimal returns per period into prices: growth of 1.

        Args:
            returns: (n_obs, n_assets) simple returns indexed by period ends; missing ones are
                allowed before an asset's first and after its last.
            risk_free: (n_obs,) decimal rate per period on the same index.
            periods_per_year: Periods in a year; inferred by default.
            name: Short name of the data set.
            currency: Currency of the returns.
            sources: SHA-256 by file name.
            notes: What was inferred or repaired.

        Raises:
            DataError: If a return is infinite, not above -1, or missing in between.
        """
        growth, periods = growth_of_one(returns, periods_per_year)
        rates = None
        if risk_free is not None:
            earned = checked_risk_free(risk_free, growth.index[1:])
            rates = pd.Series(np.append(0.0, earned), index=growth.index)
        return cls(
            growth,
            risk_free=rates,
            periods_per_year=periods,
            name=name,
            currency=currency,
            sources=sources or {},
            notes=notes,
        )

    @property
    def assets(self) -> tuple[str, ...]:
        """(n_assets,) labels."""
        return tuple(self.prices.columns)

    @property
    def dates(self) -> pd.DatetimeIndex:
        """(n_dates,) period ends."""
        return pd.DatetimeIndex(self.prices.index)

    def members(self) -> BoolArray:
        """(n_dates, n_assets) booleans: in the index on that date (all, without membership)."""
        dates = self.dates
        inside = np.full((len(dates), len(self.assets)), self.membership is None)
        for asset, intervals in (self.membership or {}).items():
            column = self.assets.index(asset)
            for first, last in intervals:
                until = dates[-1] if last is None else last
                inside[(dates >= first) & (dates <= until), column] = True
        return inside


def check_market(market: object) -> None:
    """Check that an argument is market data.

    Raises:
        DataError: If it is something else, such as a frame of prices.
    """
    if not isinstance(market, MarketData):
        raise DataError(
            f"`market` must be MarketData, got {type(market).__name__}. MarketData(prices) or "
            "load_prices(path) makes one."
        )
