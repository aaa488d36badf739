"""Reads Excel workbooks into columns; a formula is refused and never computed."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterable

import openpyxl
import pyarrow as pa
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from blportfolio.data.files.headers import is_footer, split_header
from blportfolio.data.files.sources import DAMAGED, Source, cannot_read, printable, too_large
from blportfolio.data.files.table import Table
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError

HEAD_ROWS = 200
_CELL_BYTES = 8
DAYS_TO_1904 = 1462
"""Days from the date that Excel usually counts from to 1904, from which some workbooks do."""
Cell = str | float | int | bool | dt.datetime | None


def read_excel(source: Source, *, sheet: str | None, max_bytes: int) -> Table:
    """Read one sheet of a workbook.

    Args:
        source: Content of an .xlsx or .xlsm file.
        sheet: Name of the sheet; the only one that is not empty by default.
        max_bytes: Most bytes that it may have when decompressed.

    Raises:
        DataError: If it is damaged or too large, holds a formula, or the sheet is not clear.
    """
    _check_archive(source, max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that are none of prices
            book = openpyxl.load_workbook(
                io.BytesIO(source.content), read_only=True, data_only=False, keep_links=False
            )
            try:
                rows, notes = _sheet_rows(book, sheet, source.name, max_bytes)
                shift = DAYS_TO_1904 if book.epoch == CALENDAR_MAC_1904 else 0
            finally:
                book.close()
    except DAMAGED as error:
        raise cannot_read(source.name, error) from error
    return _table(rows, notes, source, shift)


def _check_archive(source: Source, max_bytes: int) -> None:
    """Refuse workbooks that are too large unpacked, or declare XML entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > max_bytes:
                raise too_large(source.name, max_bytes, " when decompressed")
            for member in members:
                with archive.open(member) as file:
                    start = file.read(4096)
                if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                    raise DataError(
                        f"The file {source.name!r} declares XML entities, as no workbook needs; "
                        "save it again in Excel or as CSV."
                    )
    except DAMAGED as error:
        raise cannot_read(source.name, error) from error


def _sheet_rows(
    book: openpyxl.Workbook, sheet: str | None, name: str, max_bytes: int
) -> tuple[list[list[Cell]], list[str]]:
    names = [worksheet.title for worksheet in book.worksheets]
    if sheet is not None:
        if sheet not in names:
            shown = shortened([repr(title) for title in names], 5)
            raise DataError(f"The file {name!r} has no sheet {sheet!r}; it has {shown}.")
        return _rows(book[sheet], name, max_bytes), [f"Read its sheet {sheet!r}."]
    filled = [worksheet for worksheet in book.worksheets if _has_cells(worksheet)]
    visible = [worksheet for worksheet in filled if worksheet.sheet_state == "visible"]
    filled = visible or filled
    if not filled:
        raise DataError(f"The file {name!r} is empty; it needs a header and rows of prices.")
    if len(filled) > 1:
        shown = shortened([repr(worksheet.title) for worksheet in filled], 5)
        raise DataError(
            f"The file {name!r} has several sheets, {shown}; say which by "
            f"sheet={filled[0].title!r} (--sheet)."
        )
    notes = [f"Read its sheet {filled[0].title!r}."] if len(names) > 1 else []
    return _rows(filled[0], name, max_bytes), notes


def _has_cells(worksheet: openpyxl.worksheet._read_only.ReadOnlyWorksheet) -> bool:
    worksheet.reset_dimensions()
    rows: Iterable[tuple[Cell, ...]] = worksheet.iter_rows(values_only=True)
    return any(cell is not None for row in rows for cell in row)


def _rows(
    worksheet: openpyxl.worksheet._read_only.ReadOnlyWorksheet, name: str, max_bytes: int
) -> list[list[Cell]]:
    """Return the rows of a sheet, which must hold values only."""
    worksheet.reset_dimensions()  # what a sheet says of its own size need not be true
    rows: list[list[Cell]] = []
    size = 0
    for number, row in enumerate(worksheet.iter_rows(values_only=True), start=1):
        size += _CELL_BYTES * (len(row) + 1)
        if size > max_bytes:
            raise too_large(name, max_bytes, " when read")
        for position, cell in enumerate(row, start=1):
            if (isinstance(cell, str) and cell.startswith("=")) or not isinstance(
                cell, Cell | dt.date | dt.time | dt.timedelta
            ):
                where = f"{get_column_letter(position)}{number}"
                raise DataError(
                    f"The file {name!r} has a formula in cell {where} of sheet "
                    f"{printable(worksheet.title)!r}; paste values in place of formulas and save."
                )
        rows.append(list(row))
    return rows


def _table(rows: list[list[Cell]], notes: list[str], source: Source, shift: int) -> Table:
    head = [[_text(cell) for cell in row] for row in rows[:HEAD_ROWS]]
    width = max((n for row in head for n, cell in enumerate(row, start=1) if cell), default=0)
    head = [[*row, *[""] * (width - len(row))][:width] for row in head]
    header = split_header(head, source.name)
    body = [[*row, *[None] * (width - len(row))][:width] for row in rows[header.start :]]
    too_long = [n for n, row in enumerate(rows, 1) if any(c is not None for c in row[width:])]
    if too_long:
        raise DataError(
            f"The file {source.name!r} has cells to the right of its table in row {too_long[0]}; "
            "remove them."
        )
    footers = 0
    while body:
        cells = [_text(cell) for cell in body[-1]]
        is_blank = not any(cells)
        if not is_blank and not is_footer(cells, header.date_column):
            break
        footers += not is_blank
        body.pop()
    if footers:
        notes.append(f"Left out {footers} line{'s' * (footers > 1)} below the data.")
    body = [row for row in body if any(cell is not None for cell in row)]
    if not body:
        raise DataError(f"The file {source.name!r} has no rows; it needs a header and prices.")
    for row in body if shift else ():
        day = row[header.date_column]
        if isinstance(day, int | float) and not isinstance(day, bool) and 15_000 < day < 100_000:
            row[header.date_column] = day + shift
    columns = [_column([row[number] for row in body]) for number in range(width)]
    return Table(
        source.name,
        source.stem,
        header.names,
        columns,
        header.currencies,
        inferred=[*notes, *header.inferred],
    )


def _column(cells: list[Cell]) -> pa.ChunkedArray:
    """Return cells as floats or timestamps where all are, else as texts."""
    known = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known):
        floats = [None if cell is None else float(cell) for cell in cells]  # type: ignore[arg-type]
        return pa.chunked_array([pa.array(floats, pa.float64())])
    if all(isinstance(cell, dt.datetime) for cell in known):
        return pa.chunked_array([pa.array(cells, pa.timestamp("us"))])
    return pa.chunked_array([pa.array([_text(cell) for cell in cells], pa.string())])


def _text(cell: Cell) -> str:
    """Spell a cell as text, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()  # as Excel shows it, which may be a ticker
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)
