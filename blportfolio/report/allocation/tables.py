"""Tables of an allocation and its orders, on the page and as files for a spreadsheet."""

from __future__ import annotations

import pandas as pd

from blportfolio.report.allocation.allocation import Allocation
from blportfolio.report.allocation.orders import Orders
from blportfolio.report.run_tables import csv_text

WEIGHT_COLUMNS = ("weight", "lower", "upper", "share_held", "before", "risk_share")


def combined(allocation: Allocation, found: Orders | None) -> pd.DataFrame:
    """Return weights, spread and orders in one table by asset, the largest weights first.

    Assets without a weight, a range, a holding or an order are left out.

    Args:
        allocation: Target weights.
        found: Orders that lead to them, or None.

    Returns:
        By asset: `weight`, `lower`, `upper`, `share_held`, `before`, `risk_share`, and, with
        orders, `price`, `held`, `order`, `units`, `value`, `cost`, `weight_after`.
    """
    table = allocation.table[list(WEIGHT_COLUMNS)]
    if found is not None:
        ordered = found.table.rename(columns={"weight": "weight_after"}).drop(columns="target")
        table = table.join(ordered, how="outer").fillna(0.0)
        table["price"] = table["price"].where(table["price"] > 0)
    there = table.drop(columns="price", errors="ignore").abs().gt(1e-9).any(axis=1)
    return table[there].sort_values(["weight", "upper"], ascending=False, kind="stable")


def weights_csv(allocation: Allocation, found: Orders | None = None) -> str:
    """Return weights, spread and orders as CSV that no spreadsheet runs as formulae."""
    table = combined(allocation, found)
    return csv_text(
        ["strategy", "as_of", "asset", *table.columns],
        (
            [allocation.name, str(allocation.as_of.date()), asset, *_cells(row)]
            for asset, row in zip(table.index, table.to_numpy().tolist(), strict=True)
        ),
    )


def orders_csv(allocation: Allocation, found: Orders) -> str:
    """Return the orders alone as CSV: what to buy and to sell, without what stays as it is."""
    table = found.table[found.table["order"] != 0]
    columns = ["price", "held", "order", "units", "value", "cost"]
    return csv_text(
        ["as_of", "side", "asset", *columns],
        (
            [
                str(allocation.as_of.date()),
                "buy" if row[2] > 0 else "sell",
                asset,
                *_cells(row),
            ]
            for asset, row in zip(table.index, table[columns].to_numpy().tolist(), strict=True)
        ),
    )


def _cells(row: list[float]) -> list[object]:
    """Return numbers with what is unknown left empty."""
    return ["" if pd.isna(value) else value for value in row]
