"""A primal active set for bounds and a budget: one change at a time, and finite."""

from __future__ import annotations

import math

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.exact.box_problem import Point, Problem
from blportfolio.optimise.exact.face import FREE, LOWER, ROUNDING, SLACK, UPPER, States
from blportfolio.types import FloatArray

IDLE = 5
"""Faces without a gain after which the walk counts as going round in circles."""


def walk(problem: Problem, point: Point) -> Point:
    """Return the solution, walking from the allowed portfolio next to `point`.

    From allowed weights it goes towards the best ones of the current face until a bound stops it;
    on reaching them it releases the bound whose multiplier is most wrong. Where that no longer
    gains anything, it releases the first one, so that it cannot go round in circles (Bland's rule),
    and takes multipliers for right that are wrong by less than 1e-12.

    Raises:
        DataError: If rounding keeps it from arriving.
    """
    weights = _inside(problem, point.weights)
    point.states[:] = np.where(weights >= problem.upper, UPPER, FREE)
    point.states[weights <= problem.lower] = LOWER
    idle, best = 0, math.inf
    for _ in range(100 * len(weights) + 100):
        has_free = problem.place(point)
        aim = point.weights
        step, blocked = _first_bound(problem, weights, aim, point.states)
        budget_step, side = _first_budget(problem, weights, aim, point.side)
        if min(step, budget_step) < 1:
            weights = weights + min(step, budget_step) * (aim - weights)
            if step <= budget_step:
                is_low = aim[blocked] < weights[blocked] or aim[blocked] < problem.lower[blocked]
                point.states[blocked] = LOWER if is_low else UPPER
                bound = problem.lower if is_low else problem.upper
                weights[blocked] = bound[blocked]
            else:
                point.side = side
            continue
        weights = aim
        if not has_free and point.side != FREE:
            if problem.settle_vertex(point) == 0:
                return point
            continue
        if problem.settle_budget(point):
            continue
        value = problem.value(point)
        idle = 0 if value < best else idle + 1
        best = min(best, value)
        slack = point.tolerance * (1 if idle < IDLE else SLACK / ROUNDING)
        excess = problem.movable * point.states * point.gradient - slack
        wrong = np.flatnonzero((point.states != FREE) & (excess > 0))
        if not len(wrong):
            return point
        released = wrong[int(np.argmax(excess[wrong]))] if idle < IDLE else wrong[0]
        point.states[released] = FREE
    raise DataError(
        "`covariance` is too ill-conditioned to optimise with; use a shrinkage covariance."
    )


def _inside(problem: Problem, weights: FloatArray) -> FloatArray:
    """Return allowed weights near the given ones."""
    weights = np.minimum(np.maximum(weights, problem.lower), problem.upper)
    total = float(weights.sum())
    gap = min(max(total, problem.box.least), problem.box.most) - total
    if gap == 0:
        return weights
    room = problem.upper - weights if gap > 0 else weights - problem.lower
    endless = np.isinf(room)
    if endless.any():
        return weights + gap * endless / np.count_nonzero(endless)
    share = min(abs(gap) / float(room.sum()), 1.0) if room.any() else 0.0
    return weights + math.copysign(share, gap) * room


def _first_bound(
    problem: Problem, weights: FloatArray, aim: FloatArray, states: States
) -> tuple[float, int]:
    """Return the share of the way after which the first free weight meets a bound, and which."""
    rounding = ROUNDING * float(np.abs(aim).max(initial=0.0))
    share = np.full(len(weights), np.inf)
    free = states == FREE
    low = free & (aim < problem.lower - rounding)
    high = free & (aim > problem.upper + rounding)
    way = aim - weights
    share[low] = (problem.lower - weights)[low] / way[low]
    share[high] = (problem.upper - weights)[high] / way[high]
    first = int(np.argmin(share))
    return max(float(share[first]), 0.0), first


def _first_budget(
    problem: Problem, weights: FloatArray, aim: FloatArray, side: int
) -> tuple[float, int]:
    if side != FREE:
        return math.inf, side
    now, then = float(weights.sum()), float(aim.sum())
    rounding = ROUNDING * float(np.abs(aim).sum())
    if then < problem.box.least - rounding:
        return max((problem.box.least - now) / (then - now), 0.0), LOWER
    if then > problem.box.most + rounding:
        return max((problem.box.most - now) / (then - now), 0.0), UPPER
    return math.inf, FREE
