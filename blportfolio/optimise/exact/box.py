"""Exact portfolios under bounds and a budget: block principal pivoting on Cholesky blocks."""

from __future__ import annotations

from blportfolio.optimise.exact.box_problem import Problem
from blportfolio.optimise.exact.face import Box, BoxSolution, States
from blportfolio.optimise.exact.primal import walk
from blportfolio.types import FloatArray

PATIENCE = 10
"""Rounds in which the number of what is wrong need not fall."""


def solve_box(
    covariance: FloatArray, linear: FloatArray, box: Box, states: States | None = None
) -> BoxSolution:
    """Solve min ½wᵀCw − mᵀw in a box that is not empty, for positive definite C.

    All weights outside their bounds go to these, and all at a bound whose multiplier has the wrong
    sign are released, at once, while their number falls. When it has not fallen for some rounds,
    a primal active set, which changes one at a time and is finite, takes over.

    Args:
        covariance: (n_assets, n_assets) C.
        linear: (n_assets,) m.
        box: Bounds and budget.
        states: (n_assets,) states to start from; they do not change the answer. All free, where
            bounds allow it, by default.

    Raises:
        DataError: If C is too ill-conditioned.

    References:
        Júdice and Pires (1994), A block principal pivoting algorithm for large-scale strictly
        monotone linear complementarity problems.
    """
    problem = Problem(covariance, linear, box)
    for given in (None,) if states is None else (states, None):
        point = problem.start(given)
        fewest, patience = len(linear) + 2, PATIENCE
        while patience:
            wrong = problem.settle(point)
            if not wrong:
                return problem.finish(point, "active set")
            if wrong < fewest:
                fewest, patience = wrong, PATIENCE
            else:
                patience -= 1
    return problem.finish(walk(problem, point), "primal active set")
