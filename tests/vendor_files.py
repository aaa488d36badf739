"""The same prices written to files as vendors, spreadsheets and locales spell them."""

from __future__ import annotations

import csv
import datetime as dt
import gzip

import numpy as np
import pandas as pd

ASSETS = ("AAPL", "BRK-B", "^GSPC")


def make_bars(n_dates=40, seed=0):
    """Fields by name, dates × assets, prices with cents above 1,000 and below 1."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2019-12-20", periods=n_dates, freq="B", name="Date")
    levels = np.array([0.9, 70.0, 3200.0])
    close = (levels * np.exp(np.cumsum(rng.normal(0, 0.01, (n_dates, 3)), axis=0))).round(2)
    close = pd.DataFrame(close, dates, ASSETS)
    return {
        "Adj Close": (close * 0.9).round(2),
        "Close": close,
        "High": (close * 1.02).round(2),
        "Low": (close * 0.98).round(2),
        "Open": (close * 1.01).round(2),
        "Volume": pd.DataFrame(rng.integers(1_000, 9_999_999, close.shape), dates, ASSETS),
    }


def english(value):
    return f"{value:,.2f}"


def german(value):
    return english(value).translate(str.maketrans(",.", ".,"))


def french(value):
    return english(value).replace(",", "\u202f").replace(".", ",")


def swiss(value):
    return english(value).replace(",", "’")


def indian(value):
    return english(value)


NUMBERS = {
    "plain": lambda v: f"{v:.2f}",
    "english": english,
    "german": german,
    "french": french,
    "swiss": swiss,
    "dollars": lambda v: f"${v:,.2f}",
    "euros": lambda v: f"{german(v)} €",
    "code": lambda v: f"USD {v:,.2f}",
    "decimal comma": lambda v: f"{v:.2f}".replace(".", ","),
}
DATES = {
    "iso": "%Y-%m-%d",
    "slashes": "%Y/%m/%d",
    "compact": "%Y%m%d",
    "british": "%d/%m/%Y",
    "american": "%m/%d/%Y",
    "german": "%d.%m.%Y",
    "dashes": "%d-%m-%Y",
    "oracle": "%d-%b-%Y",
    "investing": "%b %d, %Y",
    "long": "%A, %d %B %Y",
    "timestamp": "%Y-%m-%dT%H:%M:%S",
    "zone": "%Y-%m-%d 00:00:00-05:00",
    "clock": "%m/%d/%Y 16:00:00",
    "epoch": "%s",
}


def spell_dates(dates, form):
    """Dates as texts of one form."""
    if form == "%s":
        return [str(int(d.replace(tzinfo=dt.UTC).timestamp())) for d in dates.to_pydatetime()]
    return [d.strftime(form) for d in dates]


def write_rows(path, rows, *, delimiter=",", encoding="utf-8", quoting=csv.QUOTE_MINIMAL):
    """Write rows of cells as delimited text."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(rows)
    return path


def wide_rows(frame, *, number=NUMBERS["plain"], date=DATES["iso"], label="Date"):
    """Rows of a wide table, missing values as empty cells."""
    labels = spell_dates(frame.index, date)
    body = [
        [day, *("" if np.isnan(v) else number(v) for v in row)]
        for day, row in zip(labels, frame.to_numpy(), strict=True)
    ]
    return [[label, *frame.columns], *body]


def yahoo_levels(bars, *, by="column", adjusted=True, ticker=None):
    """The frame that yfinance returns: two column levels, for one ticker too."""
    fields = {name: frame for name, frame in bars.items() if adjusted or name != "Adj Close"}
    frame = pd.concat(fields, axis=1, names=["Price", "Ticker"])
    if ticker is not None:
        frame = frame.loc[:, frame.columns.get_level_values("Ticker") == ticker]
    if by == "ticker":
        frame = frame.swaplevel(axis=1).sort_index(axis=1)
    return frame
