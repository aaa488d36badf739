"""The series of a contest taken from a market: log returns, or log prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.forecasters.comparison.panel import Kind, Panel
from blportfolio.validation import check_choice, nearest_name


def market_panel(
    market: MarketData, assets: Sequence[str] = (), *, kind: Kind = "returns"
) -> tuple[Panel, tuple[str, ...]]:
    """Return the series of a market as a contest takes them, and what is known about the data.

    Args:
        market: Prices.
        assets: Assets to take, in that order; by default all that are ever members.
        kind: `returns` for log returns, `levels` for log prices.

    Raises:
        ConfigError: If there is no such asset, or no such kind.
    """
    check_choice(kind, ("returns", "levels"), name="kind")
    values = market.returns("log") if kind == "returns" else market.prices.transform(np.log)
    notes = tuple(market.notes)
    spans = {} if market.membership is None else market.membership
    never = [name for name, times in spans.items() if not times and name not in assets]
    if 0 < len(never) < len(market.assets):
        notes = (*notes, f"Left out what is never a member: {', '.join(never)}.")
        values = values.drop(columns=never)
    chosen = choose_columns(values, assets, market.name)
    labels = tuple(str(label) for label in chosen.columns)
    return Panel(chosen.to_numpy(), labels, kind, chosen.index.to_numpy(), market.name), notes


def choose_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the columns asked for, all by default.

    Args:
        frame: The table.
        columns: Names, in the order wanted.
        name: What the table is called.

    Raises:
        ConfigError: If one is not there.
    """
    known = [str(label) for label in frame.columns]
    for column in columns:
        if column not in known:
            raise ConfigError(f"{name!r} has no column {column!r}. {nearest_name(column, known)}")
    wanted = list(dict.fromkeys(columns)) or known
    return frame.iloc[:, [known.index(column) for column in wanted]]
