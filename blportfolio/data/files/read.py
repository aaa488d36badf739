"""Reads a file of any format and layout into bars, with what was inferred and what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from blportfolio.data.bars import Bars
from blportfolio.data.files.assemble import (
    Notebook,
    assemble_bars,
    keep_dated,
    note_repeated,
    read_values,
    spread,
    ticker_codes,
)
from blportfolio.data.files.columnar import read_columnar
from blportfolio.data.files.columns import (
    check_known,
    check_label,
    check_labels,
    check_names,
    drop_twice,
    take_averages,
)
from blportfolio.data.files.dates import DateOrder, ReadDates, read_dates
from blportfolio.data.files.days import note_order, whole_days
from blportfolio.data.files.layout import Layout, find_layout
from blportfolio.data.files.numerals import Decimal
from blportfolio.data.files.reshape import fill_merged, reshape
from blportfolio.data.files.sources import open_source, printable
from blportfolio.data.files.table import Table, serious
from blportfolio.data.files.text import read_text
from blportfolio.data.files.words import plain
from blportfolio.data.quality.findings import Finding
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError
from blportfolio.validation import FloatArray, check_choice

MAX_BYTES = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class ReadBars:
    """What a file says, before it is checked as market data.

    Attributes:
        bars: Its bars, sorted by date.
        findings: Faults of the file that reading stepped over.
        inferred: What reading inferred, in sentences.
        sha256: Digest of the file.
        holds_returns: Whether its numbers look like returns and not like prices.
    """

    bars: Bars
    findings: tuple[Finding, ...]
    inferred: tuple[str, ...]
    sha256: str
    holds_returns: bool

    def check(self, *, but: Collection[str] = ()) -> None:
        """Check that the file has no serious fault, of kinds other than some.

        Raises:
            DataError: With the first one and its remedy.
        """
        for finding in self.findings:
            if finding.severity == "serious" and finding.kind not in but:
                raise DataError(f"{finding.message} {finding.remedy}")


def read_bars(
    path: str | Path,
    *,
    assets: Collection[str] | None = None,
    sheet: str | None = None,
    date_order: DateOrder | None = None,
    decimal: Decimal | None = None,
    max_bytes: int = MAX_BYTES,
) -> ReadBars:
    """Read bars from CSV (also compressed), Parquet, Feather or Excel, wide or long.

    What cannot be told from the file alone is refused; what was inferred is said.

    Args:
        path: File that ends in .csv, .txt or .tsv (also .gz, .zip, .xz, .bz2, .zst), .parquet,
            .feather, .xlsx or .xlsm.
        assets: Those to take, so that faults of the other columns do not matter; all by default.
        sheet: Sheet of a workbook; the only one that is not empty by default.
        date_order: `dmy` or `mdy`, where the dates themselves do not tell.
        decimal: Decimal mark, where the numbers themselves do not tell.
        max_bytes: Most bytes that the file may have, compressed or not.

    Raises:
        DataError: If the file cannot be read, is not safe, or has a layout that is not known.
        ConfigError: If an option has no such choice, or the file no such asset.
    """
    if date_order is not None:
        check_choice(date_order, ("dmy", "mdy"), name="date_order")
    if decimal is not None:
        check_choice(decimal, (".", ","), name="decimal")
    assets = None if assets is None else list(dict.fromkeys(assets))
    source = open_source(path, max_bytes=max_bytes)
    if sheet is not None and source.kind != "excel":
        raise DataError(f"`sheet` names a sheet of a workbook, and {source.name!r} is none.")
    if source.kind == "text":
        table = read_text(source, decimal=decimal)
    elif source.kind == "excel":
        # openpyxl is slow to load and seldom needed.
        from blportfolio.data.files.excel import read_excel

        table = read_excel(source, sheet=sheet, max_bytes=max_bytes)
    else:
        table = read_columnar(source, max_bytes=max_bytes)
    digest = source.sha256
    del source
    notebook = Notebook()
    bars = _bars(table, assets, date_order, decimal, max_bytes, notebook)
    return ReadBars(
        bars, tuple(notebook.findings), tuple(notebook.inferred), digest, _is_returns(bars.prices)
    )


def _bars(
    table: Table,
    assets: Collection[str] | None,
    date_order: str | None,
    decimal: str | None,
    max_bytes: int,
    notebook: Notebook,
) -> Bars:
    table = reshape(table)
    layout = find_layout(table)
    if assets is not None and layout.ticker is None:
        check_known(assets, {asset for _, asset in layout.cells}, table)
        layout.take(assets)
    table = fill_merged(table, layout)
    notebook.inferred += [f"Read {table.file} as {layout.what}.", *table.inferred]
    check_labels(layout, table)
    values = read_values(table, layout, decimal, notebook)
    drop_twice(values, table, layout, notebook)
    check_names(values, table, layout)
    take_averages(values, table, layout, notebook)
    read = read_dates(
        table.columns[layout.date],
        label=table.label(layout.date),
        order=date_order,
        file=table.file,
    )
    notebook.inferred.extend(read.inferred)
    keep = keep_dated(read.dates, read.unreadable, values, table, layout, notebook)
    if layout.ignored:
        notebook.inferred.append(f"Left out the columns {shortened(layout.ignored, 5)}.")
    if layout.ticker is not None:
        frames = _long(table, layout, assets, read, values, keep, notebook, max_bytes)
    else:
        frames = _wide(table, layout, read, values, keep, notebook)
    currencies = _currencies(table, layout)
    return assemble_bars(frames, currencies, notebook)


def _currencies(table: Table, layout: Layout) -> dict[str, str]:
    """Return the currency of each asset of which the file says one."""
    if layout.ticker is None:
        return {
            asset: table.currencies[column]
            for (_, asset), column in layout.cells.items()
            if table.currencies and table.currencies[column]
        }
    column = next((n for n, name in enumerate(table.names) if plain(name[-1]) == "currency"), None)
    if column is None or pa.types.is_floating(table.columns[column].type):
        return {}
    codes, labels = ticker_codes(table.columns[layout.ticker])
    units, names = ticker_codes(table.columns[column])
    pairs = pd.DataFrame({"asset": codes, "unit": units}).drop_duplicates()
    pairs = pairs[(pairs >= 0).all(axis=1)].drop_duplicates("asset", keep=False)
    return {labels[a]: printable(names[u])[:8] for a, u in pairs.to_numpy().tolist()}


def _long(
    table: Table,
    layout: Layout,
    wanted: Collection[str] | None,
    read: ReadDates,
    values: dict[int, FloatArray],
    keep: np.ndarray,
    notebook: Notebook,
    max_bytes: int,
) -> dict[str, pd.DataFrame]:
    assets, labels = ticker_codes(table.columns[layout.ticker or 0])
    if wanted is not None:
        check_known(wanted, labels, table)
        numbers = np.full(len(labels) + 1, -1)
        numbers[[labels.index(label) for label in wanted]] = np.arange(len(wanted))
        assets, labels = numbers[assets], list(wanted)
        keep = keep & (assets >= 0)
    for label in labels:
        check_label(label, table.file)
    lacking = (assets < 0) & keep
    if lacking.any():
        row = int(np.argmax(lacking))
        count = f" and {lacking.sum() - 1} more" if lacking.sum() > 1 else ""
        message = f"The file {table.file!r} has no ticker in row {row + 1}{count}."
        notebook.findings.append(serious("missing_ticker", message, "Fill or drop it."))
    keep = keep & (assets >= 0)
    if not keep.any():
        raise DataError(f"The file {table.file!r} has no ticker in any row; fill that column.")
    whole = bool(keep.all())
    rows: slice | np.ndarray = slice(None) if whole else keep
    dates, assets = read.dates[rows], assets[rows]
    fields = {name: values[column][rows] for (name, _), column in layout.cells.items()}
    dates = whole_days(dates, assets, notebook, is_utc=read.is_utc)
    return spread(dates, assets, labels, fields, table, notebook, max_bytes)


def _wide(
    table: Table,
    layout: Layout,
    read: ReadDates,
    values: dict[int, FloatArray],
    keep: np.ndarray,
    notebook: Notebook,
) -> dict[str, pd.DataFrame]:
    rows: slice | np.ndarray = slice(None) if keep.all() else keep
    same = np.zeros(int(keep.sum()), dtype=np.intp)
    dates = whole_days(read.dates[rows], same, notebook, is_utc=read.is_utc)
    note_order(dates, notebook)
    order = np.argsort(dates.asi8, kind="stable")
    in_order = bool((order == np.arange(len(order))).all())
    stacked = np.empty((len(dates), len(layout.cells)), order="F")
    for number, column in enumerate(layout.cells.values()):
        kept = values.pop(column)[rows]
        stacked[:, number] = kept if in_order else kept[order]
    dates = dates if in_order else dates[order]
    repeated = dates.duplicated()
    if repeated.any():
        later = np.flatnonzero(repeated)
        firsts = np.flatnonzero(~repeated)
        earlier = firsts[np.searchsorted(firsts, later) - 1]
        a, b = stacked[later], stacked[earlier]
        same = ((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1)
        note_repeated(dates[later], same, [""] * len(later), table, notebook)
        stacked, dates = stacked[~repeated], dates[~repeated]
    index = pd.DatetimeIndex(dates, name="date")
    labels = list(dict.fromkeys(asset for _, asset in layout.cells))
    frames = {}
    for name in dict.fromkeys(name for name, _ in layout.cells):
        place = {asset: n for n, (f, asset) in enumerate(layout.cells) if f == name}
        columns = pd.Index(list(place), name="asset", dtype=str)
        picked = stacked if len(place) == stacked.shape[1] else stacked[:, list(place.values())]
        frame = pd.DataFrame(picked, index, columns, copy=False)
        frames[name] = frame if len(place) == len(labels) else frame.reindex(columns=labels)
        frames[name].columns.name = "asset"
    return frames


def _is_returns(prices: pd.DataFrame) -> bool:
    """Whether numbers are returns: many of them negative, most of them small."""
    values = prices.to_numpy()
    known = values[np.isfinite(values)]
    if len(known) < 3:
        return False
    return bool(np.mean(known < 0) > 0.2 and np.median(np.abs(known)) < 10)
