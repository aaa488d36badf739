"""Long-only minimum variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.optimise.active_set import long_only_solution
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
        # In units of the mean variance the solution is of order one, whatever the period.
        variance = float(np.trace(covariance)) / len(mean)
        return long_only_solution(covariance, np.full(len(mean), variance), previous)
