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

    Raises:
        ConfigError: If a constraint is wrong.

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

    def solve_plain(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        previous: FloatArray | None,
    ) -> ArraySolution | None:
        """Return the answer of max Sharpe with volatilities for means; None where all are 0."""
        deviations = np.sqrt(np.diagonal(covariance))
        if not (deviations > 0).any():
            return None
        return long_only_solution(covariance, deviations, previous)
