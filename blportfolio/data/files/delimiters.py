"""Finds out what separates the cells of a text."""

from __future__ import annotations

import csv
import re

from blportfolio.data.files.date_forms import looks_like_date
from blportfolio.data.files.numerals import MISSING
from blportfolio.errors import DataError

HEAD_ROWS = 60
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_CELLS = 50
"""Cells of a row that are looked at to tell the delimiter."""


def head_of(content: bytes) -> str:
    """Return the first lines of a text."""
    end = 0
    for _ in range(HEAD_ROWS):
        end = content.find(b"\n", end) + 1
        if not end:
            return content.decode()
    return content[:end].decode()


def is_spaced(head: str) -> bool:
    """Whether blanks separate cells: each row has the same number, one of them a date."""
    if any(mark in head for mark in DELIMITERS):
        return False
    rows = [line.split() for line in head.splitlines() if line.strip()]
    dated = [row for row in rows if any(map(looks_like_date, row))]
    return (
        len(dated) > len(rows) / 2
        and len({len(row) for row in dated}) == 1
        and len(dated[0]) > 1
        and not any(looks_like_date(" ".join(row[:3])) for row in dated[:1])
    )


def find_delimiter(head: str, name: str) -> str:
    """Return the delimiter that cuts most rows into the same number of readable cells.

    Raises:
        DataError: If there is no row, or none is cut.
    """
    lines = [line for line in head.splitlines() if line.strip()]
    if not lines:
        raise DataError(f"The file {name!r} is empty; it needs a header and rows of prices.")
    best, most = "", 0.0
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue  # a line that this delimiter does not cut is one huge cell
        widths = [len(row) for row in rows]
        width = max(set(widths), key=lambda size: (widths.count(size), size))
        if width < 2:
            wide = [size for size in widths if size > 1]
            if 2 * len(wide) < len(widths) or not wide:
                continue
            width = max(set(wide), key=wide.count)
        usual = [row for row in rows if len(row) == width]
        cells = [cell.strip() for row in usual[1:] or usual for cell in row[:MOST_CELLS]]
        others = "".join(set(DELIMITERS) - {delimiter, ","})
        readable = sum(
            cell in MISSING
            or bool(re.match(r"[(+-]?[^\w]?\s?\d[\d.,' ]*\W{0,2}\w?\)?\Z", cell[:60]))
            or looks_like_date(cell)
            or not any(mark in cell for mark in others)
            for cell in cells
        )
        dated = sum(any(map(looks_like_date, row[:MOST_CELLS])) for row in usual) / len(rows)
        score = len(usual) / len(rows) * readable / max(len(cells), 1) + dated
        if score > most + 1e-9:
            best, most = delimiter, score
    if not best:
        raise DataError(
            f"The file {name!r} has one column; it needs a date and a price column at least, "
            "separated by commas."
        )
    return best
