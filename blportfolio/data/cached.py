"""Cached prices as market data, without asking anybody."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.calendars import Calendar, align_calendars, check_alignment, longest_holes
from blportfolio.data.market import MarketData
from blportfolio.data.sessions import currency_of
from blportfolio.data.tickers import shortened, split_tickers
from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.validation import check_date

MARKET_FIELDS = ("prices", "close", "open", "high", "low", "volume")
MAX_GAP = 5
"""Dates in a row over which a price that the source lacks is carried forward."""
GONE_AFTER = pd.Timedelta(days=14)
"""Days for which a source had no price, after which an asset is taken to be gone."""


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
        They end where the prices of an asset that is still traded are not known any longer.

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


def cached_tickers(text: str, cache: PriceCache | None = None) -> tuple[str, ...]:
    """Return the tickers that a text names, if it names any of which prices are cached."""
    try:
        names = split_tickers(text)
    except DataError:
        return ()
    return () if set(names).isdisjoint((cache or PriceCache()).tickers()) else names


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
    check_alignment(calendar, max_gap)
    bars = cache.read(names, MARKET_FIELDS)
    infos = {ticker: cache.info(ticker) for ticker in names}
    known_to = _known_to(bars.prices, infos)
    bars, late = _known_to_all(_between(bars, start, end), known_to)
    faults = _faults(bars.prices)
    bars = _without(bars, faults)
    aligned, filled = align_calendars(bars, calendar=calendar, max_gap=max_gap)
    unfilled = list(longest_holes(aligned.prices))
    if unfilled:
        faults |= {
            asset: f"missing from {first.date()} to {last.date()}, more than max_gap={max_gap}"
            for asset, (first, last) in longest_holes(bars.prices[unfilled]).items()
        }
        bars = _without(bars, faults)
        aligned, filled = align_calendars(bars, calendar=calendar, max_gap=max_gap)
    bars = aligned
    del aligned
    left_out = _described(faults) if faults else ""
    notes = (*notes, *late, *([left_out] if left_out else []))
    frames: dict[str, Any] = dict(bars.market_frames())
    del bars  # unadjusted prices; large ones need not stay while market data are made
    assets = tuple(frames["prices"].columns)
    currencies = {infos[ticker].currency or currency_of(ticker) for ticker in assets}
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


def _known_to(prices: pd.DataFrame, infos: Mapping[str, PriceInfo]) -> pd.Series:
    """Return, of the assets still traded, up to which date it is known whether there is a price.

    Without it an asset that was fetched before the others would look as if it had been delisted.
    """
    known = prices.notna().to_numpy()
    dates = pd.DatetimeIndex(prices.index)
    last = dates[len(dates) - 1 - known[::-1].argmax(axis=0)]
    at_weekends = known[dates.day_of_week >= 5].max(axis=0, initial=False)
    known_to = {}
    for column, ticker in enumerate(map(str, prices.columns)):
        date = max(infos[ticker].known_to, last[column])
        if date - last[column] > GONE_AFTER:
            continue
        if date.day_of_week >= 4 and not at_weekends[column]:
            date += pd.Timedelta(days=6 - date.day_of_week)  # no need to ask for a weekend
        known_to[ticker] = date
    return pd.Series(known_to, dtype="datetime64[us]")


def _known_to_all(bars: Bars, known_to: pd.Series) -> tuple[Bars, list[str]]:
    """Return the dates of which the prices of every asset still traded are known.

    Raises:
        DataError: If there are none.
    """
    dates = bars.prices.index
    late = known_to[known_to < dates[-1]]
    if late.empty:
        return bars, []
    note = (
        f"Left out the dates after {late.min().date()}: the cached prices of "
        f"{shortened(list(late[late == late.min()].index))} go no further; fetch "
        "them again, or import a file that goes on."
    )
    if late.min() < dates[0]:
        raise DataError(note)
    return _chosen(bars, slice(None, late.min())), [note]


def _between(bars: Bars, start: object, end: object) -> Bars:
    """Return the dates from `start` to `end` on which any asset has a price."""
    first = None if start is None else check_date(start, name="start")
    last = None if end is None else check_date(end, name="end")
    chosen = bars if first is last is None else _chosen(bars, slice(first, last))
    if not len(chosen.prices):
        raise DataError(
            f"There is no price between {first.date() if first else 'the beginning'} and "
            f"{last.date() if last else 'the end'}; choose other dates."
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


def _without(bars: Bars, faults: Mapping[str, str]) -> Bars:
    """Return bars without the assets that have a fault.

    Raises:
        DataError: If none is left.
    """
    kept = [asset for asset in bars.prices.columns if asset not in faults]
    if not kept:
        raise DataError(_described(faults))
    return bars if len(kept) == bars.prices.shape[1] else _chosen(bars, slice(None), kept)


def _described(faults: Mapping[str, str]) -> str:
    reasons = "; ".join(f"{asset}: {reason}" for asset, reason in faults.items())
    return f"Cannot be used in these dates: {reasons}."


def _faults(prices: pd.DataFrame) -> dict[str, str]:
    """Return why market data cannot hold some of the assets."""
    values = prices.to_numpy()
    known = np.isfinite(values)
    lowest = np.where(known, values, np.inf).min(axis=0)
    highest = np.where(known, values, -np.inf).max(axis=0)
    faults = {}
    for asset, count, low, high in zip(
        prices.columns, known.sum(axis=0), lowest, highest, strict=True
    ):
        if count < 2:
            faults[asset] = "fewer than two prices"
        elif low <= 0:
            faults[asset] = f"a price of {low:g}, which is not positive"
        elif low == high:
            faults[asset] = "the price never changes"
    return faults
