"""The mean over universes of the difference of two Sharpe ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from blportfolio.errors import ConfigError, DataError
from blportfolio.report.inference.hac import (
    ROUNDING,
    SharpeDifference,
    influence_of,
    lags_and_level,
    newey_west_variance,
    normal_p_value,
    sharpe_difference,
)
from blportfolio.report.metrics import excess_returns
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class PooledDifference:
    """The mean over universes of a difference of annualised Sharpe ratios, with two intervals.

    Attributes:
        value: The mean over the universes whose difference is defined.
        standard_error: Its standard error over other months, for these universes.
        low: Lower bound.
        high: Upper bound.
        level: Confidence level.
        lags: Autocovariances used, months.
        p_value: Of the two-sided test that the mean is 0.
        universes: The difference in each universe.
        not_below: Share of the universes whose difference is 0 or more.
        spread: Standard deviation (ddof 1) of the differences; NaN for one universe.
        low_elsewhere: Lower bound where the universes are a sample of those that there are.
        high_elsewhere: Upper bound of the same, by Student's t with one degree of freedom fewer
            than universes. It takes them as independent.
        left_out: Universes in which a ratio is undefined.
    """

    value: float
    standard_error: float
    low: float
    high: float
    level: float
    lags: int
    p_value: float
    universes: dict[str, SharpeDifference]
    not_below: float
    spread: float
    low_elsewhere: float
    high_elsewhere: float
    left_out: tuple[str, ...]


def pooled_sharpe_difference(
    pairs: Mapping[str, tuple[pd.Series, pd.Series]],
    *,
    periods_per_year: Mapping[str, float] | float = 252.0,
    risk_free_rate: Mapping[str, float] | float = 0.0,
    level: float = 0.95,
    lags: int | None = None,
) -> PooledDifference:
    """Mean over universes of S₁ − S₂ with an interval that allows for dates and assets in common.

    With ψ as in `sharpe_difference` and K universes, month t adds m_t = (1/K) Σ_u √p_u/n_u Σ ψ to
    the mean, over the periods of u in that month; what universes earn in the same month is thus
    added up before it is squared, and daily data may stand beside monthly. The variance of the
    mean is the long-run variance of Σ m_t by Newey and West; interval and p-value are Student's t
    with the degrees of freedom that this variance has.

    Args:
        pairs: By universe, the returns of the two strategies on the same dates.
        periods_per_year: Periods in a year, by universe or the same for all.
        risk_free_rate: Decimal rate per period, by universe or the same for all.
        level: Confidence level.
        lags: Autocovariances in months; by default ⌊4 (n/100)^(2/9)⌋ for n months.

    Returns:
        The mean with its interval, each universe's difference, and the interval in which the
        universes are themselves a sample. NaN where no difference is defined, and bounds where
        there are no more months than lags + 1.

    Raises:
        ConfigError: If `level` is not between 0 and 1, or `periods_per_year` lacks a universe.
        DataError: If there is no universe, or returns have other dates or none.

    References:
        The influence values of Ledoit and Wolf (2008), Section 3.1, summed by time as in Driscoll
        and Kraay (1998), Consistent covariance matrix estimation with spatially dependent data;
        degrees of freedom: Priestley (1981), Spectral Analysis and Time Series, Section 6.2.
    """
    if not pairs:
        raise DataError("`pairs` must hold the returns of one universe at least.")
    differences: dict[str, SharpeDifference] = {}
    monthly: dict[str, pd.Series] = {}
    left_out: list[str] = []
    for name, (first, second) in pairs.items():
        periods = _of(periods_per_year, name, "periods_per_year")
        rate = _of(risk_free_rate, name, "risk_free_rate")
        found = sharpe_difference(
            first, second, periods_per_year=periods, risk_free_rate=rate, level=level
        )
        differences[name] = found
        if math.isnan(found.value):
            left_out.append(name)
            continue
        influence = influence_of(excess_returns(first, rate))
        influence -= influence_of(excess_returns(second, rate))
        added = pd.Series(math.sqrt(periods) / len(first) * influence, _months(first, name))
        monthly[name] = added.groupby(level=0).sum()
    gaps = np.array([differences[name].value for name in monthly])
    if not len(gaps):
        lags_and_level(0, lags, level)
        nan = math.nan
        return PooledDifference(
            nan, nan, nan, nan, level, 0, nan, differences, nan, nan, nan, nan, tuple(left_out)
        )
    total = _total(monthly)
    used = lags_and_level(len(total), lags, level)
    value = float(gaps.mean())
    error = math.sqrt(len(total) * newey_west_variance(total, used))
    if max(error, abs(value)) <= ROUNDING:
        value, error = 0.0, 0.0
    freedom, share = _freedom(len(total), used)
    reach = float(stdtrit(freedom, 0.5 + level / 2)) * error / share
    p_value = normal_p_value(value, error)
    if error > 0:
        p_value = float(2 * stdtr(freedom, -abs(value) / error * share))
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else math.nan
    elsewhere = float(stdtrit(len(gaps) - 1, 0.5 + level / 2)) * spread / math.sqrt(len(gaps))
    return PooledDifference(
        value,
        error,
        value - reach,
        value + reach,
        level,
        used,
        p_value,
        differences,
        float((gaps >= 0).mean()),
        spread,
        value - elsewhere,
        value + elsewhere,
        tuple(left_out),
    )


def _freedom(n_months: int, lags: int) -> tuple[float, float]:
    """Return the degrees of freedom of the standard error, and what share of the true one it is.

    Months are few, so that neither is left out: a long-run variance with Bartlett weights is known
    as well as one from 1.5 n/(lags + 1) values, and too low by (lags + 1)/n as the mean is taken
    off first. The result is near the fixed-bandwidth quantiles of Kiefer and Vogelsang (2005).
    """
    spent = (lags + 1) / n_months
    if spent >= 1:
        return math.nan, math.nan
    return min(1.5 / spent, n_months - 1.0), math.sqrt(1 - spent)


def _total(monthly: Mapping[str, pd.Series]) -> FloatArray:
    """Return what each month adds to the mean over universes, 0 for a month without returns."""
    first = min(int(series.index[0]) for series in monthly.values())
    last = max(int(series.index[-1]) for series in monthly.values())
    total = np.zeros(last - first + 1)
    for series in monthly.values():
        total[series.index.to_numpy() - first] += series.to_numpy() / len(monthly)
    return total


def _months(returns: pd.Series, name: str) -> pd.Index:
    """Return the month of each return, counted from the year 0."""
    if not isinstance(returns.index, pd.DatetimeIndex):
        raise DataError(f"`pairs` must be indexed by dates; those of {name} are not.")
    return pd.Index(12 * returns.index.year + returns.index.month)


def _of(given: Mapping[str, float] | float, name: str, argument: str) -> float:
    """Return the entry of one universe, or what holds for all.

    Raises:
        ConfigError: If there is no entry.
    """
    if not isinstance(given, Mapping):
        return float(given)
    if name not in given:
        raise ConfigError(f"`{argument}` must have an entry for {name}.")
    return float(given[name])
