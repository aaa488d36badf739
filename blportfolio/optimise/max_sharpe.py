"""Long-only maximum Sharpe ratio."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blportfolio.optimise.active_set import long_only_solution
from blportfolio.optimise.base import ArrayObjective
from blportfolio.optimise.min_variance import MinVariance
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_choice

FALLBACKS = ("min_variance", "previous", "cash")


@dataclass(frozen=True, slots=True)
class MaxSharpe(ArrayObjective):
    """max wᵀμ / √(wᵀCw) with w ≥ 0, Σw = 1, exactly.

    Attributes:
        fallback: What to hold when no expected return is above 0: the minimum-variance
            portfolio, the previous weights (minimum variance where there are none), or cash
            (all weights 0).

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Definition F.1.
    """

    fallback: str = "min_variance"

    def __post_init__(self) -> None:
        """Check the fallback."""
        check_choice(self.fallback, FALLBACKS, name="fallback")

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,  # noqa: ARG002, until constraints are read
    ) -> ArraySolution:
        """Return the weights; the support of `previous` seeds the active set."""
        if not (mean > 0).any():
            return self._fall_back(mean, covariance, previous)
        return long_only_solution(covariance, mean, None if previous is None else previous > 0)

    def _fall_back(
        self, mean: FloatArray, covariance: FloatArray, previous: FloatArray | None
    ) -> ArraySolution:
        if self.fallback == "cash":
            return ArraySolution(np.zeros(len(mean)), "fallback", 0.0, "none", "cash")
        held = None if previous is None else np.maximum(previous, 0.0)
        if self.fallback == "previous" and held is not None and held.sum() > 0:
            weights = held / held.sum()
            return ArraySolution(weights, "fallback", 0.0, "none", "previous")
        solution = MinVariance().solve_arrays(mean, covariance, previous=previous)
        return replace(solution, status="fallback", fallback="min_variance")
