"""One attempt of one solver at a programme, and what it answers, measured."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.interior import Interior
from blportfolio.optimise.general.residuals import Point, measured
from blportfolio.optimise.general.stages import Stage
from blportfolio.types import FloatArray

WORDS = {
    "Solved": "optimal",
    "AlmostSolved": "optimal_inaccurate",
    "PrimalInfeasible": "infeasible",
    "DualInfeasible": "unbounded",
    "solved": "optimal",
    "primal infeasible": "infeasible",
    "dual infeasible": "unbounded",
}
"""Words of Clarabel and of OSQP, as cvxpy has them."""
NOT_FOR_IT = "does not apply"
"""Status where a method does not take programmes of this form."""
Answer = tuple[str, FloatArray | None, FloatArray | None]
"""What a solver says, its x and its z."""


def attempt(programme: Programme, stage: Stage) -> tuple[str, Point | None]:
    """Return what a solver says, and its point where it has one.

    Clarabel and OSQP take the programme as it is: compiling it by cvxpy first takes longer than
    solving it, even with parameters. So does our own method; the others are called through cvxpy.
    """
    call = _CALLS.get(stage.solver, _by_cvxpy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            status, x, z = call(programme, stage)
        except (ArithmeticError, ValueError) as error:
            return f"failed ({type(error).__name__})", None
    if x is None or z is None or status in ("infeasible", "unbounded"):
        return status, None
    return status, measured(programme, x, z) if len(z) == len(programme.offset) else None


def _by_clarabel(programme: Programme, stage: Stage) -> Answer:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name, value in stage.options.items():
        setattr(settings, name, value)
    sizes = (
        (clarabel.ZeroConeT, programme.n_zero),
        (clarabel.NonnegativeConeT, programme.n_nonnegative),
    )
    cones = [cone(size) for cone, size in sizes if size]
    cones += [clarabel.SecondOrderConeT(size) for size in programme.cones]
    found = clarabel.DefaultSolver(
        _curvature(programme),
        programme.linear,
        programme.matrix.tocsc(),
        programme.offset,
        cones,
        settings,
    ).solve()
    status = str(found.status)
    return WORDS.get(status, status), np.array(found.x), np.array(found.z)


def _by_osqp(programme: Programme, stage: Stage) -> Answer:
    import osqp

    lower = programme.offset.copy()
    lower[programme.n_zero :] = -np.inf
    model = osqp.OSQP()
    model.setup(
        _curvature(programme),
        programme.linear,
        programme.matrix.tocsc(),
        lower,
        programme.offset,
        verbose=False,
        **stage.options,
    )
    found = model.solve(raise_error=False)
    return WORDS.get(found.info.status, found.info.status), found.x, found.y


def _by_cvxpy(programme: Programme, stage: Stage) -> Answer:
    import cvxpy

    cp: Any = cvxpy  # its functions are not typed
    x = cp.Variable(len(programme.linear))
    cost = programme.linear @ x
    if programme.quadratic.any():
        size = len(programme.quadratic)
        cost += cp.quad_form(x[:size], cp.psd_wrap(programme.quadratic)) / 2
    rest = programme.offset - programme.matrix @ x
    ends = programme.n_zero, programme.n_zero + programme.n_nonnegative
    limits = [cp.Zero(-rest[: ends[0]])] if ends[0] else []
    limits += [cp.NonNeg(rest[ends[0] : ends[1]])] if programme.n_nonnegative else []
    limits += [cp.SOC(rest[part][0], rest[part][1:]) for part in programme.slices()]
    problem = cp.Problem(cp.Minimize(cost), limits)
    try:
        problem.solve(solver=stage.solver, **stage.options)
    except cp.error.SolverError:
        return "failed numerically", None, None
    duals = [
        np.ravel(part)
        for limit in limits
        for part in (limit.dual_value if isinstance(limit.dual_value, list) else [limit.dual_value])
        if part is not None
    ]
    return problem.status, x.value, np.concatenate([np.zeros(0), *duals])


def _by_interior(programme: Programme, stage: Stage) -> Answer:
    del stage  # it has no options
    method = Interior(programme)
    return method.solve() if method.fits else (NOT_FOR_IT, None, None)


def _curvature(programme: Programme) -> sp.csc_array:
    """Return the upper triangle of P."""
    size, count = len(programme.quadratic), len(programme.linear)
    upper = sp.csc_array(np.triu(programme.quadratic))
    ends = np.append(upper.indptr, np.full(count - size, upper.indptr[-1], dtype=np.int32))
    return sp.csc_array((upper.data, upper.indices, ends), shape=(count, count))


_CALLS: dict[str, Callable[[Programme, Stage], Answer]] = {
    "CLARABEL": _by_clarabel,
    "OSQP": _by_osqp,
    "INTERIOR": _by_interior,
}
