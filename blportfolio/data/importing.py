"""Puts prices from local files into the cache, as a download would."""

from __future__ import annotations

import datetime as dt
import fnmatch
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.files import read_bars
from blportfolio.data.files.sources import COMPRESSIONS, FORMATS
from blportfolio.data.sessions import currency_of
from blportfolio.data.universe import resolve
from blportfolio.data.yahoo.fetching import utc
from blportfolio.data.yahoo.report import Fetched, FetchReport, Status
from blportfolio.errors import BLPortfolioWarning, DataError


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What one file has of one ticker.

    Attributes:
        ticker: Ticker in capitals.
        file: Name of the file.
        frame: (n_dates, n) its bars from the first price to the last.
        known_to: Last date of the file; None where it has no other asset to tell by whether the
            ticker or the file ended.
        currency: Currency of the prices; empty where unknown.
    """

    ticker: str
    file: str
    frame: pd.DataFrame
    known_to: pd.Timestamp | None
    currency: str


def import_files(
    name_or_tickers: str | Path | Sequence[str],
    path: str | Path,
    cache: PriceCache | None = None,
    *,
    now: dt.datetime | None = None,
) -> FetchReport:
    """Put prices from local files into the cache, as a download would.

    An asset that ends before the other assets of its file was delisted. Files of one asset are
    taken together: one that ends before the latest of them was.

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
        DataError: If the path, or a file that the universe names, cannot be read or has serious
            faults; of other folders such files are left out with a warning.
        ConfigError: If the universe's file is wrong.
    """
    store = cache or PriceCache()
    tickers, universe = resolve(name_or_tickers)
    patterns = () if universe is None else universe.file.files
    moment = utc(now).isoformat(timespec="seconds")
    files = _files(Path(path), patterns)
    parts: list[_Part] = []
    for file in files:
        if "volume" in file.name.lower() and len(files) > 1 and not patterns:
            warnings.warn(
                f"Left out {file.name}, which is named after volumes.",
                BLPortfolioWarning,
                stacklevel=2,
            )
            continue
        try:
            parts += _parts(file, tickers)
        except DataError as error:
            if patterns or len(files) == 1:
                raise
            # A folder may hold anything beside prices.
            warnings.warn(f"Left out {file.name}: {error}", BLPortfolioWarning, stacklevel=2)
    latest = max((part.frame.index[-1] for part in parts), default=pd.Timestamp(0))
    done: dict[str, Fetched] = {}
    for part in parts:
        known_to = latest if part.known_to is None else part.known_to
        stored = _store(store, part, known_to, moment)
        before = done.get(part.ticker)
        done[part.ticker] = stored if before is None else _both(before, stored)
    return FetchReport(tuple(done.get(t) or _absent(store, t, Path(path)) for t in tickers))


def _parts(file: Path, tickers: Sequence[str]) -> list[_Part]:
    """Return what a file has of the tickers.

    Raises:
        DataError: If it cannot be read or has serious faults.
    """
    read = read_bars(file)
    read.check()
    bars = read.bars
    dates = bars.prices.index[bars.prices.notna().any(axis=1)]
    columns = {str(column).upper(): column for column in bars.prices.columns}
    parts = []
    for ticker in tickers:
        if ticker not in columns:
            continue
        column = columns[ticker]
        frame = pd.DataFrame({name: one[column] for name, one in bars.frames().items()})
        known = np.flatnonzero(frame["prices"].notna())
        if len(known):
            frame = frame.iloc[known[0] : known[-1] + 1]
            known_to = dates[-1] if bars.prices.shape[1] > 1 else None
            currency = bars.currencies.get(column) or currency_of(ticker)
            parts.append(_Part(ticker, file.name, frame, known_to, currency))
    return parts


def _store(store: PriceCache, part: _Part, known_to: pd.Timestamp, moment: str) -> Fetched:
    info = PriceInfo(
        ticker=part.ticker,
        source=f"file {part.file}",
        fetched_utc=moment,
        asked_from=str(part.frame.index[0].date()),
        asked_to=str(known_to.date()),
        currency=part.currency,
    )
    written = store.write(part.ticker, part.frame, info)
    status = "kept" if written.outcome == "revised" else written.outcome
    reason = f"from {part.file}" + (f" ({written.reason})" if written.reason else "")
    return Fetched.of(part.ticker, status, reason, written.entry)


def _both(before: Fetched, after: Fetched) -> Fetched:
    """Return what two files in turn did to a ticker; what was taken from one counts."""
    is_taken = after.status not in ("kept", "fresh")
    status = after.status if is_taken and before.status != "downloaded" else before.status
    return replace(after, status=status, reason=f"{before.reason}; {after.status} {after.reason}")


def _absent(store: PriceCache, ticker: str, path: Path) -> Fetched:
    """Report a ticker that no file has: what is cached of it stays."""
    entry = store.entry(ticker)
    status: Status = "failed" if entry is None else "kept"
    return Fetched.of(ticker, status, f"not in {path.name}", entry)


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
