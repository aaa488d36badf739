"""Returns, weights and trades of results as tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from blportfolio.backtest import BacktestResult

Table = tuple[Sequence[object], Iterable[Sequence[object]]]


def neutralise(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{cell}"
    return cell


def csv_text(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV that no spreadsheet runs as formulae."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([neutralise(cell) for cell in header])
    writer.writerows([neutralise(cell) for cell in row] for row in rows)
    return stream.getvalue()


def write_csv(path: Path, header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Write a table that no spreadsheet runs as formulae."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write(csv_text(header, rows))


def returns_table(results: Sequence[BacktestResult]) -> Table:
    """Return net simple returns by date, one column a result; they share their dates."""
    returns = pd.concat([result.returns.rename(result.name) for result in results], axis=1)
    rows = zip(returns.index, returns.to_numpy().tolist(), strict=True)
    return ["date", *returns.columns], ([str(date.date()), *row] for date, row in rows)


def weights_table(results: Sequence[BacktestResult]) -> Table:
    """Return target weights, one row a strategy, decision and asset with a weight."""
    return (
        ["strategy", "date", "asset", "weight"],
        (
            [result.name, str(date.date()), asset, weight]
            for result in results
            for date, row in zip(result.weights.index, result.weights.to_numpy(), strict=True)
            for asset, weight in zip(result.weights.columns, row.tolist(), strict=True)
            if weight
        ),
    )


def trades_table(results: Sequence[BacktestResult]) -> Table:
    """Return the ledgers, one row a trade."""
    return (
        ["strategy", *results[0].trades.columns],
        (
            [result.name, str(row[0].date()), *row[1:]]
            for result in results
            for row in result.trades.itertuples(index=False, name=None)
        ),
    )


TABLES = {"returns": returns_table, "weights": weights_table, "trades": trades_table}
"""By the name of their files."""
