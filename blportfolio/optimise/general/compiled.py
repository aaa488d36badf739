"""Programmes in cvxpy: compiled once per shape, and given to one solver at a time."""

from __future__ import annotations

import copy
import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.residuals import Point, measured
from blportfolio.optimise.general.stages import Stage
from blportfolio.types import FloatArray

if TYPE_CHECKING:
    import cvxpy as cp

CACHED = 16
"""Compiled programmes that each thread keeps."""


def attempt(programme: Programme, stage: Stage) -> tuple[str, Point | None]:
    """Return what a solver says, and its point where it has one."""
    import cvxpy as cp

    name, options = stage.solver, copy.deepcopy(stage.options)  # some solvers write into theirs
    model = _model(programme, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data, chain, inverse = model.problem.get_problem_data(name, solver_opts=options)
            raw = chain.solve_via_data(model.problem, data, False, False, options)
            model.problem.unpack_results(raw, chain, inverse)
        except cp.error.SolverError:
            return "failed numerically", None
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

    A shape met for the first time is written with constants; from the second time on it is kept
    with parameters (disciplined parametrised programming). Compiling took, with constants, with
    parameters at first and again, 3.7, 6.4 and 1.3 ms at 20 assets, 4.8, 9 and 1.5 ms at 100, and
    54, 100 and 5 ms at 500: parameters pay from the second solution on, at every size.
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

    atoms: Any = cp  # not all are in its list of exports

    x = cp.Variable(len(programme.linear))
    left = list(values)
    size = len(programme.quadratic)
    objective: Any = 0.0
    if programme.quadratic.any():
        curve = left.pop(0)
        curve = curve if parameters else atoms.psd_wrap(curve)
        objective = atoms.quad_form(x[:size], curve) / 2
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
