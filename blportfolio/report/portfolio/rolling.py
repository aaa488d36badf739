"""Sharpe ratio and volatility over a window that moves with time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError, DataError

CONSTANT = 1e-12
"""Standard deviation, as a share of the largest return, below which returns do not vary."""


def window_of(years: float, periods_per_year: float) -> int:
    """Return how many periods of the data a number of years has: 252 days, 12 months.

    Raises:
        ConfigError: If that is fewer than two periods.
    """
    periods = round(years * periods_per_year)
    if periods < 2:
        raise ConfigError(
            f"A window of {years:g} years has {periods} periods of these data, and two are needed; "
            "choose a longer one."
        )
    return periods


def rolling_volatility(
    returns: pd.Series, window: int, periods_per_year: float = 252.0
) -> pd.Series:
    """Annualised standard deviation (ddof 1) of the last `window` returns, by date.

    Args:
        returns: (n_periods,) simple returns per period, finite.
        window: Returns in a window.
        periods_per_year: Periods in a year.

    Returns:
        (n_periods − window + 1,) dated by the last return of each window; windows that are not
        full are left out.

    Raises:
        ConfigError: If the window is below two.
        DataError: If there are fewer returns than that, or one is not finite.
    """
    return (_deviation(returns, window) * math.sqrt(periods_per_year)).rename("volatility")


def rolling_sharpe(returns: pd.Series, window: int, periods_per_year: float = 252.0) -> pd.Series:
    """Annualised Sharpe ratio of the last `window` returns, risk-free 0, by date.

    Args:
        returns: (n_periods,) simple returns per period, finite.
        window: Returns in a window.
        periods_per_year: Periods in a year.

    Returns:
        As `rolling_volatility`; windows in which the returns do not vary are left out too.

    Raises:
        ConfigError: If the window is below two.
        DataError: If there are fewer returns than that, or one is not finite.
    """
    deviation = _deviation(returns, window)
    mean = returns.rolling(window).mean().iloc[window - 1 :]
    ratio = mean / deviation.where(deviation > 0) * math.sqrt(periods_per_year)
    return ratio.dropna().rename("sharpe_ratio")


def _deviation(returns: pd.Series, window: int) -> pd.Series:
    """Return the standard deviation of each full window, 0 where rounding is all that varies."""
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 2:
        raise ConfigError(f"`window` must be 2 periods or more, got {window!r}.")
    if not np.isfinite(returns.to_numpy(dtype=float)).all():
        raise DataError("`returns` must be finite; leave out the dates without a return.")
    if len(returns) < window:
        raise DataError(
            f"There are {len(returns)} returns, fewer than the {window} of a window; choose a "
            "shorter window or a longer period."
        )
    deviation = returns.rolling(window).std(ddof=1).iloc[window - 1 :]
    largest = returns.abs().rolling(window).max().iloc[window - 1 :]
    return deviation.where(deviation > CONSTANT * largest, 0.0)
