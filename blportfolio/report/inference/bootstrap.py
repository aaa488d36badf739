"""The studentised block bootstrap of one Sharpe ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.report.inference.blocks import (
    block_length,
    check_settings,
    resampled_moments,
)
from blportfolio.report.inference.hac import FEWEST, influence_of, prewhitened_variance
from blportfolio.report.metrics import excess_returns, sharpe_ratio
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """An annualised Sharpe ratio with its studentised bootstrap interval.

    Attributes:
        value: The ratio.
        standard_error: Its standard error, annualised.
        low: Lower bound.
        high: Upper bound.
        level: Confidence level.
        block: Periods in a block.
        n_draws: Resamples.
    """

    value: float
    standard_error: float
    low: float
    high: float
    level: float
    block: int
    n_draws: int


def bootstrap_sharpe_interval(
    returns: pd.Series,
    *,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    level: float = 0.95,
    n_draws: int = 4_999,
    block: int | None = None,
    seed: int = 0,
) -> BootstrapInterval:
    """Symmetric interval by the studentised circular block bootstrap.

    Each resample of blocks has its own ratio S* and its own standard error s*, from the sums over
    its blocks of the influence of its returns. The interval is S ± q s with s the standard error
    by a prewhitened quadratic spectral kernel and q the quantile of |S* − S| / s* at `level`.

    Args:
        returns: (n_periods,) simple returns per period.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        level: Confidence level.
        n_draws: Resamples.
        block: Periods in a block, cut to a quarter of the returns; by default the rule of Politis
            and White on the influence values, n^(1/3) at least.
        seed: Seed of the resamples.

    Returns:
        The interval; NaN where the ratio is, for fewer than ten returns, and where the resamples
        have no quantile at `level`.

    Raises:
        ConfigError: If `level` is not between 0 and 1, or `n_draws` or `block` is below 1.

    References:
        Götze and Künsch (1996), Second-order correctness of the blockwise bootstrap for
        stationary observations; Ledoit and Wolf (2008), Section 3.2, for one ratio.
    """
    check_settings(level=level, n_draws=n_draws, block=block)
    value = sharpe_ratio(returns, periods_per_year, risk_free_rate=risk_free_rate)
    values = excess_returns(returns, risk_free_rate)
    if math.isnan(value) or len(values) < FEWEST:
        nan = math.nan
        return BootstrapInterval(value, nan, nan, nan, level, 1, n_draws)
    influence = influence_of(values)
    length = block_length(influence[:, None], block)
    error = math.sqrt(prewhitened_variance(influence) / len(values) * periods_per_year)
    scores = (values - values.mean()) / values.std()
    ratio = float(values.mean() / values.std())
    columns = np.column_stack([scores, scores**2 - 1])
    means, covariances = resampled_moments(columns, length, n_draws, seed)
    drawn, gradients = ratios_and_gradients(ratio, means)
    errors = studentising_errors(gradients, covariances, len(values) // length * length)
    reach = error * quantile(studentised(drawn - ratio, errors), level)
    return BootstrapInterval(value, error, value - reach, value + reach, level, length, n_draws)


def ratios_and_gradients(ratio: float, means: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ratio per period of each resample, and its gradient.

    Args:
        ratio: S of all returns, per period.
        means: (n_draws, 2) means of z and z² − 1 in each, z = (r − μ)/σ over all returns.

    Returns:
        (n_draws,) S* = (S + m)/d with d² = 1 + q − m², and (n_draws, 2) its slopes in m and q;
        NaN for a resample whose returns do not vary.
    """
    mean, square = means.T
    variance = 1 + square - mean**2
    deviation = np.sqrt(np.where(variance > 1e-12, variance, np.nan))
    drawn = (ratio + mean) / deviation
    by_mean = 1 / deviation + drawn * mean / deviation**2
    by_square = -0.5 * drawn / deviation**2
    return drawn, np.column_stack([by_mean, by_square])


def studentising_errors(gradients: FloatArray, covariances: FloatArray, n_drawn: int) -> FloatArray:
    """Return (n_draws,) standard errors by the delta method, from `n_drawn` periods each."""
    variances = np.einsum("mi,mij,mj->m", gradients, covariances, gradients)
    errors: FloatArray = np.sqrt(np.maximum(variances, 0) / n_drawn)
    return errors


def studentised(gaps: FloatArray, errors: FloatArray) -> FloatArray:
    """Return |gap| / error; infinite, which is to be careful, where a resample has no error."""
    usable = np.isfinite(gaps) & (errors > 0)
    distances = np.full(len(gaps), np.inf)
    distances[usable] = np.abs(gaps[usable]) / errors[usable]
    return distances


def quantile(distances: FloatArray, level: float) -> float:
    """Return the distance that is exceeded just where the p-value is at most 1 − level.

    The p-value of a distance d is (#{d* ≥ d} + 1)/(n_draws + 1), as in Ledoit and Wolf.

    Returns:
        The distance, or NaN where there are too few usable draws for `level`.
    """
    rank = math.floor((1 - level) * (len(distances) + 1) + 1e-9)
    if rank < 1:
        return math.nan
    found = float(np.partition(distances, len(distances) - rank)[len(distances) - rank])
    return found if math.isfinite(found) else math.nan
