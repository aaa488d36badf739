"""Solver after solver, until an answer passes checks that do not take its word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blportfolio.errors import InfeasibleError, SolverError
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.finish import broken_by, finished
from blportfolio.optimise.general.polish import polished
from blportfolio.optimise.general.residuals import Point, rounding
from blportfolio.optimise.general.solvers import NOT_FOR_IT, attempt
from blportfolio.optimise.general.stages import solver_stages
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution

TOLERANCE = 1e-7
"""Largest relative dual residual and gap of an answer that is accepted."""
ROUGH = 1e-6
"""The same, in absolute terms where the objective is small, if no solver does better."""
ROUNDED = 1e-4
"""Largest residual that is accepted, with a remark, where rounding leaves as much."""
FEASIBLE = 1e-9
"""Largest violation of a limit, in weight or relative to the limit's own size."""
LEAST_RATIO = 1e-2
"""A ratio outside this and its inverse, in the programme's units, is solved in others."""
UNLIMITED = 1e7
"""A weight that a ratio drives beyond this is not limited."""


def checked(
    programme: Programme, goal: Goal, allowed: FeasibleSet, *, explains: bool = True
) -> ArraySolution:
    """Return the answer of the first solver whose residuals and limits hold.

    Where none is exact relative to a tiny objective, it is one that is so in absolute terms.

    Args:
        programme: That of the goal.
        goal: What is minimised.
        allowed: What the weights must obey.
        explains: Whether an empty set is told by its conflict; otherwise a solver's word is enough.

    Raises:
        InfeasibleError: If no portfolio is allowed, or the best one is unlimited.
        SolverError: If every solver fails.
    """
    failures: list[str] = []
    rough: ArraySolution | None = None
    for stage in solver_stages(programme):
        status, point = attempt(programme, stage)
        if status == "infeasible":
            raise_conflict(goal, allowed, explains=explains)
            status = "infeasible, which the constraints are not"
        if status == "unbounded":
            has_curve = bool(programme.quadratic.any())  # positive definite then, so that none is
            if not (has_curve or np.isfinite(np.concatenate(allowed.box())).all()):
                raise unlimited(allowed)
            status = "unbounded, which the constraints rule out"
        if status == NOT_FOR_IT:
            continue
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
    if explains:
        raise_conflict(goal, allowed)
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
    if not max(point.dual, point.gap * min(point.size, 1.0)) <= max(ROUGH, min(floor, ROUNDED)):
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
    if ratio is not None and not LEAST_RATIO < ratio < 1 / LEAST_RATIO:
        is_rough = False  # good enough to tell the units in which it is solved again
    return (
        ArraySolution(weights, "optimal", worst, "", objective=ratio, remarks=remarks),
        f"with a residual of {worst:.1e}" if is_rough else "",
    )


def _noted(found: ArraySolution, failures: list[str], name: str) -> ArraySolution:
    remarks = (f"Solved by {name} after {'; '.join(failures)}.",) if failures else ()
    return replace(found, remarks=remarks + found.remarks)


def raise_conflict(goal: Goal, allowed: FeasibleSet, *, explains: bool = True) -> None:
    """Raise InfeasibleError if the constraints contradict each other, whatever solvers say."""
    if not explains:
        raise InfeasibleError("No portfolio is allowed.")
    from blportfolio.optimise.conflicts.explain import explain

    error = explain(goal, allowed)
    if isinstance(error, InfeasibleError):
        raise error


def unlimited(allowed: FeasibleSet) -> InfeasibleError:
    """Return the error that names the assets whose weights nothing limits."""
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
