"""Loads a user's own prices as checked market data."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from blportfolio.data.adjustment import adjust_closes
from blportfolio.data.calendars import Calendar, align_calendars, check_alignment
from blportfolio.data.files.dates import DateOrder
from blportfolio.data.files.numerals import Decimal
from blportfolio.data.files.read import MAX_BYTES, ReadBars, read_bars
from blportfolio.data.files.sources import printable, stem_of
from blportfolio.data.market import MarketData
from blportfolio.errors import DataError

LARGEST_DAILY = 0.06
"""Median size of a day's returns above which they are no decimals; it grows as the root of time."""


def load_prices(
    path: str | Path,
    *,
    name: str | None = None,
    assets: Collection[str] | None = None,
    max_gap: int = 0,
    returns: bool = False,
    adjust: bool = False,
    periods_per_year: float | None = None,
    currency: str = "",
    calendar: Calendar = "union",
    sheet: str | None = None,
    date_order: DateOrder | None = None,
    decimal: Decimal | None = None,
    max_bytes: int = MAX_BYTES,
) -> MarketData:
    """Load prices from CSV (also compressed), Parquet, Feather or Excel.

    Three layouts are understood: wide (a date column, then one column of prices an asset), long
    (date, ticker, and a price column such as adj_close or close, with open, high, low and volume
    where present) and the bars of one asset (date, open, high, low, close …), also with the
    header rows that yfinance writes. Delimiter, decimal mark, date order and more are inferred
    from evidence and said in `notes`; what the file leaves open is refused. Where both an adjusted
    and a raw close are present, open, high and low are scaled by their ratio.

    Args:
        path: File that ends in .csv, .txt or .tsv (also .gz, .zip, .xz, .bz2, .zst), .parquet,
            .feather, .xlsx or .xlsm.
        name: Short name of the data; the file's by default.
        assets: Those to take, so that faults of the other columns do not matter; all by default.
        max_gap: Periods over which the last price is carried forward where prices are missing.
        returns: Whether the file holds simple decimal returns, without gaps, in place of prices;
            they become growth of 1.
        adjust: Whether prices are the closes adjusted by the dividends and splits that the file
            lists, even where it has adjusted closes.
        periods_per_year: Periods in a year; inferred from the dates by default.
        currency: Currency of the prices.
        calendar: `union` of the dates on which any asset trades, or those `common` to all.
        sheet: Sheet of a workbook; the only one that is not empty by default.
        date_order: `dmy` or `mdy`, where the dates themselves do not tell.
        decimal: Decimal mark, where the numbers themselves do not tell.
        max_bytes: Most bytes that the file may have, compressed or not.

    Returns:
        Checked market data; `notes` says what was inferred or filled.

    Raises:
        DataError: If the file cannot be read, its layout is unknown, or a value breaks the rules
            of `MarketData`.
        ConfigError: If an option has no such choice, or the file no such asset.
    """
    check_alignment(calendar, max_gap)
    if returns and max_gap:
        raise DataError("`max_gap` carries prices forward; returns must have no gaps.")
    if returns and adjust:
        raise DataError("`adjust` adjusts closes; returns have none.")
    read = read_bars(
        path,
        assets=assets,
        sheet=sheet,
        date_order=date_order,
        decimal=decimal,
        max_bytes=max_bytes,
    )
    path = Path(path)
    file = printable(path.name)
    read.check()
    notes = [*read.inferred, *(f"{finding.message} Kept the first." for finding in read.findings)]
    _check_kind(read, file, returns=returns)
    label = name or stem_of(path)
    currency = currency or _only_currency(read)
    if returns:
        return MarketData.from_returns(
            read.bars.prices,
            periods_per_year=periods_per_year,
            name=label,
            currency=currency,
            sources={file: read.sha256},
            notes=(*notes, "Turned its returns into growth of 1."),
        )
    bars = read.bars
    if adjust:
        bars, done = adjust_closes(bars)
        notes += done
    bars, aligned = align_calendars(bars, calendar=calendar, max_gap=max_gap)
    frames = bars.market_frames()
    return MarketData(
        frames["prices"],
        open=frames.get("open"),
        high=frames.get("high"),
        low=frames.get("low"),
        volume=frames.get("volume"),
        name=label,
        currency=currency,
        periods_per_year=periods_per_year,
        sources={file: read.sha256},
        notes=(*notes, *aligned),
    )


def _check_kind(read: ReadBars, file: str, *, returns: bool) -> None:
    """Refuse returns that are read as prices, and prices that are read as returns."""
    if read.holds_returns and not returns:
        raise DataError(
            f"The file {file!r} holds returns, as its many negative numbers show; read them with "
            "load_prices(path, returns=True) or --returns."
        )
    values = read.bars.prices.to_numpy()
    known = values[~np.isnan(values)]
    if returns and len(known) and known.min() > 0 and np.median(known) > 0.5:
        raise DataError(
            f"The file {file!r} holds prices: none of its numbers is negative or 0, and half are "
            f"above {np.median(known):.3g}. Leave out returns=True (--returns)."
        )
    days = read.bars.prices.index.to_numpy().astype("datetime64[s]").astype(float) / 86_400
    largest = LARGEST_DAILY * np.sqrt(np.median(np.diff(days))) if len(days) > 1 else np.inf
    if returns and len(known) and (middle := np.median(np.abs(known))) > largest:
        raise DataError(
            f"The file {file!r} seems to hold returns in percent: half of them are above "
            f"{middle:.2g} in size. Divide them by 100 or write percent signs."
        )


def _only_currency(read: ReadBars) -> str:
    """Return the currency of all assets, where the file says one."""
    codes = {read.bars.currencies.get(asset, "") for asset in read.bars.prices.columns}
    return codes.pop() if len(codes) == 1 else ""
