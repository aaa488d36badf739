"""Closed-form error bars of Sharpe ratios and their differences that allow for memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from blportfolio.errors import ConfigError, DataError
from blportfolio.report.metrics import excess_returns, sharpe_ratio
from blportfolio.types import FloatArray

FEWEST = 10
"""Returns below which nothing is said of the error of a ratio."""

ROUNDING = 1e-12
"""What two ratios owe to one period, below which their difference is rounding."""


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
        The interval; bounds and error are NaN where the ratio is, and for fewer than ten returns.

    Raises:
        ConfigError: If `level` is not between 0 and 1.

    References:
        Lo (2002), The statistics of Sharpe ratios; Newey and West (1987, 1994).
    """
    values = excess_returns(returns, risk_free_rate)
    used = lags_and_level(len(values), lags, level)
    ratio = sharpe_ratio(returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate)
    if math.isnan(ratio) or len(values) < FEWEST:
        return SharpeInterval(ratio, math.nan, math.nan, math.nan, level, used)
    error, reach = error_and_reach(influence_of(values), used, level, periods_per_year)
    return SharpeInterval(ratio, error, ratio - reach, ratio + reach, level, used)


@dataclass(frozen=True, slots=True)
class SharpeDifference:
    """The difference of two annualised Sharpe ratios over the same periods, with its interval.

    Attributes:
        first: The first ratio.
        second: The second.
        value: First less second.
        standard_error: Its standard error, annualised.
        low: Lower bound.
        high: Upper bound.
        level: Confidence level.
        lags: Autocovariances used.
        p_value: Of the two-sided test that the two ratios are the same; NaN where undefined.
    """

    first: float
    second: float
    value: float
    standard_error: float
    low: float
    high: float
    level: float
    lags: int
    p_value: float


def sharpe_difference(
    first: pd.Series,
    second: pd.Series,
    *,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    level: float = 0.95,
    lags: int | None = None,
) -> SharpeDifference:
    """Closed-form interval for the difference of two Sharpe ratios of paired returns.

    The influence of one period on S₁ − S₂ is ψ₁ − ψ₂ with ψ as in `sharpe_interval`: that the two
    earn much of the same is thus allowed for. Its long-run variance over n, by Newey and West, is
    the variance of the difference; this is the delta method on both means and second moments.

    Args:
        first: (n_periods,) simple returns per period.
        second: (n_periods,) of another strategy on the same dates.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        level: Confidence level.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋.

    Returns:
        The interval; NaN where a ratio is, its bounds also for fewer than ten returns. Two series
        that are equal but for leverage and rounding differ by exactly 0, with a p-value of 1.

    Raises:
        ConfigError: If `level` is not between 0 and 1.
        DataError: If the two have other dates.

    References:
        Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio,
        Section 3.1, with the Bartlett kernel.
    """
    if not pd.Series(first).index.equals(pd.Series(second).index):
        raise DataError("`first` and `second` must be returns on the same dates; align them first.")
    values = [excess_returns(returns, risk_free_rate) for returns in (first, second)]
    used = lags_and_level(len(values[0]), lags, level)
    one, other = (
        sharpe_ratio(returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate)
        for returns in (first, second)
    )
    gap = one - other
    if math.isnan(gap) or len(values[0]) < FEWEST:
        nan = math.nan
        return SharpeDifference(one, other, gap, nan, nan, nan, level, used, nan)
    influence = influence_of(values[0]) - influence_of(values[1])
    if influence.std() <= ROUNDING:
        influence = 0 * influence
        gap = gap if abs(gap) > ROUNDING * math.sqrt(periods_per_year) else 0.0
    error, reach = error_and_reach(influence, used, level, periods_per_year)
    p_value = normal_p_value(gap, error)
    return SharpeDifference(one, other, gap, error, gap - reach, gap + reach, level, used, p_value)


def normal_p_value(value: float, standard_error: float) -> float:
    """Two-sided p-value; 1 for a value of exactly 0, NaN for another one without an error."""
    if value == 0:
        return 1.0
    return float(2 * ndtr(-abs(value) / standard_error)) if standard_error > 0 else math.nan


def lags_and_level(n_obs: int, lags: int | None, level: float) -> int:
    """Return the autocovariances to use.

    Raises:
        ConfigError: If `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"`level` must lie between 0 and 1, got {level}.")
    return max(0, min(int(4 * (n_obs / 100) ** (2 / 9)) if lags is None else lags, n_obs - 1))


def influence_of(values: FloatArray) -> FloatArray:
    """Return (n_periods,) what each return adds to n (Ŝ − S), per period."""
    scores = (values - values.mean()) / values.std()
    per_period = float(values.mean() / values.std())
    influence: FloatArray = scores - 0.5 * per_period * (scores**2 - 1)
    return influence


def error_and_reach(
    influence: FloatArray, lags: int, level: float, periods_per_year: float
) -> tuple[float, float]:
    """Return the standard error, annualised, and how far the interval reaches to either side."""
    variance = newey_west_variance(influence, lags) / len(influence)
    error = math.sqrt(variance * periods_per_year)
    return error, float(ndtri(0.5 + level / 2)) * error


def newey_west_variance(values: FloatArray, lags: int) -> float:
    """Long-run variance of a centred series with Bartlett weights; never negative."""
    centred = values - values.mean()
    n_obs = len(centred)
    total = float(centred @ centred)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag])
    return max(total / n_obs, 0.0)


def prewhitened_variance(values: FloatArray) -> float:
    """Long-run variance of a centred series by the prewhitened quadratic spectral kernel.

    An autoregression of order one is taken off first, and put back by 1/(1 − ρ)²; the bandwidth of
    the residuals is Andrews's, from a second autoregression. Against Bartlett weights it is less
    too low where values remember.

    References:
        Andrews (1991), Heteroskedasticity and autocorrelation consistent covariance matrix
        estimation, equations (2.7), (6.2) and (6.4); Andrews and Monahan (1992), an improved one,
        Section 3; the choice of Ledoit and Wolf (2008), Section 3.1.
    """
    centred = values - values.mean()
    if len(centred) < 4 or not centred.any():
        return newey_west_variance(values, 0)
    memory = _memory(centred)
    residuals = centred[1:] - memory * centred[:-1]
    if not residuals.any():
        return newey_west_variance(values, 0)
    left = _memory(residuals)
    n_obs = len(residuals)
    bandwidth = 1.3221 * (4 * left**2 / (1 - left) ** 4 * n_obs) ** 0.2
    spectrum = np.abs(np.fft.rfft(residuals, 2 * n_obs)) ** 2
    autocovariances = np.fft.irfft(spectrum)[:n_obs] / len(centred)
    total = float(autocovariances[0])
    if bandwidth > 0:
        x = 1.2 * math.pi * np.arange(1, n_obs) / bandwidth
        weights = 3 / x**2 * (np.sin(x) / x - np.cos(x))
        total += 2 * float(weights @ autocovariances[1:])
    return max(total, 0.0) / (1 - memory) ** 2


def _memory(values: FloatArray) -> float:
    """Return the slope of each value on the one before, kept 0.03 away from 1 and −1."""
    slope = float(values[1:] @ values[:-1]) / max(float(values[:-1] @ values[:-1]), 1e-300)
    return min(max(slope, -0.97), 0.97)
