"""Performance figures of one return series; the only place that annualises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.types import FloatArray

SeriesLike = pd.Series | Sequence[float] | FloatArray
WeightsLike = pd.DataFrame | pd.Series | Sequence[float] | FloatArray


def cagr(wealth: pd.Series) -> float:
    """Compound annual growth rate, by calendar days / 365.25.

    Args:
        wealth: (n_periods + 1,) growth indexed by dates, the first entry before the first return.

    Raises:
        DataError: If there are fewer than two dates, they span no day, or wealth is negative, or
            0 at the start.
    """
    values = _finite(wealth, "wealth")
    _check_wealth(values)
    dated = isinstance(wealth.index, pd.DatetimeIndex)
    years = (wealth.index[-1] - wealth.index[0]).days / 365.25 if dated else 0.0
    if years <= 0:
        raise DataError("`wealth` must be indexed by dates, oldest first, a day apart at least.")
    return float((values[-1] / values[0]) ** (1 / years) - 1)


def annualised_volatility(returns: SeriesLike, periods_per_year: float = 252.0) -> float:
    """Standard deviation (ddof 1) of returns × √periods_per_year; NaN for one return."""
    values = _finite(returns, "returns")
    return _deviation(values) * math.sqrt(periods_per_year)


def sharpe_ratio(
    returns: SeriesLike,
    periods_per_year: float = 252.0,
    *,
    risk_free_rate: float | pd.Series = 0.0,
) -> float:
    """Mean over standard deviation (ddof 1) of excess returns × √periods_per_year.

    Args:
        returns: (n_periods,) simple returns per period.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.

    Returns:
        The ratio, or NaN where the returns do not vary.
    """
    values = excess_returns(returns, risk_free_rate)
    deviation = _deviation(values)
    if not deviation > 0:
        return math.nan
    return float(values.mean()) / deviation * math.sqrt(periods_per_year)


def excess_returns(returns: SeriesLike, risk_free_rate: float | pd.Series = 0.0) -> FloatArray:
    """Return (n_periods,) returns less the risk-free rate.

    Raises:
        DataError: If either is not finite, or a series has other dates.
    """
    values = _finite(returns, "returns")
    if isinstance(risk_free_rate, pd.Series):
        aligned = risk_free_rate.reindex(pd.Series(returns).index)
        excess: FloatArray = values - _finite(aligned, "risk_free_rate")
        return excess
    return values - risk_free_rate


def wealth_of(returns: pd.Series, since: pd.Timestamp) -> pd.Series:
    """Growth of 1 from `since`, the date before the first return: (n_periods + 1,) by date."""
    growth = np.append(1.0, np.cumprod(1 + returns.to_numpy(dtype=float)))
    return pd.Series(growth, index=pd.DatetimeIndex(returns.index).insert(0, since))


def drawdown(wealth: SeriesLike) -> pd.Series:
    """Wealth over its highest value so far, less one: ≤ 0."""
    growth = pd.Series(wealth, dtype=float)
    return (growth / growth.cummax() - 1).rename("drawdown")


def max_drawdown(wealth: SeriesLike) -> float:
    """Deepest fall from a peak, ≤ 0.

    Args:
        wealth: (n_periods + 1,) growth, the first entry before the first return.
    """
    _check_wealth(_finite(wealth, "wealth"))
    return float(drawdown(wealth).min())


def turnover(weights: WeightsLike, drifted_weights: WeightsLike) -> pd.Series | float:
    """One-way turnover ½Σ|w_new − w_drifted|: of each decision, or of one for two vectors.

    Raises:
        DataError: If the two have other shapes or labels.
    """
    new, old = _labelled(weights), _labelled(drifted_weights)
    if not (type(new) is type(old) and all(a.equals(b) for a, b in zip(new.axes, old.axes,
                                                                       strict=True))):  # fmt: skip
        raise DataError("`weights` and `drifted_weights` must have the same shape and labels.")
    moved = np.abs(new.to_numpy(dtype=float) - old.to_numpy(dtype=float))
    if moved.ndim == 1:
        return 0.5 * float(moved.sum())
    return pd.Series(0.5 * moved.sum(axis=1), index=new.index, name="turnover")


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


def _check_wealth(values: FloatArray) -> None:
    if values[0] <= 0 or (values < 0).any():
        raise DataError(
            "`wealth` must be growth, positive at the start and never below 0; of returns r take "
            "(1 + r).cumprod() with a 1 before it."
        )


def _labelled(weights: WeightsLike) -> pd.DataFrame | pd.Series:
    if isinstance(weights, pd.DataFrame | pd.Series):
        return weights
    array = np.asarray(weights, dtype=float)
    return pd.Series(array) if array.ndim == 1 else pd.DataFrame(array)


def _finite(series: SeriesLike, name: str) -> FloatArray:
    try:
        values = np.asarray(series, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` must hold numbers: {error}.") from error
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise DataError(f"`{name}` must be a series of finite numbers, one at least.")
    return values
