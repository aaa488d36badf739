"""The general solver: any goal and set of constraints as a conic programme, through cvxpy."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from blportfolio.errors import InfeasibleError, NoPositiveReturnError, SolverError
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.finish import broken_by, finished
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.polish import polished
from blportfolio.optimise.programme import Programme, write_programme
from blportfolio.optimise.residuals import Point, measured
from blportfolio.types import ArraySolution, FloatArray

if TYPE_CHECKING:
    import cvxpy as cp

TOLERANCE = 1e-7
"""Largest relative dual residual and gap of an answer that is accepted."""
FEASIBLE = 1e-9
"""Largest violation of a limit, in weight or relative to the limit's own size."""
LARGE = 100
"""From this many assets on OSQP goes before Clarabel for a quadratic programme."""
OPTIONS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"tol_feas": 1e-10, "tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "max_iter": 200},
    "OSQP": {"eps_abs": 1e-6, "eps_rel": 1e-6, "max_iter": 20_000, "polishing": False},
    "HIGHS": {},
    "SCS": {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 50_000},
}
"""What each solver is asked for."""
RESCALINGS = 4
"""Programmes written for a ratio until its unit of return fits."""
LEAST_RATIO = 1e-2
"""A ratio outside this and its inverse, in the programme's unit, is solved in another unit."""
UNLIMITED = 1e7
"""A weight that a ratio drives beyond this is not limited."""
CACHED = 16
"""Compiled programmes that each thread keeps."""


def solver_order(programme: Programme) -> tuple[str, ...]:
    """Return the solvers to try, first to last.

    Clarabel, then HiGHS for a linear and OSQP for a quadratic programme, and SCS last; from `LARGE`
    assets on OSQP goes first for a quadratic programme, whose answer the polish makes exact.
    """
    if programme.cones:
        return ("CLARABEL", "SCS")
    if not programme.quadratic.any():
        return ("CLARABEL", "HIGHS", "SCS")
    if len(programme.quadratic) >= LARGE:
        return ("OSQP", "CLARABEL", "SCS")
    return ("CLARABEL", "OSQP", "SCS")


def solve_programme(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best of the portfolios that are allowed.

    Args:
        goal: With a positive definite covariance.
        allowed: Limits on the number and size of positions are left aside.

    Returns:
        Weights whose `residual` is the larger of the dual residual and the duality gap, both
        relative and computed here; they are at most `TOLERANCE`, and every limit holds to
        `FEASIBLE`. A solver that failed on the way is named in the remarks.

    Raises:
        InfeasibleError: If no portfolio is allowed, or the best one is unlimited.
        NoPositiveReturnError: If no allowed portfolio has the positive net return a ratio needs.
        SolverError: If every solver fails.
    """
    if goal.is_ratio:
        return _solve_ratio(goal, allowed)
    return _solve(write_programme(goal, allowed), goal, allowed)


def _solve_ratio(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Solve with the unit of return adapted until the ratio is of order 1 in it."""
    unit = 0.0
    for _ in range(RESCALINGS):
        programme = write_programme(goal, allowed, return_unit=unit)
        found = _solve(programme, goal, allowed)
        reached = found.objective or 0.0
        if reached > LEAST_RATIO:
            if reached < 1 / LEAST_RATIO:
                break
            unit = programme.return_unit * reached
            continue
        # Too small to tell from none: the largest net return says which, and what its unit is.
        most = replace(goal, is_ratio=False, risk_aversion=0.0, min_return=None, centre=None)
        most = replace(most, uncertainty=None, scenarios=None)
        weights = _solve(write_programme(most, allowed), most, allowed).weights
        net, risk = goal.net_return(weights), goal.volatility(weights)
        size = 1.0 if goal.mean is None else float(np.abs(goal.mean).max())
        if net <= 1e-12 * size * max(1.0, float(np.abs(weights).sum())):
            raise NoPositiveReturnError(
                f"No allowed portfolio has a positive net return (the largest is {net:.3g} per "
                "period), so that there is no largest Sharpe ratio; widen the constraints, lower "
                "the costs, or say with `fallback` what to hold instead."
            )
        unit = net / risk * programme.risk_unit if risk > 0 else net
    if not np.isfinite(found.weights).all():
        raise _unlimited(allowed)
    return replace(found, objective=None)


def _solve(programme: Programme, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the answer of the first solver whose residuals and limits hold."""
    failures: list[str] = []
    for name in solver_order(programme):
        status, point = _run(programme, name)
        if status == "infeasible":
            from blportfolio.optimise.conflicts import explain

            error = explain(goal, allowed)
            if isinstance(error, InfeasibleError):
                raise error
            status = "infeasible, which the constraints are not"
        if status == "unbounded":
            if not np.isfinite(np.concatenate(allowed.box())).all():
                raise _unlimited(allowed)
            status = "unbounded, which the constraints rule out"
        if point is None:
            failures.append(f"{name}: {status}")
            continue
        point = polished(programme, point)
        worst = max(point.dual, point.gap)
        if not worst <= TOLERANCE:
            failures.append(f"{name}: {status}, but with a residual of {worst:.1e}")
            continue
        weights = programme.weights(point.x)
        ratio = None
        if programme.is_homogeneous:
            ratio = programme.ratio(point.x)
            held = ratio > LEAST_RATIO and np.abs(weights).max() < UNLIMITED
            weights = weights if held else np.full(len(weights), np.nan)
        if np.isfinite(weights).all():
            weights = finished(weights, goal, allowed, is_exact=point.worst <= 1e-12)
            broken = broken_by(weights, goal, allowed)
            if not broken <= FEASIBLE:
                failures.append(f"{name}: {status}, but a limit is broken by {broken:.1e}")
                continue
        remarks = (f"Solved by {name} after {'; '.join(failures)}.",) if failures else ()
        return ArraySolution(weights, "optimal", worst, name, objective=ratio, remarks=remarks)
    condition = float(np.linalg.cond(goal.covariance))
    raise SolverError(
        f"Every solver failed ({'; '.join(failures)}). The condition number of the covariance is "
        f"{condition:.1e}; use a shrinkage covariance, drop near copies of assets, or widen "
        "constraints that leave next to no choice."
    )


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


def _run(programme: Programme, name: str) -> tuple[str, Point | None]:
    """Return what a solver says, and its point where it has one."""
    import cvxpy as cp

    options = OPTIONS[name]
    model = _model(programme, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data, chain, inverse = model.problem.get_problem_data(name, solver_opts=options)
            raw = chain.solve_via_data(model.problem, data, False, False, options)
            model.problem.unpack_results(raw, chain, inverse)
        except cp.error.SolverError as error:
            return f"failed ({str(error).splitlines()[0][:60]})", None
        except (ArithmeticError, ValueError) as error:
            return f"failed ({type(error).__name__})", None
    status = str(model.problem.status)
    if status not in ("optimal", "optimal_inaccurate", "user_limit") or model.x.value is None:
        return status, None
    duals = [part for constraint in model.constraints for part in _duals(constraint)]
    z = np.concatenate(duals) if duals else np.zeros(0)
    x = np.asarray(model.x.value, dtype=float)
    return status, measured(programme, x, z) if len(z) == len(programme.offset) else None


def _duals(constraint: cp.Constraint) -> list[FloatArray]:
    value: Any = constraint.dual_value
    parts = value if isinstance(value, list) else [value]
    return [np.atleast_1d(np.asarray(part, dtype=float)).ravel() for part in parts]


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """A cvxpy problem with its variable, constraints and, where it has them, parameters."""

    problem: cp.Problem
    x: cp.Variable
    constraints: list[Any]
    parameters: list[Any]

    def fill(self, programme: Programme) -> None:
        """Give the parameters their values."""
        for parameter, value in zip(self.parameters, _values(programme), strict=True):
            if hasattr(value, "tocoo"):
                parameter.value_sparse = value.tocoo()
            else:
                parameter.save_value(value)  # not checked again: a check of P costs more than P


class _Cache(threading.local):
    """Compiled problems by shape, the latest last; a thread has its own."""

    def __init__(self) -> None:
        self.models: OrderedDict[tuple[Any, ...], _Model | None] = OrderedDict()


_CACHE = _Cache()


def _model(programme: Programme, name: str) -> _Model:
    """Return a programme as a cvxpy problem.

    A shape met for the first time is written with constants, which is the faster way to solve once;
    from the second time on it is kept with parameters (disciplined parametrised programming),
    which is faster from then on: both were measured at 10 to 500 assets.
    """
    matrix = programme.matrix
    pattern = hash((matrix.indices.tobytes(), matrix.indptr.tobytes()))
    sizes = (len(programme.quadratic), bool(programme.quadratic.any()), len(programme.linear))
    rows = (programme.n_zero, programme.n_nonnegative, programme.cones)
    key = (name, pattern, sizes, rows)
    models = _CACHE.models
    if key not in models:
        models[key] = None
        if len(models) > CACHED:
            models.popitem(last=False)
        return _written(programme, _values(programme))
    models.move_to_end(key)
    model = models[key]
    if model is None:
        model = models[key] = _parametrised(programme)
    model.fill(programme)
    return model


def _values(programme: Programme) -> list[Any]:
    """Return the data: P unless it is 0, q, and A and b of every cone that has rows."""
    values: list[Any] = [programme.quadratic] if programme.quadratic.any() else []
    values.append(programme.linear)
    first, second = programme.n_zero, programme.n_zero + programme.n_nonnegative
    for rows in (slice(0, first), slice(first, second), *programme.slices()):
        if rows.stop > rows.start:
            values += [programme.matrix[rows], programme.offset[rows]]
    return values


def _parametrised(programme: Programme) -> _Model:
    import cvxpy as cp

    parameters = []
    for value in _values(programme):
        if hasattr(value, "tocoo"):
            places = value.tocoo()
            parameters.append(cp.Parameter(value.shape, sparsity=(places.row, places.col)))
        else:
            parameters.append(cp.Parameter(value.shape, PSD=value.ndim == 2))
    return _written(programme, parameters, parameters)


def _written(
    programme: Programme, values: list[Any], parameters: list[Any] | None = None
) -> _Model:
    import cvxpy as cp

    x = cp.Variable(len(programme.linear))
    left = list(values)
    size = len(programme.quadratic)
    objective: Any = 0.0
    if programme.quadratic.any():
        curve = left.pop(0)
        curve = curve if parameters else cp.psd_wrap(curve)
        objective = cp.quad_form(x[:size], curve) / 2
    objective = objective + left.pop(0) @ x
    constraints: list[Any] = []
    if programme.n_zero:
        constraints.append(cp.Zero(left.pop(0) @ x - left.pop(0)))
    if programme.n_nonnegative:
        matrix, offset = left.pop(0), left.pop(0)
        constraints.append(cp.NonNeg(offset - matrix @ x))
    for _ in programme.cones:
        matrix, offset = left.pop(0), left.pop(0)
        slack = offset - matrix @ x
        constraints.append(cp.SOC(slack[0], slack[1:]))
    return _Model(cp.Problem(cp.Minimize(objective), constraints), x, constraints, parameters or [])
