"""Performance figures of one return series; the only place that annualises."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.types import FloatArray


def cagr(wealth: pd.Series) -> float:
    """Compound annual growth rate, by calendar days / 365.25.

    Args:
        wealth: (n_periods + 1,) growth indexed by dates, the first entry before the first return.

    Raises:
        DataError: If there are fewer than two dates, they span no day, or wealth is negative, or
            0 at the start.
    """
    values = _finite(wealth, "wealth")
    if values[0] <= 0 or (values < 0).any():
        raise DataError("`wealth` must be positive at the start and never below 0.")
    dated = isinstance(wealth.index, pd.DatetimeIndex)
    years = (wealth.index[-1] - wealth.index[0]).days / 365.25 if dated else 0.0
    if years <= 0:
        raise DataError("`wealth` must be indexed by dates, oldest first, a day apart at least.")
    return float((values[-1] / values[0]) ** (1 / years) - 1)


def annualised_volatility(returns: pd.Series, *, periods_per_year: float = 252.0) -> float:
    """Standard deviation (ddof 1) of returns × √periods_per_year; NaN for one return."""
    values = _finite(returns, "returns")
    return _deviation(values) * math.sqrt(periods_per_year)


def sharpe_ratio(
    returns: pd.Series,
    *,
    periods_per_year: float = 252.0,
    risk_free: float | pd.Series = 0.0,
) -> float:
    """Mean over standard deviation (ddof 1) of excess returns × √periods_per_year.

    Args:
        returns: (n_periods,) simple returns per period.
        periods_per_year: Periods in a year.
        risk_free: Decimal rate per period, one number or a series on the same dates.

    Returns:
        The ratio, or NaN where the returns do not vary.
    """
    values = excess_returns(returns, risk_free)
    deviation = _deviation(values)
    if not deviation > 0:
        return math.nan
    return float(values.mean()) / deviation * math.sqrt(periods_per_year)


def excess_returns(returns: pd.Series, risk_free: float | pd.Series = 0.0) -> FloatArray:
    """Return (n_periods,) returns less the risk-free rate.

    Raises:
        DataError: If either is not finite, or a series has other dates.
    """
    values = _finite(returns, "returns")
    if isinstance(risk_free, pd.Series):
        aligned = risk_free.reindex(returns.index)
        excess: FloatArray = values - _finite(aligned, "risk_free")
        return excess
    return values - risk_free


def drawdown(wealth: pd.Series) -> pd.Series:
    """Wealth over its highest value so far, less one: ≤ 0."""
    return (wealth / wealth.cummax() - 1).rename("drawdown")


def max_drawdown(wealth: pd.Series) -> float:
    """Deepest fall from a peak, ≤ 0.

    Args:
        wealth: (n_periods + 1,) growth, the first entry before the first return.
    """
    _finite(wealth, "wealth")
    return float(drawdown(wealth).min())


def turnover(weights: pd.DataFrame, drifted_weights: pd.DataFrame) -> pd.Series:
    """One-way turnover of each decision, ½Σ|w_new − w_drifted|."""
    return (0.5 * (weights - drifted_weights).abs().sum(axis=1)).rename("turnover")


def mean_turnover(turnover_by_decision: pd.Series) -> float:
    """Mean turnover of the decisions after the first, which is the purchase; NaN without any."""
    later = turnover_by_decision.iloc[1:]
    return float(later.mean()) if len(later) else math.nan


def _deviation(values: FloatArray) -> float:
    if len(values) < 2:
        return math.nan
    deviation = float(values.std(ddof=1))
    # Returns that are all the same leave rounding noise of the size of one ulp behind.
    return deviation if deviation > 1e-15 * float(np.abs(values).max()) else 0.0


def _finite(series: pd.Series, name: str) -> FloatArray:
    if not isinstance(series, pd.Series):
        raise DataError(f"`{name}` must be a pandas Series, got {type(series).__name__}.")
    values = series.to_numpy(dtype=float)
    if not len(values) or not np.isfinite(values).all():
        raise DataError(f"`{name}` must hold finite numbers, one at least.")
    return values
