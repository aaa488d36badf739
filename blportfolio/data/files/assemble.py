"""Puts the columns of a table into aligned bars, and notes every fault on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.bars import Bars
from blportfolio.data.files.layout import Layout
from blportfolio.data.files.numerals import read_numbers
from blportfolio.data.files.sources import too_large
from blportfolio.data.files.table import Table, serious
from blportfolio.data.files.words import PRICE_FIELDS
from blportfolio.data.quality.findings import Finding
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, FloatArray, IntArray

_FORMULA = re.compile(r"\s*(?:[=@]|[+-]\s*[A-Za-z@(])")
_CORRECT = "Correct it or remove the column."


@dataclass(slots=True)
class Notebook:
    """Faults and inferences while a table is read."""

    findings: list[Finding] = field(default_factory=list)
    inferred: list[str] = field(default_factory=list)


def read_values(
    table: Table, layout: Layout, decimal: str | None, notebook: Notebook
) -> dict[int, FloatArray]:
    """Return the (n_rows,) numbers of each column that the layout uses."""
    used = [*layout.cells.values(), *(n for more in layout.twice.values() for n in more)]
    columns: dict[int, pa.ChunkedArray] = {}
    unfit: dict[int, FloatArray] = {}
    for number in used:
        column = table.columns[number]
        if pa.types.is_boolean(column.type) or pa.types.is_timestamp(column.type):
            message = f"The file {table.file!r} has no prices in column {table.label(number)!r}."
            notebook.findings.append(serious("unreadable_cell", message, "Remove it."))
            unfit[number] = np.full(len(column), np.nan)
        else:
            columns[number] = column
    read = read_numbers(
        columns,
        decimal=decimal,
        known_decimal=table.decimal,
        comma_separated=table.comma_separated,
        file=table.file,
    )
    notebook.inferred.extend(read.inferred)
    for number in read.half_percent:
        message = (
            f"The file {table.file!r} has numbers with and without a percent sign in column "
            f"{table.label(number)!r}."
        )
        notebook.findings.append(serious("mixed_percent", message, "Write them all alike."))
    for number, bad in read.unreadable.items():
        row = int(bad.argmax())
        text = table.text(number, row)
        message = (
            f"The file {table.file!r} has {text!r} in column "
            f"{table.label(number)!r}, row {row + 1}, where a number was expected"
        )
        more = int(bad.sum()) - 1
        message += f", and {more} more there." if more else "."
        if _FORMULA.match(text):
            finding = serious(
                "formula_cell", message, "A formula is never computed: write its value."
            )
        else:
            finding = serious("unreadable_cell", message, _CORRECT)
        notebook.findings.append(finding)
    return {**read.values, **unfit}


def keep_dated(
    dates: pd.DatetimeIndex,
    unreadable: BoolArray,
    values: Mapping[int, FloatArray],
    table: Table,
    layout: Layout,
    notebook: Notebook,
) -> BoolArray:
    """Return which rows count: those with a date and any number.

    Raises:
        DataError: If no row has a date.
    """
    filled = np.zeros(len(dates), dtype=bool)
    for column in values.values():
        filled |= ~np.isnan(column)
    label = table.label(layout.date)
    dateless = np.asarray(dates.isna()) & ~unreadable & filled
    for kind, mask in (("unreadable_date", unreadable), ("missing_date", dateless)):
        if not mask.any():
            continue
        row = int(np.argmax(mask))
        count = f" and {mask.sum() - 1} more" if mask.sum() > 1 else ""
        if kind == "missing_date":
            message = f"The file {table.file!r} has no date in row {row + 1}{count}."
        else:
            text = table.text(layout.date, row)
            message = (
                f"The file {table.file!r} has {text!r} in column {label!r}, row {row + 1}{count}, "
                "where a date was expected."
            )
        notebook.findings.append(serious(kind, message, "Fill or drop it."))
    dated = np.asarray(dates.notna())
    if not dated.any():
        raise DataError(
            f"The file {table.file!r} has no date in any row; put dates in the first column as "
            "YYYY-MM-DD."
        )
    empty = int((dated & ~filled).sum())
    if empty and filled.any():
        plural = "rows that have" if empty > 1 else "row that has"
        notebook.inferred.append(f"Left out {empty} {plural} no numbers.")
    return np.asarray(dated & (filled | ~filled.any()))


def spread(
    dates: pd.DatetimeIndex,
    assets: IntArray,
    labels: list[str],
    fields: Mapping[str, FloatArray],
    table: Table,
    notebook: Notebook,
    max_bytes: int,
) -> dict[str, pd.DataFrame]:
    """Turn rows of (date, asset, fields) into one frame a field, dates × assets.

    Raises:
        DataError: If a frame would have more than `max_bytes`.
    """
    codes, found = pd.factorize(dates)
    order = np.argsort(found.to_numpy())
    place = np.empty(len(found), dtype=np.intp)
    place[order] = np.arange(len(found))
    if 8 * len(found) * len(labels) > max_bytes:
        raise too_large(table.file, max_bytes, f" as {len(found)} dates × {len(labels)} assets")
    where = place[codes] * len(labels) + assets
    first = _drop_repeated(where, dates, assets, labels, fields, table, notebook)
    index = pd.DatetimeIndex(found[order], name="date")
    columns = pd.Index(labels, name="asset", dtype=str)
    frames = {}
    for name, values in fields.items():
        grid = np.full(len(found) * len(labels), np.nan)
        grid[where[first]] = values[first]
        frames[name] = pd.DataFrame(grid.reshape(len(found), -1), index, columns, copy=False)
    return frames


def _drop_repeated(
    where: IntArray,
    dates: pd.DatetimeIndex,
    assets: IntArray,
    labels: list[str],
    fields: Mapping[str, FloatArray],
    table: Table,
    notebook: Notebook,
) -> BoolArray | slice:
    """Return the rows to keep: the first of each date and asset."""
    n_cells = int(where.max()) + 1
    if n_cells < 4 * len(where) and np.bincount(where).max() == 1:
        return slice(None)
    repeated = pd.Series(where).duplicated().to_numpy()
    if not repeated.any():
        return slice(None)
    later, firsts = np.flatnonzero(repeated), np.flatnonzero(~repeated)
    earlier = firsts[pd.Index(where[firsts]).get_indexer(pd.Index(where[later]))]
    same = np.ones(len(later), dtype=bool)
    for values in fields.values():
        a, b = values[later], values[earlier]
        same &= (a == b) | (np.isnan(a) & np.isnan(b))
    note_repeated(dates[later], same, [labels[n] for n in assets[later]], table, notebook)
    return ~repeated


def note_repeated(
    dates: pd.DatetimeIndex, same: BoolArray, names: list[str], table: Table, notebook: Notebook
) -> None:
    """Note rows that stand twice: harmless where they agree, serious where they do not."""
    for agree in (True, False):
        chosen = np.flatnonzero(same == agree)
        if not len(chosen):
            continue
        name, date = names[chosen[0]], dates[chosen[0]]
        what = f"{name!r} on {date.date()} twice" if name else f"the date {date.date()} twice"
        more = f" and {len(chosen) - 1} more such rows" if len(chosen) > 1 else ""
        message = f"The file {table.file!r} has {what}{more}, "
        message += "with the same values." if agree else "with different values."
        notebook.findings.append(
            Finding(
                "duplicate_rows" if agree else "conflicting_rows",
                "warning" if agree else "serious",
                message,
                "Rows were written twice." if agree else "Two sources or revisions were joined.",
                "Keep one row for each.",
                ticker=name or None,
                date=date,
                size=float(len(chosen)),
                fixable=agree,
            )
        )


def same_series(a: FloatArray, b: FloatArray) -> bool:
    """Whether two columns are equal, missing values included."""
    return bool(np.array_equal(a, b, equal_nan=True))


def assemble_bars(
    frames: dict[str, pd.DataFrame], currencies: Mapping[str, str], notebook: Notebook
) -> Bars:
    """Choose the prices among the fields, and drop assets that have none."""
    names = [name for name in PRICE_FIELDS if name in frames]
    prices, rest = frames[names[0]], names[1:]
    labels = prices.columns
    for name in (name for name in rest if name != "returns"):
        lacking = [c for c in labels if prices[c].isna().all() and frames[name][c].notna().any()]
        if lacking:
            prices = prices.assign(**{c: frames[name][c] for c in lacking})
            notebook.inferred.append(
                f"Took the {name} of {shortened(lacking, 5)}: no {names[0]} there."
            )
    known = prices.notna().any()
    if not known.all() and known.any():
        notebook.inferred.append(f"Left out {shortened(list(labels[~known]), 5)}: no prices.")
        frames = {name: frame.loc[:, known] for name, frame in frames.items()}
        prices = prices.loc[:, known]
    alike = labels[labels.str.casefold().duplicated(keep=False)]
    if len(alike):
        notebook.inferred.append(f"Took {shortened(list(alike), 5)} for different assets.")
    extra = {
        name: frames[name]
        for name in ("open", "high", "low", "volume", "dividends", "splits")
        if name in frames
    }
    for name in ("dividends", "splits"):
        if name in extra:
            filled = extra[name].fillna(0.0)
            # Some vendors write a split coefficient of 1 where there is no split.
            extra[name] = filled.mask(filled == 1.0, 0.0) if name == "splits" else filled
    raw = [name for name in rest if names[0] == "adjusted" and name != "returns"]
    close = frames[raw[0]][prices.columns] if raw else None
    kept = {asset: code for asset, code in currencies.items() if asset in prices.columns}
    return Bars(prices, close, **extra, currencies=kept)


def ticker_codes(column: pa.ChunkedArray) -> tuple[IntArray, list[str]]:
    """Return tickers as positions in their sorted labels; -1 where there is none."""
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy()
        texts = [
            "" if np.isnan(v) else f"{v:.0f}" if v == np.floor(v) else repr(v) for v in numbers
        ]
        column = pa.chunked_array([pa.array(texts)])
    elif not (pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)):
        column = column.cast(pa.string())
    combined = column.combine_chunks()
    coded = combined if pa.types.is_dictionary(combined.type) else combined.dictionary_encode()
    raw = ["" if text is None else text.strip() for text in coded.dictionary.to_pylist()]
    labels = sorted(set(raw) - {""})
    position = {label: number for number, label in enumerate(labels)}
    lookup = np.array([*(position.get(text, -1) for text in raw), -1], dtype=np.intp)
    return lookup[pc.fill_null(coded.indices, len(raw)).to_numpy()], labels
