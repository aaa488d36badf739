"""Error bars of turnover, and the drawdowns that returns like these could have had."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from blportfolio.errors import DataError
from blportfolio.report.inference.blocks import (
    block_length,
    check_settings,
    drawn_starts,
)
from blportfolio.report.inference.hac import FEWEST, lags_and_level, newey_west_variance
from blportfolio.report.metrics import max_drawdown
from blportfolio.types import FloatArray
from blportfolio.validation import check_vector

_RETURNS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class TurnoverInterval:
    """Mean one-way turnover of a decision with its confidence interval.

    Attributes:
        value: The mean over the decisions after the first.
        standard_error: Its standard error.
        low: Lower bound, 0 at least.
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


def turnover_interval(
    turnover: pd.Series, *, level: float = 0.95, lags: int | None = None
) -> TurnoverInterval:
    """Closed-form interval of the mean turnover, decisions near one another being alike.

    Args:
        turnover: (n_decisions,) one-way turnover in time order; the first, which is the purchase,
            is left out.
        level: Confidence level.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋.

    Returns:
        The interval; NaN without a decision after the first, bounds NaN with fewer than two.

    Raises:
        ConfigError: If `level` is not between 0 and 1.
        DataError: If a turnover is not finite or below 0.

    References:
        Newey and West (1987, 1994).
    """
    values = check_vector(turnover, name="turnover")
    if (values < 0).any():
        raise DataError(f"`turnover` must not be negative, got {values.min():.3g}.")
    later = values[1:]
    used = lags_and_level(len(later), lags, level)
    nan = math.nan
    if len(later) < 2:
        return TurnoverInterval(float(later[0]) if len(later) else nan, nan, nan, nan, level, used)
    mean = float(later.mean())
    error = math.sqrt(newey_west_variance(later, used) / len(later))
    reach = float(ndtri(0.5 + level / 2)) * error
    return TurnoverInterval(mean, error, max(mean - reach, 0.0), mean + reach, level, used)


@dataclass(frozen=True, slots=True)
class DrawdownInterval:
    """The maximum drawdown that was seen beside those that such returns could have had.

    Attributes:
        value: The one that was seen, ≤ 0.
        median: Middle one of the resamples.
        low: The deep end of the middle `level` of them.
        high: The shallow end.
        level: Share of the resamples between the two.
        deeper: Share of the resamples that fell deeper than what was seen.
        block: Periods in a block.
        n_draws: Resamples.
    """

    value: float
    median: float
    low: float
    high: float
    level: float
    deeper: float
    block: int
    n_draws: int


def drawdown_interval(
    returns: pd.Series,
    *,
    level: float = 0.95,
    n_draws: int = 1_999,
    block: int | None = None,
    seed: int = 0,
) -> DrawdownInterval:
    """Maximum drawdowns over as many periods, drawn in blocks from the returns.

    This is not a confidence interval of a parameter, and what was seen may lie outside: the order
    of the returns was one of many, and here are the drawdowns of the others. A crisis that the
    returns do not hold is in none of them, and one that lasted longer than a block is broken up.

    Args:
        returns: (n_periods,) simple returns per period, −1 at least.
        level: Share of the resamples between the bounds.
        n_draws: Resamples.
        block: Periods in a block, cut to a quarter of the returns; by default the longest that
            returns and their squares ask for by the rule of Politis and White.
        seed: Seed of the resamples.

    Returns:
        Quantiles of the resamples; NaN for fewer than ten returns.

    Raises:
        ConfigError: If `level` is not between 0 and 1, or `n_draws` or `block` is below 1.
        DataError: If returns are not finite or below −1.
    """
    check_settings(level=level, n_draws=n_draws, block=block)
    values = check_vector(returns, name="returns")
    if len(values) and values.min() < -1:
        raise DataError(f"`returns` must be −1 or more, got {values.min():.3g}.")
    if not len(values):
        raise DataError("`returns` must hold one return at least.")
    seen = max_drawdown(np.concatenate([[1.0], np.cumprod(1 + values)]))
    if len(values) < FEWEST:
        nan = math.nan
        return DrawdownInterval(seen, nan, nan, nan, level, nan, 1, n_draws)
    length = block_length(np.column_stack([values, values**2]), block)
    falls = _drawn_falls(values, length, n_draws, seed)
    low, median, high = np.quantile(falls, [0.5 - level / 2, 0.5, 0.5 + level / 2])
    deeper = float((falls < seen).mean())
    return DrawdownInterval(
        seen, float(median), float(low), float(high), level, deeper, length, n_draws
    )


def _drawn_falls(values: FloatArray, block: int, n_draws: int, seed: int) -> FloatArray:
    """Return (n_draws,) maximum drawdowns, the last block cut to the length of the returns."""
    n_obs = len(values)
    with np.errstate(divide="ignore"):
        grown = np.log1p(values)  # −∞ for the loss of everything, and so for ever after
    found = []
    for drawn in drawn_starts(n_obs + block - 1, block, n_draws, seed):
        for starts in np.array_split(drawn, math.ceil(drawn.shape[0] * n_obs / _RETURNS_AT_ONCE)):
            order = (starts[:, :, None] + np.arange(block)) % n_obs
            paths = grown[order.reshape(len(starts), -1)[:, :n_obs]].cumsum(axis=1)
            peaks = np.maximum(np.maximum.accumulate(paths, axis=1), 0)
            found.append(np.expm1((paths - peaks).min(axis=1, initial=0)))
    return np.concatenate(found)
