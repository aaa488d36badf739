"""The table that every format is read into, and how messages show it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from blportfolio.data.files.sources import printable
from blportfolio.data.quality.findings import Finding


@dataclass(slots=True)
class Table:
    """Named columns as they stand in a file.

    Attributes:
        file: The file's name, for messages.
        stem: What a single asset is called.
        names: Labels of each column, one for each header row.
        columns: Float, text, boolean or timestamp columns of the same length.
        currencies: Currency of each column where a row of units says so, else "".
        decimal: Decimal mark that numbers without quotes are known to have.
        comma_separated: Whether cells are separated by commas.
        inferred: What was inferred so far.
    """

    file: str
    stem: str
    names: list[tuple[str, ...]]
    columns: list[pa.ChunkedArray]
    currencies: list[str] = field(default_factory=list)
    decimal: str = ""
    comma_separated: bool = False
    inferred: list[str] = field(default_factory=list)

    @property
    def num_rows(self) -> int:
        """Rows of data."""
        return len(self.columns[0])

    def label(self, column: int) -> str:
        """Return the name of a column as messages show it."""
        return " ".join(part for part in self.names[column] if part) or f"number {column + 1}"

    def text(self, column: int, row: int) -> str:
        """Return a cell as messages show it."""
        cell = self.columns[column][row]
        try:
            text = str(cell.as_py())
        except (ValueError, OverflowError):
            text = "a date of no calendar"
        return printable(text)[:60]


def serious(kind: str, message: str, remedy: str, *, ticker: str | None = None) -> Finding:
    """Return a fault of the file itself that makes its data wrong."""
    return Finding(kind, "serious", message, "A fault of the file.", remedy, ticker=ticker)
