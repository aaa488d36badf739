"""What a strategy traded, paid and held, by decision and by year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.metrics import cagr, wealth_of

POINTS = 10_000
"""Basis points in 1."""

HELD = 1e-9
"""Weight below which an asset is not held: the rounding of solvers."""


def decisions(result: BacktestResult) -> pd.DataFrame:
    """Return what was traded at each decision.

    Args:
        result: A finished backtest, or part of one.

    Returns:
        By date of the decision: `trades` (their number), `bought` and `sold` (sums of weights,
        ≥ 0), `turnover` (one-way, half of the two), `cost_bps` (of wealth) and `is_purchase`,
        whether nothing was held before.
    """
    moved = (result.weights - result.drifted_weights).to_numpy()
    held = np.abs(result.drifted_weights.to_numpy()).sum(axis=1)
    return pd.DataFrame(
        {
            "trades": (moved != 0).sum(axis=1),
            "bought": np.maximum(moved, 0).sum(axis=1),
            "sold": np.maximum(-moved, 0).sum(axis=1),
            "turnover": result.turnover.to_numpy(),
            "cost_bps": result.costs.to_numpy() * POINTS,
            "is_purchase": held == 0,
        },
        index=pd.DatetimeIndex(result.weights.index, name="date"),
    )


def holdings(result: BacktestResult) -> pd.DataFrame:
    """Return how spread out the target weights of each decision were.

    Args:
        result: A finished backtest, or part of one.

    Returns:
        By date of the decision: `net` (sum of weights), `gross` (sum of their sizes), `cash`
        (1 − net), `held` (assets with a weight), `effective` (effective number of assets,
        (Σ|w|)² / Σw², the inverse of Herfindahl's index; NaN where nothing is held) and `largest`
        (size of the largest weight).
    """
    weights = result.weights.to_numpy()
    sizes = np.abs(weights)
    gross, squares = sizes.sum(axis=1), (weights**2).sum(axis=1)
    effective = np.full(len(weights), np.nan)
    np.divide(gross**2, squares, out=effective, where=squares > 0)
    return pd.DataFrame(
        {
            "net": weights.sum(axis=1),
            "gross": gross,
            "cash": 1 - weights.sum(axis=1),
            "held": (sizes > HELD).sum(axis=1),
            "effective": effective,
            "largest": sizes.max(axis=1),
        },
        index=pd.DatetimeIndex(result.weights.index, name="date"),
    )


def gross_wealth(result: BacktestResult) -> pd.Series:
    """Growth of 1 before costs: (n_periods + 1,) by date."""
    return wealth_of(result.gross_returns, result.wealth.index[0]).rename("gross_wealth")


def cost_drag(results: Sequence[BacktestResult]) -> pd.DataFrame:
    """Return what trading cost each strategy, net of the growth that it left.

    Returns:
        One row a result: `name`, `gross` and `net` (compound annual growth before and after
        costs), `drag_bps` (their difference, basis points per year), `paid_bps` (costs of all
        decisions as shares of wealth, per year), `turnover_per_year` (one-way, the first purchase
        included) and `cost_bps` (rate of each unit bought or sold).
    """
    rows = []
    for result in results:
        years = (result.wealth.index[-1] - result.wealth.index[0]).days / 365.25
        gross, net = cagr(gross_wealth(result)), cagr(result.wealth)
        rows.append(
            {
                "name": result.name,
                "gross": gross,
                "net": net,
                "drag_bps": (gross - net) * POINTS,
                "paid_bps": float(result.costs.sum()) / years * POINTS,
                "turnover_per_year": float(result.turnover.sum()) / years,
                "cost_bps": float(result.manifest["cost_bps"]),
            }
        )
    return pd.DataFrame(rows)


def costs_by_year(results: Sequence[BacktestResult]) -> pd.DataFrame:
    """Return the costs of the decisions of each calendar year, in basis points of wealth.

    Returns:
        (n_years, n_results), one column a name; 0 in years without a trade.
    """
    columns = {
        result.name: result.costs.groupby(pd.DatetimeIndex(result.costs.index).year).sum() * POINTS
        for result in results
    }
    table = pd.DataFrame(columns).fillna(0.0)
    table.index.name = "year"
    return table
