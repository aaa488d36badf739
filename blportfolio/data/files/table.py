"""The table that every format is read into, and the words by which its columns are known."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from blportfolio.data.files.sources import printable
from blportfolio.data.quality.findings import Finding


def _words(text: str) -> list[str]:
    return text.split()


DATE_NAMES = frozenset(
    _words(
        "date dates datetime timestamp tradedate tradingdate tradingday exchangedate "
        "observationdate asofdate caldt datadate pricedate datum fecha dato data"
    )
)
"""Labels that say that a column holds dates, as `plain` spells them."""
MAYBE_DATE_NAMES = frozenset(("day", "month", "time", "period", "week", "index", "level0", ""))
"""Labels of columns that hold dates where their cells look like dates."""
ROW_NUMBER_NAMES = frozenset(("index", "level0", "unnamed0", ""))
TICKER_NAMES = tuple(
    _words("ticker tickers symbol symbols asset instrument security ric isin code permno name")
)
FIELDS = {
    "open": ("open", "pxopen", "openprice", "first"),
    "high": ("high", "pxhigh", "highprice"),
    "low": ("low", "pxlow", "lowprice"),
    "adjusted": (
        *("adjclose", "adjustedclose", "adjclosing", "closeadj", "adjcloseprice"),
        *("adjustedprice", "adjprice", "adjusted", "totreturnindexgrossdvds"),
    ),
    "close": ("close", "closelast", "closeprice", "closingprice", "pxlast", "tradeclose"),
    "price": ("price", "last", "lastprice", "prc", "settle", "nav", "value"),
    "returns": ("return", "returns", "ret", "totalreturn"),
    "volume": ("volume", "vol", "pxvolume", "tradevolume", "volumetraded", "sharevolume"),
    "dividends": ("dividends", "dividend", "dividendamount", "exdividend", "divcash"),
    "splits": ("stocksplits", "splits", "split", "splitcoefficient", "splitratio", "splitfactor"),
}
"""Fields of a bar, each with the labels that vendors give them, as `plain` spells them."""
FIELD_OF = {label: name for name, labels in FIELDS.items() for label in labels}
PRICE_FIELDS = ("adjusted", "close", "price", "returns")
IGNORED = frozenset(
    _words(
        "change changepct chg net pctchg turnover openint openinterest capitalgains repaired "
        "vwap bid ask adjopen adjhigh adjlow adjvolume adjustedopen adjustedhigh adjustedlow "
        "per time trades percent changepercent adjhighprice marketcap currency exchange"
    )
)
"""Columns that come beside bars and are none."""
UNITS = frozenset(_words("% percent pct index points shares decimal ratio level number"))
CURRENCIES = frozenset(
    _words(
        "USD EUR GBP GBX JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RUB TRY ZAR BRL MXN INR "
        "CNY CNH HKD SGD KRW TWD THB IDR MYR PHP ILS AED SAR CLP COP ARS"
    )
)


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


def plain(label: object) -> str:
    """Spell a label in small letters and digits only: `Adj. Close**` is `adjclose`."""
    text = str(label).strip().lower()
    if text[:2] in {"1.", "2.", "3.", "4.", "5.", "6.", "7.", "8."}:
        text = text[2:]  # "4. close"
    return "".join(character for character in text if character.isalnum())


def serious(kind: str, message: str, remedy: str, *, ticker: str | None = None) -> Finding:
    """Return a fault of the file itself that makes its data wrong."""
    return Finding(kind, "serious", message, "A fault of the file.", remedy, ticker=ticker)


def listed(labels: list[str], most: int = 5) -> str:
    """Join labels for a message, the first few only."""
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
