"""Sends a goal to the engine that solves it: exact where it can be, conic for the rest."""

from __future__ import annotations

from dataclasses import replace

from blportfolio.optimise.exact.conditioning import factorised
from blportfolio.optimise.exact.engine import exact_solution
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import ArraySolution


def optimise(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best of the portfolios that are allowed.

    A singular covariance gets the documented ridge first.

    Raises:
        DataError: If the covariance is not positive semi-definite.
        InfeasibleError: If no portfolio is allowed, or none meets the goal's own limits.
        SolverError: If every solver fails.
    """
    covariance, ridge, factor = factorised(goal.covariance)
    goal = replace(goal, covariance=covariance)
    remarks = allowed.remarks
    if allowed.relax:
        from blportfolio.optimise.conflicts.explain import loosen

        allowed, loosened = loosen(covariance, allowed)
        remarks += loosened
    if allowed.is_selective:
        from blportfolio.optimise.selection.search import solve_selective

        solution = solve_selective(goal, allowed)
    else:
        solution = optimise_convex(goal, allowed)
    weights = solution.weights
    return replace(
        solution,
        ridge=ridge,
        factor=factor,
        primal=max(allowed.violation(weights, covariance), goal.violation(weights), 0.0),
        objective=goal.value(weights),
        remarks=remarks + solution.remarks,
    )


def optimise_convex(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best portfolio, leaving limits on the number and size of positions aside.

    The covariance must be positive definite.

    Raises:
        InfeasibleError: If there is none.
        SolverError: If every solver fails.
    """
    solution = exact_solution(goal, allowed)
    if solution is not None:
        return solution
    from blportfolio.optimise.general.solver import solve_programme

    return solve_programme(goal, allowed)
