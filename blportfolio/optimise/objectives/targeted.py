"""What objectives with a target share: its unit, and what is held where it is out of reach."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from blportfolio.errors import InfeasibleError
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.optimise.units import check_unit
from blportfolio.types import ArraySolution
from blportfolio.validation import check_choice

FALLBACKS = ("error", "nearest")
IN_REACH = 1e-9
"""A target missed by less than this, relative to its size, is tried."""


class TargetObjective(CostedObjective):
    """An objective whose `goal` has a least return or a largest volatility."""

    __slots__ = ()
    unit: str
    fallback: str

    def read_tables(self) -> None:
        """Check unit and fallback, and read constraints and costs."""
        check_unit(self.unit)
        check_choice(self.fallback, FALLBACKS, name="fallback")
        super().read_tables()

    def solve_goal(self, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
        """Return the best allowed portfolio, or the nearest to the target where that is wanted."""
        if self.fallback == "error":
            return super().solve_goal(goal, allowed)
        nearest = None
        if not allowed.is_selective:  # then it takes less than to find out what is in the way
            with suppress(InfeasibleError):  # as where returns have no limit
                nearest = self._nearest(goal, allowed)
        if nearest is None or goal.violation(nearest.weights) <= IN_REACH:
            try:
                return super().solve_goal(goal, allowed)
            except InfeasibleError:
                pass
        # Fails in the same words where the constraints themselves are the conflict.
        return nearest or self._nearest(goal, allowed)

    def _nearest(self, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
        """Return the portfolio of the largest return, or of the smallest volatility."""
        if goal.max_volatility is None:
            found = optimise(replace(goal, risk_aversion=0.0, min_return=None), allowed)
            missed = f"A return of {goal.min_return:.3g} per period is out of reach; held the "
            missed += f"portfolio of the largest, {goal.net_return(found.weights):.3g}."
        else:
            found = optimise(Goal(goal.covariance, risk_aversion=2.0), allowed)
            missed = f"A volatility of {goal.max_volatility:.3g} per period is out of reach; held "
            missed += f"the portfolio of the smallest, {goal.volatility(found.weights):.3g}."
        value = goal.value(found.weights)
        return replace(
            found,
            status="fallback",
            fallback="nearest",
            objective=-value if self.is_maximised else value,
            remarks=(*found.remarks, missed),
        )
