"""What every objective with constraints does: goal and limits into the engines, and back."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import CostArrays, Costs
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.feasible import FeasibleSet, feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.base import ArrayObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray


class ConstrainedObjective(ArrayObjective):
    """An objective defined by its `goal`, under constraints."""

    __slots__ = ()
    is_maximised: ClassVar[bool] = False
    constraints: Constraints

    @abstractmethod
    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return what is minimised, costs left aside."""

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the solution; `previous` are the weights before the trade and seed the search."""
        known = positions(len(mean)) if context is None else context
        costs = self.priced(previous, known)
        if self.constraints.is_default and costs is None:
            solution = self.solve_plain(mean, covariance, previous)
            if solution is not None:
                return solution
        allowed = feasible_set(self.constraints, previous, known)
        goal = self.goal(mean, covariance, known)
        return self.solve_goal(replace(goal, costs=costs), allowed)

    def solve_plain(
        self,
        mean: FloatArray,  # noqa: ARG002, for those with a shorter way
        covariance: FloatArray,  # noqa: ARG002
        previous: FloatArray | None,  # noqa: ARG002
    ) -> ArraySolution | None:
        """Return the long-only, fully invested, free answer where there is a shorter way to it."""
        return None

    def solve_goal(self, goal: Goal, allowed: FeasibleSet) -> ArraySolution:
        """Return the best allowed portfolio."""
        solution = optimise(goal, allowed)
        if self.is_maximised and solution.objective is not None:
            return replace(solution, objective=-solution.objective)
        return solution

    def value_of(
        self,
        weights: FloatArray,
        mean: FloatArray,
        covariance: FloatArray,
        context: DecisionContext,
    ) -> float | None:
        """Return what weights are worth to the goal, costs left aside."""
        value = self.goal(mean, covariance, context).value(weights)
        return -value if self.is_maximised else value

    def priced(
        self,
        previous: FloatArray | None,  # noqa: ARG002, for those with costs
        context: DecisionContext,  # noqa: ARG002, for those with costs
    ) -> CostArrays | None:
        """Return the costs of a decision; None where the objective knows none."""
        return None

    def read_tables(self) -> None:
        """Read constraints that were given as the table of a file."""
        object.__setattr__(self, "constraints", Constraints.of(self.constraints))


class CostedObjective(ConstrainedObjective):
    """An objective with constraints, net of costs."""

    __slots__ = ()
    costs: Costs

    def priced(self, previous: FloatArray | None, context: DecisionContext) -> CostArrays | None:
        """Return the costs of a decision, or None where nothing costs anything."""
        return self.costs.arrays(previous, context)

    def read_tables(self) -> None:
        """Read constraints and costs that were given as the tables of a file."""
        super().read_tables()
        object.__setattr__(self, "costs", Costs.of(self.costs))


def positions(size: int) -> DecisionContext:
    """Return a context whose labels are positions, for arrays that come without labels."""
    return DecisionContext(tuple(str(i) for i in range(size)))
