"""Finds out what the columns of a table are: dates, assets, and fields of their bars."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.files.affixes import affixed_labels
from blportfolio.data.files.date_forms import looks_like_date
from blportfolio.data.files.dates import are_epochs
from blportfolio.data.files.table import Table
from blportfolio.data.files.words import (
    DATE_NAMES,
    MAYBE_DATE_NAMES,
    PRICE_FIELDS,
    ROW_NUMBER_NAMES,
    SURE_PRICES,
    TICKER_NAMES,
    field_of,
    is_beside,
    plain,
)
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError

UNQUOTED = ", and if commas are its decimal marks, separate cells by semicolons"
SHORT_FIELDS = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
"""Fields by their letters, which are tickers too where the dates are not called t."""


@dataclass(slots=True)
class Layout:
    """Which column holds what.

    Attributes:
        what: Name of the layout in words.
        date: Position of the dates.
        ticker: Position of the tickers of a long table.
        cells: Position by (field, asset); the asset is "" in a long table. Where an asset's field
            stands twice, `twice` holds the positions after the first.
        twice: Further positions by (field, asset).
        ignored: Labels of columns that are left out.
        labels: First label by (field, asset).
    """

    what: str
    date: int
    ticker: int | None = None
    cells: dict[tuple[str, str], int] = field(default_factory=dict)
    twice: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, name: str, asset: str, column: int) -> None:
        """Note that a column holds a field of an asset."""
        if (name, asset) in self.cells:
            self.twice.setdefault((name, asset), []).append(column)
        else:
            self.cells[name, asset] = column

    def add_named(self, label: str, asset: str, column: int) -> None:
        """Note that a column holds what its label says, or is left out."""
        name = field_of(label)
        other = self.labels.setdefault((name, asset), label) if name is not None else label
        if name in PRICE_FIELDS or (name is not None and other == label):
            self.add(name, asset, column)
        elif label and not is_beside(label):
            self.ignored.append(label)  # such as the second of two kinds of volume

    def take(self, assets: Collection[str]) -> None:
        """Leave out the columns of other assets."""
        for key in [key for key in self.cells if key[1] not in assets]:
            del self.cells[key]
            self.twice.pop(key, None)

    def drop_spare_returns(self) -> None:
        """Leave out returns where there are prices."""
        spare = [key for key in self.cells if key[0] == "returns"]
        if len({name for name, _ in self.cells} & {*PRICE_FIELDS}) > 1:
            for key in spare:
                del self.cells[key]
                self.twice.pop(key, None)


def find_layout(table: Table) -> Layout:
    """Return which column holds what.

    Raises:
        DataError: If there is no column of dates or of prices.
    """
    date = date_column(table)
    row_numbers = {n for n in range(len(table.columns)) if n != date and _is_row_number(table, n)}
    others = [n for n in range(len(table.columns)) if n != date and n not in row_numbers]
    others = [n for n in others if not _is_blank(table, n) and not _is_clock(table, n)]
    if not others:
        raise DataError(
            f"The file {table.file!r} has one column; it needs a date and a price column at least, "
            "separated by commas."
        )
    levels = {n: table.names[n] for n in others}
    short = {plain(names[-1]): n for n, names in levels.items()}
    if plain(table.names[date][-1]) == "t" and short.keys() >= SHORT_FIELDS.keys() - {"v"}:
        levels = {n: (SHORT_FIELDS.get(label, label),) for label, n in short.items()}
    label = table.names[date][-1]
    again = [n for n in others if table.names[n][-1] == label and plain(label) in DATE_NAMES]
    if not any(field_of(names[-1]) for names in levels.values()):
        again += [n for n, names in levels.items() if names[-1].lower().endswith("date")]
    if any(not pa.types.is_floating(table.columns[n].type) for n in again):
        raise DataError(
            f"The file {table.file!r} has several columns of dates, each with prices of its own; "
            "put all assets beside one column of dates, or write a long table with the columns "
            "date, ticker and close."
        )
    if max(map(len, levels.values())) == 1:
        flat = {n: names[0] for n, names in levels.items()}
        ticker = _ticker_column(table, date, flat)
        if ticker is not None:
            return _long(table, date, ticker, flat)
        is_bars = all(field_of(label) or is_beside(label) for label in flat.values())
        affixed = None if is_bars else affixed_labels(flat)
        if affixed is None:
            return _one_asset(table, date, flat) or _wide(table, date, flat)
        levels = affixed
    return _levels(table, date, levels)


def date_column(table: Table) -> int:
    """Return the column of dates: by its name, else by what it holds."""
    labels = [plain(names[-1]) for names in table.names]
    named = [n for n, label in enumerate(labels) if label in DATE_NAMES]
    typed = [n for n, column in enumerate(table.columns) if pa.types.is_timestamp(column.type)]
    maybe = [n for n, label in enumerate(labels) if label in MAYBE_DATE_NAMES]
    named.sort(
        key=lambda n: (
            n not in typed and not _looks_dated(table, n),  # an asset may be called DATE
            labels[n] not in {"date", "datetime", "timestamp"},
        )
    )
    dated = (n for n in maybe if n in typed or _looks_dated(table, n))
    anywhere = (n for n in range(len(table.columns)) if _looks_dated(table, n))
    return next(itertools.chain(named[:1], dated, typed, anywhere, maybe, (0,)))


def _looks_dated(table: Table, column: int) -> bool:
    """Whether the first cells of a column are dates, or all count from 1970."""
    if not is_text(table.columns[column]):
        return are_epochs(table.columns[column])
    cells = [cell for cell in table.columns[column].slice(0, 50).to_pylist() if cell]
    return bool(cells) and sum(map(looks_like_date, cells)) > len(cells) / 2


def _is_row_number(table: Table, column: int) -> bool:
    """Whether a column is the row numbers that a frame's index leaves in a file."""
    if plain(table.names[column][-1]) not in ROW_NUMBER_NAMES:
        return False
    values = table.columns[column]
    if not pa.types.is_floating(values.type) or values.null_count:
        return False
    numbers = values.to_numpy()
    if column and numbers.min() > 1:
        return False  # an index comes first
    return bool((np.sort(numbers) == np.arange(len(numbers)) + numbers.min()).all())


def _is_blank(table: Table, column: int) -> bool:
    """Whether a column has neither a label nor a value, as one after the last delimiter."""
    values = table.columns[column]
    if any(table.names[column]):
        return False
    if is_text(values):
        return not any(str(cell).strip() for cell in values.unique().to_pylist() if cell)
    return bool(values.null_count == len(values))


def _is_clock(table: Table, column: int) -> bool:
    """Whether a column holds times of the day beside a column of dates."""
    values = table.columns[column]
    if plain(table.names[column][-1]) != "time" or not is_text(values):
        return False
    return all(re.match(r"\d{1,2}:\d\d", cell) for cell in values.slice(0, 50).to_pylist() if cell)


def is_text(column: pa.ChunkedArray) -> bool:
    """Whether a column holds texts."""
    return bool(pa.types.is_string(column.type) or pa.types.is_dictionary(column.type))


def _ticker_column(table: Table, date: int, flat: dict[int, str]) -> int | None:
    by_label = {plain(label): n for n, label in reversed(flat.items())}
    has_price = any(field_of(label) in PRICE_FIELDS for label in flat.values())
    for label in TICKER_NAMES:
        column = by_label.get(label)
        if column is not None and (
            has_price or (label in TICKER_NAMES[:6] and is_text(table.columns[column]))
        ):
            return column
    return _ticker_by_content(table, date, flat) if has_price else None


def _ticker_by_content(table: Table, date: int, flat: dict[int, str]) -> int | None:
    """Return the one column of texts that tells apart rows of one date, if there is one."""
    texts = [n for n in flat if is_text(table.columns[n]) and field_of(flat[n]) is None]
    if not texts or pc.count_distinct(table.columns[date]).as_py() == table.num_rows:
        return None
    rows = pd.DataFrame({n: table.columns[n].to_pandas() for n in (date, *texts)})
    found = [n for n in texts if not rows[[date, n]].duplicated().any() and not is_beside(flat[n])]
    return found[0] if len(found) == 1 else None


def _long(table: Table, date: int, ticker: int, flat: dict[int, str]) -> Layout:
    layout = Layout("a long table", date, ticker)
    for column, label in flat.items():
        if column != ticker:
            layout.add_named(label, "", column)
    layout.drop_spare_returns()
    if not any((name, "") in layout.cells for name in PRICE_FIELDS):
        raise DataError(
            f"The long table {table.file!r} has no price column; name one adj_close, close or "
            f"price. It has {shortened(list(flat.values()), 12)}."
        )
    return layout


def _one_asset(table: Table, date: int, flat: dict[int, str]) -> Layout | None:
    """Return the layout of the bars of one asset, if it is that."""
    found = Counter(map(field_of, flat.values()))
    known = sum(bool(field_of(label)) or is_beside(label) for label in flat.values())
    bars = sum(found[name] > 0 for name in ("open", "high", "low", "volume"))
    has_price = any(found[name] for name in PRICE_FIELDS)
    sure = any(plain(label) in SURE_PRICES for label in flat.values())
    if not has_price or (known < len(flat) and bars < 2 and not sure):
        return None
    layout = Layout("the bars of one asset", date)
    for column, label in flat.items():
        layout.add_named(label, table.stem, column)
    layout.drop_spare_returns()
    return layout


def _wide(table: Table, date: int, flat: dict[int, str]) -> Layout:
    layout = Layout("a wide table", date)
    for column, label in flat.items():
        if not label:
            raise DataError(
                f"The file {table.file!r} has no name for its column {column + 1}; name or remove "
                f"it{UNQUOTED * table.comma_separated}."
            )
        layout.add("price", label, column)
    return layout


def _levels(table: Table, date: int, levels: dict[int, tuple[str, ...]]) -> Layout:
    """Return the layout of a table with several header rows."""
    depth = max(map(len, levels.values()))
    padded = {n: (*names, *[""] * (depth - len(names))) for n, names in levels.items()}
    share = [
        np.mean([bool(field_of(n[level])) or is_beside(n[level]) for n in padded.values()])
        for level in range(depth)
    ]
    layout = Layout("a wide table of bars", date)
    best = int(np.argmax(share))
    if share[best] <= 0.5:
        for column, names in padded.items():
            layout.add("price", " ".join(filter(None, names)), column)
        layout.what = "a wide table"
        return layout
    for column, names in padded.items():
        rest = [name for level, name in enumerate(names) if level != best and name]
        layout.add_named(names[best], " ".join(rest) or table.stem, column)
    if not any(name in PRICE_FIELDS for name, _ in layout.cells):
        raise DataError(
            f"The file {table.file!r} has no closing prices; it has the fields "
            f"{shortened(sorted({names[best] for names in padded.values()}), 12)}."
        )
    layout.ignored = sorted(set(layout.ignored))
    return layout
