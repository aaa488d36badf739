"""Headline figures over a part of the dates, net or gross, and which of them are the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.portfolio.period import Date, between
from blportfolio.report.portfolio.trading import gross_wealth
from blportfolio.report.tables import summarise

HIGHEST, LOWEST = "highest", "lowest"
BETTER: Mapping[str, str] = {
    "annualised_return": HIGHEST,
    "annualised_volatility": LOWEST,
    "sharpe_ratio": HIGHEST,
    "max_drawdown": HIGHEST,  # ≤ 0: nearest to none
    "turnover": LOWEST,
    "cost_drag": LOWEST,
    "final_wealth": HIGHEST,
}
"""Which end of a column is the better one."""


def headline_figures(
    results: Sequence[BacktestResult],
    *,
    start: Date | None = None,
    end: Date | None = None,
    net: bool = True,
) -> pd.DataFrame:
    """Return the headline figures of results between two dates.

    Args:
        results: Finished backtests.
        start: First date, by default that of each result.
        end: Last date held, by default that of each result.
        net: Whether return, volatility, Sharpe ratio, drawdown and final wealth are after costs.
            Turnover and cost drag are what they are.

    Returns:
        One row a result, decimal: annualised_return (compound), annualised_volatility,
        sharpe_ratio with its 95 % bounds sharpe_low and sharpe_high (HAC; NaN below ten periods),
        max_drawdown (≤ 0), turnover (one-way, mean per rebalance after the first), cost_drag (per
        year) and final_wealth.

    Raises:
        DataError: If a result holds fewer than two periods between the dates.
    """
    parts = [between(result, start, end) for result in results]
    after = [summarise(part) for part in parts]
    shown = after if net else [summarise(_before_costs(part)) for part in parts]
    rows = {
        part.name: {
            "annualised_return": one["net_annualised_return"],
            "annualised_volatility": one["annualised_volatility"],
            "sharpe_ratio": one["sharpe_ratio"],
            "sharpe_low": one["sharpe_low"],
            "sharpe_high": one["sharpe_high"],
            "max_drawdown": one["max_drawdown"],
            "turnover": paid["turnover"],
            "cost_drag": paid["cost_drag"],
            "final_wealth": one["final_wealth"],
        }
        for part, one, paid in zip(parts, shown, after, strict=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def best_in_columns(figures: pd.DataFrame) -> dict[str, list[str]]:
    """Return who has the best figure of each column, all of them where several share it.

    A column in which all are equal, or that has one figure only, has no best.

    Args:
        figures: As `headline_figures` returns them.
    """
    found = {}
    for column, end in BETTER.items():
        values = figures[column].dropna()
        if len(values) < 2 or np.isclose(values.max(), values.min(), rtol=1e-12, atol=0):
            continue
        best = values.max() if end == HIGHEST else values.min()
        found[column] = [str(name) for name in values.index[values == best]]
    return found


def _before_costs(result: BacktestResult) -> BacktestResult:
    """Return the result with gross returns and wealth in place of those net of costs."""
    return replace(result, returns=result.gross_returns, wealth=gross_wealth(result))
