"""The studentised block bootstrap of the difference of two Sharpe ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.report.inference.blocks import (
    FEWEST,
    block_length,
    check_settings,
    resampled_moments,
)
from blportfolio.report.inference.bootstrap import (
    quantile,
    ratios_and_gradients,
    studentised,
    studentising_errors,
)
from blportfolio.report.inference.hac import (
    ROUNDING,
    SharpeDifference,
    influence_of,
    sharpe_difference,
)
from blportfolio.report.metrics import excess_returns
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class BootstrapDifference(SharpeDifference):
    """The difference of two annualised Sharpe ratios with its studentised bootstrap interval.

    Attributes:
        block: Periods in a block.
        n_draws: Resamples.
    """

    block: int
    n_draws: int


def bootstrap_sharpe_difference(
    first: pd.Series,
    second: pd.Series,
    *,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    level: float = 0.95,
    n_draws: int = 4_999,
    block: int | None = None,
    lags: int | None = None,
    seed: int = 0,
) -> BootstrapDifference:
    """Test of equal Sharpe ratios by the studentised circular block bootstrap of pairs.

    With Δ = S₁ − S₂ and s its standard error, the p-value is (#{d* ≥ d} + 1)/(n_draws + 1) for
    d = |Δ|/s and d* = |Δ* − Δ|/s* of each resample, where s* comes from the sums over its blocks.
    The interval holds the differences that this test does not reject.

    Args:
        first: (n_periods,) simple returns per period.
        second: (n_periods,) of another strategy on the same dates.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        level: Confidence level of the interval.
        n_draws: Resamples; 4,999 leave a p-value of 0.05 an error of 0.003.
        block: Periods in a block, cut to a quarter of the returns; by default the rule of Politis
            and White on the difference of the influence values.
        lags: Autocovariances in s; by default ⌊4 (n/100)^(2/9)⌋.
        seed: Seed of the resamples.

    Returns:
        Difference, interval and two-sided p-value. NaN where a ratio is, and for fewer than ten
        returns. Two series that are the same but for leverage and rounding have a p-value of 1.

    Raises:
        ConfigError: If `level` is not between 0 and 1, or `n_draws` or `block` is below 1.
        DataError: If the two have other dates.

    References:
        Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio,
        Section 3.2 and equation (9).
    """
    check_settings(level=level, n_draws=n_draws, block=block)
    plain = sharpe_difference(
        first,
        second,
        periods_per_year=periods_per_year,
        risk_free_rate=risk_free_rate,
        level=level,
        lags=lags,
    )
    one, other = (excess_returns(returns, risk_free_rate) for returns in (first, second))
    if math.isnan(plain.value) or len(one) < FEWEST:
        return _found(plain, math.nan, math.nan, 1, n_draws)
    if plain.value == 0 and plain.standard_error == 0:
        return _found(plain, 0.0, 1.0, 1, n_draws)
    influence = influence_of(one) - influence_of(other)
    if influence.std() <= ROUNDING or not plain.standard_error > 0:
        return _found(plain, math.nan, math.nan, 1, n_draws)
    length = block_length(influence[:, None], block)
    distances = _distances(one, other, length, n_draws, seed)
    statistic = abs(plain.value) / plain.standard_error
    p_value = (int((distances >= statistic).sum()) + 1) / (n_draws + 1)
    return _found(plain, quantile(distances, level), p_value, length, n_draws)


def _found(
    plain: SharpeDifference, reach: float, p_value: float, block: int, n_draws: int
) -> BootstrapDifference:
    """Return the difference with `reach` standard errors to either side."""
    width = reach * plain.standard_error
    return BootstrapDifference(
        plain.first,
        plain.second,
        plain.value,
        plain.standard_error,
        plain.value - width,
        plain.value + width,
        plain.level,
        plain.lags,
        p_value,
        block,
        n_draws,
    )


def _distances(
    one: FloatArray, other: FloatArray, block: int, n_draws: int, seed: int
) -> FloatArray:
    """Return (n_draws,) studentised distances |Δ* − Δ|/s*.

    The second series enters as its distance from the first, so that two which are nearly the same
    do not drown in rounding.
    """
    scores = [(values - values.mean()) / values.std() for values in (one, other)]
    ratios = [float(values.mean() / values.std()) for values in (one, other)]
    here = np.column_stack([scores[0], scores[0] ** 2 - 1])
    there = np.column_stack([scores[1], scores[1] ** 2 - 1])
    means, covariances = resampled_moments(np.hstack([here, there - here]), block, n_draws, seed)
    first, first_gradients = ratios_and_gradients(ratios[0], means[:, :2])
    second, second_gradients = ratios_and_gradients(ratios[1], means[:, :2] + means[:, 2:])
    gradients = np.hstack([first_gradients - second_gradients, -second_gradients])
    errors = studentising_errors(gradients, covariances, len(one) // block * block)
    return studentised((first - second) - (ratios[0] - ratios[1]), errors)
