"""The checked container of market data that every later layer starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, check_dates, check_labels

Interval = tuple[pd.Timestamp, pd.Timestamp | None]
MOST_GROWTH = 1e6
"""Largest factor between two prices in a row; squares of larger returns overflow in the end."""


@dataclass(frozen=True, slots=True, eq=False)
class MacroSeries:
    """A macro-economic series and how long after its date each value became known.

    Attributes:
        values: Values by reference date.
        publication_lag: Time from a reference date to the day its value was published.
    """

    values: pd.Series
    publication_lag: pd.Timedelta

    def known_at(self, as_of: pd.Timestamp) -> pd.Series:
        """Return the values already published at `as_of`."""
        published = pd.DatetimeIndex(self.values.index) + self.publication_lag
        return self.values.loc[published <= as_of]


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
        prices = _checked_prices(self.prices)
        object.__setattr__(self, "prices", prices)
        for name in ("open", "high", "low", "volume"):
            frame = getattr(self, name)
            if frame is not None:
                object.__setattr__(self, name, _checked_companion(frame, prices, name))
        if self.risk_free is not None:
            object.__setattr__(self, "risk_free", _checked_risk_free(self.risk_free, prices.index))
        if self.market_weights is not None:
            object.__setattr__(self, "market_weights", _checked_caps(self.market_weights, prices))
        if self.membership is not None:
            unknown = sorted(set(self.membership) - set(prices.columns))
            if unknown:
                raise DataError(f"`membership` names the unknown asset {unknown[0]!r}.")
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
            returns: (n_obs, n_assets) simple returns indexed by period ends.
            risk_free: (n_obs,) decimal rate per period on the same index.
            periods_per_year: Periods in a year; inferred by default.
            name: Short name of the data set.
            currency: Currency of the returns.
            sources: SHA-256 by file name.
            notes: What was inferred or repaired.

        Raises:
            DataError: If a return is missing, infinite or not above -1.
        """
        dates = check_dates(returns.index, name="returns")
        values = returns.to_numpy(dtype=float)
        if not np.isfinite(values).all() or (values <= -1).any():
            row, column = (int(i) for i in np.argwhere(~(np.isfinite(values) & (values > -1)))[0])
            raise DataError(
                f"`returns` must be decimals above -1; {returns.columns[column]!r} has "
                f"{values[row, column]} on {dates[row].date()}."
            )
        periods = periods_per_year or infer_periods_per_year(dates)
        if periods == 12:
            base = dates[0] - pd.offsets.MonthEnd(1)
        else:
            base = dates[0] - pd.Timedelta(np.median(np.diff(dates.to_numpy())))
        index = dates.insert(0, base)
        growth = np.vstack([np.ones(values.shape[1]), np.cumprod(1 + values, axis=0)])
        rates = None
        if risk_free is not None:
            rates = pd.Series(np.append(0.0, risk_free.to_numpy(dtype=float)), index=index)
        return cls(
            pd.DataFrame(growth, index=index, columns=returns.columns),
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

    def is_member(self, as_of: pd.Timestamp) -> BoolArray:
        """Return (n_assets,) booleans: in the index at `as_of` (all, without membership data)."""
        if self.membership is None:
            return np.ones(len(self.assets), dtype=bool)
        return np.array(
            [
                any(
                    first <= as_of and (last is None or as_of <= last)
                    for first, last in self.membership.get(asset, ())
                )
                for asset in self.assets
            ]
        )


def infer_periods_per_year(dates: pd.DatetimeIndex) -> float:
    """Infer 365, 252, 52, 12, 4 or 1 from the median distance of the dates.

    Raises:
        DataError: If there are too few dates, or several within a day.
    """
    if len(dates) < 2:
        raise DataError("`prices` must have at least two dates to tell their period.")
    gap = float(np.median(np.diff(dates.to_numpy()) / np.timedelta64(1, "D")))
    if gap < 0.9:
        raise DataError(
            f"`prices` have a period of {gap * 24:.3g} hours; resample them to daily closes, or "
            "give `periods_per_year`."
        )
    if gap < 1.9:
        weekend_share = float(np.mean(dates.day_of_week >= 5))
        return 365.0 if weekend_share > 0.1 else 252.0
    for limit, periods in ((10, 52.0), (45, 12.0), (135, 4.0)):
        if gap < limit:
            return periods
    return 1.0


def _checked_prices(frame: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"`prices` must be a DataFrame (dates × assets), got {type(frame).__name__}."
        )
    if len(frame) < 2 or frame.shape[1] < 1:
        raise DataError(
            f"`prices` must have two dates and one asset at least, got {frame.shape[0]} dates and "
            f"{frame.shape[1]} assets."
        )
    dates = check_dates(frame.index, name="prices")
    labels = check_labels(frame.columns, name="prices")
    try:
        values = frame.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"`prices` must hold numbers only: {error}.") from error
    bad = np.isinf(values) | (values <= 0)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        share = float(np.mean(values[~np.isnan(values)] <= 0))
        hint = (
            "These look like returns: read them with load_prices(path, returns=True) or --returns."
            if share > 0.2 and np.nanmax(np.abs(values)) < 5
            else "Correct or drop that value."
        )
        raise DataError(
            f"`prices` must be positive; {labels[column]!r} has {values[row, column]:g} on "
            f"{dates[row].date()}. {hint}"
        )
    with np.errstate(over="ignore", under="ignore"):
        jumps = values[1:] / values[:-1]
    wild = (jumps > MOST_GROWTH) | (jumps < 1 / MOST_GROWTH)
    if wild.any():
        row, column = (int(i) for i in np.argwhere(wild)[0])
        raise DataError(
            f"`prices` of {labels[column]!r} go from {values[row, column]:g} to "
            f"{values[row + 1, column]:g} on {dates[row + 1].date()}; no price does. Correct or "
            "drop that value."
        )
    missing = np.isnan(values)
    for column in np.flatnonzero(missing.any(axis=0)).tolist():
        present = np.flatnonzero(~missing[:, column])
        if not len(present):
            raise DataError(f"`prices` of {labels[column]!r} are all missing; drop that asset.")
        inside = missing[present[0] : present[-1], column]
        if inside.any():
            start = int(present[0]) + int(np.argmax(inside))
            raise DataError(
                f"`prices` of {labels[column]!r} have {int(inside.sum())} missing between its "
                f"first and last date, the first on {dates[start].date()}. Fill the gap (for "
                "example max_gap=5 carries the last price forward) or drop the asset."
            )
    constant = np.nanmax(values, axis=0) == np.nanmin(values, axis=0)
    if constant.any():
        name = labels[int(np.argmax(constant))]
        raise DataError(f"`prices` of {name!r} never change; drop that asset.")
    return pd.DataFrame(values, index=dates.rename("date"), columns=pd.Index(labels, name="asset"))


def _checked_companion(frame: pd.DataFrame, prices: pd.DataFrame, name: str) -> pd.DataFrame:
    labels = list(map(str, frame.columns))
    if labels != list(prices.columns) or not check_dates(frame.index, name=name).equals(
        prices.index
    ):
        raise DataError(f"`{name}` must have the dates and assets of `prices`; reindex it first.")
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any() or (values < 0).any():
        raise DataError(f"`{name}` must hold finite numbers ≥ 0.")
    return pd.DataFrame(values, index=prices.index, columns=prices.columns)


def _checked_risk_free(rates: pd.Series, dates: pd.Index) -> pd.Series:
    if not check_dates(rates.index, name="risk_free").equals(dates):
        raise DataError("`risk_free` must have the dates of `prices`; reindex it first.")
    values = rates.to_numpy(dtype=float)
    if not np.isfinite(values).all() or (np.abs(values) > 0.5).any():
        raise DataError("`risk_free` must hold decimal rates per period, without gaps.")
    return pd.Series(values, index=dates, name="risk_free")


def _checked_caps(frame: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            "`market_weights` must be a DataFrame (dates × assets): one fixed vector would know "
            "the future."
        )
    if set(map(str, frame.columns)) != set(prices.columns):
        raise DataError("`market_weights` must have the assets of `prices` as columns.")
    dates = check_dates(frame.index, name="market_weights")
    values = frame.to_numpy(dtype=float)
    if np.isinf(values).any() or (values < 0).any():
        raise DataError("`market_weights` must hold finite numbers ≥ 0.")
    checked = pd.DataFrame(values, index=dates, columns=[str(c) for c in frame.columns])
    return checked.reindex(columns=prices.columns)
