"""Largest diversification ratio."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.exact.active_set import long_only_solution
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import ConstrainedObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray


@dataclass(frozen=True, slots=True)
class MaxDiversification(ConstrainedObjective):
    """max wᵀσ / √(wᵀCw), the mean volatility of the assets over that of the portfolio.

    It is max Sharpe with volatilities σ for means. Being free of expected returns it takes no
    costs; `turnover` and trade bounds of the constraints limit trading.

    Attributes:
        constraints: Long-only and fully invested by default.

    References:
        Choueifaty and Coignard (2008), Toward Maximum Diversification, equation 1.
    """

    constraints: Constraints = field(default_factory=Constraints)

    def __post_init__(self) -> None:
        """Check the constraints."""
        self.read_tables()

    def goal(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        context: DecisionContext,  # noqa: ARG002, the shared signature
    ) -> Goal:
        """Return the ratio."""
        return Goal(covariance, np.sqrt(np.diagonal(covariance)), is_ratio=True)

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the weights; the support of `previous` seeds the active set."""
        deviations = np.sqrt(np.diagonal(covariance))
        if self.is_plain and (deviations > 0).any():
            support = None if previous is None else previous > 0
            return long_only_solution(covariance, deviations, support)
        return ConstrainedObjective.solve_arrays(
            self, mean, covariance, previous=previous, context=context
        )
