"""What to know of a set of orders, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from blportfolio.data.tickers import shortened

IDLE = 0.02
"""Share of wealth left in cash, beyond what the weights ask for, that is worth a sentence."""


def order_notes(
    table: pd.DataFrame,
    cash: float,
    wealth: float,
    kept: Mapping[str, float],
    prices: pd.Series,
    lot: float,
    priced_on: pd.Series | None,
) -> tuple[str, ...]:
    """Return sentences on what is not as the weights say.

    Args:
        table: Of the orders.
        cash: Money left.
        wealth: Capital and the value of what is held.
        kept: What is held and was left alone.
        prices: Those that are known.
        lot: Units that orders are multiples of.
        priced_on: Date of each price, or None.
    """
    notes = []
    unit = "whole share" if lot == 1 else f"lot of {lot:g}"
    missed = table.index[(table["target"] > 0) & (table["units"] == 0)]
    if len(missed):
        notes.append(
            f"No {unit} of {shortened(list(missed), 5)} fits its target; more capital or fractions "
            "of a share would."
        )
    idle = cash / wealth - (1 - float(table["target"].sum()))
    if idle > IDLE:
        notes.append(f"{100 * idle:.1f} % of the wealth stays in cash because of rounding.")
    unpriced = [asset for asset in kept if asset not in prices.index]
    if unpriced:
        notes.append(
            f"There is no price of {shortened(unpriced, 5)}; what you hold of it is left as it is "
            "and counts nowhere."
        )
    others = [asset for asset in kept if asset in prices.index]
    if others:
        notes.append(
            f"{shortened(others, 5)} {'is' if len(others) == 1 else 'are'} not among the assets "
            "that the strategy chooses from; kept as held, outside these figures."
        )
    if priced_on is not None:
        notes += _stale(table, priced_on)
    return tuple(notes)


def _stale(table: pd.DataFrame, priced_on: pd.Series) -> list[str]:
    """Name prices that are older than the latest of all."""
    dates = pd.to_datetime(priced_on).reindex(table.index)
    traded = table.index[table["order"] != 0]
    old = dates[traded][dates[traded] < dates.max()]
    return [
        f"The last price of {asset} is of {date.date()}; check it before you trade."
        for asset, date in old.items()
    ]
