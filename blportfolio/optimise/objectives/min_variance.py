"""Minimum variance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.exact.active_set import long_only_solution
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class MinVariance(CostedObjective):
    """min ½δ wᵀCw + costs; by default min wᵀCw with w ≥ 0, Σw = 1, exactly.

    Attributes:
        risk_aversion: δ > 0, what variance weighs against costs; without costs it does not matter.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.
    """

    risk_aversion: float = 2.5
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(self.risk_aversion, name="risk_aversion")
        self.read_tables()

    def goal(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        context: DecisionContext,  # noqa: ARG002, the shared signature
    ) -> Goal:
        """Return the variance; without costs wᵀCw itself."""
        return Goal(covariance, risk_aversion=2.0 if self.costs.is_free else self.risk_aversion)

    def solve_plain(
        self, mean: FloatArray, covariance: FloatArray, previous: FloatArray | None
    ) -> ArraySolution:
        """Return the answer of max Sharpe for equal means, which is the same."""
        return long_only_solution(covariance, np.ones(len(mean)), previous)
