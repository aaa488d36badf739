"""Largest expected return for a wanted volatility."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.targeted import TargetObjective
from blportfolio.optimise.units import per_period
from blportfolio.types import DecisionContext, FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class TargetVolatility(TargetObjective):
    """max wᵀμ − costs with √(wᵀCw) ≤ a target.

    Attributes:
        target: Largest volatility, decimal per `unit`.
        unit: `year`, or `period` of the data; a year's volatility over the square root of the
            periods in it.
        fallback: Where every allowed portfolio is riskier: `error`, or `nearest`, the one of
            minimum variance.
        constraints: Long-only and fully invested by default; with `cash` a target is always met.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.
    """

    is_maximised: ClassVar[bool] = True
    target: float = 0.1
    unit: str = "year"
    fallback: str = "error"
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(self.target, name="target")
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the expected return, with the largest volatility that is wanted."""
        target = per_period(self.target, self.unit, context, is_volatility=True)
        return Goal(covariance, mean, max_volatility=target)
