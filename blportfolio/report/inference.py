"""Error bars of performance figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from scipy.stats import norm

from blportfolio.errors import ConfigError
from blportfolio.report.metrics import excess_returns, sharpe_ratio
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class SharpeInterval:
    """An annualised Sharpe ratio with its asymptotic confidence interval.

    Attributes:
        value: The ratio.
        standard_error: Its standard error, annualised.
        low: Lower bound.
        high: Upper bound.
        level: Confidence level.
        lags: Autocovariances used.
    """

    value: float
    standard_error: float
    low: float
    high: float
    level: float
    lags: int


def sharpe_interval(
    returns: pd.Series,
    *,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    level: float = 0.95,
    lags: int | None = None,
) -> SharpeInterval:
    """Closed-form interval that allows for skewness, fat tails and autocorrelation.

    The influence of one return on S = μ/σ is ψ = z − ½S(z² − 1) with z = (r − μ)/σ. The variance
    of S is the long-run variance of ψ over n, by Newey and West (Bartlett weights).

    Args:
        returns: (n_periods,) simple returns per period.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        level: Confidence level.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋.

    Returns:
        The interval; NaN where the ratio is.

    Raises:
        ConfigError: If `level` is not between 0 and 1.

    References:
        Lo (2002), The statistics of Sharpe ratios; Newey and West (1987, 1994).
    """
    if not 0 < level < 1:
        raise ConfigError(f"`level` must lie between 0 and 1, got {level}.")
    values = excess_returns(returns, risk_free_rate)
    n_obs = len(values)
    if lags is None:
        lags = int(4 * (n_obs / 100) ** (2 / 9))
    lags = max(0, min(lags, n_obs - 1))
    ratio = sharpe_ratio(returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate)
    if math.isnan(ratio):
        return SharpeInterval(math.nan, math.nan, math.nan, math.nan, level, lags)
    scores = (values - values.mean()) / values.std()
    per_period = float(values.mean() / values.std())
    influence = scores - 0.5 * per_period * (scores**2 - 1)
    variance = newey_west_variance(influence, lags) / n_obs
    error = math.sqrt(variance * periods_per_year)
    reach = float(norm.ppf(0.5 + level / 2)) * error
    return SharpeInterval(ratio, error, ratio - reach, ratio + reach, level, lags)


def newey_west_variance(values: FloatArray, lags: int) -> float:
    """Long-run variance of a centred series with Bartlett weights; never negative."""
    centred = values - values.mean()
    n_obs = len(centred)
    total = float(centred @ centred)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag])
    return max(total / n_obs, 0.0)
