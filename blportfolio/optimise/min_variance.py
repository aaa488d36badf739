"""Long-only minimum variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.optimise.active_set import regularise, solve_nonnegative
from blportfolio.optimise.base import ArrayObjective
from blportfolio.types import ArraySolution, FloatArray


@dataclass(frozen=True, slots=True)
class MinVariance(ArrayObjective):
    """min wᵀCw with w ≥ 0, Σw = 1, exactly: max Sharpe with equal means."""

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
    ) -> ArraySolution:
        """Return the weights; the support of `previous` seeds the active set."""
        if len(mean) == 1:
            return ArraySolution(np.ones(1), "optimal", 0.0, "one asset")
        matrix, ridge = regularise(covariance)
        # In units of the mean variance the solution is of order one, whatever the period.
        target = np.full(len(mean), float(np.trace(matrix)) / len(mean))
        found = solve_nonnegative(matrix, target, None if previous is None else previous > 0)
        return ArraySolution(
            found.solution / found.solution.sum(), "optimal", found.residual, found.solver,
            ridge=ridge,
        )  # fmt: skip
