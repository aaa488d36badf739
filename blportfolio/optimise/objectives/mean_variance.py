"""Mean-variance utility."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.exact.conditioning import factorised
from blportfolio.optimise.exact.engine import box_solution
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class MeanVariance(CostedObjective):
    """max wᵀμ − ½δ wᵀCw − costs.

    Attributes:
        risk_aversion: δ > 0, the same for days and years.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Definition 2.1.
    """

    is_maximised: ClassVar[bool] = True
    risk_aversion: float = 2.5
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(self.risk_aversion, name="risk_aversion")
        self.read_tables()

    def goal(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        context: DecisionContext,  # noqa: ARG002, the shared signature
    ) -> Goal:
        """Return the utility as something to minimise."""
        return Goal(covariance, mean, self.risk_aversion)

    def solve_plain(
        self, mean: FloatArray, covariance: FloatArray, previous: FloatArray | None
    ) -> ArraySolution | None:
        """Return the answer of the exact engine, without its limits as arrays."""
        regular, ridge, factor = factorised(covariance)
        floor, ceiling = np.zeros(len(mean)), np.full(len(mean), np.inf)
        linear = mean / self.risk_aversion
        solution = box_solution(regular, linear, floor, ceiling, (1.0, 1.0), previous)
        return None if solution is None else replace(solution, ridge=ridge, factor=factor)
