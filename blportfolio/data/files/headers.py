"""Finds where the header of a sheet ends, and which of its rows name what."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass

from blportfolio.data.files.date_forms import looks_like_date
from blportfolio.data.files.shapes import name_bars
from blportfolio.data.files.words import (
    CURRENCIES,
    DATE_NAMES,
    MAYBE_DATE_NAMES,
    TICKER_NAMES,
    UNITS,
    field_of,
    is_beside,
    plain,
)
from blportfolio.errors import DataError

MOST_COLUMNS = 100_000
_LABELS = {*DATE_NAMES, *MAYBE_DATE_NAMES, *TICKER_NAMES, "price", "attributes", "currency"}
_NUMBER = re.compile(r"[(+-]?\s*[$€£¥]?\s*[\d.,' ]*\d[\d.,' ]*\s*[%KMB)]?\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the data of a sheet.

    Attributes:
        start: Position of the first row of data.
        width: Columns of the data.
        names: Labels of each column, one for each header row that names something.
        currencies: Currency of each column where a row of units says so, else "".
        date_column: Position of the dates.
        inferred: Sentences on header rows, units and skipped lines.
    """

    start: int
    width: int
    names: list[tuple[str, ...]]
    currencies: list[str]
    date_column: int
    inferred: tuple[str, ...]


def split_header(rows: list[list[str]], file: str) -> Header:
    """Tell header and data apart in the first rows of a sheet.

    Args:
        rows: Texts of the cells of the first rows; rows may differ in length.
        file: The file's name, for messages.

    Raises:
        DataError: If there is no header, no row of data, or a single column.
    """
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        raise DataError(f"The file {file!r} is empty; it needs a header and rows of prices.")
    if max(map(len, filled)) > MOST_COLUMNS:
        raise DataError(
            f"The file {file!r} has more than {MOST_COLUMNS} columns; it needs one column an asset "
            "and one row a date."
        )
    if max(map(len, filled)) == 1:
        raise DataError(
            f"The file {file!r} has one column; it needs a date and a price column at least, "
            "separated by commas."
        )
    column, start = _first_data(rows, file)
    width = Counter(len(row) for row in rows[start:] if any(cell.strip() for cell in row))
    just_above = len(rows[start - 1]) if start else 0
    n_columns = max(width, key=lambda size: (width[size], size == just_above, size))
    n_columns = max(n_columns, column + 1)
    above = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows[:start])]
    padded = [
        (number, [*row, *[""] * (n_columns - len(row))][:n_columns])
        for number, row in above
        if any(row) and not (len(row) < 2 < n_columns)
    ]
    units = [row for _, row in padded if _is_units(row, column)]
    naming = [item for item in padded if _beside(item[1], column) and item[1] not in units]
    if not naming:
        naming, units = [item for item in padded if _beside(item[1], column)], []
    chosen = _choose(naming, column)
    if not chosen and any(sum(map(looks_like_date, row)) > 2 for row in rows[:2]):
        raise DataError(
            f"The file {file!r} has its dates along the first row; turn it, so that each row is a "
            "date and each column an asset."
        )
    if not chosen and not start and (labels := name_bars(rows, column)) is not None:
        names_of: list[tuple[str, ...]] = [(label,) for label in labels]
        note = "It has no header; its numbers are open, high, low and close, as their order shows."
        return Header(0, len(labels), names_of, [""] * len(labels), column, (note,))
    if not chosen:
        raise DataError(
            f"The file {file!r} has no header; put `date` and the assets' names in its first row."
        )
    notes: list[str] = []
    level = _index_row(padded, chosen, column)
    if len(chosen) > 1:
        notes.append(f"Took {len(chosen)} header rows: {_levels(chosen, column)}.")
    if units:
        notes.append("Took a row of units for what it is.")
    used = {number for number, _ in chosen} | level
    skipped = sum(1 for number, row in above if any(row) and number not in used) - len(units)
    if skipped > 0:
        notes.append(f"Skipped {skipped} line{'s' * (skipped > 1)} above the header.")
    rows_of_names = [row for _, row in chosen]
    if len(rows_of_names) > 1:
        rows_of_names = [
            _spread(row, column) if row is not rows_of_names[-1] else row for row in rows_of_names
        ]
    names = [
        tuple(" ".join(row[number].lstrip("#").split()) for row in rows_of_names)
        for number in range(n_columns)
    ]
    names[column] = (_date_label(padded, chosen, level, column),)
    return Header(start, n_columns, names, _currencies(units, n_columns), column, tuple(notes))


def _first_data(rows: list[list[str]], file: str) -> tuple[int, int]:
    """Return the column of the dates and the first row that has one."""
    dated = [[looks_like_date(cell) for cell in row] for row in rows]
    votes = Counter(number for row in dated for number, is_date in enumerate(row) if is_date)
    if votes:
        most = max(votes.values())
        column = min(number for number, count in votes.items() if count > 0.8 * most)
        hits = [
            number
            for number, row in enumerate(dated)
            if len(row) > column
            and row[column]
            and sum(map(bool, map(str.strip, rows[number]))) > 1
        ]
        later = [n for n, following in itertools.pairwise(hits) if following - n <= 2]
        if hits:
            start = (later or hits)[0]
            return column, _move_up(rows, start, column)
    for number, row in enumerate(rows[:-1]):
        known = [n for n, cell in enumerate(row) if plain(cell.lstrip("#")) in DATE_NAMES]
        known = known or [n for n, cell in enumerate(row) if plain(cell) in MAYBE_DATE_NAMES]
        following = next((r for r in rows[number + 1 :] if any(map(str.strip, r))), None)
        if known and len(row) > 1 and following is not None:
            if all(plain(cell) in _LABELS for cell in row if cell.strip()):
                continue
            return known[0], number + 1
    if len([row for row in rows if any(map(str.strip, row))]) == 1:
        raise DataError(f"The file {file!r} has no rows; it needs a header and prices.")
    if votes:
        raise DataError(
            f"The file {file!r} has dates and nothing beside them; it needs a column of prices."
        )
    return 0, 1


def _move_up(rows: list[list[str]], start: int, column: int) -> int:
    """Take numbers under a header for data, though their date cannot be read."""
    while start > 1:
        above = _beside(rows[start - 1], column)
        higher = [row for row in rows[: start - 1] if _names_columns(row, column)]
        is_data = sum(bool(_NUMBER.match(cell[:40])) for cell in above) > len(above) / 2
        if not above or not is_data or not higher or _is_fields(higher[-1], column):
            break
        if plain(_at(rows[start - 1], column)) in _LABELS - {""}:
            break
        start -= 1
    return start


def _at(row: list[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _beside(row: list[str], column: int) -> list[str]:
    """Return the filled cells of a row other than that of the date."""
    return [cell.strip() for n, cell in enumerate(row) if n != column and cell.strip()]


def _names_columns(row: list[str], column: int) -> bool:
    """Whether a row names columns, as titles, which fill one cell, do not."""
    others = len(row) - 1
    beside = _beside(row, column)
    return bool(beside) and (2 * len(beside) >= others or plain(_at(row, column)) in _LABELS - {""})


def _is_units(row: list[str], column: int) -> bool:
    beside = [cell.strip("()[] ") for cell in _beside(row, column)]
    return bool(beside) and all(
        cell.upper() in CURRENCIES or cell.lower() in UNITS for cell in beside
    )


def _is_fields(row: list[str], column: int) -> bool:
    beside = _beside(row, column)
    fields = sum(field_of(cell) is not None for cell in beside)
    return fields > 0 and fields + sum(map(is_beside, beside)) > 0.5 * len(beside)


def _choose(naming: list[tuple[int, list[str]]], column: int) -> list[tuple[int, list[str]]]:
    """Return the row of fields and the row of assets, or the one row that names all."""
    fields = [item for item in naming if _is_fields(item[1], column)][-1:]
    others = [item for item in naming if not _is_fields(item[1], column)]
    if fields:
        # A row of assets may fill merged cells only; a title stands where dates do.
        others = [
            (number, row)
            for number, row in others
            if plain(row[column]) in _LABELS
            and (row[column] or number < fields[0][0] or _names_columns(row, column))
        ]
    else:
        others = [item for item in others if _names_columns(item[1], column)]

    def rank(item: tuple[int, list[str]]) -> tuple[bool, bool, bool, bool, int]:
        number, row = item
        beside = _beside(row, column)
        label = plain(row[column])
        known = label in TICKER_NAMES[:4] or label in DATE_NAMES
        return (
            not row[column].startswith("#"),
            known,
            len(beside) > 1 or len(row) < 3,  # a setting such as `Period, D` fills one cell
            len(set(beside)) == len(beside),
            number,
        )

    return sorted([*fields, *sorted(others, key=rank)[-1:]])


def _index_row(
    padded: list[tuple[int, list[str]]], chosen: list[tuple[int, list[str]]], column: int
) -> set[int]:
    """Return the row that holds nothing but the name of the dates, as pandas writes it."""
    below = chosen[-1][0]
    return {
        number
        for number, row in padded
        if number > below and row[column] and not _beside(row, column)
    }


def _date_label(
    padded: list[tuple[int, list[str]]],
    chosen: list[tuple[int, list[str]]],
    level: set[int],
    column: int,
) -> str:
    own = [row[column] for number, row in padded if number in level]
    return (
        [*own, *(row[column] for _, row in chosen[::-1] if row[column]), ""][0].lstrip("#").strip()
    )


def _spread(row: list[str], column: int) -> list[str]:
    """Carry the label of merged cells to the right."""
    spread, last = [], ""
    for number, cell in enumerate(row):
        if number != column:
            last = cell or last
        spread.append(cell if number == column else last)
    return spread


def _levels(chosen: list[tuple[int, list[str]]], column: int) -> str:
    return ", ".join("fields" if _is_fields(row, column) else "assets" for _, row in chosen)


def _currencies(units: list[list[str]], width: int) -> list[str]:
    if not units:
        return [""] * width
    cells = [cell.strip("()[] ").upper() for cell in units[0]]
    return [cell if cell in CURRENCIES else "" for cell in cells]


def is_footer(cells: list[str], column: int) -> bool:
    """Whether a last row is a total or a remark: words or dashes where the date should be."""
    text = cells[column].strip() if len(cells) > column else ""
    first = text or next((cell.strip() for cell in cells if cell.strip()), "")
    if looks_like_date(first):
        return False
    if not text and len(_beside(cells, column)) > 1:
        return False
    letters = re.match(r"[^\W\d_]{3,}|[*#\"'(©-]", first)
    begins_like_date = re.match(r"(?i)(?:[a-z]{3,9}[ ,.-]+)?(?:[a-z]{3,9})[ .-]+\d{1,2}\b", first)
    if begins_like_date and len(_beside(cells, column)) and not re.match(r"(?i)page|total", first):
        return False
    return bool(letters) or (bool(first) and not any(ch.isalnum() for ch in first))
