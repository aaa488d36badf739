"""Limits as a solver likes them: what leaves no choice is an equality, what cannot bind is gone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray

EQUAL = 1e-12
"""Limits closer than this (relative to their size, if above 1) are one limit."""

NO_RISK = 1e-9
"""A limit on risk below this times the smallest volatility of an asset leaves no choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """A feasible set without idle limits, as in `FeasibleSet` unless said otherwise.

    Attributes:
        lower: (n_assets,) lower bounds, trade bounds included.
        upper: (n_assets,) upper bounds likewise; equal to `lower` where there is no choice.
        budget: Least and largest sum of weights.
        is_loose: Whether the budget still has to be checked where every weight is given.
        rows: (n_rows, n_assets) limited sums.
        row_lower: (n_rows,) lower limits.
        row_upper: (n_rows,) upper limits.
        previous: (n_assets,) weights before the trade that turnover and costs count from.
        turnover: Limit of ½Σ|w − w_previous|; inf where it cannot bind.
        gross: Limit of Σ|w|; inf where it cannot bind.
        cones: Limit and centre b of each √((w − b)ᵀC(w − b)).
        holds_zero: Whether holding nothing is allowed, so that any share of an allowed portfolio
            is.
    """

    lower: FloatArray
    upper: FloatArray
    budget: tuple[float, float]
    is_loose: bool
    rows: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    previous: FloatArray
    turnover: float
    gross: float
    cones: tuple[tuple[float, FloatArray], ...]
    holds_zero: bool


def tightened(goal: Goal, allowed: FeasibleSet) -> Limits:
    """Return the limits of a goal and a feasible set."""
    size = len(allowed.assets)
    lower, upper = (np.array(bound, dtype=float) for bound in allowed.box())
    least, most = allowed.budget()
    gross, turnover = allowed.gross, allowed.turnover
    previous = np.zeros(size)
    if allowed.previous is not None:
        previous = allowed.previous
    elif goal.costs is not None:
        previous = goal.costs.previous
    if math.isfinite(gross) and gross <= least * (1 + EQUAL):
        lower = np.maximum(lower, 0.0)  # Σ|w| = Σw leaves no short position
    if (lower >= 0).all():
        most, gross = (most if most <= gross else gross), math.inf
    cones = []
    least_risk = NO_RISK * math.sqrt(float(np.diagonal(goal.covariance).min()))
    for limit, centre in (
        (math.inf if goal.max_volatility is None else goal.max_volatility, np.zeros(size)),
        (allowed.tracking_error, allowed.benchmark),
    ):
        if limit <= least_risk:
            lower, upper = _pinned(lower, upper, centre)
        elif math.isfinite(limit):
            cones.append((limit, centre))
    if turnover == 0:
        lower, upper = _pinned(lower, upper, previous)
        turnover = math.inf
    scale = EQUAL * max([1.0, *(abs(side) for side in (least, most) if math.isfinite(side))])
    if abs(least - most) <= scale:
        most = least
    if np.isfinite(lower).all() and abs(float(lower.sum()) - most) <= scale:
        lower, upper = _pinned(lower, upper, lower)
    elif np.isfinite(upper).all() and abs(float(upper.sum()) - least) <= scale:
        lower, upper = _pinned(lower, upper, upper)
    room = EQUAL * np.maximum(1.0, np.abs(lower, where=np.isfinite(lower), out=np.ones(size)))
    close = np.abs(upper - lower, where=np.isfinite(upper - lower), out=np.ones(size)) <= room
    upper = np.where(close, lower, upper)
    total = float(lower.sum()) if (lower == upper).all() else math.nan
    is_loose = not (least - 1e-10 <= total <= most + 1e-10)
    return Limits(
        lower=lower,
        upper=upper,
        budget=(least, most),
        is_loose=is_loose,
        rows=allowed.rows,
        row_lower=allowed.row_lower,
        row_upper=allowed.row_upper,
        previous=previous,
        turnover=turnover,
        gross=gross,
        cones=tuple(cones),
        holds_zero=allowed.violation(np.zeros(size), goal.covariance) <= 0,
    )


def _pinned(
    lower: FloatArray, upper: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return bounds that leave only `weights`, unless the bounds contradict them."""
    room = EQUAL * np.maximum(1.0, np.abs(weights))
    inside = (weights >= lower - room) & (weights <= upper + room)
    low, high = np.where(inside, weights, np.maximum(lower, weights)), weights
    return low, np.where(inside, high, np.minimum(upper, weights))
