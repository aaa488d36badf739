"""Universes as market data: what is cached of them, loaded by name."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import MAX_GAP, load_usable
from blportfolio.data.calendars import Calendar
from blportfolio.data.market import MarketData
from blportfolio.data.universe import Universe, find_universe, list_universes
from blportfolio.errors import DataError
from blportfolio.validation import check_date


def is_fetched(universe: Universe, cache: PriceCache | None = None) -> bool:
    """Tell whether prices of a universe are cached."""
    stored = set((cache or PriceCache()).tickers())
    return not stored.isdisjoint(universe.tickers)


def fetched_tickers(universe: Universe, cache: PriceCache, name: str | Path) -> list[str]:
    """Return the tickers of a universe, asked for by `name`, whose prices are cached.

    Raises:
        DataError: If there are none.
    """
    stored = set(cache.tickers())
    fetched = [ticker for ticker in universe.tickers if ticker in stored]
    if not fetched:
        raise DataError(
            f"The universe {universe.name!r} has no prices yet; get them with `blportfolio data "
            f"fetch {shlex.quote(str(name))}`, or from files with --from-files PATH."
        )
    return fetched


def cached_universes(cache: PriceCache | None = None) -> list[str]:
    """Return the packaged universes of which prices are cached, in alphabetical order."""
    store = cache or PriceCache()
    return [name for name in list_universes() if is_fetched(find_universe(name), store)]


def load_universe(
    name: str | Path,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    min_coverage: float | None = None,
    covered_from: str | pd.Timestamp | None = None,
    calendar: Calendar | None = None,
    max_gap: int = MAX_GAP,
    cache: PriceCache | None = None,
) -> MarketData:
    """Load a universe whose prices have been fetched.

    Args:
        name: A packaged universe such as "dow30", or the path of a universe file.
        start: First date; by default the first that the definition covers, or its `prices_from`.
        end: Last date; by default the last cached.
        min_coverage: Smallest share of the members of each date that must have prices; the
            universe's own by default.
        covered_from: First date at which that is asked for, such as that of a first decision; the
            first loaded by default.
        calendar: How exchanges with different holidays are joined, as in `load_prices`; the
            universe's own by default.
        max_gap: As in `download`.
        cache: Where the prices are; the user's cache by default.

    Returns:
        Checked market data with point-in-time `membership`: only members can be held. Benchmarks
        have prices and are never members. `notes` say what is missing and how well the dates are
        covered.

    Raises:
        ConfigError: If there is no such universe, or its file is wrong.
        DataError: If nothing has been fetched, or the coverage is too low.
    """
    universe = find_universe(name)
    store = cache or PriceCache()
    market, _ = load_usable(
        fetched_tickers(universe, store, name),
        *_span(universe, start, end),
        calendar=calendar or universe.file.calendar,
        max_gap=max_gap,
        name=universe.name,
        cache=store,
    )
    covered = _covered(universe, market)
    least = universe.file.min_coverage if min_coverage is None else min_coverage
    asked = covered
    if covered_from is not None:
        asked = covered[covered.index >= check_date(covered_from, name="covered_from")]
    _check_coverage(asked, least, universe)
    spells = universe.membership()
    missing = sorted(set(universe.tickers) - set(market.assets))
    notes = [*market.notes, _coverage_note(covered, universe)]
    if missing:
        notes.append(f"No prices of {', '.join(missing)}.")
    return replace(
        market,
        membership={asset: spells[asset] for asset in market.assets},
        currency=universe.file.currency or market.currency,
        sources={**market.sources, **universe.sources},
        notes=(*notes, *universe.file.caveats),
    )


def coverage_note(name: str | Path, cache: PriceCache | None = None) -> tuple[str, tuple[str, ...]]:
    """Say how many of a universe's members have cached prices: at worst, at the end, on average.

    Returns:
        The sentence, and those on dates that were cut or filled and assets that cannot be used.

    Raises:
        DataError: If none has been fetched.
        ConfigError: If there is no such universe, or its file is wrong.
    """
    market = load_universe(name, min_coverage=0.0, cache=cache)
    universe = find_universe(name)
    note = _coverage_note(_covered(universe, market), universe)
    return note, market.notes[: market.notes.index(note)]


def _covered(universe: Universe, market: MarketData) -> pd.DataFrame:
    """Return the coverage of the dates of the definition, or of all dates if it has none."""
    inside = market.prices
    if universe.file.start is not None:
        inside = inside[market.dates >= pd.Timestamp(universe.file.start)]
    return universe.coverage(inside if len(inside) else market.prices)


def _check_coverage(covered: pd.DataFrame, least: float, universe: Universe) -> None:
    """Check that enough of the members have prices at every date.

    Raises:
        DataError: If not, naming the worst date and the dates that would do.
    """
    if not 0 <= least <= 1:
        raise DataError(f"`min_coverage` must be from 0 to 1, got {least}.")
    bad = np.flatnonzero(covered["share"].to_numpy() < least - 1e-12)
    if not len(bad):
        return
    dates = pd.DatetimeIndex(covered.index)
    if bad[-1] + 1 < len(dates):
        remedy = f"start on {dates[bad[-1] + 1].date()} (start, --start), "
    elif bad[0] > 0:
        remedy = f"end on {dates[bad[0] - 1].date()} (end, --end), "
    else:
        remedy = ""
    raise DataError(
        f"The universe {universe.name!r} has prices of {_worst(covered)}, and `min_coverage` is "
        f"{least:g}; {remedy}fetch more, or lower `min_coverage`."
    )


def _worst(covered: pd.DataFrame) -> str:
    row = int(covered["share"].argmin())
    return _members(covered, row)


def _members(covered: pd.DataFrame, row: int) -> str:
    priced, members = covered["priced"].iloc[row], covered["members"].iloc[row]
    return f"{priced} of {members} members on {pd.DatetimeIndex(covered.index)[row].date()}"


def _coverage_note(covered: pd.DataFrame, universe: Universe) -> str:
    return (
        f"Coverage of {universe.name}: {_worst(covered)} at worst, "
        f"{_members(covered, len(covered) - 1)}, {covered['share'].mean():.0%} on average."
    )


def _span(
    universe: Universe, start: str | pd.Timestamp | None, end: str | pd.Timestamp | None
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the dates asked for, within those that the definition covers."""
    firsts = [check_date(day, name="start") for day in (start, universe.prices_from) if day]
    lasts = [check_date(day, name="end") for day in (end, universe.file.end) if day]
    return max(firsts, default=None), min(lasts, default=None)
