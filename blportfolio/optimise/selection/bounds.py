"""How good a neighbouring selection can be at best, without solving for it."""

from __future__ import annotations

import math

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.held_subset import Signs
from blportfolio.optimise.selection.slopes import slope_of
from blportfolio.types import BoolArray, FloatArray, IntArray

REACH = 60
"""Positions up to which the bound takes less time than it saves."""


class LeastScores:
    """Bounds from below of what selections near a portfolio can score.

    A convex goal lies above f(w) + sᵀd + ½δdᵀCd, with s its slope at w; this has its least value
    over the moves d that sell what is not held, keep the sum and buy no new asset the wrong way.
    All other limits are left aside, so that the bound holds whatever they are. A ratio is bounded
    by ½yᵀCy − mᵀy with y = wᵀm/(wᵀCw) · w, whose least value on a ray is −½ratio².
    """

    def __init__(self, goal: Goal, allowed: FeasibleSet, signs: Signs, weights: FloatArray) -> None:
        self.signs, self.base, self.is_ratio = signs, weights, goal.is_ratio
        self.low, self.high = allowed.box()
        self.is_base, self.places = weights != 0, np.arange(len(weights))
        self.keeps_sum = not goal.is_ratio and allowed.budget_lower == allowed.budget_upper
        self.curve = goal.covariance * (1.0 if goal.is_ratio else goal.risk_aversion)
        self.applies = (
            goal.scenarios is None
            and np.count_nonzero(signs) <= REACH
            and (goal.risk_aversion > 0 or goal.is_ratio)
            and not (goal.is_ratio and (goal.costs is not None or goal.mean is None))
        )
        if not self.applies:
            return
        if goal.is_ratio and goal.mean is not None:
            ratio, risk = goal.value(weights), goal.volatility(weights)
            self.applies = ratio > 0 and risk > 0
            if self.applies:
                self.base = weights * (ratio / risk)
                self.slope = self.curve @ self.base - goal.mean
                self.value = -(ratio**2) / 2
        else:
            self.slope, self.value = slope_of(goal, weights), goal.value(weights)

    def least(self, signs: Signs) -> float:
        """Return a score, as of a trial, that no portfolio of a selection can be below."""
        if not self.applies:
            return -math.inf
        is_held = signs != 0
        bound = self._least(is_held, np.flatnonzero(is_held & (self.signs == 0)))
        return -math.sqrt(max(-2 * bound, 0.0)) if self.is_ratio else bound

    def _least(self, is_held: BoolArray, new: IntArray) -> float:
        held, gone = np.flatnonzero(is_held), np.flatnonzero(~is_held & self.is_base)
        sold, count = -self.base[gone], len(held)
        pulled = self.curve[:, gone] @ sold
        system = np.zeros((count + self.keeps_sum, count + self.keeps_sum))
        system[:count, :count] = self.curve[held[:, None], held]
        right = np.zeros(count + self.keeps_sum)
        right[:count] = -self.slope[held] - pulled[held]
        if self.keeps_sum:
            system[count, :count] = system[:count, count] = 1.0
            right[count] = -sold.sum()
        try:
            move = np.linalg.solve(system, right)[:count]
        except np.linalg.LinAlgError:
            return -math.inf
        bought = move[np.searchsorted(held, new)]
        wrong = new[((bought < 0) & (self.low[new] >= 0)) | ((bought > 0) & (self.high[new] <= 0))]
        if len(wrong):  # at the least value one of these is not bought
            return min(
                self._least(is_held & (self.places != one), new[new != one]) for one in wrong
            )
        fixed = sold @ (self.slope[gone] + pulled[gone] / 2)
        moved = move @ (system[:count, :count] @ move / 2 - right[:count])
        return self.value + float(fixed + moved)
