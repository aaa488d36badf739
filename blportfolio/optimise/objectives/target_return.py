"""Least variance for a wanted return."""

from __future__ import annotations

from dataclasses import dataclass, field

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.limits import number
from blportfolio.optimise.objectives.targeted import TargetObjective
from blportfolio.optimise.units import per_period
from blportfolio.types import DecisionContext, FloatArray


@dataclass(frozen=True, slots=True)
class TargetReturn(TargetObjective):
    """min wᵀCw with wᵀμ − costs ≥ a target.

    Attributes:
        target: Least expected return, decimal per `unit`.
        unit: `period` of the data, or `year`; a year's target over the periods in it.
        fallback: Where no allowed portfolio reaches the target: `error`, or `nearest`, the one
            with the largest expected return.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.
    """

    target: float = 0.0
    unit: str = "period"
    fallback: str = "error"
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "target", number(self.target, name="target"))
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the variance, with the least return that is wanted."""
        target = per_period(self.target, self.unit, context)
        return Goal(covariance, mean, 2.0, min_return=target)
