"""Figures as the paper counts them: no costs, weights held constant, years of 252 calendar days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.report import metrics

DAYS_OF_A_PAPER_YEAR = 252


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """The columns of the paper's tables for one strategy, in decimals.

    Attributes:
        cumulative_return: Over the whole period.
        published_cagr: By the paper's convention, years of calendar days / 252.
        cagr: By calendar days / 365.25.
        sharpe_ratio: Annualised, over a rate of 0.
        max_drawdown: ≤ 0.
        volatility: Annualised.
        turnover: Mean one-way turnover between target weights; NaN with one decision.
        n_decisions: Decisions it is made of.
    """

    cumulative_return: float
    published_cagr: float
    cagr: float
    sharpe_ratio: float
    max_drawdown: float
    volatility: float
    turnover: float
    n_decisions: int


def paper_cagr(wealth: pd.Series) -> float:
    """Growth rate a "year" of 252 calendar days: what the paper's tables call CAGR.

    All 24 printed figures follow from their cumulative returns with years = calendar days / 252,
    that is the trading days of a year put for its calendar days. The true rate is `metrics.cagr`.

    Args:
        wealth: (n_periods + 1,) growth by date, the first entry before the first return.

    Raises:
        DataError: If there are fewer than two dates or they span no day, or wealth is not above 0.
    """
    values = np.asarray(wealth, dtype=float)
    dated = len(values) > 1 and isinstance(wealth.index, pd.DatetimeIndex)
    days = (wealth.index[-1] - wealth.index[0]).days if dated else 0
    if days <= 0:
        raise DataError("`wealth` must be indexed by dates, oldest first, a day apart at least.")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise DataError("`wealth` must be finite and above 0 on every date.")
    return float((values[-1] / values[0]) ** (DAYS_OF_A_PAPER_YEAR / days) - 1)


def constant_weight_returns(weights: pd.DataFrame, returns: pd.DataFrame) -> pd.Series:
    """Returns of weights that are held constant between decisions: rebalanced daily, for free.

    Args:
        weights: (n_decisions, n_assets) target weights by the date decided at; each holds from the
            next date on. What is missing to 1 is cash and earns nothing.
        returns: (n_dates, n_assets) simple returns; a missing one earns nothing.

    Returns:
        (n_periods,) gross returns from the first date after the first decision on.

    Raises:
        DataError: If assets differ, or there is no decision before the last date.
    """
    if set(weights.columns) - set(returns.columns):
        raise DataError("`weights` name assets that `returns` lack; align their columns first.")
    dates = pd.DatetimeIndex(returns.index)
    number = pd.DatetimeIndex(weights.index).searchsorted(dates, side="left") - 1
    held = number >= 0
    if not held.any():
        raise DataError("`weights` must have a decision before the last date of `returns`.")
    earned = np.nan_to_num(returns[weights.columns].to_numpy(dtype=float)[held])
    values = (weights.to_numpy(dtype=float)[number[held]] * earned).sum(axis=1)
    return pd.Series(values, index=dates[held], name="returns")


def paper_turnover(weights: pd.DataFrame) -> float:
    """Mean of ½Σ|w_t − w_{t−1}| between successive target weights; NaN for fewer than two.

    Unlike the turnover of a backtest it leaves out what drift undoes.

    Args:
        weights: (n_decisions, n_assets) target weights.
    """
    values = weights.to_numpy(dtype=float)
    if len(values) < 2:
        return float("nan")
    return float(np.abs(np.diff(values, axis=0)).sum(axis=1).mean() / 2)


def paper_figures(
    weights: pd.DataFrame, returns: pd.DataFrame, *, periods_per_year: float = 252.0
) -> PaperFigures:
    """Return the columns of the paper's tables for target weights, in the paper's accounting.

    Args:
        weights: (n_decisions, n_assets) target weights by the date decided at.
        returns: (n_dates, n_assets) simple returns.
        periods_per_year: Periods in a year.

    Raises:
        DataError: If assets differ, or there is no decision before the last date.
    """
    return figures_of(
        constant_weight_returns(weights, returns), weights, periods_per_year=periods_per_year
    )


def figures_of(
    earned: pd.Series,
    weights: pd.DataFrame,
    *,
    since: pd.Timestamp | None = None,
    periods_per_year: float = 252.0,
) -> PaperFigures:
    """Return the same for returns that `constant_weight_returns` made of the weights.

    Args:
        earned: (n_periods,) returns of the portfolio.
        weights: (n_decisions, n_assets) target weights by the date decided at.
        since: Date that growth is counted from, just before the first of the returns; by default
            that of the decision which they follow.
        periods_per_year: Periods in a year.
    """
    if since is None:
        since = weights.index[weights.index < earned.index[0]][-1]
    wealth = metrics.wealth_of(earned, since)
    return PaperFigures(
        cumulative_return=float(wealth.iloc[-1] - 1),
        published_cagr=paper_cagr(wealth),
        cagr=metrics.cagr(wealth),
        sharpe_ratio=metrics.sharpe_ratio(earned, periods_per_year),
        max_drawdown=metrics.max_drawdown(wealth),
        volatility=metrics.annualised_volatility(earned, periods_per_year),
        turnover=paper_turnover(weights),
        n_decisions=len(weights),
    )
