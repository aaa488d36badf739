"""Turns returns into growth of 1, and dates into the number of periods in a year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.data.exchanges import listed
from blportfolio.errors import DataError
from blportfolio.validation import check_dates, first_true


def growth_of_one(
    returns: pd.DataFrame, periods_per_year: float | None
) -> tuple[pd.DataFrame, float]:
    """Return prices that begin at 1 one period before each asset's first return.

    Args:
        returns: (n_obs, n_assets) simple returns indexed by period ends; NaN before an asset's
            first and after its last.
        periods_per_year: Periods in a year; inferred by default.

    Returns:
        (n_obs + 1, n_assets) prices, and the periods in a year.

    Raises:
        DataError: If a return is infinite, not above -1, or missing in between.
    """
    dates = check_dates(returns.index, name="returns")
    values = returns.to_numpy(dtype=float)
    bad = np.isinf(values) | (values <= -1)
    known = ~np.isnan(values)
    bad |= listed(known) & ~known
    if bad.any():
        row, column = first_true(bad)
        raise DataError(
            f"`returns` must be decimals above -1 without gaps; {returns.columns[column]!r} has "
            f"{values[row, column]:g} on {dates[row].date()}. Divide percent by 100; fill or drop "
            "what is missing."
        )
    periods = periods_per_year or infer_periods_per_year(dates)
    if periods == 12:
        base = dates[0] - pd.offsets.MonthEnd(1)
    else:
        base = dates[0] - pd.Timedelta(np.median(np.diff(dates.to_numpy())))
    growth = np.ones((len(values) + 1, values.shape[1]))
    growth[1:] = np.cumprod(1 + np.where(known, values, 0.0), axis=0)
    priced = np.vstack([np.zeros(values.shape[1], dtype=bool), known])
    priced[:-1] |= known  # the price from which the first return is reckoned
    growth[~priced] = np.nan
    return pd.DataFrame(growth, index=dates.insert(0, base), columns=returns.columns), periods


def infer_periods_per_year(dates: pd.DatetimeIndex) -> float:
    """Infer 365, 252, 52, 12, 4 or 1 from the median distance of the dates.

    Raises:
        DataError: If there are too few dates, or several within a day.
    """
    if len(dates) < 2:
        raise DataError("`prices` must have at least two dates to tell their period.")
    gap = float(np.median(np.diff(dates.to_numpy()) / np.timedelta64(1, "D")))
    if gap < 0.9:
        raise DataError(
            f"`prices` have a period of {gap * 24:.3g} hours; resample them to daily closes, or "
            "give `periods_per_year`."
        )
    if gap < 1.9:
        weekend_share = float(np.mean(dates.day_of_week >= 5))
        return 365.0 if weekend_share > 0.1 else 252.0
    for limit, periods in ((10, 52.0), (45, 12.0), (135, 4.0)):
        if gap < limit:
            return periods
    return 1.0
