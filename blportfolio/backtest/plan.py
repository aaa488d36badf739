"""What a strategy sees of a market, and the rows it decides at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from blportfolio.backtest.schedule import decision_rows
from blportfolio.backtest.strategy import Strategy
from blportfolio.errors import DataError
from blportfolio.features import WindowMaker, build_panel
from blportfolio.types import FeaturePanel, IntArray
from blportfolio.validation import check_date

Date = str | pd.Timestamp | None


def add_features(
    maker: WindowMaker,
    plan: Strategy,
    progress: Callable[[int, int], None] | None = None,
    *,
    until: int | None = None,
) -> tuple[str, ...]:
    """Put a strategy's features into the windows of a market; return notes on those left out.

    Args:
        maker: Cuts windows; its panel is set.
        plan: The strategy.
        progress: Called while a feature that takes long is computed, with steps done and all.
        until: Last row that is needed; all by default. Features never depend on later rows, so
            that only time is saved.

    Raises:
        DataError: If a feature needs data that are missing.
    """
    if not plan.features:
        return ()
    market = maker.market
    if until is None or until == len(market.dates) - 1:
        maker.panel, skipped = build_panel(market, plan.features, progress=progress)
        return skipped
    past = market.between(None, market.dates[until])
    panel, skipped = build_panel(past, plan.features, progress=progress)
    values = np.full((*market.prices.shape, len(panel.names)), np.nan)
    columns = market.prices.columns.get_indexer(pd.Index(past.assets))
    values[: until + 1, columns] = panel.values
    maker.panel = FeaturePanel(
        values, market.dates, market.assets, panel.names, forecasts=panel.forecasts
    )
    return skipped


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
