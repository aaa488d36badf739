"""Macro-economic features: the same value for every asset, known with its publication lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MacroSeries, MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.features.base import MACRO, check_has
from blportfolio.validation import check_positive

NEEDS_MACRO = ("macro",)


@dataclass(frozen=True, slots=True)
class TermSpread:
    """Yield of long less that of short government bonds, decimal a year.

    Both of the same reference date, so that a day on which one is missing gives no value.

    Attributes:
        long: Name of the long yield among the market's macro series.
        short: Name of the short one.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series say, in general three of their own periods.
    """

    requires: ClassVar[tuple[str, ...]] = NEEDS_MACRO
    long: str = "treasury_10y"
    short: str = "treasury_2y"
    max_age_days: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check(self.max_age_days, long=self.long, short=self.short)

    @property
    def needs(self) -> tuple[str, ...]:
        """Macro series that it reads with these parameters."""
        return MACRO + self.long, MACRO + self.short

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `term_spread`, (n_dates, n_assets)."""
        spread = _difference(market, self.needs, "term_spread")
        return _columns(market, "term_spread", spread, self.max_age_days)


@dataclass(frozen=True, slots=True)
class CreditSpread:
    """Yield of weaker less that of the best corporate bonds, decimal a year.

    Attributes:
        risky: Name of the yield of weaker bonds among the market's macro series.
        safe: Name of that of the best.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series say, in general three of their own periods.
    """

    requires: ClassVar[tuple[str, ...]] = NEEDS_MACRO
    risky: str = "moodys_baa"
    safe: str = "moodys_aaa"
    max_age_days: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check(self.max_age_days, risky=self.risky, safe=self.safe)

    @property
    def needs(self) -> tuple[str, ...]:
        """Macro series that it reads with these parameters."""
        return MACRO + self.risky, MACRO + self.safe

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `credit_spread`, (n_dates, n_assets)."""
        spread = _difference(market, self.needs, "credit_spread")
        return _columns(market, "credit_spread", spread, self.max_age_days)


@dataclass(frozen=True, slots=True)
class OneSeries:
    """What features of one macro series share.

    Attributes:
        series: Its name among the market's macro series.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series says, in general three of its own periods.
    """

    requires: ClassVar[tuple[str, ...]] = NEEDS_MACRO
    series: str = ""
    max_age_days: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check(self.max_age_days, series=self.series)

    @property
    def needs(self) -> tuple[str, ...]:
        """Macro series that it reads with these parameters."""
        return (MACRO + self.series,)


@dataclass(frozen=True, slots=True)
class ShortRate(OneSeries):
    """Short interest rate, decimal a year.

    Attributes:
        series: Its name among the market's macro series.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series says, in general three of its own periods.
    """

    series: str = "treasury_3m"

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `short_rate`, (n_dates, n_assets)."""
        (rate,) = _series(market, self.needs, "short_rate")
        return _columns(market, "short_rate", rate, self.max_age_days)


@dataclass(frozen=True, slots=True)
class VIX(OneSeries):
    """Volatility that index options imply, decimal; the series is index points over 100.

    Attributes:
        series: Its name among the market's macro series.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series says, in general three of its own periods.
    """

    series: str = "vix"

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `vix`, (n_dates, n_assets)."""
        (level,) = _series(market, self.needs, "vix")
        return _columns(market, "vix", level, self.max_age_days)


@dataclass(frozen=True, slots=True)
class Inflation(OneSeries):
    """Change of a price index over twelve months, decimal.

    A month whose index, or that of twelve months before, was not published has no value; the one
    before it goes on until it is too old. Indices are revised later: unless the series holds first
    prints, a backtest sees the revised ones.

    Attributes:
        series: Name of the index among the market's macro series: one value a month or fewer.
        max_age_days: Days for which a value may be used once it is known; by default what the
            series says, in general three of its own periods.
    """

    series: str = "cpi"

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `inflation`, (n_dates, n_assets)."""
        (index,) = _series(market, self.needs, "inflation")
        values = index.values
        months = pd.DatetimeIndex(values.index).to_period("M")
        if months.has_duplicates:
            raise DataError(
                f"Feature 'inflation' needs one value a month at most; {self.series!r} has two in "
                f"{months[months.duplicated()][0]}."
            )
        if (values <= 0).any():
            raise DataError(
                f"Feature 'inflation' needs a price index above 0; {self.series!r} has "
                f"{values[values <= 0].iloc[0]:g}. Give the index itself, not its change."
            )
        year_before = values.set_axis(months).reindex(months - 12).to_numpy()
        change = _derived(values / year_before - 1, index)
        return _columns(market, "inflation", change, self.max_age_days)


def _check(max_age_days: float | None, **names: object) -> None:
    for key, name in names.items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"`{key}` must be the name of a macro series, got {name!r}.")
    if max_age_days is not None:
        check_positive(max_age_days, name="max_age_days")


def _series(market: MarketData, needs: tuple[str, ...], feature: str) -> list[MacroSeries]:
    check_has(market, needs, feature=feature)
    macro: Mapping[str, MacroSeries] = market.macro or {}
    return [macro[need.removeprefix(MACRO)] for need in needs]


def _difference(market: MarketData, needs: tuple[str, ...], feature: str) -> MacroSeries:
    """Return first less second on their common dates: known when both are, valid as the shorter."""
    first, second = pair = _series(market, needs, feature)
    difference = (first.values - second.values).dropna()
    if difference.empty:
        raise DataError(
            f"Feature {feature!r} needs macro series of the same reference dates; "
            f"{' and '.join(repr(need.removeprefix(MACRO)) for need in needs)} have none in common."
        )
    lag = max(first.publication_lag, second.publication_lag)
    ages = [series.max_age for series in pair]
    if all(age is None for age in ages) or min(len(series.values) for series in pair) < 2:
        return MacroSeries(difference, lag)
    # Three of its own periods, as a series without an age of its own has on average.
    spans: list[pd.Timedelta] = [
        pd.Timedelta(3 * pd.Series(series.values.index).diff().median()) if age is None else age
        for series, age in zip(pair, ages, strict=True)
    ]
    return MacroSeries(difference, lag, min(spans))


def _derived(values: pd.Series, source: MacroSeries) -> MacroSeries | None:
    """Return values that are known and last as `source`; None where there are none."""
    if values.isna().all():
        return None
    return MacroSeries(values, source.publication_lag, source.max_age)


def _columns(
    market: MarketData, name: str, series: MacroSeries | None, max_age_days: float | None
) -> dict[str, pd.DataFrame]:
    """Return a frame with the value known and valid at each date in every column."""
    dates = market.dates
    age = None if max_age_days is None else pd.Timedelta(days=max_age_days)
    known = np.full(len(dates), np.nan) if series is None else series.at(dates, age)
    values = np.repeat(known[:, None], len(market.assets), axis=1)
    return {name: pd.DataFrame(values, index=market.prices.index, columns=market.prices.columns)}
