"""The problem that is left once it is decided which assets are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from blportfolio.optimise.conflicts.elastic import TOLERANCE
from blportfolio.optimise.costs import CostArrays
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import BoolArray, FloatArray

DUST = 1e-7
"""A weight up to this is taken for what a numerical solver leaves of 0."""
Signs = FloatArray
"""(n_assets,) 1 for an asset held long, −1 for one held short, 0 for one not held."""


def signs_of(weights: FloatArray) -> Signs:
    """Return which assets are held."""
    return np.where(np.abs(weights) > DUST, np.sign(weights), 0.0)


def changed(signs: Signs, changes: Mapping[int, float]) -> Signs:
    """Return a selection in which some assets have another sign."""
    copy = signs.copy()
    for asset, sign in changes.items():
        copy[asset] = sign
    return copy


def held_problem(
    goal: Goal, allowed: FeasibleSet, signs: Signs, min_weight: float
) -> tuple[Goal, FeasibleSet, BoolArray] | None:
    """Return the convex problem in which only some assets are held.

    The assets that are not held are left out where nothing else depends on them, and fixed at 0
    otherwise.

    Args:
        goal: Its covariance is positive definite.
        allowed: What the portfolio must obey.
        signs: Which assets are held.
        min_weight: Smallest |w| of these; with 0 their sign does not matter.

    Returns:
        Goal, constraints and the (n_assets,) assets they are about, or None where it is plain that
        no portfolio meets them.
    """
    held = signs != 0
    lower, upper = np.where(held, allowed.lower, 0.0), np.where(held, allowed.upper, 0.0)
    if min_weight:
        lower = np.where(signs > 0, np.maximum(lower, min_weight), lower)
        upper = np.where(signs < 0, np.minimum(upper, -min_weight), upper)
    narrowed = replace(
        allowed,
        lower=lower,
        upper=upper,
        max_assets=len(held),
        min_weight=0.0,
        relax=False,
        remarks=(),
    )
    outside = ~held
    if (allowed.lower[outside] > 0).any() or (allowed.upper[outside] < 0).any():
        return None
    stuck = allowed.previous is not None and bool(
        (np.abs(allowed.previous) > allowed.trade + TOLERANCE)[outside].any()
    )
    low, high = narrowed.box()
    least, most = narrowed.budget()
    if (
        stuck
        or (low > high + TOLERANCE).any()
        or low.sum() > most + TOLERANCE
        or high.sum() < least - TOLERANCE
    ):
        return None
    if held.any() and not held.all() and _is_separable(goal, allowed):
        return _left_out(goal, narrowed, held)
    return goal, narrowed, np.ones_like(held)


def _is_separable(goal: Goal, allowed: FeasibleSet) -> bool:
    is_absolute = np.isinf(allowed.tracking_error) and goal.centre is None
    return bool(is_absolute) and not (goal.is_ratio and goal.costs is not None)


def _left_out(
    goal: Goal, allowed: FeasibleSet, held: BoolArray
) -> tuple[Goal, FeasibleSet, BoolArray] | None:
    """Return the problem of the held assets, charged with the sale of the others."""

    def pick(values: Any) -> Any:  # noqa: ANN401, an array or None
        return None if values is None else values[held]

    sold = 0.0 if allowed.previous is None else float(np.abs(allowed.previous[~held]).sum()) / 2
    is_row = (allowed.rows[:, held] != 0).any(axis=1) if len(allowed.rows) else np.zeros(0, bool)
    if (
        sold > allowed.turnover + TOLERANCE
        or (
            (allowed.row_lower[~is_row] > TOLERANCE) | (allowed.row_upper[~is_row] < -TOLERANCE)
        ).any()
    ):
        return None
    costs, charge = goal.costs, 0.0
    if costs is not None:
        charge = float(
            costs.trading[~held] @ np.abs(costs.previous[~held])
            + costs.impact[~held] @ costs.previous[~held] ** 2
        )
        costs = CostArrays(
            trading=costs.trading[held],
            impact=costs.impact[held],
            holding=costs.holding[held],
            borrow=costs.borrow[held],
            previous=costs.previous[held],
        )
    aim = replace(
        goal,
        covariance=goal.covariance[np.ix_(held, held)],
        mean=pick(goal.mean),
        uncertainty=None if goal.uncertainty is None else goal.uncertainty[np.ix_(held, held)],
        scenarios=None if goal.scenarios is None else goal.scenarios[:, held],
        min_return=None if goal.min_return is None else goal.min_return + charge,
        costs=costs,
    )
    narrowed = replace(
        allowed,
        assets=tuple(asset for asset, is_held in zip(allowed.assets, held, strict=True) if is_held),
        lower=allowed.lower[held],
        upper=allowed.upper[held],
        rows=allowed.rows[np.ix_(is_row, held)],
        row_lower=allowed.row_lower[is_row],
        row_upper=allowed.row_upper[is_row],
        row_names=tuple(np.array(allowed.row_names, dtype=object)[is_row]),
        previous=pick(allowed.previous),
        turnover=max(allowed.turnover - sold, 0.0),
        trade=allowed.trade[held],
        benchmark=allowed.benchmark[held],
        max_assets=int(held.sum()),
    )
    return aim, narrowed, held
