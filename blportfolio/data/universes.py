"""Universes as market data: imported from files or fetched into the cache, loaded by name."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.cached import MAX_GAP, load_usable
from blportfolio.data.calendars import Calendar
from blportfolio.data.files import read_bars
from blportfolio.data.files.sources import COMPRESSIONS, FORMATS
from blportfolio.data.market import MarketData
from blportfolio.data.sessions import currency_of
from blportfolio.data.tickers import split_tickers
from blportfolio.data.universe import Universe, find_universe, is_universe, list_universes
from blportfolio.data.yahoo.report import Fetched, FetchReport
from blportfolio.errors import DataError
from blportfolio.validation import check_date


def universe_tickers(name: str | Path) -> tuple[str, ...]:
    """Return the tickers whose prices a universe needs.

    Raises:
        ConfigError: If there is no such universe, or its file is wrong.
    """
    return find_universe(name).tickers


def is_fetched(universe: Universe, cache: PriceCache | None = None) -> bool:
    """Tell whether prices of a universe are cached."""
    stored = set((cache or PriceCache()).tickers())
    return not stored.isdisjoint(universe.tickers)


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
    calendar: Calendar = "union",
    cache: PriceCache | None = None,
) -> MarketData:
    """Load a universe whose prices have been fetched.

    Args:
        name: A packaged universe such as "dow30", or the path of a universe file.
        start: First date; by default the first that the definition covers.
        end: Last date; by default the last cached.
        min_coverage: Smallest share of the members of each date that must have prices; the
            universe's own by default.
        calendar: How exchanges with different holidays are joined, as in `load_prices`.
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
    stored = set(store.tickers())
    present = [ticker for ticker in universe.tickers if ticker in stored]
    if not present:
        raise DataError(
            f"The universe {universe.name!r} has no prices yet; get them with `blportfolio data "
            f"fetch {name}`, or from files with --from-files PATH."
        )
    market, _ = load_usable(
        present,
        *_span(universe, start, end),
        calendar=calendar,
        max_gap=MAX_GAP,
        name=universe.name,
        cache=store,
    )
    covered = universe.coverage(market.prices)
    least = universe.file.min_coverage if min_coverage is None else min_coverage
    _check_coverage(covered, least, universe)
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


def coverage_note(name: str | Path, cache: PriceCache | None = None) -> str:
    """Say how many of a universe's members have cached prices: at worst, at the end, on average.

    Raises:
        DataError: If none has been fetched.
        ConfigError: If there is no such universe, or its file is wrong.
    """
    market = load_universe(name, min_coverage=0.0, cache=cache)
    universe = find_universe(name)
    return _coverage_note(universe.coverage(market.prices), universe)


def import_files(
    name_or_tickers: str | Path | Sequence[str],
    path: str | Path,
    cache: PriceCache | None = None,
    *,
    now: dt.datetime | None = None,
) -> FetchReport:
    """Put prices from local files into the cache, as a download would.

    Args:
        name_or_tickers: A universe, or tickers.
        path: A file that `load_prices` understands, or a folder of them; of a folder, the files
            that the universe names, else all.
        cache: Where the prices are kept; the user's cache by default.
        now: The time of the import; the clock's by default.

    Returns:
        What happened to each ticker. Where several files have one, all are joined by the rules of
        the cache: longer history is never lost.

    Raises:
        DataError: If the path, or a file in it, cannot be read or has serious faults.
        ConfigError: If the universe's file is wrong.
    """
    store = cache or PriceCache()
    patterns: tuple[str, ...] = ()
    if isinstance(name_or_tickers, str | Path) and is_universe(name_or_tickers):
        universe = find_universe(name_or_tickers)
        tickers, patterns = universe.tickers, universe.file.files
    else:
        tickers = split_tickers([str(one) for one in _listed(name_or_tickers)])
    moment = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    done: dict[str, Fetched] = {}
    for file in _files(Path(path), patterns):
        bars = _read(file)
        for ticker in tickers:
            if ticker in bars.prices.columns:
                done[ticker] = _store(store, ticker, bars, file, moment)
    return FetchReport(tuple(done.get(t) or _absent(store, t, Path(path)) for t in tickers))


def _store(store: PriceCache, ticker: str, bars: Bars, file: Path, moment: str) -> Fetched:
    columns = {name: frame[ticker] for name, frame in bars.frames().items()}
    frame = pd.DataFrame(columns)
    known = np.flatnonzero(frame["prices"].notna())
    frame = frame.iloc[known[0] : known[-1] + 1] if len(known) else frame.iloc[:0]
    if frame.empty:
        return _absent(store, ticker, file)
    info = PriceInfo(
        ticker=ticker,
        source=f"file {file.name}",
        fetched_utc=moment,
        asked_from=str(frame.index[0].date()),
        asked_to=str(frame.index[-1].date()),
        currency=bars.currencies.get(ticker) or currency_of(ticker),
    )
    written = store.write(ticker, frame, info)
    kept = written.entry.frame
    status = "kept" if written.outcome == "revised" else written.outcome
    reason = f"from {file.name}" + (f"; {written.reason}" if written.reason else "")
    return Fetched(
        ticker, status, reason, kept.index[0], kept.index[-1], len(kept), written.entry.info.fetched
    )


def _absent(store: PriceCache, ticker: str, path: Path) -> Fetched:
    """Report a ticker that no file has: what is cached of it stays."""
    reason = f"not in {path.name}"
    entry = store.entry(ticker)
    if entry is None:
        return Fetched(ticker, "failed", reason)
    dates = entry.frame.index
    return Fetched(ticker, "kept", reason, dates[0], dates[-1], len(dates), entry.info.fetched)


def _files(path: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files to read.

    Raises:
        DataError: If there are none.
    """
    if not path.is_dir():
        return [path]  # the reader says what is wrong with it
    found = [
        file
        for file in sorted(path.iterdir())
        if any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns or ("*",))
        and set(FORMATS)
        & {ending.lower() for ending in file.suffixes if ending not in COMPRESSIONS}
    ]
    if not found:
        wanted = " or ".join(patterns) if patterns else "CSV, Parquet, Feather or Excel"
        raise DataError(
            f"The folder {str(path)!r} has no file {wanted}; give the path of a file of prices."
        )
    return found


def _read(file: Path) -> Bars:
    read = read_bars(file)
    serious = [finding for finding in read.findings if finding.severity == "serious"]
    if serious:
        raise DataError(f"{serious[0].message} {serious[0].remedy}")
    return read.bars


def _listed(tickers: str | Path | Sequence[str]) -> Sequence[str]:
    if isinstance(tickers, str | Path):
        return str(tickers).replace(",", " ").split()
    return tickers


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
        remedy = f"load it from {dates[bad[-1] + 1].date()} on, "
    elif bad[0] > 0:
        remedy = f"load it up to {dates[bad[0] - 1].date()}, "
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
    firsts = [check_date(day, name="start") for day in (start, _text(universe.file.start)) if day]
    lasts = [check_date(day, name="end") for day in (end, _text(universe.file.end)) if day]
    return max(firsts, default=None), min(lasts, default=None)


def _text(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()
