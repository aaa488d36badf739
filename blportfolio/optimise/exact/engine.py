"""Which goals the exact engine takes, and its answers to them."""

from __future__ import annotations

import math

import numpy as np

from blportfolio.errors import NoPositiveReturnError
from blportfolio.optimise.exact.box import solve_box
from blportfolio.optimise.exact.conditioning import power_of_four
from blportfolio.optimise.exact.critical_line import Line
from blportfolio.optimise.exact.face import Box, BoxSolution, States, states_of
from blportfolio.optimise.exact.parametric import for_ratio, for_return, for_volatility
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution, FloatArray


def exact_solution(goal: Goal, allowed: FeasibleSet) -> ArraySolution | None:
    """Return the exact answer, or None where the goal needs a general solver.

    It takes variance, return, a benchmark as centre, a ratio and limits on return or volatility,
    under bounds and a budget or cash alone. The covariance must be positive definite.

    Raises:
        DataError: If the covariance is too ill-conditioned.
        InfeasibleError: If no portfolio is allowed, or none meets the goal's own limits.
        NoPositiveReturnError: If a ratio is wanted and no portfolio has a return above 0.
    """
    if not allowed.is_box or not _is_quadratic(goal):
        return None
    box = Box(*allowed.box(), *allowed.budget())
    found = None
    if not box.is_empty():
        states = None if allowed.previous is None else states_of(allowed.previous, box)
        size = len(box.lower)
        # Weights do not depend on the units of risk and return; near 1 nothing over- or underflows.
        risk_unit = power_of_four(float(np.diagonal(goal.covariance).max()))
        mean = np.zeros(size) if goal.mean is None else goal.mean
        unit = power_of_four(float(np.abs(mean).max()))
        line = Line(goal.covariance * risk_unit, np.zeros(size), mean * unit, box)
        if goal.is_ratio:
            found = for_ratio(line, states)
            if found is None:
                raise NoPositiveReturnError(
                    "No allowed portfolio has an expected return above 0, so none has a largest "
                    "ratio of return to volatility. MaxSharpe(fallback=…) says what to hold "
                    "instead."
                )
        elif goal.max_volatility is not None:
            found = _below_volatility(goal, line, risk_unit, unit, states)
        elif goal.min_return is not None:
            centred = line if goal.centre is None else _centred(line, goal.centre)
            found = for_return(centred, goal.min_return * unit, states)
        elif goal.risk_aversion > 0:
            linear = mean * (risk_unit / goal.risk_aversion)
            if goal.centre is not None:
                linear = linear + line.covariance @ goal.centre
            found = solve_box(line.covariance, linear, box, states)
        else:
            found = line.peak()
            if found is None:
                return None
    if found is None:
        from blportfolio.optimise.conflicts.explain import explain

        raise explain(goal, allowed)
    return ArraySolution(found.weights, "optimal", found.residual, found.solver)


def box_solution(
    covariance: FloatArray,
    linear: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    budget: tuple[float, float],
    start: FloatArray | None = None,
) -> ArraySolution | None:
    """Return the exact solution of min ½wᵀCw − mᵀw, l ≤ w ≤ u, unchecked; None if there is none.

    Args:
        covariance: (n_assets, n_assets) C, positive definite.
        linear: (n_assets,) m.
        lower: (n_assets,) l; −inf for none.
        upper: (n_assets,) u; inf for none.
        budget: Least and largest sum of the weights.
        start: (n_assets,) weights near the solution; they do not change it.

    Raises:
        DataError: If C is too ill-conditioned.
    """
    box = Box(lower, upper, *budget)
    if box.is_empty():
        return None
    found = solve_box(covariance, linear, box, None if start is None else states_of(start, box))
    return ArraySolution(found.weights, "optimal", found.residual, found.solver)


def _is_quadratic(goal: Goal) -> bool:
    if goal.costs is not None or goal.uncertainty is not None or goal.scenarios is not None:
        return False
    if goal.is_ratio:
        return goal.min_return is None and goal.max_volatility is None
    return goal.max_volatility is None or goal.centre is None


def _centred(line: Line, centre: FloatArray) -> Line:
    return line._replace(base=line.covariance @ centre)


def _below_volatility(
    goal: Goal, line: Line, risk_unit: float, unit: float, start: States | None
) -> BoxSolution | None:
    """Return the best portfolio whose volatility is within the goal's limit, or None."""
    most = 0.0 if goal.max_volatility is None else goal.max_volatility
    if goal.min_return is not None:
        found: BoxSolution | None = for_return(line, goal.min_return * unit, start)
    elif goal.risk_aversion > 0:
        found = line.at(risk_unit / (goal.risk_aversion * unit), start)
    else:
        return for_volatility(line, most * math.sqrt(risk_unit), start)
    if found is None or goal.volatility(found.weights) <= most * (1 + 1e-12):
        return found
    if goal.min_return is not None:
        return None
    return for_volatility(line, most * math.sqrt(risk_unit), start)
