"""Loads the series of a contest of forecasters: prices, any table of numbers, or a universe."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.data import MarketData, is_universe, load_dataset, load_prices
from blportfolio.data.files.read import MAX_BYTES, read_bars
from blportfolio.data.files.sources import Source, open_source
from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.comparison import Panel
from blportfolio.manifest import describe_market
from blportfolio.validation import check_date, nearest_name


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Series to forecast, and what identifies them.

    Attributes:
        panel: The series.
        data: For the manifest.
        notes: What is known about the data.
    """

    panel: Panel
    data: Mapping[str, Any]
    notes: tuple[str, ...]


def load_series(
    named: str,
    *,
    levels: bool,
    columns: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
    reading: Mapping[str, Any],
) -> Series:
    """Return log returns of prices, or the columns of a table as levels.

    Args:
        named: A file, a data set, a universe or its file, or tickers.
        levels: Whether the file is a table of levels and not of prices.
        columns: Columns, or assets, to take; all by default.
        start: First date.
        end: Last date.
        reading: How to read a file, as `load_prices` takes it.

    Raises:
        DataError: If there is no such file or data set, or it is damaged.
        ConfigError: If options do not fit what was named, or there is no such column.
    """
    path = Path(named)
    is_file = os.path.isfile(named) and not is_universe(path)  # unlike Path.is_file, never raises
    if levels:
        if not is_file:
            raise DataError(f"There is no file {named!r}; --levels reads a table of numbers.")
        return _levels(path, columns, start, end, reading)
    if is_file:
        market = load_prices(path, **reading)
        if start is not None or end is not None:
            market = market.between(start, end)
    else:
        if reading:
            flags = ", ".join(f"--{key.replace('_', '-')}" for key in reading)
            raise ConfigError(f"{flags} says how to read a file, and {named!r} is none.")
        if path.suffix.lower() in {".csv", ".txt", ".gz", ".parquet", ".xlsx", ".feather"}:
            raise DataError(f"There is no file {named!r}; check the path.")
        market = load_dataset(named, start=start, end=end)
    return _returns(market, columns)


def _returns(market: MarketData, columns: Sequence[str]) -> Series:
    returns = market.returns("log")
    chosen = _chosen(returns, columns, market.name)
    panel = Panel(
        chosen.to_numpy(),
        tuple(str(label) for label in chosen.columns),
        "returns",
        chosen.index.to_numpy(),
        market.name,
    )
    return Series(panel, describe_market(market), market.notes)


def _levels(
    path: Path,
    columns: Sequence[str],
    start: str | None,
    end: str | None,
    reading: Mapping[str, Any],
) -> Series:
    unknown = sorted(set(reading) - {"sheet", "date_order", "decimal", "max_bytes"})
    if unknown:
        flags = ", ".join(f"--{key.replace('_', '-')}" for key in unknown)
        raise ConfigError(f"{flags} is about prices; leave it out with --levels.")
    source = open_source(path, max_bytes=reading.get("max_bytes", MAX_BYTES))
    notes: tuple[str, ...] = ("The file has no dates: rows are taken in order.",)
    frame = _by_row(source)
    if frame is None:
        read = read_bars(path, **reading)
        read.check()
        frame, notes = read.bars.prices, read.inferred
    elif start is not None or end is not None:
        raise ConfigError(f"--start and --end need dates, and {source.name!r} has none.")
    if start is not None:
        frame = frame.loc[check_date(start, name="start") :]
    if end is not None:
        until = check_date(end, name="end") + pd.Timedelta(days=1)
        frame = frame.loc[frame.index < until]
    chosen = _chosen(frame, columns, source.name)
    is_dated = isinstance(chosen.index, pd.DatetimeIndex)
    panel = Panel(
        chosen.to_numpy(dtype=float),
        tuple(str(label) for label in chosen.columns),
        "levels",
        chosen.index.to_numpy() if is_dated else None,
        source.stem,
    )
    if not len(chosen):
        raise DataError(f"{source.name!r} has no row in the dates asked for; widen them.")
    data = {
        "name": source.stem,
        "sources": {source.name: source.sha256},
        "first_date": panel.row_label(0),
        "last_date": panel.row_label(len(chosen) - 1),
        "n_dates": len(chosen),
        "n_series": chosen.shape[1],
        "notes": list(notes),
    }
    return Series(panel, data, tuple(notes))


def _by_row(source: Source) -> pd.DataFrame | None:
    """Return a text file that holds nothing but numbers, by row; None for any other file."""
    if source.kind != "text":
        return None
    try:
        text = source.content.decode("utf-8-sig")
        first = text[: text.find("\n")] if "\n" in text else text
        separator = max((",", ";", "\t"), key=first.count)
        cells = first.split(separator)
        has_header = not all(_is_number(cell) for cell in cells)
        frame = pd.read_csv(io.StringIO(text), sep=separator, header=0 if has_header else None)
    except (UnicodeDecodeError, ValueError, pd.errors.ParserError):
        return None
    is_number = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    if not len(frame) or not all(is_number) or _is_dated(frame):
        return None
    labels = [str(name).strip() for name in frame.columns]
    if not has_header:
        labels = [f"column {number + 1}" for number in range(len(labels))]
    return frame.set_axis(labels, axis=1).astype(float)


def _is_dated(frame: pd.DataFrame) -> bool:
    """Whether the first column holds dates written as numbers, such as 20200131."""
    name = str(frame.columns[0]).strip().lower()
    return name in {"date", "datetime", "time", "timestamp", "day", "month", "year"}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _chosen(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the columns asked for, all by default.

    Raises:
        ConfigError: If one is not there.
    """
    known = [str(label) for label in frame.columns]
    for column in columns:
        if column not in known:
            raise ConfigError(f"{name!r} has no column {column!r}. {nearest_name(column, known)}")
    wanted = list(dict.fromkeys(columns)) or known
    return frame.iloc[:, [known.index(column) for column in wanted]]
