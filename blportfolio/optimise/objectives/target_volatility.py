"""Largest expected return for a wanted volatility."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from blportfolio.errors import InfeasibleError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.optimise.units import check_unit, per_period
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_choice, check_positive

FALLBACKS = ("error", "nearest")


@dataclass(frozen=True, slots=True)
class TargetVolatility(CostedObjective):
    """max wᵀμ − costs with √(wᵀCw) ≤ a target.

    Attributes:
        target: Largest volatility, decimal per `unit`.
        unit: `year`, or `period` of the data; a year's volatility over the square root of the
            periods in it.
        fallback: Where every allowed portfolio is riskier: `error`, or `nearest`, the one of
            minimum variance.
        constraints: Long-only and fully invested by default; with `cash` a target is always met.
        costs: None by default.
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
        check_unit(self.unit)
        check_choice(self.fallback, FALLBACKS, name="fallback")
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the expected return, with the largest volatility that is wanted."""
        target = per_period(self.target, self.unit, context, is_volatility=True)
        return Goal(covariance, mean, max_volatility=target)

    def solve_goal(self, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
        """Return the best allowed portfolio, or the least risky where that is wanted."""
        try:
            found = optimise(goal, allowed)
        except InfeasibleError:
            if self.fallback == "error":
                raise
        else:
            return replace(found, objective=goal.net_return(found.weights))
        # Fails in the same words where the constraints themselves are the conflict.
        found = optimise(Goal(goal.covariance, risk_aversion=2.0), allowed)
        return replace(
            found,
            status="fallback",
            fallback="nearest",
            objective=goal.net_return(found.weights),
            remarks=(
                *found.remarks,
                f"A volatility of {goal.max_volatility:.3g} per period is out of reach; held the "
                f"portfolio of minimum variance, {goal.volatility(found.weights):.3g}.",
            ),
        )
