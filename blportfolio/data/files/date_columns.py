"""Joins dates that stand in several columns, and leaves out those that stand twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from blportfolio.data.files.date_forms import looks_like_date
from blportfolio.data.files.dates import read_dates
from blportfolio.data.files.layout import is_text
from blportfolio.data.files.table import Table
from blportfolio.data.files.words import plain
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError

DATE_PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "day": "day",
    "weekday": "day_of_week",
    "dayofweek": "day_of_week",
}
"""Labels of parts of dates, and what pandas calls them."""


def join_dates(table: Table, date: int) -> Table:
    """Make one column of dates from a year, a month and a day, or leave those out beside dates."""
    places = {plain(names[-1]): n for n, names in enumerate(table.names)}
    parts = [places[part] for part in ("year", "month", "day") if part in places]
    if date not in parts:
        return _drop_parts(table, date)
    if len(parts) < 3 or not all(pa.types.is_floating(table.columns[n].type) for n in parts[1:]):
        return table
    frame = pd.DataFrame({n: table.columns[n].to_pandas() for n in parts})
    numbers = frame.apply(pd.to_numeric, errors="coerce").fillna(0).astype(int).astype(str)
    texts = numbers[parts[0]].str.cat([numbers[n].str.zfill(2) for n in parts[1:]], sep="-")
    columns = [pa.chunked_array([pa.array(texts, pa.string())])]
    others = [n for n in range(len(table.columns)) if n not in parts]
    return replace(
        table,
        names=[("date",), *(table.names[n] for n in others)],
        columns=columns + [table.columns[n] for n in others],
        currencies=["", *(table.currencies[n] for n in others)] if table.currencies else [],
        inferred=[*table.inferred, "Joined year, month and day."],
    )


def _drop_parts(table: Table, date: int) -> Table:
    """Leave out numbers of years, months and days that repeat the dates."""
    parts = [n for n, names in enumerate(table.names) if plain(names[-1]) in DATE_PARTS]
    parts = [n for n in parts if pa.types.is_floating(table.columns[n].type)]
    if not parts:
        return table
    label = table.label(date)
    try:
        dates = read_dates(table.columns[date], label=label, order=None, file=table.file).dates
    except DataError:
        return table
    twins = [
        n
        for n in parts
        for shift in (0, 1)
        if n != date
        and np.array_equal(
            getattr(dates, DATE_PARTS[plain(table.names[n][-1])]) + shift,
            table.columns[n].to_numpy(),
        )
    ]
    return _without(table, twins) if twins else table


def _without(table: Table, columns: list[int]) -> Table:
    """Leave out columns that repeat the dates."""
    rest = [n for n in range(len(table.columns)) if n not in columns]
    labels = shortened([repr(table.label(n)) for n in columns], 5)
    return replace(
        table,
        names=[table.names[n] for n in rest],
        columns=[table.columns[n] for n in rest],
        currencies=[table.currencies[n] for n in rest] if table.currencies else [],
        inferred=[*table.inferred, f"Left out {labels}: its dates once more."],
    )


def drop_twin(table: Table, date: int) -> Table:
    """Leave out a column that spells the dates once more."""
    for n, column in enumerate(table.columns):
        cells = column.slice(0, 20).to_pylist() if n != date and is_text(column) else []
        if table.names[n] == table.names[date]:
            continue  # a table beside another
        if not cells or not all(cell and looks_like_date(str(cell)) for cell in cells):
            continue
        try:
            one, other = (
                read_dates(table.columns[k], label=table.label(k), order=None, file=table.file)
                for k in (date, n)
            )
        except DataError:
            continue  # whether they are the same cannot be told
        if one.dates.normalize().equals(other.dates.normalize()):
            return _without(table, [n])
    return table
