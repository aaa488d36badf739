"""Reads what somebody holds from a small table: asset, units, and perhaps a price of their own."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.validation import shown

COLUMNS = ("asset", "units", "price")
NAMES = {
    "asset": ("asset", "ticker", "symbol", "name", "isin"),
    "units": ("units", "quantity", "shares", "amount", "qty", "holding", "holdings", "position"),
    "price": ("price", "last", "close", "last price"),
}
MOST_ROWS = 5_000


def read_holdings(content: bytes, *, name: str) -> pd.DataFrame:
    """Return holdings from a CSV of units by asset.

    Separator and decimal mark are inferred; an asset that stands twice is held twice.

    Args:
        content: The file.
        name: What its owner calls it, for messages.

    Returns:
        Columns `asset`, `units` and `price`, NaN where none is given.

    Raises:
        DataError: Naming the column or row that is missing or wrong.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise DataError(f"The file {name!r} needs a header such as asset,units and a row each.")
    if len(lines) > MOST_ROWS:
        raise DataError(f"The file {name!r} has {len(lines)} rows; {MOST_ROWS} are read at most.")
    mark = max(";\t,|", key=lines[0].count)
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=mark))
    header = [cell.strip().lower() for cell in rows[0]]
    places = {
        column: next((header.index(one) for one in known if one in header), None)
        for column, known in NAMES.items()
    }
    for column in ("asset", "units"):
        if places[column] is None:
            raise DataError(
                f"The file {name!r} has no column {column!r} among {', '.join(header[:6])}; name "
                "one so in its first row."
            )
    found = [_row(row, number, places, name, mark) for number, row in enumerate(rows[1:], start=2)]
    return checked_holdings(pd.DataFrame(found, columns=list(COLUMNS)))


def checked_holdings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that hold something, one an asset.

    Args:
        table: `asset`, `units` and `price`, of which some may be missing.

    Raises:
        DataError: If units are negative or not finite, or a price is not above 0.
    """
    named = table[table["asset"].notna()].copy()
    named["asset"] = named["asset"].astype(str).str.strip()
    named = named[named["asset"] != ""]
    for column in ("units", "price"):
        named[column] = pd.to_numeric(named[column], errors="coerce").astype(float)
    named["units"] = named["units"].fillna(0.0)
    bad = named[(named["units"] < 0) | np.isinf(named["units"])]
    if len(bad):
        raise DataError(
            f"`units` must be 0 or more, got {bad['units'].iloc[0]:g} of {bad['asset'].iloc[0]}."
        )
    bad = named[(named["price"] <= 0) | np.isinf(named["price"])]
    if len(bad):
        raise DataError(
            f"`price` must be above 0, got {bad['price'].iloc[0]:g} of {bad['asset'].iloc[0]}."
        )
    grouped = named.groupby("asset", sort=False).agg({"units": "sum", "price": "last"})
    return grouped.reset_index()[list(COLUMNS)]


def last_prices(
    market: MarketData, as_of: pd.Timestamp | str | None = None
) -> tuple[pd.Series, pd.Series]:
    """Return the last price of each asset known at a date, and the date it is of.

    Args:
        market: The data.
        as_of: The date; the last of the data by default.
    """
    known = market.prices if as_of is None else market.prices.loc[:as_of]
    dates = [known[asset].last_valid_index() for asset in known.columns]
    dated = pd.Series(dates, index=known.columns, dtype=known.index.dtype)
    return known.ffill().iloc[-1], dated


def weights_before(
    holdings: pd.Series, prices: pd.Series, capital: float
) -> tuple[pd.Series | None, float]:
    """Return the weights that holdings are, with the capital as cash, and their value.

    Args:
        holdings: Units by asset; those without a price have no part.
        prices: Price of a unit by asset.
        capital: Money that is not invested yet.

    Returns:
        Weights by asset of `prices`, None where nothing is held; and the value of the holdings.
    """
    values = (holdings.reindex(prices.index) * prices).fillna(0.0)
    value = float(values.sum())
    return (values / (value + capital) if value > 0 else None), value


def _row(
    row: list[str], number: int, places: dict[str, int | None], name: str, mark: str
) -> tuple[str, float, float]:
    """Return asset, units and price of one row."""

    def cell(column: str) -> str:
        place = places[column]
        return row[place].strip() if place is not None and place < len(row) else ""

    values = []
    for column in ("units", "price"):
        text = cell(column)
        try:
            values.append(_value(text, mark))
        except ValueError as error:
            raise DataError(
                f"The file {name!r} has {shown(text, 40)} for {column} in row {number}; write a "
                "number."
            ) from error
    return cell("asset"), values[0], values[1]


def _value(text: str, mark: str) -> float:
    """Return a number; a comma is its decimal mark unless commas separate the columns."""
    plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    if mark != "," and "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    return float(plain) if plain else np.nan
