"""Reads a user's own prices from CSV or Parquet, wide or long."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from blportfolio.data.market import MarketData
from blportfolio.errors import DataError

DATE_NAMES = {"date", "datetime", "timestamp", "day", "month", "time", "unnamed:0", "index", ""}
TICKER_NAMES = {"ticker", "symbol", "asset", "instrument"}
PRICE_NAMES = ("adjclose", "adjustedclose", "close", "price")
ROW_NUMBER_NAMES = {"unnamed:0", "index", "level0", ""}
BAR_NAMES = ("open", "high", "low", "close", "volume")
OTHER_BAR_NAMES = {"dividends", "stocksplits", "splits"}


def load_prices(
    path: str | Path,
    *,
    name: str | None = None,
    max_gap: int = 0,
    returns: bool = False,
    periods_per_year: float | None = None,
    currency: str = "",
) -> MarketData:
    """Load prices from a CSV (also compressed) or Parquet file.

    Three layouts are understood: wide (a date column, then one column of prices an asset), long
    (date, ticker, and a price column such as adj_close or close, with open, high, low and volume
    where present) and the bars of one asset (date, open, high, low, close …). Dates are ISO 8601.
    Where both an adjusted and a raw close are present, open, high and low are scaled by their
    ratio.

    Args:
        path: File that ends in .csv, .csv.gz, .csv.zip, .csv.xz, .parquet or .pq.
        name: Short name of the data; the file's by default.
        max_gap: Periods over which the last price is carried forward where prices are missing.
        returns: Whether the file holds simple decimal returns, without gaps, in place of prices;
            they become growth of 1.
        periods_per_year: Periods in a year; inferred from the dates by default.
        currency: Currency of the prices.

    Returns:
        Checked market data; `notes` says what was inferred or filled.

    Raises:
        DataError: If the file cannot be read, its layout is unknown, or a value breaks the rules
            of `MarketData`.
    """
    if not isinstance(path, str | Path):
        raise DataError(f"`path` must name a file, got {type(path).__name__}.")
    path = Path(path)
    if max_gap < 0:
        raise DataError(f"`max_gap` must be 0 or more, got {max_gap}.")
    if returns and max_gap:
        raise DataError("`max_gap` carries prices forward; returns must have no gaps.")
    table = _read_table(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    fields, layout = _split_fields(table, path)
    notes = [f"Read {path.name} as {layout}."]
    prices = fields.pop("prices")
    if max_gap:
        prices, filled = _carry_forward(prices, max_gap)
        notes.extend(filled)
    label = name or path.name.split(".")[0]
    if returns:
        return MarketData.from_returns(
            prices,
            periods_per_year=periods_per_year,
            name=label,
            currency=currency,
            sources={path.name: digest},
            notes=(*notes, "Turned its returns into growth of 1."),
        )
    return MarketData(
        prices,
        **fields,
        name=label,
        currency=currency,
        periods_per_year=periods_per_year,
        sources={path.name: digest},
        notes=tuple(notes),
    )


def _read_table(path: Path) -> pd.DataFrame:
    """Read the file as it stands, with the date as an ordinary column."""
    suffix = path.suffix.lower()
    try:
        if not path.exists():
            raise DataError(f"There is no file {str(path)!r}; check the path.")
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; give a CSV or Parquet file.")
        if path.stat().st_size == 0:
            raise DataError(
                f"The file {path.name!r} is empty; it needs a header and rows of prices."
            )
        if suffix in {".parquet", ".pq"}:
            table = pd.read_parquet(path)
            if table.columns.nlevels > 1:
                raise DataError(
                    f"The file {path.name!r} has {table.columns.nlevels} header rows; keep one, "
                    'for example `table["Close"]`.'
                )
            if not isinstance(table.index, pd.RangeIndex):
                table = table.reset_index()
        elif ".csv" in (part.lower() for part in path.suffixes):
            header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0].dropna()
            if header.duplicated().any():
                twice = str(header[header.duplicated()].iloc[0])
                raise DataError(
                    f"The file {path.name!r} has two columns {twice!r}; keep one or rename it."
                )
            table = pd.read_csv(path, low_memory=False)
        else:
            raise DataError(
                f"The file {path.name!r} is neither CSV nor Parquet; save it as one of them."
            )
    except pd.errors.EmptyDataError as error:
        raise DataError(f"The file {path.name!r} is empty; it needs a header and rows.") from error
    except (ValueError, OSError, EOFError, ImportError, LZMAError, BadZipFile) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "damaged"
        raise DataError(f"The file {path.name!r} cannot be read: {reason.rstrip('.')}.") from error
    if table.empty:
        raise DataError(f"The file {path.name!r} has no rows; it needs a header and prices.")
    return table


def _plain(label: object) -> str:
    return "".join(ch for ch in str(label).lower() if ch not in " _-.")


def _split_fields(table: pd.DataFrame, path: Path) -> tuple[dict[str, Any], str]:
    """Return prices (and bars) as dates × assets, and the name of the layout."""
    table = table.rename(columns=lambda label: str(label).strip())
    plain = {_plain(column): column for column in reversed(list(table.columns))}
    if len(table.columns) == 1:
        raise DataError(
            f"The file {path.name!r} has one column; it needs a date and a price column at least, "
            "separated by commas."
        )
    dated = [c for c in table.columns if _plain(c) in DATE_NAMES]
    by_name = [c for c in dated if _plain(c) in {"date", "datetime", "timestamp"}]
    date_name = [*by_name, *dated, table.columns[0]][0]
    # The row numbers that a frame's index leaves in a file are no prices.
    numbers = [c for c in table.columns if _plain(c) in ROW_NUMBER_NAMES and c != date_name]
    table = table.drop(columns=numbers)
    ticker_name = next((plain[key] for key in plain if key in TICKER_NAMES), None)
    if re.match(r"\d{4}-?\d\d-?\d\d", str(date_name)):
        raise DataError(
            f"The file {path.name!r} has no header; put `date` and the assets' names in its first "
            "row."
        )
    dates = _parse_dates(table[date_name], path)
    if ticker_name is not None:
        return _long_fields(table, dates, str(ticker_name), plain, path), "a long table"
    columns = [column for column in table.columns if column != date_name]
    known = {*BAR_NAMES, *PRICE_NAMES, *OTHER_BAR_NAMES}
    if {_plain(column) for column in columns} <= known and "close" in plain:
        asset = path.name.split(".")[0]
        bars = table.assign(**{"\0asset": asset})
        return _long_fields(bars, dates, "\0asset", plain, path), "the bars of one asset"
    wide = pd.DataFrame(
        {column: _numbers(table[column], str(column), path) for column in columns}
    ).set_index(dates)
    return {"prices": wide}, "a wide table"


def _long_fields(
    table: pd.DataFrame,
    dates: pd.DatetimeIndex,
    ticker_name: str,
    plain: Mapping[str, object],
    path: Path,
) -> dict[str, pd.DataFrame]:
    price_key = next((key for key in PRICE_NAMES if key in plain), None)
    if price_key is None:
        raise DataError(
            f"The long table {path.name!r} has no price column; name one adj_close, close or "
            f"price. It has {', '.join(map(str, table.columns))}."
        )
    tickers = table[ticker_name]
    if tickers.isna().any():
        row = int(tickers.isna().to_numpy().argmax())
        raise DataError(f"The file {path.name!r} has no ticker in row {row + 1}; fill or drop it.")
    index = pd.MultiIndex.from_arrays([dates, tickers.astype(str)], names=["date", "asset"])
    if index.has_duplicates:
        date, asset = index[index.duplicated()].to_frame().iloc[0]
        raise DataError(
            f"The file {path.name!r} has {asset!r} on {date.date()} twice; keep one row for each."
        )

    def pivot(key: str) -> pd.DataFrame:
        column = str(plain[key])
        return _numbers(table[plain[key]], column, path).set_axis(index).unstack("asset")

    prices = pivot(price_key)
    fields = {"prices": prices}
    factor = prices / pivot("close") if price_key != "close" and "close" in plain else None
    for key in ("open", "high", "low"):
        if key in plain:
            fields[key] = pivot(key) if factor is None else pivot(key) * factor
    if "volume" in plain:
        fields["volume"] = pivot("volume")
    return fields


def _parse_dates(column: pd.Series, path: Path) -> pd.DatetimeIndex:
    if column.isna().any():
        row = int(column.isna().to_numpy().argmax())
        raise DataError(f"The file {path.name!r} has no date in row {row + 1}; fill or drop it.")
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(column).tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column):
        return pd.DatetimeIndex(column)
    texts = column.astype(str)
    parsed = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    bad = parsed.isna().to_numpy() | ~texts.str.match(r"\s*\d{4}").to_numpy(dtype=bool)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"The file {path.name!r} has an unknown layout or date: {texts.iloc[row]!r} in column "
            f"{str(column.name)!r}, row {row + 1}. Put dates in the first column as YYYY-MM-DD."
        )
    # A zone only labels the bar: its local calendar date is what counts.
    without_zone = texts.str.replace(r"(Z|[+-]\d{2}:?\d{2})$", "", regex=True)
    local = without_zone.where(texts.str.len() > 10, texts)
    return pd.DatetimeIndex(pd.to_datetime(local, format="ISO8601"))


def _numbers(column: pd.Series, name: str, path: Path) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        raise DataError(f"The file {path.name!r} has no prices in column {name!r}; remove it.")
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = (numbers.isna() & column.notna()).to_numpy(dtype=bool)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"The file {path.name!r} has {str(column.iloc[row])!r} in column {name!r}, row "
            f"{row + 1}, where a number was expected. Correct it or remove the column."
        )
    return numbers


def _carry_forward(prices: pd.DataFrame, max_gap: int) -> tuple[pd.DataFrame, list[str]]:
    """Carry each price over at most `max_gap` missing dates, and say how many.

    Also past an asset's last price: at that time nobody knows whether another one will follow.
    """
    filled = prices.ffill(limit=max_gap)
    added = (filled.notna() & prices.isna()).sum()
    notes = [
        f"Carried the last price of {asset} over {int(count)} missing dates."
        for asset, count in added.items()
        if count
    ]
    return filled.astype(np.float64), notes
