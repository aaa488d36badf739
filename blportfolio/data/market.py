"""The checked container of market data that every later layer starts from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.checks import (
    Interval,
    checked_caps,
    checked_companion,
    checked_macro,
    checked_membership,
    checked_prices,
    checked_risk_free,
)
from blportfolio.data.cutting import convert, cut
from blportfolio.data.growth import growth_of_one, infer_periods_per_year
from blportfolio.data.macro import MacroSeries as MacroSeries
from blportfolio.data.quality import QualityReport, examine
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, check_choice


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

    def returns(
        self, kind: Literal["simple", "log"] = "simple", *, excess: bool = False
    ) -> pd.DataFrame:
        """Return what each asset earned in each period.

        Args:
            kind: `simple`, P_t / P_{t-1} - 1, or `log`, ln(P_t / P_{t-1}).
            excess: Whether to subtract the risk-free rate of the same kind.

        Returns:
            (n_dates - 1, n_assets) decimals per period by its end; NaN where a price is missing.

        Raises:
            ConfigError: If `kind` is neither.
            DataError: If excess returns are asked for and the market has no risk-free rate.
        """
        check_choice(kind, ("simple", "log"), name="kind")
        values = self.prices.to_numpy()
        growth = values[1:] / values[:-1]
        earned = np.log(growth) if kind == "log" else growth - 1
        if excess:
            if self.risk_free is None:
                raise DataError(
                    f"`excess` returns need a risk-free rate, which {self.name!r} lacks; "
                    "market.with_risk_free(series) adds one."
                )
            rates = self.risk_free.to_numpy()[1:, None]
            earned = earned - (np.log1p(rates) if kind == "log" else rates)
        return pd.DataFrame(earned, index=self.dates[1:], columns=self.prices.columns)

    def with_risk_free(self, yields: MacroSeries) -> MarketData:
        """Return the market with a risk-free rate made from a yield.

        The rate earned over a period is the annual yield already known at its beginning, times the
        share of a year of 365 days that it lasts: nothing in it is known later.

        Args:
            yields: Annual simple yield of a bill, decimal, with its publication lag.

        Raises:
            DataError: If no yield is known and valid at some beginning.
        """
        if not isinstance(yields, MacroSeries):
            raise DataError(
                f"`yields` must be a MacroSeries, got {type(yields).__name__}. For example "
                "load_macro('us_treasury')['treasury_3m']."
            )
        known = yields.at(self.dates[:-1])
        if np.isnan(known).any():
            first = self.dates[:-1][np.isnan(known)][0].date()
            raise DataError(
                f"`yields` have no valid value on {first}; cut the market to the dates they cover, "
                "or give the series a longer max_age."
            )
        days = np.diff(self.dates.to_numpy()) / np.timedelta64(1, "D")
        rates = pd.Series(np.append(0.0, known * days / 365), index=self.dates)
        return replace(self, risk_free=rates)

    def between(
        self, start: str | pd.Timestamp | None = None, end: str | pd.Timestamp | None = None
    ) -> MarketData:
        """Return the dates from `start` to `end`, both included.

        Assets without two different prices in them are left out, with a note.

        Raises:
            DataError: If fewer than two dates or no asset is left.
        """
        return cut(self, start, end)

    def to_frequency(self, frequency: str) -> MarketData:
        """Return weekly, monthly or quarterly data, without looking ahead.

        Args:
            frequency: `weekly` (Monday to Sunday), `monthly` or `quarterly`.

        Returns:
            The market at the last date of each period; the last period only if it is over.

        Raises:
            ConfigError: If the frequency is unknown.
            DataError: If the data are not finer than that, or too short.
        """
        return convert(self, frequency)

    def quality(self, *, today: dt.date | None = None) -> QualityReport:
        """Look for faults in the prices: splits, bad prints, gaps, copies, wrong units and more.

        Args:
            today: Day of the look, which tells unfinished and future bars; today by default.

        Returns:
            Findings, the serious first; `blportfolio data check` prints the same.
        """
        return examine(
            Bars(self.prices, None, self.open, self.high, self.low, self.volume),
            name=self.name,
            periods_per_year=self.periods_per_year,
            membership=self.membership,
            today=today,
        )

    def lifetimes(self) -> pd.DataFrame:
        """Return when each asset is listed; for description only, as it knows the future.

        Returns:
            By asset: first and last date with a price, whether it `survives` to the last date of
            the data, and the number of dates on which it belongs to the index.
        """
        known = self.prices.notna().to_numpy()
        dates = self.dates
        return pd.DataFrame(
            {
                "first": dates[known.argmax(axis=0)],
                "last": dates[len(dates) - 1 - known[::-1].argmax(axis=0)],
                "survives": known[-1],
                "n_member_dates": (known & self.members()).sum(axis=0),
            },
            index=self.prices.columns,
        )

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
