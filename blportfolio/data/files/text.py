"""Reads delimited text: encoding, delimiter, header and footer, then columns at full speed."""

from __future__ import annotations

import csv
import io
import itertools
import re

import pyarrow as pa
import pyarrow.csv as pa_csv

from blportfolio.data.files.delimiters import (
    DELIMITERS,
    HEAD_ROWS,
    find_delimiter,
    head_of,
    is_spaced,
)
from blportfolio.data.files.encoding import decode
from blportfolio.data.files.headers import Header, is_footer, split_header
from blportfolio.data.files.numerals import MISSING
from blportfolio.data.files.sources import Source, cannot_read, printable
from blportfolio.data.files.table import Table
from blportfolio.data.files.words import TICKER_NAMES, plain
from blportfolio.errors import DataError

MOST_RETRIES = 5
TAIL_BYTES = 64_000
MOST_FOOTERS = 1_000
_PLAIN_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\Z")
_PLAIN_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?\Z")
_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}\Z")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?\Z")


def read_text(source: Source, *, decimal: str | None) -> Table:
    """Read delimited text into columns: plain numbers as floats, all else as text.

    Args:
        source: Content of the file.
        decimal: Decimal mark that the reader of the file decides.

    Raises:
        DataError: If it is no text, has no layout that is known, or rows differ in length.
    """
    content, notes = decode(source.content, source.name)
    head = head_of(content)
    if is_spaced(head):
        content = b"\n".join(b"\t".join(line.split()) for line in content.splitlines())
        head = head_of(content)
        notes.append("Its cells are separated by blanks.")
    delimiter = find_delimiter(head, source.name)
    if delimiter != ",":
        notes.append(f"Its cells are separated by {DELIMITERS[delimiter]}.")
    rows, ends = _rows(content, delimiter, source.name)
    header = split_header(rows, source.name)
    notes.extend(header.inferred)
    begin = ends[header.start - 1] if header.start else 0
    content = _pad_events(content, begin, delimiter, header.width)
    end, footers = _cut_footers(content, begin, delimiter, header.date_column)
    if footers:
        notes.append(f"Left out {footers} line{'s' * (footers > 1)} below the data.")
    if end <= begin and footers:
        raise DataError(
            f"The file {source.name!r} has no row with a date that can be read; put dates in the "
            "first column as YYYY-MM-DD."
        )
    sample = [row for row in rows[header.start :] if len(row) == header.width]
    block = max(2**20, 4 * max(map(len, head.splitlines())))
    quoted = content.find(b'"', begin, end) >= 0
    body = pa.py_buffer(content).slice(begin, end - begin)
    columns, mark = _columns(body, delimiter, header, sample, source.name, decimal, block, quoted)
    return Table(
        source.name,
        source.stem,
        header.names,
        columns,
        header.currencies,
        decimal=mark,
        comma_separated=delimiter == ",",
        inferred=notes,
    )


def _pad_events(content: bytes, begin: int, delimiter: str, width: int) -> bytes:
    """Fill up the short rows of dividends and splits, as Yahoo's pages have them."""
    if b" Dividend" not in content and b" Stock Split" not in content:
        return content
    mark = delimiter.encode()
    pattern = (
        rb'(?m)^("[^"\n]{6,20}"|[^"%b\n]{6,20})%b("?[0-9.:/ ]+(?:Dividend|Stock Splits?)"?)\r?$'
    )
    short = re.compile(pattern % (mark, re.escape(mark)))
    padded = rb"\1%b\2" % mark + mark * (width - 2)
    return content[:begin] + short.sub(lambda match: match.expand(padded), content[begin:])


def _rows(content: bytes, delimiter: str, name: str) -> tuple[list[list[str]], list[int]]:
    """Return the cells of the first rows, and where each row ends."""
    reader = csv.reader(_lines(content), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    ends: list[int] = []
    end, line = 0, 0
    try:
        for row in itertools.islice(reader, HEAD_ROWS):
            while line < reader.line_num:
                end = content.find(b"\n", end) + 1 or len(content)
                line += 1
            rows.append(row)
            ends.append(end)
    except csv.Error as error:
        raise cannot_read(name, error) from error
    return rows, ends


def _lines(content: bytes) -> itertools.chain[str]:
    return itertools.chain(line.decode() for line in io.BytesIO(content))


def _cut_footers(content: bytes, begin: int, delimiter: str, column: int) -> tuple[int, int]:
    """Return where the data end, above lines of totals or remarks, and how many those are."""
    end, count = len(content), 0
    while end > begin and count < MOST_FOOTERS:
        start = content.rfind(b"\n", max(begin, end - TAIL_BYTES), end - 1) + 1 or begin
        line = content[start:end].decode(errors="replace").strip("\r\n \x0c")
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            break
        blank = not any(cell.strip() for cell in cells)
        if not blank and not is_footer(cells, column):
            break
        count += not blank
        end = start
    return end, count


def _columns(
    body: pa.Buffer,
    delimiter: str,
    header: Header,
    sample: list[list[str]],
    name: str,
    told: str | None,
    block_size: int,
    quoted: bool,
) -> tuple[list[pa.ChunkedArray], str]:
    """Read the columns, numbers as floats where all are plain; return the mark they have."""
    kept = [str(number) for number in range(header.width)]
    cells = list(zip(*sample, strict=True)) or [()] * header.width
    is_number = [
        number != header.date_column
        and plain(header.names[number][-1]) not in TICKER_NAMES
        and all(_PLAIN.match(cell.strip()) or cell.strip() in MISSING for cell in column)
        for number, column in enumerate(cells)
    ]
    decimal = told or _sample_mark(
        [
            cell.strip()
            for column, ok in zip(cells, is_number, strict=True)
            if ok
            for cell in column
        ],
        delimiter,
    )
    ragged: list[str] = []

    def note(row: pa_csv.InvalidRow) -> str:
        if row.text.strip():
            ragged.append(row.text)
        return "skip"

    for attempt in itertools.count():
        plain_numbers = bool(decimal) and any(is_number)
        types = {
            column: pa.float64() if plain_numbers and ok else pa.string()
            for column, ok in zip(kept, is_number, strict=True)
        }
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(body),
                read_options=pa_csv.ReadOptions(column_names=kept, block_size=block_size),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter,
                    invalid_row_handler=note,
                    newlines_in_values=quoted,
                    quote_char='"' if quoted else False,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types,
                    null_values=list(MISSING),
                    strings_can_be_null=False,
                    decimal_point=decimal if plain_numbers else ".",
                ),
            )
            break
        except pa.ArrowInvalid as error:
            column = re.search(r"CSV column #(\d+)", str(error))
            if plain_numbers and column and attempt < MOST_RETRIES:
                is_number[int(column[1])] = False  # a cell further down is no plain number
            elif plain_numbers:
                is_number = [False] * header.width
            elif "Empty CSV" in str(error):
                raise DataError(
                    f"The file {name!r} has no rows; it needs a header and prices."
                ) from error
            else:
                raise cannot_read(name, error) from error
    if ragged:
        raise _ragged(ragged[0], delimiter, header.width, name)
    if not table.num_rows:
        raise DataError(f"The file {name!r} has no rows; it needs a header and prices.")
    return table.columns, decimal if plain_numbers else ""


def _sample_mark(cells: list[str], delimiter: str) -> str:
    """Return the decimal mark of plain numbers where a sample shows it, else ""."""
    points = any(_PLAIN_POINT.match(cell) and not _GROUP.match(cell) for cell in cells)
    commas = any(_PLAIN_COMMA.match(cell) and not _GROUP.match(cell) for cell in cells)
    has_comma = any("," in cell for cell in cells)
    if points and not has_comma:
        return "."
    if commas and not any("." in cell for cell in cells):
        return ","
    # A file whose cells are separated by commas writes the point.
    return "." if delimiter == "," and not has_comma else ""


def _ragged(text: str, delimiter: str, width: int, name: str) -> DataError:
    """Return the error for a row of another length than the header."""
    text = text.strip()
    cells = next(csv.reader(text.splitlines()[:1], delimiter=delimiter), [])
    start = printable(text)[:60]
    if '"' in text and len(text.splitlines()) > 1:
        said = f"a quotation mark that is not closed: {start!r}"
    else:
        said = f"{len(cells)} cells where {width} were expected, in the line {start!r}"
    return DataError(f"The file {name!r} has {said}. Correct or remove it.")
