"""When decisions are made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.config import check_schedule
from blportfolio.types import IntArray


def decision_rows(
    dates: pd.DatetimeIndex, rebalance: int | str, *, first: int, last: int
) -> IntArray:
    """Return the rows of `dates` at whose close a decision is made.

    `month_end` and `quarterly` decide at the last date of a month or quarter, `weekly` at the
    last of a week (Monday to Sunday), `month_start` at the first date of a month, n every n
    periods from `first` on. The last date of the data never decides: nothing would be held.

    Args:
        dates: Dates of the data.
        rebalance: A schedule's name or a number of periods.
        first: First row that may decide.
        last: Last row held.
    """
    schedule = check_schedule(rebalance)
    if isinstance(schedule, int):
        return np.arange(first, last, schedule)
    code = {"month_end": "M", "month_start": "M", "quarterly": "Q", "weekly": "W"}[schedule]
    period = dates.to_period(code).asi8
    changes = np.flatnonzero(np.diff(period) != 0)  # row t: t + 1 lies in another period
    rows = changes + 1 if schedule == "month_start" else changes
    return rows[(rows >= first) & (rows < last)]


def periods_between(rebalance: int | str, periods_per_year: float) -> float:
    """Return the periods from one decision to the next, on average.

    It follows from the schedule, not from the dates to come.

    Args:
        rebalance: A schedule's name or a number of periods.
        periods_per_year: Periods of the data in a year.
    """
    schedule = check_schedule(rebalance)
    if isinstance(schedule, int):
        return float(schedule)
    per_year = {"month_end": 12, "month_start": 12, "quarterly": 4, "weekly": 52}[schedule]
    return max(periods_per_year / per_year, 1.0)
