"""The general solver: any goal and set of constraints as a conic programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.checked import checked
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.general.ratio import solve_ratio
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution, FloatArray

ENORMOUS = 1e3
"""Means are cut at this many times the usual size before the full ones are tried."""


def solve_programme(goal: Goal, allowed: FeasibleSet, *, explains: bool = True) -> ArraySolution:
    """Return the best of the portfolios that are allowed.

    Args:
        goal: With a positive definite covariance.
        allowed: Limits on the number and size of positions are left aside.
        explains: Whether an empty set is told by its conflict, which takes longer than to solve.

    Returns:
        Weights whose `residual` is the larger of the dual residual and the duality gap, both
        relative and computed here; they are at most `TOLERANCE`, or what rounding leaves of an
        ill-conditioned covariance, and every limit holds to `FEASIBLE`. A solver
        that failed on the way is named in the remarks.

    Raises:
        InfeasibleError: If no portfolio is allowed, or the best one is unlimited.
        NoPositiveReturnError: If no allowed portfolio has the positive net return a ratio needs.
        SolverError: If every solver fails.
    """
    if goal.is_ratio:
        return solve_ratio(goal, allowed, explains=explains)
    calmer = _calmed(goal)
    if calmer is not None:
        found = checked(write_programme(calmer, allowed), calmer, allowed, explains=explains)
        if _is_forced(found.weights, goal, calmer, allowed):
            return found
    return checked(write_programme(goal, allowed), goal, allowed, explains=explains)


def _calmed(goal: Goal) -> Goal | None:
    """Return a goal whose enormous means are cut to what is still large, or None without any.

    Beside a mean a million times the others, these would drown in rounding.
    """
    if goal.mean is None or goal.min_return is not None:
        return None
    sizes = np.abs(goal.mean)
    variance = float(np.diagonal(goal.covariance).mean())
    usual = max(float(np.median(sizes)), goal.risk_aversion * variance)
    if not 0 < usual * ENORMOUS < float(sizes.max()):
        return None
    return replace(goal, mean=np.clip(goal.mean, -usual * ENORMOUS, usual * ENORMOUS))


def _is_forced(weights: FloatArray, goal: Goal, calmer: Goal, allowed: FeasibleSet) -> bool:
    """Return whether assets with cut means are at the bounds where the full means drive them.

    Then the weights are optimal for the full means too: only the multipliers of these bounds grow.
    """
    if goal.mean is None or calmer.mean is None:
        return False
    lower, upper = allowed.box()
    cut = goal.mean - calmer.mean
    return bool((weights[cut > 0] == upper[cut > 0]).all()) and bool(
        (weights[cut < 0] == lower[cut < 0]).all()
    )
