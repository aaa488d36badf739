"""Loads the series of a contest of forecasters: prices, any table of numbers, or a universe."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.data import MarketData, is_universe, load_dataset, load_prices
from blportfolio.data.files.read import MAX_BYTES, read_bars
from blportfolio.data.files.sources import Source, open_source
from blportfolio.errors import ConfigError, DataError, flags_of
from blportfolio.forecasters.comparison import Panel
from blportfolio.manifest import describe_market
from blportfolio.report.forecasts.series import choose_columns, market_panel
from blportfolio.validation import check_date

_DATES = frozenset(("date", "datetime", "time", "timestamp", "day", "month", "year"))
_DECIMAL_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})(?!\d)")
"""A comma that sets off no thousands."""
_ROW_NUMBERS = frozenset(("", "unnamed: 0", "index", "level_0", "row", "id", "n", "t", "step"))


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
        market = _prices(path, columns, reading)
        if start is not None or end is not None:
            market = market.between(start, end)
    else:
        if reading:
            raise ConfigError(
                f"{flags_of(reading)} says how to read a file, and {named!r} is none."
            )
        if path.suffix.lower() in {".csv", ".txt", ".gz", ".parquet", ".xlsx", ".feather"}:
            raise DataError(f"There is no file {named!r}; check the path.")
        market = load_dataset(named, start=start, end=end)
    return _returns(market, columns)


def _prices(path: Path, columns: Sequence[str], reading: Mapping[str, Any]) -> MarketData:
    try:
        return load_prices(path, assets=columns or None, **reading)
    except DataError as error:
        source = open_source(path, max_bytes=reading.get("max_bytes", MAX_BYTES))
        if _by_row(source, columns, reading.get("decimal")) is None:
            raise
        raise DataError(f"{error} Or take its numbers by row, as they are: --levels.") from error


def _returns(market: MarketData, columns: Sequence[str]) -> Series:
    panel, notes = market_panel(market, columns)
    return Series(panel, describe_market(market), notes)


def _levels(
    path: Path,
    columns: Sequence[str],
    start: str | None,
    end: str | None,
    reading: Mapping[str, Any],
) -> Series:
    unknown = sorted(set(reading) - {"sheet", "date_order", "decimal", "max_bytes"})
    if unknown:
        raise ConfigError(f"{flags_of(unknown)} is about prices; leave it out with --levels.")
    source = open_source(path, max_bytes=reading.get("max_bytes", MAX_BYTES))
    found = _by_row(source, columns, reading.get("decimal"))
    if found is None:
        read = read_bars(path, assets=columns or None, **reading)
        read.check()
        found = read.bars.prices, read.inferred
    elif start is not None or end is not None:
        raise ConfigError(f"--start and --end need dates, and {source.name!r} has none.")
    frame, notes = found
    if start is not None:
        frame = frame.loc[check_date(start, name="start") :]
    if end is not None:
        until = check_date(end, name="end") + pd.Timedelta(days=1)
        frame = frame.loc[frame.index < until]
    chosen = choose_columns(frame, columns, source.name)
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


def _by_row(
    source: Source, columns: Sequence[str], decimal: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """Return a text file that holds nothing but numbers, by row, and notes; None for any other.

    Where columns are asked for, what the others hold does not matter, dates apart.
    """
    if source.kind != "text":
        return None
    try:
        text = source.content.decode("utf-8-sig")
        first = text.partition("\n")[0].strip()
        separator = max((";", ",", "\t"), key=first.count)
        if separator not in first and all(map(_is_number, first.split())):
            separator = r"\s+"
        has_header = not all(map(_is_number, re.split(separator, first)))
        if decimal is None:
            decimal = "," if separator != "," and _DECIMAL_COMMA.search(text) else "."
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the first
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                header=0 if has_header else None,
                index_col=False,
                decimal=decimal,
            )
    except (UnicodeDecodeError, ValueError, pd.errors.ParserError, pd.errors.ParserWarning):
        return None
    if not len(frame):
        return None
    labels = [str(name).strip() for name in frame.columns]
    if not has_header:
        labels = [f"column {number + 1}" for number in range(len(labels))]
    frame = frame.set_axis(labels, axis=1)
    notes: tuple[str, ...] = ("The file has no dates: rows are taken in order.",)
    if labels[0].lower() in _ROW_NUMBERS | _DATES and _counts(frame.iloc[:, 0]):
        frame = frame.iloc[:, 1:]
        notes = (*notes, f"Left out the column {labels[0]!r}, which numbers the rows.")
    elif _is_dated(frame.iloc[:, 0]):
        return None
    if columns and set(columns) <= set(labels):
        frame = frame[list(dict.fromkeys(columns))]
    if not frame.shape[1] or not all(map(pd.api.types.is_numeric_dtype, frame.dtypes)):
        return None
    return frame.astype(float), notes


def _is_dated(first: pd.Series) -> bool:
    """Whether a first column holds dates, be they written as numbers such as 20200131."""
    if str(first.name).lower() in _DATES:
        return True
    if not pd.api.types.is_numeric_dtype(first):
        return bool(pd.to_datetime(first, errors="coerce", format="mixed").notna().mean() > 0.5)
    if not pd.api.types.is_integer_dtype(first):
        return False
    return bool(pd.to_datetime(first.astype(str), errors="coerce", format="%Y%m%d").notna().all())


def _counts(values: pd.Series) -> bool:
    """Whether values are 0, 1, 2 and so on, or 1, 2, 3."""
    if not pd.api.types.is_integer_dtype(values) or values.iloc[0] not in (0, 1):
        return False
    return bool((values.diff().iloc[1:] == 1).all())


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
