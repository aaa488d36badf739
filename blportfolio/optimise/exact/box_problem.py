"""The search for the face of a box that holds the solution: what is wrong with a guess of it."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from blportfolio.optimise.exact.face import (
    FREE,
    LOWER,
    ROUNDING,
    UPPER,
    Box,
    BoxSolution,
    States,
    solve_face,
)
from blportfolio.types import FloatArray, IntArray


class Point:
    """Where the search stands: states, and the weights and multipliers that they imply."""

    __slots__ = ("gradient", "multiplier", "side", "states", "tolerance", "weights")

    def __init__(self, states: States, side: int) -> None:
        self.states, self.side, self.multiplier = states, side, 0.0
        self.weights = self.gradient = self.tolerance = np.zeros(0)


class Problem:
    """One problem: how states imply weights, and what is wrong with them."""

    def __init__(self, covariance: FloatArray, linear: FloatArray, box: Box) -> None:
        self.covariance, self.linear, self.box = covariance, linear, box
        self.lower = box.lower
        # An upper bound that the budget implies anyway would only be a second name for the same
        # portfolio.
        total = float(self.lower.sum())
        implied = box.most - total + self.lower if math.isfinite(total) else np.inf
        self.movable = self.lower < box.upper
        self.upper = np.where(self.movable & (box.upper >= implied), np.inf, box.upper)
        self.deviation = np.sqrt(np.diagonal(covariance))

    def start(self, states: States | None) -> Point:
        """Return the point to start from: given states, or a guess."""
        if states is None:
            states = np.where(self.movable, self.guess(), LOWER).astype(np.int8)
        else:
            states = states.copy()
            states[(states == LOWER) & np.isinf(self.lower)] = FREE
            states[(states == UPPER) & np.isinf(self.upper)] = FREE
            states[~self.movable] = LOWER
        return Point(states, LOWER if self.box.is_fixed else FREE)

    def guess(self) -> States:
        """Return the states of the solution for uncorrelated assets, or all free without caps."""
        if not np.isfinite(self.upper[self.movable]).any():
            return np.zeros(len(self.linear), dtype=np.int8)
        variance = self.deviation**2
        bounds = np.stack([self.lower, self.upper])
        edges = bounds * variance - self.linear
        edges = np.sort(edges[np.isfinite(bounds)])

        def total(multiplier: float) -> float:
            free = (self.linear + multiplier) / variance
            return float(np.minimum(np.maximum(free, self.lower), self.upper).sum())

        multiplier, now = 0.0, total(0.0)
        if not self.box.least <= now <= self.box.most:
            wanted = self.box.least if now < self.box.least else self.box.most
            after = bisect_left(edges.tolist(), wanted, key=total)
            left, right = edges[max(after - 1, 0)], edges[min(after, len(edges) - 1)]
            multiplier = float(left + right) / 2
        free = (self.linear + multiplier) / variance
        states: States = (free >= self.upper).astype(np.int8) - (free <= self.lower)
        return states

    def target(self, side: int) -> float:
        """Return the sum of weights of a side on which the budget binds."""
        return self.box.least if side == LOWER else self.box.most

    def gap(self, side: int, weights: FloatArray) -> float | None:
        """Return what weights lack of the budget, or None where it does not bind."""
        return None if side == FREE else self.target(side) - float(weights.sum())

    def place(self, point: Point) -> bool:
        """Put the free weights where they are best; return False where none is free."""
        states = point.states
        weights = np.zeros(len(states))
        np.copyto(weights, self.lower, where=states < 0)
        np.copyto(weights, self.upper, where=states > 0)
        free = np.flatnonzero(states == FREE)
        point.multiplier = 0.0
        if len(free):
            right = self.linear[free]
            if weights.any():
                right = right - (self.covariance @ weights)[free]
            gap = self.gap(point.side, weights)
            weights[free], point.multiplier = solve_face(self.covariance, free, right, gap)
        point.weights = weights
        self.measure(point)
        if len(free) and (np.abs(point.gradient[free]) > point.tolerance[free] / 8).any():
            self.refine(point, free)
        return bool(len(free))

    def refine(self, point: Point, free: IntArray) -> None:
        """Solve once more for what rounding has left of the gradient and the budget."""
        gap = self.gap(point.side, point.weights)
        found, shift = solve_face(self.covariance, free, -point.gradient[free], gap)
        point.weights[free] += found
        point.multiplier += shift
        self.measure(point)

    def measure(self, point: Point) -> None:
        """Compute the gradient, Cw − m − ν, and the rounding in it."""
        weights = point.weights
        reach = float(self.deviation @ np.abs(weights))
        point.gradient = self.covariance @ weights - self.linear - point.multiplier
        scale = np.abs(self.linear) + abs(point.multiplier) + reach * self.deviation
        point.tolerance = ROUNDING * scale

    def value(self, point: Point) -> float:
        """Return ½wᵀCw − mᵀw."""
        risk = self.covariance @ point.weights
        return float((risk / 2 - self.linear) @ point.weights)

    def rounding(self, weights: FloatArray) -> FloatArray:
        """Return what of each weight is rounding: less where a little of it is much risk."""
        reach = float(self.deviation @ np.abs(weights))
        return ROUNDING * np.minimum(float(np.abs(weights).sum()), reach / self.deviation)

    def settle(self, point: Point) -> int:
        """Place the weights, put right what is wrong with them, and return how much was."""
        if not self.place(point) and point.side != FREE:
            return self.settle_vertex(point)
        states, weights, gradient = point.states, point.weights, point.gradient
        rounding = self.rounding(weights)
        free = states == FREE
        low = free & (weights < self.lower - rounding)
        high = free & (weights > self.upper + rounding)
        loose = ~free & self.movable & (states * gradient > point.tolerance)
        wrong = int(np.count_nonzero(low | high | loose)) + self.settle_budget(point)
        if wrong:
            states[low], states[high], states[loose] = LOWER, UPPER, FREE
        return wrong

    def settle_budget(self, point: Point) -> int:
        """Let a budget bind, or cease to, where it has limits apart."""
        if self.box.is_fixed:
            return 0
        if point.side == FREE:
            total = float(point.weights.sum())
            slack = ROUNDING * float(np.abs(point.weights).sum())
            if total < self.box.least - slack:
                point.side = LOWER
            elif total > self.box.most + slack:
                point.side = UPPER
            return int(point.side != FREE)
        # Every free asset tells ν, the one of least risk with the least rounding.
        rounding = float(point.tolerance[point.states == FREE].min(initial=np.inf))
        if point.side * point.multiplier > rounding:
            point.side = FREE
            return 1
        return 0

    def settle_vertex(self, point: Point) -> int:
        """Do the same where all weights are at bounds while the budget binds."""
        slope = point.gradient  # as ν is 0 here
        total = float(point.weights.sum())
        gap = self.target(point.side) - total
        down = self.movable & (point.states == LOWER)
        up = self.movable & (point.states == UPPER)
        rise = int(np.argmin(np.where(down, slope, np.inf)))
        fall = int(np.argmax(np.where(up, slope, -np.inf)))
        slack = self.box.slack(float(np.abs(point.weights).sum()))
        if gap > slack and down.any():
            point.states[rise] = FREE
            return 1
        if gap < -slack and up.any():
            point.states[fall] = FREE
            return 1
        least = float(slope[fall]) if up.any() else -math.inf
        most = float(slope[rise]) if down.any() else math.inf
        if least > most + point.tolerance[rise] + point.tolerance[fall]:
            point.states[rise] = point.states[fall] = FREE
            return 2
        # Every multiplier between the two is right; a budget that may be left takes the sign it
        # must have.
        best = min(max(0.0, least), most)
        if not self.box.is_fixed and point.side * best > point.tolerance.max(initial=0.0):
            point.side = FREE
            return 1
        point.multiplier = best
        self.measure(point)
        return 0

    def finish(self, point: Point, solver: str) -> BoxSolution:
        """Make bounds and budget exact."""
        free = np.flatnonzero(point.states == FREE)
        weights = np.minimum(np.maximum(point.weights, self.box.lower), self.box.upper)
        self.balance(weights, free, point.side)
        # A free weight may lie on a bound too, but for rounding.
        near = self.rounding(weights) / 8
        at_lower, at_upper = weights - self.box.lower <= near, self.box.upper - weights <= near
        np.copyto(weights, self.box.lower, where=at_lower)
        np.copyto(weights, self.box.upper, where=at_upper)
        self.balance(weights, free[~(at_lower | at_upper)[free]], point.side)
        point.weights = weights
        self.measure(point)
        excess = np.where(
            point.states == FREE, np.abs(point.gradient), point.states * point.gradient
        )
        counted = self.movable & (point.tolerance > 0)
        ratio = ROUNDING * excess[counted] / point.tolerance[counted]
        residual = max(float(ratio.max(initial=0.0)), 0.0)
        return BoxSolution(weights, point.states, point.side, point.multiplier, residual, solver)

    def balance(self, weights: FloatArray, free: IntArray, side: int) -> None:
        """Give what rounding leaves of the budget to the weight with most room for it."""
        total = float(weights.sum())
        wanted = min(max(total, self.box.least), self.box.most)
        if side != FREE:
            wanted = self.target(side)
        gap = wanted - total
        if gap == 0 or not len(free):
            return
        room = self.box.upper[free] - weights[free]
        if gap < 0:
            room = weights[free] - self.box.lower[free]
        most = int(np.argmax(room / self.deviation[free]))
        if room[most] >= abs(gap):
            weights[free[most]] += gap
