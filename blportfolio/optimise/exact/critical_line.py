"""The critical line: portfolios of a box from least variance to largest return."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.exact.box import solve_box
from blportfolio.optimise.exact.face import FREE, LOWER, UPPER, Box, BoxSolution, States, solve_face
from blportfolio.types import BoolArray, FloatArray

TIE = 1e-11
"""Multipliers and distances to bounds this small, relative to their size, count as zero."""


class Line(NamedTuple):
    """The portfolios w(λ) that minimise ½wᵀCw − (m + λμ)ᵀw in a box, λ ≥ 0.

    Attributes:
        covariance: (n_assets, n_assets) C, positive definite.
        base: (n_assets,) m; zeros where variance itself is minimised.
        mean: (n_assets,) μ.
        box: Bounds and budget.
    """

    covariance: FloatArray
    base: FloatArray
    mean: FloatArray
    box: Box

    def at(self, tolerance: float, states: States | None = None) -> BoxSolution:
        """Return w(λ)."""
        return solve_box(self.covariance, self.base + tolerance * self.mean, self.box, states)

    def slope(self, solution: BoxSolution) -> FloatArray:
        """Return (n_assets,) dw/dλ while the states stay as they are."""
        slope = np.zeros(len(self.mean))
        free = np.flatnonzero(solution.states == FREE)
        if len(free):
            total = None if solution.side == FREE else 0.0
            slope[free] = solve_face(self.covariance, free, self.mean[free], total)[0]
        return self.without_noise(slope)

    def without_noise(self, slope: FloatArray) -> FloatArray:
        """Return a slope, or zeros where only rounding is left, as among equal means."""
        deviation = np.sqrt(np.diagonal(self.covariance))
        size = float(np.abs(self.mean / deviation).max())
        return slope if float(np.abs(slope * deviation).max()) > TIE * size else 0.0 * slope

    def peak(self) -> BoxSolution | None:
        """Return the portfolio of the largest return, with least variance among such.

        None where returns have no limit.
        """
        box = self.box
        for target in (None, box.least, box.most):
            threshold = 0.0 if target is None else self._threshold(target)
            if threshold is None or not math.isfinite(threshold):
                continue
            above, below = self.mean > threshold, self.mean < threshold
            face = Box(
                np.where(above, box.upper, box.lower),
                np.where(below, box.lower, box.upper),
                box.least if target is None else target,
                box.most if target is None else target,
            )
            if np.isinf(face.lower[above]).any() or np.isinf(face.upper[below]).any():
                continue
            if target is not None and not box.is_fixed:
                # The budget binds on the side where returns would gain from leaving it.
                wrong_side = threshold < 0 if target == box.most else threshold > 0
                if wrong_side:
                    continue
            if not face.is_empty():
                return solve_box(self.covariance, self.base, face)
        return None

    def _threshold(self, total: float) -> float | None:
        """Return the mean above which assets are at their upper bounds in the largest return."""
        if not math.isfinite(total):
            return None
        slack = self.box.slack(total)
        for level in np.unique(self.mean)[::-1]:
            rest = float(self.box.lower[self.mean < level].sum())
            most = float(self.box.upper[self.mean >= level].sum())
            if math.isinf(rest) and math.isinf(most):
                return None
            if most + rest >= total - slack:
                return float(level)
        return None


class Turn(NamedTuple):
    """How the line goes on from a portfolio.

    Attributes:
        slope: (n_assets,) dw/dλ; zeros where the portfolio stays.
        states: (n_assets,) states behind the portfolio.
        side: Where the budget binds behind it.
        gradient: (n_assets + 1,) Cw − m − λμ at the portfolio; the last entry, 0, is that of what
            the largest budget leaves.
        multiplier: ν there, between the gradients of what may rise and of what may fall.
        pace: dν/dλ; of no meaning where the portfolio stays.
        at_lower: (n_assets + 1,) what is at its lower bound.
        at_upper: (n_assets + 1,) what is at its upper bound.
        residual: Of the problem that the slope solves.
    """

    slope: FloatArray
    states: States
    side: int
    gradient: FloatArray
    multiplier: float
    pace: float
    at_lower: BoolArray
    at_upper: BoolArray
    residual: float


def turn(line: Line, solution: BoxSolution, here: float) -> Turn:
    """Return how the line goes on to the right of λ.

    The slope itself minimises ½dᵀCd − μᵀd among the directions that keep what binds: assets at a
    bound without a multiplier may only leave it inwards. So ties need no rule.
    """
    box, weights = line.box, solution.weights
    linear = line.base + here * line.mean
    gradient = np.append(line.covariance @ weights - linear, 0.0)
    deviation = np.sqrt(np.diagonal(line.covariance))
    scale = np.abs(linear) + float(deviation @ np.abs(weights)) * deviation
    reach, total = TIE * np.abs(weights), float(weights.sum())
    at_lower = np.append(
        weights <= box.lower + reach.max(initial=0.0), total >= box.most - reach.sum()
    )
    at_upper = np.append(
        weights >= box.upper - reach.max(initial=0.0), total <= box.least + reach.sum()
    )
    # Every asset between its bounds tells ν, the one of least risk with the least rounding.
    between = ~(at_lower | at_upper)[:-1]
    scale = np.append(scale, scale[between].min(initial=scale.max()))
    multiplier = 0.0
    if between.any():
        multiplier = solution.multiplier
    elif at_lower[-1] or at_upper[-1]:
        most = float(gradient[at_lower & ~at_upper].min(initial=np.inf))
        least = float(gradient[at_upper & ~at_lower].max(initial=-np.inf))
        multiplier = _between(least, most, float(scale.max()))
    tied = np.abs(gradient - multiplier) <= TIE * (scale + abs(multiplier))
    # Between its bounds an asset may go either way, at a tie only inwards, else not at all.
    cone_lower = np.where(at_lower | (at_upper & ~tied), 0.0, -np.inf)
    cone_upper = np.where(at_upper | (at_lower & ~tied), 0.0, np.inf)
    cone = Box(cone_lower[:-1], cone_upper[:-1], -cone_upper[-1] + 0.0, -cone_lower[-1] + 0.0)
    states = np.where(at_upper, UPPER, np.where(at_lower, LOWER, FREE)).astype(np.int8)[:-1]
    found = solve_box(line.covariance, line.mean, cone, states)
    slope = line.without_noise(found.weights)
    states[(slope != 0) & (box.lower < box.upper)] = FREE
    side = FREE
    if cone.is_fixed or found.side != FREE:
        side = UPPER if at_lower[-1] and not box.is_fixed else LOWER
    return Turn(
        slope,
        states,
        side,
        gradient,
        multiplier,
        found.multiplier,
        at_lower,
        at_upper,
        found.residual,
    )


def _between(least: float, most: float, scale: float) -> float:
    if math.isinf(least) and math.isinf(most):
        return 0.0
    if math.isinf(least):
        return most - scale
    return least + scale if math.isinf(most) else (least + most) / 2


class Corner(NamedTuple):
    """A portfolio at which the line changes direction: λ and (n_assets,) weights."""

    tolerance: float
    weights: FloatArray


def trace(line: Line) -> tuple[list[Corner], FloatArray]:
    """Return all corners from λ = 0 on, and the direction in which the last piece goes on.

    The direction is 0 where returns have a limit.

    Raises:
        DataError: If C is too ill-conditioned.

    References:
        Markowitz (1956), The Optimization of a Quadratic Function Subject to Linear Constraints.
    """
    solution, here = line.at(0.0), 0.0
    corners = [Corner(0.0, solution.weights)]
    for _ in range(50 * len(line.mean) + 100):
        onward = turn(line, solution, here)
        step = _next_event(line, solution, onward)
        if math.isinf(step):
            return corners, onward.slope
        here += max(step, 4e-16 * here)
        solution = line.at(here, onward.states)
        moved = float(np.abs(solution.weights - corners[-1].weights).max())
        if moved > 1e-12 * float(np.abs(solution.weights).max()):
            corners.append(Corner(here, solution.weights))
    raise DataError(
        "`covariance` is too ill-conditioned to trace the frontier; use a shrinkage covariance."
    )


def _next_event(line: Line, solution: BoxSolution, onward: Turn) -> float:
    """Return how far λ may rise before a weight, a multiplier or the budget changes its state."""
    box, weights, slope, states = line.box, solution.weights, onward.slope, onward.states
    if not slope.any():
        return _end_of_stay(line, onward)
    gradient = (onward.gradient[:-1] - onward.multiplier) * states
    pace = (line.covariance @ slope - line.mean - onward.pace) * states
    movable, free = box.lower < box.upper, states == FREE
    falling, rising = free & (slope < 0), free & (slope > 0)
    freed = movable & (pace > TIE * np.abs(line.mean).max())
    steps = [math.inf]
    steps += list((box.lower - weights)[falling] / slope[falling])
    steps += list((box.upper - weights)[rising] / slope[rising])
    steps += list(-gradient[freed] / pace[freed])
    if onward.side == FREE:
        total, growth = float(weights.sum()), float(slope.sum())
        if abs(growth) > TIE * float(np.abs(slope).sum()):
            steps.append(((box.least if growth < 0 else box.most) - total) / growth)
    elif not box.is_fixed and onward.side * onward.pace > 0:
        steps.append(-onward.multiplier / onward.pace)
    return max(min(steps), 0.0)


def _end_of_stay(line: Line, onward: Turn) -> float:
    """Return how far λ may rise before a portfolio that stays is left.

    That is when something that may rise becomes better than something that may fall.
    """
    mean = np.append(line.mean, 0.0)
    up, down = np.flatnonzero(~onward.at_upper), np.flatnonzero(~onward.at_lower)
    gain = mean[up][:, None] - mean[down]
    cost = onward.gradient[up][:, None] - onward.gradient[down]
    better = gain > 0
    return max(float((cost[better] / gain[better]).min(initial=np.inf)), 0.0)
