"""Long-only minimum variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.optimise.active_set import long_only_solution
from blportfolio.optimise.base import ArrayObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray


@dataclass(frozen=True, slots=True)
class MinVariance(ArrayObjective):
    """min wᵀCw with w ≥ 0, Σw = 1, exactly: max Sharpe with equal means."""

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,  # noqa: ARG002, until constraints are read
    ) -> ArraySolution:
        """Return the weights; the support of `previous` seeds the active set."""
        support = None if previous is None else previous > 0
        return long_only_solution(covariance, np.ones(len(mean)), support)
