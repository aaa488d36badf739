"""How much an allocation is expected to earn and to swing, and where its risk comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from blportfolio.types import FloatArray
from blportfolio.validation import check_covariance, check_vector

LEVEL = 0.90
"""Probability of the intervals, that of the spread of weights (5 to 95 %)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure per year with the interval in which it lies with 90 %.

    Attributes:
        value: The figure, decimal per year.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def risk_contributions(weights: ArrayLike, covariance: ArrayLike) -> FloatArray:
    """Return the share of the portfolio's variance that comes from each asset.

    w_i(Σw)_i / w'Σw, Euler's decomposition of the variance: the derivative of log volatility with
    respect to the logarithm of each weight.

    Args:
        weights: (n_assets,) weights.
        covariance: (n_assets, n_assets) covariance of returns.

    Returns:
        (n_assets,) shares that add up to 1; negative for a hedge, all 0 without any risk.

    Raises:
        DataError: If shapes disagree or a value is not finite.
    """
    held = check_vector(weights, name="weights")
    sigma = check_covariance(covariance, len(held))
    parts = held * (sigma @ held)
    total = float(parts.sum())
    shares: FloatArray = parts / total if total > 0 else np.zeros_like(parts)
    return shares


def effective_number(weights: ArrayLike) -> float:
    """Return 1 / Σw², of weights scaled to add up to 1 in size; 0 where nothing is held.

    The reciprocal of Herfindahl's index: n equal positions count as n.

    Raises:
        DataError: If a weight is not finite.
    """
    sizes = np.abs(check_vector(weights, name="weights"))
    total = float(sizes.sum())
    return float(1 / ((sizes / total) ** 2).sum()) if total > 0 else 0.0


def expected_return(
    weights: FloatArray, mean: FloatArray, mean_covariance: FloatArray, periods_per_year: float
) -> Estimate:
    """Return w'E[θ] per year, with the interval in which w'θ lies by the model's posterior.

    Args:
        weights: (n_assets,) weights.
        mean: (n_assets,) E[θ], decimal per period.
        mean_covariance: (n_assets, n_assets) Cov[θ]; 0 where the mean is taken as known.
        periods_per_year: Periods in a year.
    """
    value = float(weights @ mean) * periods_per_year
    error = np.sqrt(max(float(weights @ mean_covariance @ weights), 0.0)) * periods_per_year
    reach = float(norm.ppf((1 + LEVEL) / 2)) * error
    return Estimate(value, value - reach, value + reach)


def volatility(
    weights: FloatArray, covariance: FloatArray, n_returns: int, periods_per_year: float
) -> Estimate:
    """Return √(w'Σw) per year, with its interval from so many independent normal returns.

    (n − 1)s²/σ² is chi-square with n − 1 degrees of freedom; fat tails and changing volatility
    make the truth less certain than that.

    Args:
        weights: (n_assets,) weights.
        covariance: (n_assets, n_assets) predictive covariance, decimal² per period.
        n_returns: Returns that it was estimated from.
        periods_per_year: Periods in a year.
    """
    variance = max(float(weights @ covariance @ weights), 0.0)
    value = float(np.sqrt(variance * periods_per_year))
    free = max(n_returns - 1, 1)
    low, high = (
        value * np.sqrt(free / chi2.ppf(p, free)) for p in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return Estimate(value, float(low), float(high))
