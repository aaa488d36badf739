"""Returns by calendar month and year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.errors import DataError

YEAR = "year"
"""Column of the whole year in the table of months."""


def monthly_returns(wealth: pd.Series) -> pd.DataFrame:
    """Return of each calendar month, and of its year, as a table.

    A period belongs to the month of its end. A month in which no period ends has no return, and
    the next one holds what was earned since.

    Args:
        wealth: (n_periods + 1,) growth indexed by dates, the first entry before the first return.

    Returns:
        (n_years, 13) simple returns: columns 1 to 12 and "year", NaN for months without a period.

    Raises:
        DataError: If wealth has no two dates or is not positive.
    """
    ends = _last_of(wealth, "M")
    months = pd.PeriodIndex(ends.index)
    table = (
        pd.DataFrame({"year": months.year, "month": months.month, "value": ends.to_numpy()})
        .pivot(index="year", columns="month", values="value")
        .reindex(columns=range(1, 13))
    )
    table[YEAR] = annual_returns(wealth)["return"]
    table.columns.name = None
    return table


def annual_returns(wealth: pd.Series) -> pd.DataFrame:
    """Return of each calendar year, and whether the whole of it was held.

    Args:
        wealth: (n_periods + 1,) growth indexed by dates, the first entry before the first return.

    Returns:
        By year: `return`, `first` and `last`, the dates between which it was earned, and `whole`,
        whether they span the year, but for a week at most.

    Raises:
        DataError: If wealth has no two dates or is not positive.
    """
    earned = _last_of(wealth, "Y")
    dates = pd.DatetimeIndex(wealth.index)
    years = pd.PeriodIndex(earned.index)
    lasts = pd.Series(dates[1:], index=dates[1:].year).groupby(level=0).last()
    last = pd.DatetimeIndex(lasts.to_numpy())
    first = pd.DatetimeIndex([dates[0], *last[:-1]])
    usual = pd.Series(dates).diff().median()
    week = pd.Timedelta(days=7)
    opening = years.start_time.as_unit("ns") - pd.Timedelta(days=1)
    closing = years.end_time.as_unit("ns")
    # Of months and longer periods, the next one ends in the next year.
    whole = (first <= opening + week) & (last + max(week, usual) > closing)
    return pd.DataFrame(
        {"return": earned.to_numpy(), "first": first, "last": last, "whole": whole},
        index=pd.Index(years.year, name="year"),
    )


def _last_of(wealth: pd.Series, frequency: str) -> pd.Series:
    """Return what was earned in each calendar period in which a period of the data ends."""
    values = wealth.to_numpy(dtype=float)
    if len(values) < 2 or not isinstance(wealth.index, pd.DatetimeIndex):
        raise DataError("`wealth` must be growth by date, two dates at least.")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise DataError("`wealth` must be positive and finite to have returns by calendar.")
    later = wealth.iloc[1:]
    closes = later.groupby(pd.DatetimeIndex(later.index).to_period(frequency)).last()
    before = np.append(values[0], closes.to_numpy()[:-1])
    earned: pd.Series = closes / before - 1
    return earned
