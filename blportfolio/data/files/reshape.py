"""Takes tables to the layouts that are read: repeated headers, events, merged and melted cells."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.files.date_columns import drop_twin, join_dates
from blportfolio.data.files.layout import Layout, date_column, is_text
from blportfolio.data.files.sources import printable
from blportfolio.data.files.table import Table
from blportfolio.data.files.words import (
    DATE_NAMES,
    PRICE_FIELDS,
    TICKER_NAMES,
    field_of,
    is_beside,
    plain,
)
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray

MOST_FIELDS = 12
MOST_HEADERS = 1_000
MERGED = 0.4
"""Share of cells that must be blank to be taken for merged ones."""
_AMOUNT = r"[0-9]+(?:[.,][0-9]+)?"
EVENTS = {
    "dividends": rf"^\s*({_AMOUNT})\s+Dividend\s*$",
    "splits": rf"^\s*({_AMOUNT})\s*[:/]\s*({_AMOUNT})\s+Stock Splits?\s*$",
}
"""What stands in place of prices in the row of an event, as Yahoo's pages have it."""
_LEVELS = {*DATE_NAMES, *TICKER_NAMES, "price"}
_NO_RETURN = r"^\s*[A-Z]\s*$"
_RETURN_NAMES = {"ret", "retx", "dlret", "dlretx"}


def reshape(table: Table) -> Table:
    """Return the table without what stands between its data, and with one column a field.

    Raises:
        DataError: If a table of fields and values has one of them twice.
    """
    for step in (join_dates, _drop_headers, drop_twin, _take_events, _drop_codes, _unmelt):
        table = step(table, date_column(table))
    return table


def _drop_headers(table: Table, date: int) -> Table:
    """Leave out header rows between the data, as joined files have them."""
    column = table.columns[date]
    if not pa.types.is_string(column.type):
        return table
    words = [text for text in column.unique().to_pylist() if text and not _has_digit(text)]
    words = [text for text in words if plain(text) in _LEVELS or text == table.names[date][-1]]
    if not words:
        return table
    mask = np.asarray(pc.is_in(column, value_set=pa.array(words)).to_numpy(), dtype=bool)
    for row in np.flatnonzero(mask)[:MOST_HEADERS]:
        mask[row] = _is_header(table, date, int(row))
    if not mask.any():
        return table
    count = int(mask.sum())
    note = f"Left out {count} header row{'s' * (count > 1)} between the data."
    return _kept(table, ~mask, note)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_header(table: Table, date: int, row: int) -> bool:
    """Whether each cell beside the date repeats a label of its column."""
    cells = {
        n: " ".join(str(column[row].as_py() or "").split())
        for n, column in enumerate(table.columns)
        if n != date
    }
    return all(cell in ("", *table.names[n]) for n, cell in cells.items())


def _kept(table: Table, keep: np.ndarray, note: str) -> Table:
    mask = pa.array(keep)
    columns = [column.filter(mask) for column in table.columns]
    return replace(table, columns=columns, inferred=[*table.inferred, note])


def _take_events(table: Table, date: int) -> Table:
    """Move dividends and splits that stand in rows of their own into columns."""
    texts = [n for n, names in enumerate(table.names) if n != date and field_of(names[-1])]
    texts = [n for n in texts if is_text(table.columns[n])]
    if not texts or len(table.columns) > 2 * MOST_FIELDS or not is_text(table.columns[date]):
        return table
    days = table.columns[date]
    is_event = np.zeros(len(days), dtype=bool)
    found: dict[str, dict[str, float]] = {name: {} for name in EVENTS}
    for name, pattern in EVENTS.items():
        for n in texts:
            column = table.columns[n].cast(pa.string())
            mask = pc.fill_null(pc.match_substring_regex(column, pattern), False)
            rows = np.flatnonzero(mask.to_numpy())
            is_event[rows] = True
            for row in rows:
                match = re.match(pattern, str(column[row]))
                parts = [float(part.replace(",", ".")) for part in match.groups()] if match else []
                found[name][str(days[row])] = parts[0] / ([*parts, 1.0][1] or np.nan)
    if not is_event.any():
        return table
    count = int(is_event.sum())
    note = f"Took dividends and splits from {count} row{'s' * (count > 1)} of their own."
    kept = _kept(table, ~is_event, note)
    for name, values in found.items():
        if values:
            numbers = kept.columns[date].to_pandas().astype(str).map(values).fillna(0.0)
            kept.columns.append(pa.chunked_array([pa.array(numbers, pa.float64())]))
            kept.names = [*kept.names, (name,)]
            kept.currencies = [*kept.currencies, ""] if kept.currencies else []
    return kept


def _drop_codes(table: Table, date: int) -> Table:
    """Take letters in place of returns, CRSP's codes of why there is none, for missing ones."""
    del date
    changed = list(table.columns)
    found = False
    for n, column in enumerate(table.columns):
        if plain(table.names[n][-1]) in _RETURN_NAMES and pa.types.is_string(column.type):
            found |= bool(pc.any(pc.match_substring_regex(column, _NO_RETURN)).as_py())
            changed[n] = pc.replace_substring_regex(column, _NO_RETURN, "")
    if not found:
        return table
    return replace(
        table, columns=changed, inferred=[*table.inferred, "Letters in place of returns are none."]
    )


def _unmelt(table: Table, date: int) -> Table:
    """Give each field of a table of (date, ticker, field, value) a column of its own."""
    if max(map(len, table.names)) > 1:
        return table
    labels = [names[0] for names in table.names]
    texts = [n for n, column in enumerate(table.columns) if n != date and is_text(column)]
    fields = [n for n in texts if plain(labels[n]) not in TICKER_NAMES]
    names = next((n for n in fields if _holds_fields(table.columns[n])), None)
    if names is None:
        return table
    values = [n for n in range(len(labels)) if n not in {date, names} and n not in texts]
    values = values or [n for n in texts if field_of(labels[n]) in PRICE_FIELDS]
    values = [n for n in values if plain(labels[n]) not in {*TICKER_NAMES, ""}]
    if len(values) != 1:
        return table
    keys = [date, *(n for n in texts if n not in {names, values[0]})]
    known = [n for n in keys[1:] if plain(labels[n]) in TICKER_NAMES]
    keys = [date, *known] if known else keys
    frame = pd.DataFrame({n: table.columns[n].to_pandas() for n in (*keys, names, *values)})
    frame = frame.drop_duplicates()
    twice = frame.duplicated([*keys, names])
    if twice.any():
        cells = [printable(str(frame.iloc[int(twice.argmax())][n])) for n in (*keys, names)]
        raise DataError(
            f"The file {table.file!r} has {shortened(cells, 5)} twice, with different values. "
            "Keep one row for each."
        )
    wide = frame.set_index([*keys, names])[values[0]].unstack().reset_index()
    columns = [pa.chunked_array([pa.array(wide[c], from_pandas=True)]) for c in wide.columns]
    return Table(
        table.file,
        table.stem,
        [*((labels[n],) for n in keys), *((str(name),) for name in wide.columns[len(keys) :])],
        columns,
        decimal=table.decimal,
        comma_separated=table.comma_separated,
        inferred=[*table.inferred, f"Took the fields of its column {labels[names]!r} apart."],
    )


def _holds_fields(column: pa.ChunkedArray) -> bool:
    """Whether all cells name fields of bars, a price among them."""
    for part in (column.slice(0, 1000), column):
        cells = part.unique()
        if len(cells) > MOST_FIELDS:
            return False
        texts = [str(cell) for cell in cells.to_pylist() if cell]
        fields = [field_of(text) for text in texts]
        if not all(f or is_beside(t) for f, t in zip(fields, texts, strict=True)):
            return False
    return len(texts) > 1 and any(name in PRICE_FIELDS for name in fields)


def fill_merged(table: Table, layout: Layout) -> Table:
    """Fill dates or tickers of a long table down, where a spreadsheet has merged their cells."""
    if layout.ticker is None:
        return table
    pair = (layout.date, layout.ticker)
    for number, other in (pair, pair[::-1]):
        column = table.columns[number]
        if not _blanks(column.slice(0, 1000)).any():
            continue
        blanks = _blanks(column)
        labels = column.filter(pa.array(~blanks))
        if blanks[0] or blanks.mean() < MERGED or not 1 < len(labels) == len(labels.unique()):
            continue
        filled = column.take(
            pa.array(np.maximum.accumulate(np.where(blanks, 0, np.arange(len(blanks)))))
        )
        rows = pd.DataFrame({"a": filled.to_pandas(), "b": table.columns[other].to_pandas()})
        if rows["b"].replace("", None).isna().any() or rows.duplicated().any():
            continue
        note = f"Filled the merged cells of {table.label(number)!r} down."
        columns = [filled if n == number else c for n, c in enumerate(table.columns)]
        return replace(table, columns=columns, inferred=[*table.inferred, note])
    return table


def _blanks(column: pa.ChunkedArray) -> BoolArray:
    blank = pc.is_null(column)
    if is_text(column):
        blank = pc.or_(blank, pc.equal(column.cast(pa.string()), ""))
    return np.asarray(pc.fill_null(blank, True).to_numpy(), dtype=bool)
