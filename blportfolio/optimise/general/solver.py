"""The general solver: any goal and set of constraints as a conic programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blportfolio.errors import InfeasibleError, NoPositiveReturnError, SolverError
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.finish import broken_by, finished
from blportfolio.optimise.general.polish import polished
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.general.residuals import Point, rounding
from blportfolio.optimise.general.solvers import attempt
from blportfolio.optimise.general.stages import solver_stages
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution, FloatArray

TOLERANCE = 1e-7
"""Largest relative dual residual and gap of an answer that is accepted."""
ROUNDED = 1e-4
"""Largest residual that is accepted, with a remark, where rounding leaves as much."""
FEASIBLE = 1e-9
"""Largest violation of a limit, in weight or relative to the limit's own size."""
RESCALINGS = 4
"""Programmes written for a ratio until its units fit."""
CLIMBS = 100
"""Mean-variance programmes tried instead of a ratio that cannot be solved."""
CLIMBED = 1e-9
"""Relative change of the ratio at which their sequence has arrived."""
LEAST_RATIO = 1e-2
"""A ratio outside this and its inverse, in the programme's units, is solved in others."""
ENORMOUS = 1e3
"""Means are cut at this many times the usual size before the full ones are tried."""
UNLIMITED = 1e7
"""A weight that a ratio drives beyond this is not limited."""


def solve_programme(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best of the portfolios that are allowed.

    Args:
        goal: With a positive definite covariance.
        allowed: Limits on the number and size of positions are left aside.

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
        return _solve_ratio(goal, allowed)
    calmer = _calmed(goal)
    if calmer is not None:
        found = _solve(write_programme(calmer, allowed), calmer, allowed)
        if _is_forced(found.weights, goal, calmer, allowed):
            return found
    return _solve(write_programme(goal, allowed), goal, allowed)


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


def _solve_ratio(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Solve in units that are adapted until the ratio is of order 1 in them."""
    units: tuple[float, float] | None = None
    has_reference = False
    failure: SolverError | None = None
    for _ in range(RESCALINGS):
        programme = write_programme(goal, allowed, units=units)
        try:
            found = _solve(programme, goal, allowed)
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
            units, has_reference = _reference_units(goal, allowed), True
    if failure is not None and units is not None:
        return _by_utilities(goal, allowed, units, failure)
    _raise_conflict(goal, allowed)
    raise _unlimited(allowed)


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
        found = _solve(write_programme(utility, allowed), utility, allowed)
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


def _reference_units(goal: Goal, allowed: FeasibleSet) -> tuple[float, float]:
    """Return net return and volatility of a portfolio whose ratio is above 0.

    That of least variance, or if need be that of the largest net return.

    Raises:
        NoPositiveReturnError: If the largest net return is not above 0.
    """
    bare = Goal(goal.covariance, max_volatility=goal.max_volatility)
    least = replace(bare, risk_aversion=1.0)
    weights = _solve(write_programme(least, allowed), least, allowed).weights
    if not _is_positive(goal, weights):
        most = replace(bare, mean=goal.mean, costs=goal.costs)
        weights = _solve(write_programme(most, allowed), most, allowed).weights
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


def _solve(programme: Programme, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the answer of the first solver whose residuals and limits hold.

    Where none is exact relative to a tiny objective, it is one that is so in absolute terms.
    """
    failures: list[str] = []
    rough: ArraySolution | None = None
    for stage in solver_stages(programme):
        status, point = attempt(programme, stage)
        if status == "infeasible":
            _raise_conflict(goal, allowed)
            status = "infeasible, which the constraints are not"
        if status == "unbounded":
            if not np.isfinite(np.concatenate(allowed.box())).all():
                raise _unlimited(allowed)
            status = "unbounded, which the constraints rule out"
        if point is None:
            failures.append(f"{stage.name}: {status}")
            continue
        point = polished(programme, point)
        found, wrong = _judged(programme, point, goal, allowed)
        if wrong:
            failures.append(f"{stage.name}: {status}, but {wrong}")
        if found is None:
            continue
        found = replace(found, solver=stage.solver)
        if not wrong:
            return _noted(found, failures, stage.name)
        if rough is None or found.residual < rough.residual:
            rough = found
    if rough is not None:
        return _noted(rough, failures, rough.solver)
    _raise_conflict(goal, allowed)
    condition = float(np.linalg.cond(goal.covariance))
    raise SolverError(
        f"Every solver failed ({'; '.join(failures)}). The condition number of the covariance is "
        f"{condition:.1e}; use a shrinkage covariance, drop near copies of assets, or widen "
        "constraints that leave next to no choice."
    )


def _judged(
    programme: Programme, point: Point, goal: Goal, allowed: FeasibleSet
) -> tuple[ArraySolution | None, str]:
    """Return the answer unless it is wrong, and what is wrong or rough about it."""
    worst = max(point.dual, point.gap)
    floor = rounding(programme, point.x)
    if not max(point.dual, point.gap * point.size) <= max(TOLERANCE, min(floor, ROUNDED)):
        return None, f"with a residual of {worst:.1e}"
    weights = programme.weights(point.x)
    ratio = None
    if programme.is_homogeneous:
        ratio = programme.ratio(point.x)
        held = ratio > LEAST_RATIO and np.abs(weights).max() < UNLIMITED
        weights = weights if held else np.full(len(weights), np.nan)
    if np.isfinite(weights).all():
        raw = weights
        weights = finished(raw, goal, allowed, is_exact=point.worst <= 1e-12)
        broken = broken_by(weights, goal, allowed)
        if not broken <= FEASIBLE:  # a tiny limit on risk may feel even dust
            weights, broken = raw, broken_by(raw, goal, allowed)
        if not broken <= FEASIBLE:
            return None, f"a limit is broken by {broken:.1e}"
    remarks: tuple[str, ...] = ()
    if worst > TOLERANCE:
        remarks = (
            f"The covariance is so ill-conditioned that a residual of {worst:.1e} is left by "
            "rounding.",
        )
    is_rough = worst > max(TOLERANCE, floor / point.size)
    return (
        ArraySolution(weights, "optimal", worst, "", objective=ratio, remarks=remarks),
        f"with a residual of {worst:.1e}" if is_rough else "",
    )


def _noted(found: ArraySolution, failures: list[str], name: str) -> ArraySolution:
    remarks = (f"Solved by {name} after {'; '.join(failures)}.",) if failures else ()
    return replace(found, remarks=remarks + found.remarks)


def _raise_conflict(goal: Goal, allowed: FeasibleSet) -> None:
    """Raise where the constraints contradict each other; a solver's word alone is not enough."""
    from blportfolio.optimise.conflicts.explain import explain

    error = explain(goal, allowed)
    if isinstance(error, InfeasibleError):
        raise error


def _unlimited(allowed: FeasibleSet) -> InfeasibleError:
    lower, upper = allowed.box()
    names = [
        asset
        for asset, low, high in zip(allowed.assets, lower, upper, strict=True)
        if np.isinf(low) or np.isinf(high)
    ]
    some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return InfeasibleError(
        f"The best portfolio is unlimited: nothing limits {some or 'the weights'} enough. Give "
        "finite `bounds`, a `gross_exposure`, or a `risk_aversion` above 0."
    )
