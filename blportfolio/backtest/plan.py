"""What a strategy sees of a market, and the rows it decides at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from blportfolio.backtest.schedule import decision_rows
from blportfolio.backtest.strategy import Strategy
from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.features import WindowMaker, build_panel
from blportfolio.types import IntArray
from blportfolio.validation import check_date

Date = str | pd.Timestamp | None


def make_windows(
    plan: Strategy, market: MarketData, progress: Callable[[int, int], None] | None = None
) -> tuple[WindowMaker, tuple[str, ...]]:
    """Return what cuts a strategy's windows out of a market, and notes on features left out.

    Args:
        plan: The strategy, whose features are computed for all dates.
        market: The data.
        progress: Called while a feature that takes long is computed, with steps done and all.

    Raises:
        DataError: If a feature needs data that are missing.
    """
    panel, skipped = (
        build_panel(market, plan.features, progress=progress) if plan.features else (None, ())
    )
    return WindowMaker(market, lookback=plan.window_length(market), panel=panel), skipped


def scheduled_rows(maker: WindowMaker, rebalance: int | str, *, start: Date, last: int) -> IntArray:
    """Return the scheduled rows before `last`, from the first with an asset to hold on.

    A numbered schedule counts from the first row at or after `start` with an eligible asset.
    """
    dates = maker.market.dates
    begin = 0 if start is None else int(dates.searchsorted(check_date(start, name="start")))
    able = np.flatnonzero(maker.eligible.any(axis=1))
    if not len(able):
        return able
    rows = decision_rows(dates, rebalance, first=max(begin, int(able[0])), last=last)
    investable = maker.eligible[rows].any(axis=1)
    return rows[int(investable.argmax()) :] if investable.any() else rows[:0]


def plan_decisions(
    maker: WindowMaker, rebalance: int | str, *, name: str, start: Date, end: Date
) -> tuple[IntArray, int]:
    """Return the rows of the decisions and the last row held.

    Raises:
        DataError: If the dates or the lookback leave nothing to decide.
    """
    dates = maker.market.dates
    last = len(dates) - 1
    if end is not None:
        last = int(dates.searchsorted(check_date(end, name="end"), side="right")) - 1
    rows = scheduled_rows(maker, rebalance, start=start, last=last)
    if not maker.eligible.any():
        raise DataError(
            f"{name} needs a lookback of {maker.lookback} returns, and no asset of "
            f"{maker.market.name!r} has that many ({len(dates) - 1} at most). Shorten the "
            "lookback."
        )
    if not len(rows):
        asked = [f"{k} {v}" for k, v in (("start", start), ("end", end)) if v is not None]
        raise DataError(
            f"{name} has no decision to make with {', '.join([*asked, ''])}a lookback of "
            f"{maker.lookback} returns and rebalance {rebalance!r}; the data run from "
            f"{dates[0].date()} to {dates[-1].date()}. Widen the dates or shorten the lookback."
        )
    return rows, last
