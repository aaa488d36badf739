"""Maximum Sharpe ratio."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from blportfolio.errors import NoPositiveReturnError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.exact.active_set import long_only_solution
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective, positions
from blportfolio.optimise.objectives.min_variance import MinVariance
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_choice

FALLBACKS = ("min_variance", "previous", "cash")


@dataclass(frozen=True, slots=True)
class MaxSharpe(CostedObjective):
    """max (wᵀμ − costs) / √(wᵀCw); by default with w ≥ 0, Σw = 1, exactly.

    Attributes:
        fallback: What to hold when no allowed portfolio has an expected return above 0: the
            minimum-variance portfolio; the previous weights (minimum variance where there are
            none, or they are not allowed); or cash (all weights 0).
        constraints: Long-only and fully invested by default. The ratio does not change with the
            share of cash, so that what `cash` bounds leave open is invested, or held in cash when
            nothing has an expected return above 0.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Definition F.1.
    """

    fallback: str = "min_variance"
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_choice(self.fallback, FALLBACKS, name="fallback")
        self.read_tables()

    def goal(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        context: DecisionContext,  # noqa: ARG002, the shared signature
    ) -> Goal:
        """Return the ratio."""
        return Goal(covariance, mean, is_ratio=True)

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the weights, or the fallback's where no return is above 0."""
        try:
            return CostedObjective.solve_arrays(
                self, mean, covariance, previous=previous, context=context
            )
        except NoPositiveReturnError:
            return self._fall_back(mean, covariance, previous, context)

    def solve_plain(
        self, mean: FloatArray, covariance: FloatArray, previous: FloatArray | None
    ) -> ArraySolution:
        """Return the weights; the support of `previous` seeds the active set.

        Raises:
            NoPositiveReturnError: If no mean is above 0.
        """
        if not (mean > 0).any():
            raise NoPositiveReturnError("`mean` has no entry above 0.")
        return long_only_solution(covariance, mean, previous)

    def _fall_back(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        previous: FloatArray | None,
        context: DecisionContext | None,
    ) -> ArraySolution:
        if self.fallback == "cash":
            return _noted(ArraySolution(np.zeros(len(mean)), "optimal", 0.0, "none"), "cash")
        kept = None if self.fallback != "previous" else self._kept(covariance, previous, context)
        if kept is not None:
            return _noted(ArraySolution(kept, "optimal", 0.0, "none"), "previous")
        safest = MinVariance(constraints=self.constraints)
        solution = safest.solve_arrays(mean, covariance, previous=previous, context=context)
        return _noted(solution, "min_variance")

    def _kept(
        self,
        covariance: FloatArray,
        previous: FloatArray | None,
        context: DecisionContext | None,
    ) -> FloatArray | None:
        """Return the previous weights, or None where there are none or they are not allowed."""
        if previous is None:
            return None
        if self.constraints.is_default:
            held = np.maximum(previous, 0.0)
            return held / held.sum() if held.sum() > 0 else None
        known = positions(len(previous)) if context is None else context
        allowed = feasible_set(self.constraints, previous, known)
        return previous if allowed.violation(previous, covariance) <= 1e-9 else None


def _noted(solution: ArraySolution, held: str) -> ArraySolution:
    """Return a fallback's solution, which says so."""
    remark = f"No allowed portfolio has an expected return above 0; held {held} instead."
    return replace(solution, status="fallback", fallback=held, remarks=(*solution.remarks, remark))
