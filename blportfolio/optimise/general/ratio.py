"""The largest ratio of net return to volatility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blportfolio.errors import NoPositiveReturnError, SolverError
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.checked import LEAST_RATIO, checked, raise_conflict, unlimited
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution, FloatArray

RESCALINGS = 4
"""Programmes written for a ratio until its units fit."""
CLIMBS = 100
"""Mean-variance programmes tried instead of a ratio that cannot be solved."""
CLIMBED = 1e-9
"""Relative change of the ratio at which their sequence has arrived."""


def solve_ratio(goal: Goal, allowed: FeasibleSet, *, explains: bool) -> ArraySolution:
    """Return the best ratio, of what is invested as far as possible where there is no best one.

    Market impact grows with the square of a trade: where nothing is held before and cash may be,
    ever smaller portfolios have ever better ratios.
    """
    nothing = np.zeros(len(allowed.assets))
    costs = goal.costs
    if (
        costs is None
        or not costs.impact.any()
        or costs.value(nothing) > 0
        or allowed.violation(nothing, goal.covariance) > 0
    ):
        return _best_ratio(goal, allowed, explains=explains)
    fullest = Goal(goal.covariance, nothing + 1.0)
    total = checked(
        write_programme(fullest, allowed), fullest, allowed, explains=explains
    ).weights.sum()
    invested = replace(allowed, budget_lower=min(float(total), allowed.budget_upper))
    try:
        found = _best_ratio(goal, invested, explains=explains)
    except NoPositiveReturnError as error:
        raise NoPositiveReturnError(
            "There is no largest Sharpe ratio: with market impact ever smaller portfolios have "
            "ever better ones, and no fully invested one is above 0. Lower `impact_bps`, use "
            "MeanVariance, or say with `fallback` what to hold instead."
        ) from error
    remark = "Cash is held at its least: with market impact the less is held the better the ratio."
    return replace(found, remarks=(*found.remarks, remark))


def _best_ratio(goal: Goal, allowed: FeasibleSet, *, explains: bool) -> ArraySolution:
    """Solve in units that are adapted until the ratio is of order 1 in them."""
    units: tuple[float, float] | None = None
    has_reference = False
    failure: SolverError | None = None
    for _ in range(RESCALINGS):
        programme = write_programme(goal, allowed, units=units)
        try:
            found = checked(programme, goal, allowed, explains=explains)
        except SolverError as error:
            failure, weights = error, np.full(len(allowed.assets), np.nan)
        else:
            failure, weights = None, found.weights
        is_found = bool(np.isfinite(weights).all())
        if failure is None and is_found and LEAST_RATIO < (found.objective or 0) < 1 / LEAST_RATIO:
            return replace(found, objective=None)
        if is_found:
            units = goal.net_return(weights), goal.volatility(weights)
        elif has_reference:
            break
        else:
            units, has_reference = _reference_units(goal, allowed, explains=explains), True
    if failure is not None and units is not None:
        return _by_utilities(goal, allowed, units, failure)
    if explains:
        raise_conflict(goal, allowed)
    raise unlimited(allowed)


def _by_utilities(
    goal: Goal, allowed: FeasibleSet, units: tuple[float, float], failure: SolverError
) -> ArraySolution:
    """Climb to the best ratio by mean-variance programmes, where the ratio's own fails.

    With δ = net/σ² of one portfolio, the best net return less ½δσ² belongs to one whose ratio is
    no smaller, and only the best ratio's portfolio is its own successor.
    """
    net, risk = units
    utility = replace(goal, is_ratio=False)
    for _ in range(CLIMBS):
        utility = replace(utility, risk_aversion=net / risk**2)
        found = checked(write_programme(utility, allowed), utility, allowed)
        before, net, risk = (
            net / risk,
            goal.net_return(found.weights),
            goal.volatility(found.weights),
        )
        change = abs(net / risk / before - 1)
        if change <= CLIMBED:
            remark = "Solved by a sequence of mean-variance programmes; the ratio's own failed."
            residual = max(found.residual, change)
            return replace(found, residual=residual, remarks=(*found.remarks, remark))
    raise failure


def _reference_units(goal: Goal, allowed: FeasibleSet, *, explains: bool) -> tuple[float, float]:
    """Return net return and volatility of a portfolio whose ratio is above 0.

    That of least variance, or if need be that of the largest net return.

    Raises:
        NoPositiveReturnError: If the largest net return is not above 0.
    """
    bare = Goal(goal.covariance, max_volatility=goal.max_volatility)
    least = replace(bare, risk_aversion=1.0)
    weights = checked(write_programme(least, allowed), least, allowed, explains=explains).weights
    if not _is_positive(goal, weights):
        most = replace(bare, mean=goal.mean, costs=goal.costs)
        weights = checked(write_programme(most, allowed), most, allowed).weights
    if not _is_positive(goal, weights):
        raise NoPositiveReturnError(
            "No allowed portfolio has a positive net return (the largest is "
            f"{goal.net_return(weights):.3g} per period), so that there is no largest Sharpe "
            "ratio; widen the constraints, lower the costs, or say with `fallback` what to hold "
            "instead."
        )
    return goal.net_return(weights), goal.volatility(weights)


def _is_positive(goal: Goal, weights: FloatArray) -> bool:
    """Return whether a net return is above what rounding leaves of 0."""
    size = 0.0 if goal.mean is None else float(np.abs(goal.mean * weights).sum())
    return goal.net_return(weights) > 1e-12 * size and goal.volatility(weights) > 0
