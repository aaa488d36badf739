"""How a goal changes with each weight, net of what the constraints in force take back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.held_subset import DUST, Signs
from blportfolio.types import FloatArray

WIDTH = 12
"""Most assets that are tried to come in, and to go out, in one round of swaps."""


def promising(
    goal: Goal, allowed: FeasibleSet, signs: Signs, weights: FloatArray, relaxed: FloatArray
) -> Iterator[tuple[int, float]]:
    """Yield assets to try beside those held and their sign, those that promise most first.

    Args:
        goal: What is minimised.
        allowed: Constraints.
        signs: (n_assets,) which assets are held.
        weights: (n_assets,) the best portfolio of these.
        relaxed: (n_assets,) the best portfolio without limits on positions.
    """
    slopes = reduced_slopes(goal, allowed, weights)
    low, high = allowed.box()
    promise, short = np.where(high > 0, -slopes, -np.inf), np.where(low < 0, slopes, -np.inf)
    outside = np.flatnonzero((signs == 0) & ((high > 0) | (low < 0)))
    by_slope = outside[np.argsort(-np.maximum(promise, short)[outside], kind="stable")]
    by_weight = outside[np.argsort(-np.abs(relaxed[outside]), kind="stable")]
    by_weight = by_weight[np.abs(relaxed[by_weight]) > DUST]
    for asset in dict.fromkeys([*by_slope[:WIDTH].tolist(), *by_weight[:WIDTH].tolist()]):
        first = 1.0 if promise[asset] >= short[asset] else -1.0
        yield asset, first
        if allowed.min_weight and high[asset] > 0 and low[asset] < 0:
            yield asset, -first


def reduced_slopes(goal: Goal, allowed: FeasibleSet, weights: FloatArray) -> FloatArray:
    """Return the slope of what is minimised, less the part the constraints explain.

    The multipliers of the budget, the rows and the goal's limits are those that explain the slopes
    of the held assets best (least squares), which at an optimum is exactly.

    Args:
        goal: What is minimised.
        allowed: Constraints.
        weights: (n_assets,) a portfolio that is best for its assets.

    Returns:
        (n_assets,) slopes; below 0 where more of an asset would help.
    """
    slope = slope_of(goal, weights)
    risk = goal.covariance @ weights
    columns = [np.ones(len(weights)), *allowed.rows]
    if goal.min_return is not None:
        columns.append(-_net_slope(goal, weights))
    if goal.max_volatility is not None:
        columns.append(risk)
    if math.isfinite(allowed.tracking_error):
        columns.append(goal.covariance @ (weights - allowed.benchmark))
    normals = np.column_stack([column / (np.abs(column).max() or 1.0) for column in columns])
    low, high = allowed.box()
    is_free = (weights != 0) & (weights > low + 1e-7) & (weights < high - 1e-7)
    if not is_free.any():
        is_free = weights != 0
    if not is_free.any():
        return slope
    multipliers = np.linalg.lstsq(normals[is_free], slope[is_free], rcond=1e-10)[0]
    return np.asarray(slope - normals @ multipliers)


def slope_of(goal: Goal, weights: FloatArray) -> FloatArray:
    """Return the (n_assets,) slope of what is minimised, for a ratio that of its negative."""
    net = _net_slope(goal, weights)
    risk = goal.covariance @ weights
    if goal.is_ratio:
        volatility = goal.volatility(weights)
        if volatility == 0:
            return -net
        return goal.net_return(weights) * risk / volatility**3 - net / volatility
    centre = 0.0 if goal.centre is None else goal.covariance @ goal.centre
    slope = goal.risk_aversion * (risk - centre)
    if goal.uncertainty is not None and goal.radius:
        pull = goal.uncertainty @ weights
        spread = math.sqrt(max(float(weights @ pull), 0.0))
        slope = slope + goal.radius * pull / (spread or 1.0)
    if goal.scenarios is not None:
        returns = goal.scenarios @ weights
        count = max(1, math.ceil((1 - goal.level) * len(returns)))
        worst = np.argsort(returns, kind="stable")[:count]
        slope = slope - goal.scenarios[worst].mean(axis=0)
    return np.asarray(slope if goal.min_return is not None else slope - net)


def _net_slope(goal: Goal, weights: FloatArray) -> FloatArray:
    """Return the slope of the return after costs, away from the kinks."""
    slope = np.zeros(len(weights)) if goal.mean is None else goal.mean
    if goal.costs is None:
        return slope
    trade = weights - goal.costs.previous
    return np.asarray(
        slope
        - goal.costs.trading * np.sign(trade)
        - 2 * goal.costs.impact * trade
        - goal.costs.holding * np.sign(weights)
        + goal.costs.borrow * (weights < 0)
    )
