"""Least variance for a wanted return."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from blportfolio.errors import InfeasibleError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.limits import number
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.optimise.units import check_unit, per_period
from blportfolio.types import ArraySolution, DecisionContext, FloatArray
from blportfolio.validation import check_choice

FALLBACKS = ("error", "nearest")


@dataclass(frozen=True, slots=True)
class TargetReturn(CostedObjective):
    """min wᵀCw with wᵀμ − costs ≥ a target.

    Attributes:
        target: Least expected return, decimal per `unit`.
        unit: `period` of the data, or `year`; a year's target over the periods in it.
        fallback: Where no allowed portfolio reaches the target: `error`, or `nearest`, the one
            with the largest expected return.
        constraints: Long-only and fully invested by default.
        costs: None by default.
    """

    target: float = 0.0
    unit: str = "period"
    fallback: str = "error"
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "target", number(self.target, name="target"))
        check_unit(self.unit)
        check_choice(self.fallback, FALLBACKS, name="fallback")
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the variance, with the least return that is wanted."""
        target = per_period(self.target, self.unit, context)
        return Goal(covariance, mean, 2.0, min_return=target)

    def solve_goal(self, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
        """Return the best allowed portfolio, or the nearest to the target where that is wanted."""
        try:
            return optimise(goal, allowed)
        except InfeasibleError:
            if self.fallback == "error":
                raise
        # Fails in the same words where the constraints themselves are the conflict.
        reachable = optimise(replace(goal, risk_aversion=0.0, min_return=None), allowed)
        best = goal.net_return(reachable.weights)
        return replace(
            reachable,
            status="fallback",
            fallback="nearest",
            objective=goal.value(reachable.weights),
            remarks=(
                *reachable.remarks,
                f"The target of {goal.min_return:.3g} per period is out of reach; held the "
                f"portfolio of the largest expected return, {best:.3g}.",
            ),
        )
