"""Looks at the columns of a table before they become bars: labels, and columns that stand twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from blportfolio.data.files.assemble import Notebook, same_series
from blportfolio.data.files.layout import Layout
from blportfolio.data.files.shapes import MOST_COLUMNS, find_bar
from blportfolio.data.files.sources import printable
from blportfolio.data.files.table import Table, serious
from blportfolio.data.files.words import plain
from blportfolio.data.quality.findings import Finding
from blportfolio.errors import ConfigError, DataError
from blportfolio.validation import FloatArray, nearest_name


def check_labels(layout: Layout, table: Table) -> None:
    """Refuse labels that would steer a terminal or a spreadsheet.

    Raises:
        DataError: As `check_label`.
    """
    for _, asset in layout.cells:
        check_label(asset, table.file)


def check_label(label: str, file: str) -> None:
    """Refuse a label that would steer a terminal or a spreadsheet.

    Raises:
        DataError: If it has such a character, or is a formula.
    """
    if not label.isprintable():
        raise DataError(
            f"The file {file!r} holds the label {label!r} with a character that cannot be printed; "
            "rename it."
        )
    if label.startswith("=") or (label.startswith(("+", "-", "@")) and "|" in label):
        raise DataError(
            f"The file {file!r} has the label {label[:60]!r}, which is a formula; rename it."
        )


def check_known(wanted: Iterable[str], known: Collection[str], table: Table) -> None:
    """Check that a table has the assets asked for.

    Raises:
        ConfigError: Naming one that it has not, and the nearest that it has.
    """
    for asset in wanted:
        if asset not in known:
            raise ConfigError(
                f"The file {table.file!r} has no column {asset!r}. {nearest_name(asset, known)}"
            )


def drop_twice(
    values: dict[int, FloatArray], table: Table, layout: Layout, notebook: Notebook
) -> None:
    """Drop columns that stand twice, and say whether they agree."""
    for (name, asset), more in layout.twice.items():
        first = values[layout.cells[name, asset]]
        for column in more:
            label = asset or table.label(column)
            same = same_series(first, values.pop(column))
            one, other = (table.label(n) for n in (layout.cells[name, asset], column))
            what = repr(printable(label))
            if one != other:
                what = f"of the {name}, {printable(one)!r} and {printable(other)!r}"
            message = f"The file {table.file!r} has two columns {what}, "
            message += "with the same values." if same else "with different values."
            if same:
                finding = Finding(
                    "duplicate_columns",
                    "warning",
                    message,
                    "A column was written twice.",
                    "Keep one.",
                    ticker=label,
                    fixable=True,
                )
            else:
                finding = serious(
                    "conflicting_columns", message, "Keep one or rename it.", ticker=label
                )
            notebook.findings.append(finding)


def check_names(values: dict[int, FloatArray], table: Table, layout: Layout) -> None:
    """Refuse the bars of one asset whose labels are not known, which would be assets else.

    Raises:
        DataError: If high, low and two prices between them are among the columns.
    """
    if layout.what != "a wide table" or not 4 <= len(layout.cells) <= MOST_COLUMNS:
        return
    columns = list(layout.cells.values())
    bar = find_bar(np.column_stack([values[column] for column in columns]))
    if bar is not None:
        high, low, *between = (table.label(columns[n]) for n in bar)
        raise DataError(
            f"The file {table.file!r} seems to hold the bars of one asset under names that are not "
            f"known: {high!r} is never below {low!r}, and {between[0]!r} and {between[1]!r} lie "
            "between them; name the columns open, high, low, close and volume."
        )


def take_averages(
    values: dict[int, FloatArray], table: Table, layout: Layout, notebook: Notebook
) -> None:
    """Take CRSP's negative prices for what they are: averages of bid and ask on days unsold."""
    for column in layout.cells.values():
        if layout.what == "a wide table" or plain(table.names[column][-1]) != "prc":
            continue
        prices = values[column]
        label = table.label(column)
        if (prices < 0).any():
            notebook.inferred.append(
                f"Took {int((prices < 0).sum())} negative values of {label} for averages of bid "
                "and ask, as CRSP marks them."
            )
        if (prices == 0).any():
            notebook.inferred.append(
                f"Took {int((prices == 0).sum())} values of 0 of {label} for missing, as CRSP "
                "marks them."
            )
        values[column] = np.where(prices == 0, np.nan, np.abs(prices))
