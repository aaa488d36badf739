"""Cuts market data to a span of dates or a lower frequency, without looking ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.validation import check_choice, check_date

if TYPE_CHECKING:
    from blportfolio.data.checks import Interval
    from blportfolio.data.market import MarketData

FRAMES = ("prices", "open", "high", "low", "volume")
FREQUENCIES = {"weekly": ("W", 52.0), "monthly": ("M", 12.0), "quarterly": ("Q", 4.0)}
"""Name → period of pandas, and periods in a year."""


def cut(
    market: MarketData, start: str | pd.Timestamp | None, end: str | pd.Timestamp | None
) -> MarketData:
    """Return the dates from `start` to `end`, both included.

    Raises:
        DataError: If fewer than two dates, or no asset with two different prices, are left.
    """
    dates = market.dates
    first = 0 if start is None else dates.searchsorted(check_date(start, name="start"))
    stop = len(dates)
    if end is not None:
        stop = int(dates.searchsorted(check_date(end, name="end"), side="right"))
    span = slice(int(first), stop)
    if stop - int(first) < 2:
        raise DataError(
            f"`start` {start} and `end` {end} leave fewer than two dates of {market.name!r}, which "
            f"run from {dates[0].date()} to {dates[-1].date()}. Widen them."
        )
    frames: dict[str, Any] = {
        name: getattr(market, name).iloc[span]
        for name in FRAMES
        if getattr(market, name) is not None
    }
    rates = market.risk_free
    frames, notes = _without_idle(frames, market.name, f"between {start} and {end}")
    return replace(
        market,
        **frames,
        **_of_assets(market, frames["prices"].columns),
        risk_free=None if rates is None else rates.iloc[span],
        notes=(*market.notes, *notes),
    )


def convert(market: MarketData, frequency: str) -> MarketData:
    """Return the market at a lower frequency.

    Each period is labelled by its last date in the data, not by the calendar's, so that nothing is
    dated before it was known. Prices are the last of the period; opens are the first, highs and
    lows the extremes, volumes sums, risk-free rates compounded. An asset that vanishes within a
    period keeps its last price there, and its membership ends with it. The last period is left out
    unless its last date is the last weekday of the period (the last day, where weekends are
    traded): it is not over yet.

    Raises:
        ConfigError: If the frequency is unknown.
        DataError: If the data are not finer than that, or cover fewer than two periods.
    """
    check_choice(frequency, FREQUENCIES, name="frequency")
    code, periods_per_year = FREQUENCIES[frequency]
    now = market.periods_per_year or 252.0
    if now <= periods_per_year:
        raise DataError(
            f"`frequency` must be lower than that of the data: {market.name!r} has {now:g} periods "
            f"a year, {frequency} ones are {periods_per_year:g}."
        )
    dates = market.dates
    period = dates.to_period(code)
    ends = np.append(np.flatnonzero(np.diff(period.asi8)), len(dates) - 1)
    if not _is_over(dates, period[-1]):
        ends = ends[:-1]
    if len(ends) < 2:
        raise DataError(
            f"{market.name!r} covers fewer than two whole periods that are {frequency}, from "
            f"{dates[0].date()} to {dates[-1].date()}; use a higher frequency."
        )
    whole = slice(0, int(ends[-1]) + 1)
    number = np.searchsorted(ends, np.arange(whole.stop))
    labels = dates[ends]

    frames: dict[str, Any] = {"prices": market.prices.iloc[whole].groupby(number).last()}
    for name, how in (("open", "first"), ("high", "max"), ("low", "min")):
        frame = getattr(market, name)
        if frame is not None:
            frames[name] = frame.iloc[whole].groupby(number).agg(how)
    if market.volume is not None:
        frames["volume"] = market.volume.iloc[whole].groupby(number).sum(min_count=1)
    frames = {name: frame.set_axis(labels) for name, frame in frames.items()}
    frames, idle = _without_idle(frames, market.name, f"that are {frequency}")
    rates = market.risk_free
    if rates is not None:
        rates = ((1 + rates.iloc[whole]).groupby(number).prod() - 1).set_axis(labels)
        rates.iloc[0] = 0.0  # nothing is earned up to the first price
    notes = [f"Made {frequency} of {now:g} periods a year."]
    if whole.stop < len(dates):
        left = len(dates) - whole.stop
        notes.append(f"Left out the last {left} dates: their period is not over.")
    assets = frames["prices"].columns
    chosen = {**_of_assets(market, assets), "membership": _membership(market, labels, assets)}
    return replace(
        market,
        **frames,
        **chosen,
        risk_free=rates,
        periods_per_year=periods_per_year,
        notes=(*market.notes, *notes, *idle),
    )


def _without_idle(
    frames: dict[str, Any], name: str, where: str
) -> tuple[dict[str, Any], list[str]]:
    """Leave out the assets without two different prices, and say which.

    Raises:
        DataError: If none is left.
    """
    kept = frames["prices"].nunique() >= 2
    if kept.all():
        return frames, []
    if not kept.any():
        raise DataError(f"No asset of {name!r} has two different prices {where}.")
    gone = ", ".join(map(str, kept.index[~kept]))
    frames = {key: frame.loc[:, kept] for key, frame in frames.items()}
    return frames, [f"Left out {gone}: fewer than two different prices {where}."]


def _of_assets(market: MarketData, assets: pd.Index) -> dict[str, Any]:
    """Return membership and capitalisations of some of the assets."""
    caps, membership = market.market_weights, market.membership
    return {
        "market_weights": None if caps is None else caps[assets],
        "membership": None
        if membership is None
        else {asset: membership[asset] for asset in assets if asset in membership},
    }


def _membership(
    market: MarketData, labels: pd.DatetimeIndex, assets: pd.Index
) -> dict[str, tuple[Interval, ...]] | None:
    """Return membership that ends with an asset's last price.

    An asset that vanishes within a period has a last price there, so that what it lost is counted,
    but may not be bought at the end of the period.
    """
    last = market.lifetimes()["last"][assets]
    vanished = last[~last.isin(labels) & (last < labels[-1])]
    if market.membership is None and vanished.empty:
        return None
    always: tuple[Interval, ...] = ((market.dates[0], None),)
    given = market.membership
    clipped = {}
    for asset in assets:
        intervals = always if given is None else given.get(asset, ())
        end = vanished.get(asset)
        if end is not None:
            intervals = tuple(
                (begin, end if stop is None else min(stop, end))
                for begin, stop in intervals
                if begin <= end
            )
        clipped[asset] = intervals
    return clipped


def _is_over(dates: pd.DatetimeIndex, period: pd.Period) -> bool:
    """Tell whether the last date is the last on which the data could trade in its period."""
    last_day = period.end_time.normalize()
    if (dates.day_of_week >= 5).mean() <= 0.1:  # weekends are not traded
        last_day -= pd.Timedelta(days=max(0, last_day.day_of_week - 4))
    return bool(dates[-1].normalize() >= last_day)
