"""A result over part of its dates, and several results over the dates that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.metrics import wealth_of

FEWEST = 2
"""Periods held below which nothing can be said of a stretch."""

Date = str | pd.Timestamp


def between(
    result: BacktestResult, start: Date | None = None, end: Date | None = None
) -> BacktestResult:
    """Return what a result did between two dates, as a result of its own.

    Nothing is decided again. Wealth starts at 1 on the last date of the result at or before
    `start`; the periods after it up to `end` are held. The first row of the weights is the
    decision in force at the beginning: where it was made before it, it is dated when it was made,
    and its trades and costs, which were paid before, are left out (turnover and costs 0, drifted
    weights those of the decision). A decision at the last date pays in the next period and is left
    out.

    Args:
        result: A finished backtest.
        start: First date, by default the result's first decision.
        end: Last date held, by default the result's last.

    Raises:
        DataError: If fewer than two periods are held between the dates.
    """
    dates = pd.DatetimeIndex(result.wealth.index)
    first = _row_at(dates, start, "start", 0, result.name)
    last = _row_at(dates, end, "end", len(dates) - 1, result.name)
    if last - first < FEWEST:
        raise DataError(
            f"{result.name} holds {max(last - first, 0)} periods between "
            f"{_day(start, dates[0])} and {_day(end, dates[-1])}, and {FEWEST} are needed; it runs "
            f"from {dates[0].date()} to {dates[-1].date()}: choose a longer stretch of that."
        )
    if first == 0 and last == len(dates) - 1:
        return result
    since, until = dates[first], dates[last]
    decided = pd.DatetimeIndex(result.weights.index)
    begun = int(decided.searchsorted(since, side="right")) - 1
    rows = slice(begun, int(decided.searchsorted(until, side="left")))
    weights = result.weights.iloc[rows]
    drifted = result.drifted_weights.iloc[rows].copy()
    turnover, costs = result.turnover.iloc[rows].copy(), result.costs.iloc[rows].copy()
    if decided[begun] < since:
        drifted.iloc[0], turnover.iloc[0], costs.iloc[0] = weights.iloc[0], 0.0, 0.0
    returns = result.returns.iloc[first:last]
    tables = {
        name: _dated(getattr(result, name), since, until) for name in ("trades", "views", "notes")
    }
    return replace(
        result,
        returns=returns,
        gross_returns=result.gross_returns.iloc[first:last],
        wealth=wealth_of(returns, since),
        weights=weights,
        drifted_weights=drifted,
        turnover=turnover,
        costs=costs,
        **tables,
        manifest={
            **result.manifest,
            "first_decision": str(decided[begun].date()),
            "last_held": str(until.date()),
            "n_decisions": len(weights),
            "cut": {"from": str(since.date()), "to": str(until.date())},
        },
    )


def common_dates(results: Sequence[BacktestResult]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last date that all results hold something at.

    Raises:
        DataError: If there are no results, or they share no two periods.
    """
    if not results:
        raise DataError("`results` must hold one result at least.")
    start = max(result.wealth.index[0] for result in results)
    end = min(result.wealth.index[-1] for result in results)
    spans = "; ".join(
        f"{result.name} {result.wealth.index[0].date()} to {result.wealth.index[-1].date()}"
        for result in results
    )
    if any(((r.returns.index > start) & (r.returns.index <= end)).sum() < FEWEST for r in results):
        raise DataError(f"These results share no dates to be compared on: {spans}.")
    return start, end


def on_common_dates(results: Sequence[BacktestResult]) -> list[BacktestResult]:
    """Return the results over the dates that they share, each cut by `between`.

    Where one began between two dates of another, all begin at the later one.

    Raises:
        DataError: If they share no two periods.
    """
    start, end = common_dates(results)
    return [between(result, start, end) for result in results]


def shared_returns(results: Sequence[BacktestResult], *, net: bool = True) -> pd.DataFrame:
    """Return (n_periods, n_results) simple returns over the same periods, one column a result.

    Where the results have the same dates, these are their own returns. Where they do not, as those
    of daily and monthly data, they are returns by calendar month, of months that all have whole;
    the attribute `periods_per_year` of the frame, in `attrs`, says which.

    Args:
        results: Results over the same stretch, as `on_common_dates` returns them.
        net: Whether after costs.

    Raises:
        DataError: If fewer than two periods are shared.
    """
    columns = range(len(results))
    parts = [result.returns if net else result.gross_returns for result in results]
    index, per_year = parts[0].index, results[0].periods_per_year
    if all(part.index.equals(index) for part in parts):
        frame = pd.concat(dict(zip(columns, parts, strict=True)), axis=1)
    else:
        months = [
            wealth_of(part, result.wealth.index[0]).resample("ME").last().pct_change()
            for part, result in zip(parts, results, strict=True)
        ]
        # The last month may be cut short, and at other dates for each of them.
        frame = pd.concat(dict(zip(columns, months, strict=True)), axis=1).iloc[:-1].dropna()
        per_year = 12.0
    if len(frame) < FEWEST:
        raise DataError("These results share fewer than two whole months; choose longer ones.")
    frame.attrs["periods_per_year"] = per_year
    return frame


def _row_at(
    dates: pd.DatetimeIndex, date: Date | None, name: str, otherwise: int, result: str
) -> int:
    """Return the row of the last date at or before one; before the first, the first."""
    if date is None:
        return otherwise
    try:
        asked = pd.Timestamp(date)
    except ValueError as error:
        raise DataError(
            f"`{name}` must be a date such as 2020-06-30, got {str(date)[:40]!r}."
        ) from error
    if pd.isna(asked) or asked.tzinfo is not None:
        raise DataError(f"`{name}` must be a date without a time zone, got {str(date)[:40]!r}.")
    if (name == "start" and asked >= dates[-1]) or (name == "end" and asked <= dates[0]):
        raise DataError(
            f"{result} runs from {dates[0].date()} to {dates[-1].date()}, and `{name}` is "
            f"{asked.date()}; choose a date between."
        )
    return max(int(dates.searchsorted(asked, side="right")) - 1, 0)


def _day(date: Date | None, otherwise: pd.Timestamp) -> str:
    return str(pd.Timestamp(otherwise if date is None else date).date())


def _dated(table: pd.DataFrame, since: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    """Return the rows of a table of events that fall on or after one date and before another."""
    chosen = (table["date"] >= since) & (table["date"] < until)
    return table[np.asarray(chosen, dtype=bool)].reset_index(drop=True)
