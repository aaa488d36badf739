"""What a Sharpe ratio is worth after its length, its shape and the number of trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from blportfolio.errors import ConfigError
from blportfolio.report.inference.hac import sharpe_interval
from blportfolio.types import FloatArray
from blportfolio.validation import check_vector


def probabilistic_sharpe(
    returns: pd.Series,
    benchmark: float = 0.0,
    *,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    lags: int | None = None,
) -> float:
    """Probability that the true Sharpe ratio exceeds `benchmark`, Φ((S − S₀)/s).

    s² = (1 − γ₃S + (γ₄ − 1)S²/4)/(n − 1) in the source, per period, which allows for skewness γ₃
    and kurtosis γ₄ but not for autocorrelation; `lags=0` is that formula. The default adds
    autocovariances to it, as `sharpe_interval` does, so that the two never disagree.

    Args:
        returns: (n_periods,) simple returns per period.
        benchmark: Sharpe ratio S₀ to exceed, annualised.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋.

    Returns:
        A probability; NaN where the ratio is undefined.

    References:
        Bailey and López de Prado (2012), The Sharpe ratio efficient frontier.
    """
    found = sharpe_interval(
        returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate, lags=lags
    )
    if not found.standard_error > 0:
        return math.nan
    n_obs = len(returns)
    # The source divides by n − 1, and takes the deviation with n.
    value = found.value * math.sqrt(n_obs / (n_obs - 1))
    error = found.standard_error * math.sqrt(n_obs / (n_obs - 1))
    return float(ndtr((value - benchmark) / error))


def minimum_track_record_length(
    returns: pd.Series,
    benchmark: float = 0.0,
    *,
    level: float = 0.95,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    lags: int | None = None,
) -> float:
    """Periods after which a ratio like this one would exceed `benchmark` with probability `level`.

    n = 1 + v (Φ⁻¹(level)/(S − S₀))² per period, with v the long-run variance of the influence of
    one return, which for `lags=0` is 1 − γ₃S + (γ₄ − 1)S²/4 of the source.

    Args:
        returns: (n_periods,) simple returns per period.
        benchmark: Sharpe ratio S₀ to exceed, annualised.
        level: Probability to reach.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋.

    Returns:
        Periods, not years; infinite where the ratio does not exceed the benchmark, NaN where it is
        undefined.

    Raises:
        ConfigError: If `level` is not above a half and below 1.

    References:
        Bailey and López de Prado (2012), The Sharpe ratio efficient frontier.
    """
    if not 0.5 < level < 1:
        raise ConfigError(f"`level` must be above 0.5 and below 1, got {level}.")
    found = sharpe_interval(
        returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate, lags=lags
    )
    n_obs = len(returns)
    if not found.standard_error > 0:
        return math.nan
    gap = found.value * math.sqrt(n_obs / (n_obs - 1)) - benchmark
    if gap <= 0:
        return math.inf
    return 1 + n_obs * (found.standard_error * float(ndtri(level)) / gap) ** 2


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """Highest Sharpe ratio that chance alone is expected to show among `trials` without skill.

    √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))), γ Euler's constant, for independent trials;
    trials that resemble one another count for fewer, so that this is then too strict. It is the
    limit for many trials: a tenth too low for two of them, 2 % for ten.

    Args:
        trials: N ≥ 1 configurations that were tried; for one the answer is 0.
        variance: V ≥ 0 of their Sharpe ratios.

    Returns:
        The ratio in the unit of the square root of `variance`: annualised if the ratios were.

    Raises:
        ConfigError: If `trials` is below 1 or `variance` below 0.

    References:
        Bailey and López de Prado (2014), The deflated Sharpe ratio, equation (1).
    """
    if trials < 1:
        raise ConfigError(f"`trials` must be 1 or more, got {trials}.")
    if not variance >= 0:
        raise ConfigError(f"`variance` must be 0 or more, got {variance}.")
    if trials == 1:
        return 0.0
    highest = (1 - np.euler_gamma) * ndtri(1 - 1 / trials)
    highest += np.euler_gamma * ndtri(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * highest)


def deflated_sharpe(
    returns: pd.Series,
    *,
    trials: int | None = None,
    trial_sharpes: Sequence[float] | FloatArray | pd.Series | None = None,
    periods_per_year: float = 252.0,
    risk_free_rate: float | pd.Series = 0.0,
    lags: int | None = None,
) -> float:
    """Probability that the best of several trials has skill: it exceeds the luck of the best.

    `probabilistic_sharpe` against `expected_maximum_sharpe` of the trials.

    Args:
        returns: (n_periods,) simple returns per period of the trial that was chosen.
        trials: Configurations that were tried; by default as many as `trial_sharpes`, or 1.
        trial_sharpes: Their annualised Sharpe ratios, whose variance (ddof 1) counts. With fewer
            than two of them, the variance is that of the estimate itself: what trials without
            skill, each on returns like these, would have.
        periods_per_year: Periods in a year.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        lags: Autocovariances; by default ⌊4 (n/100)^(2/9)⌋; 0 is the formula of the source.

    Returns:
        A probability; NaN where the ratio is undefined.

    Raises:
        ConfigError: If `trials` is below 1 or below the number of `trial_sharpes`.
        DataError: If `trial_sharpes` are not finite.

    References:
        Bailey and López de Prado (2014), The deflated Sharpe ratio, equation (2).
    """
    known = check_vector(() if trial_sharpes is None else trial_sharpes, name="trial_sharpes")
    count = max(1, len(known)) if trials is None else trials
    if count < max(1, len(known)):
        raise ConfigError(
            f"`trials` must be {max(1, len(known))} or more, as many as `trial_sharpes`, "
            f"got {count}."
        )
    if len(known) >= 2:
        variance = float(known.var(ddof=1))
    else:
        own = sharpe_interval(
            returns, periods_per_year=periods_per_year, risk_free_rate=risk_free_rate, lags=lags
        )
        if math.isnan(own.standard_error):
            return math.nan
        variance = own.standard_error**2
    return probabilistic_sharpe(
        returns,
        expected_maximum_sharpe(count, variance),
        periods_per_year=periods_per_year,
        risk_free_rate=risk_free_rate,
        lags=lags,
    )
