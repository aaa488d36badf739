"""Named universes: which assets belong to them at which dates, read from their files."""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from blportfolio.data.checks import Interval
from blportfolio.data.paths import packaged_folder
from blportfolio.data.tickers import check_ticker, split_tickers
from blportfolio.data.universe_file import UniverseFile
from blportfolio.errors import ConfigError, DataError
from blportfolio.toml import read_toml, validate
from blportfolio.validation import nearest_name

MEMBERSHIP_COLUMNS = ("symbol", "opt_in", "opt_out")
SERIES_COLUMN = "yahoo_series_same_company"
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Member:
    """One spell of membership.

    Attributes:
        symbol: What the definition calls it.
        ticker: Ticker whose prices are those of the same company; None where there is none.
        first: First day, None for always.
        last: Last day, None while it lasts.
    """

    symbol: str
    ticker: str | None
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Universe:
    """A universe ready for use.

    Attributes:
        name: Its name.
        file: What its file says.
        members: Every spell of membership, with prices or without.
        sources: SHA-256 of the definition's files by name.
    """

    name: str
    file: UniverseFile
    members: tuple[Member, ...]
    sources: Mapping[str, str]

    @property
    def prices_from(self) -> dt.date | None:
        """First day of the prices: windows may reach back before the definition begins."""
        return self.file.prices_from or self.file.start

    @property
    def tickers(self) -> tuple[str, ...]:
        """Tickers whose prices are needed, benchmarks included, in alphabetical order."""
        benchmarks = {check_ticker(ticker) for ticker in self.file.benchmarks}
        return tuple(sorted({m.ticker for m in self.members if m.ticker} | benchmarks))

    def membership(self) -> dict[str, tuple[Interval, ...]]:
        """Return intervals (first day, last day or None) by ticker; none for a benchmark."""
        begin = pd.Timestamp(self.file.start or "1800-01-01")
        spells: dict[str, list[Interval]] = {ticker: [] for ticker in self.tickers}
        for member in self.members:
            if member.ticker is None:
                continue
            first = member.first or begin
            if self.file.prices_from is not None:  # nobody belongs before the definition begins
                first = max(first, begin)
            if member.last is None or member.last >= first:
                spells[member.ticker].append((first, member.last))
        return {ticker: _joined(intervals) for ticker, intervals in spells.items()}

    def coverage(self, prices: pd.DataFrame) -> pd.DataFrame:
        """Return how many of the members have a price at each date.

        Args:
            prices: (n_dates, n_assets) prices by ticker.

        Returns:
            By date: `members`, those of them that are `priced`, and their `share`.
        """
        dates = pd.DatetimeIndex(prices.index)
        members, priced = np.zeros(len(dates), dtype=int), np.zeros(len(dates), dtype=int)
        for member in self.members:
            inside = np.ones(len(dates), dtype=bool)
            if member.first is not None:
                inside &= dates >= member.first
            if member.last is not None:
                inside &= dates <= member.last
            members += inside
            if member.ticker in prices.columns:
                priced += inside & prices[member.ticker].notna().to_numpy()
        share = np.divide(priced, members, out=np.ones(len(dates)), where=members > 0)
        return pd.DataFrame({"members": members, "priced": priced, "share": share}, index=dates)


def list_universes() -> list[str]:
    """Return the names of the packaged universes, in alphabetical order."""
    return sorted(path.parent.name for path in packaged_folder("data").glob("*/universe.toml"))


def is_universe(name: str | Path) -> bool:
    """Tell whether a name is that of a packaged universe, or the path of a universe file."""
    return str(name) in list_universes() or (
        str(name).endswith(".toml") and os.path.isfile(name)  # unlike Path.is_file, never raises
    )


def resolve(named: str | Path | Iterable[str]) -> tuple[tuple[str, ...], Universe | None]:
    """Return the tickers that are meant, and the universe if it is one.

    Args:
        named: A universe by name or path, or tickers as text or a sequence.

    Raises:
        ConfigError: If the universe's file is wrong, or a name is nearly that of a universe.
        DataError: If there is no ticker, or one is malformed.
    """
    if isinstance(named, str | Path):
        if is_universe(named):
            universe = find_universe(named)
            return universe.tickers, universe
        near = difflib.get_close_matches(str(named), list_universes(), n=1, cutoff=0.8)
        if near:
            raise ConfigError(f"There is no universe {str(named)!r}. Did you mean {near[0]!r}?")
        named = str(named)
    return split_tickers(named), None


def find_universe(name: str | Path) -> Universe:
    """Return a packaged universe, or that of a file.

    Args:
        name: A packaged name, or a path that ends in .toml.

    Raises:
        ConfigError: If there is none, or its file is wrong.
    """
    path = Path(name)
    if path.suffix != ".toml":
        known = list_universes()
        if str(name) not in known:
            raise ConfigError(
                f"There is no universe {str(name)!r}. {nearest_name(str(name), known)} For one of "
                "your own give its path, which ends in .toml."
            )
        path = packaged_folder("data") / str(name) / "universe.toml"
    where = f"Universe file {path.name!r}"
    file = validate(UniverseFile, read_toml(path), where=where)
    if file.prices_from and (file.start is None or file.prices_from > file.start):
        raise ConfigError(f"{where}: `prices_from` must not be after `start`, which it needs.")
    label = path.parent.name if path.name == "universe.toml" else path.stem
    sources = {f"{label}/{path.name}": _digest(path)}
    spells = [*_plain_members(file), *_listed_members(file, where)]
    if file.membership_file is not None:
        table = path.parent / file.membership_file
        if table.name != file.membership_file:
            raise ConfigError(
                f"{where}: `membership_file` must be the name of a file beside it, got "
                f"{file.membership_file!r}."
            )
        spells += _members_of(table, where)
        sources[f"{label}/{table.name}"] = _digest(table)
    if not spells:
        raise ConfigError(
            f"{where} names no member; give `tickers`, `membership` or `membership_file`."
        )
    for ticker in file.benchmarks:
        check_ticker(ticker)
    return Universe(label, file, tuple(spells), sources)


def _plain_members(file: UniverseFile) -> list[Member]:
    """Return the members that belong throughout, or since they were listed."""
    return [
        Member(ticker, check_ticker(ticker), _timestamp(file.listed.get(ticker)))
        for ticker in file.tickers
    ]


def _listed_members(file: UniverseFile, where: str) -> list[Member]:
    """Return the members that the file gives intervals of."""
    unknown = sorted(set(file.listed) - set(file.tickers))
    if unknown:
        raise ConfigError(f"{where}: `listed` names {unknown[0]!r}, which is none of `tickers`.")
    spells = []
    for ticker, intervals in file.membership.items():
        for first, *last in intervals:
            if last and last[0] < first:
                raise ConfigError(f"{where}: `membership` of {ticker!r} ends before it begins.")
            end = _timestamp(last[0]) if last else None
            spells.append(Member(ticker, check_ticker(ticker), _timestamp(first), end))
    return spells


def _members_of(path: Path, where: str) -> list[Member]:
    """Return the spells of a membership file."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{where}: the file {path.name!r} cannot be read: {error}.") from error
    missing = [name for name in MEMBERSHIP_COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise ConfigError(f"{where}: the file {path.name!r} lacks the column {missing[0]!r}.")
    spells = []
    for number, row in enumerate(rows, start=2):
        ticker = row.get(SERIES_COLUMN, row["symbol"])
        try:
            first = pd.Timestamp(dt.date.fromisoformat(row["opt_in"]))
            out = row["opt_out"]
            last = pd.Timestamp(dt.date.fromisoformat(out)) - _DAY if out else None
            checked = check_ticker(ticker) if ticker else None
        except (TypeError, ValueError, DataError) as error:
            raise ConfigError(f"{where}: line {number} of {path.name!r}: {error}") from error
        if last is not None and last < first:
            raise ConfigError(f"{where}: line {number} of {path.name!r} ends before it begins.")
        spells.append(Member(row["symbol"], checked, first, last))
    return spells


def _joined(intervals: list[Interval]) -> tuple[Interval, ...]:
    """Join intervals that overlap or follow each other without a day between."""
    joined: list[Interval] = []
    for first, last in sorted(intervals, key=lambda interval: interval[0]):
        if joined and (joined[-1][1] is None or first <= joined[-1][1] + _DAY):
            before = joined[-1][1]
            end = None if before is None or last is None else max(before, last)
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, last))
    return tuple(joined)


def _timestamp(date: dt.date | None) -> pd.Timestamp | None:
    return None if date is None else pd.Timestamp(date)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
