"""The critical line: portfolios of a box from least variance to largest return."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.box import solve_box
from blportfolio.optimise.face import FREE, LOWER, UPPER, Box, BoxSolution, States, solve_face
from blportfolio.types import FloatArray

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
            sums = None if solution.side == FREE else np.zeros(1)
            slope[free] = solve_face(self.covariance, free, self.mean[free][:, None], sums)[0][:, 0]
        return slope

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


def turn(line: Line, solution: BoxSolution, tolerance: float) -> tuple[FloatArray, BoxSolution]:
    """Return dw/dλ to the right of λ, and the states with which the line goes on.

    The derivative itself minimises ½dᵀCd − μᵀd among the directions that keep what binds: assets
    at a bound without a multiplier may only leave it inwards. So ties need no rule.
    """
    box, weights = line.box, solution.weights
    linear = line.base + tolerance * line.mean
    deviation = np.sqrt(np.diagonal(line.covariance))
    size = float(deviation @ np.abs(weights)) * deviation
    scale = np.abs(linear) + abs(solution.multiplier) + size
    gradient = line.covariance @ weights - linear - solution.multiplier
    reach = TIE * float(np.abs(weights).max(initial=0.0))
    at_lower, at_upper = weights <= box.lower + reach, weights >= box.upper - reach
    tied = np.abs(gradient) <= TIE * scale
    # Between its bounds an asset may go either way, at a tie only inwards, else not at all.
    cone_lower = np.where(at_lower | (at_upper & ~tied), 0.0, -np.inf)
    cone_upper = np.where(at_upper | (at_lower & ~tied), 0.0, np.inf)
    least, most = _cone_budget(box, solution, float(TIE * scale.max()))
    found = solve_box(line.covariance, line.mean, Box(cone_lower, cone_upper, least, most))
    slope = found.weights
    states = np.where(at_upper, UPPER, np.where(at_lower, LOWER, FREE)).astype(np.int8)
    states[(slope != 0) & (box.lower < box.upper)] = FREE
    side = solution.side if least == most or found.side != FREE else FREE
    if side == FREE and found.side != FREE:
        side = found.side
    return slope, found._replace(states=states, side=side)


def _cone_budget(box: Box, solution: BoxSolution, tie: float) -> tuple[float, float]:
    if box.is_fixed:
        return 0.0, 0.0
    total = float(solution.weights.sum())
    reach = TIE * float(np.abs(solution.weights).sum())
    loose = solution.side == FREE or abs(solution.multiplier) <= tie
    if total <= box.least + reach:
        return 0.0, math.inf if loose else 0.0
    if total >= box.most - reach:
        return -math.inf if loose else 0.0, 0.0
    return -math.inf, math.inf


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
        slope, onward = turn(line, solution, here)
        step = _next_event(line, solution, slope, onward, here)
        if math.isinf(step):
            return corners, slope
        here += max(step, 4e-16 * here)
        solution = line.at(here, onward.states)
        moved = float(np.abs(solution.weights - corners[-1].weights).max())
        if moved > 1e-12 * float(np.abs(solution.weights).max()):
            corners.append(Corner(here, solution.weights))
    raise DataError(
        "`covariance` is too ill-conditioned to trace the frontier; use a shrinkage covariance."
    )


def _next_event(
    line: Line, solution: BoxSolution, slope: FloatArray, onward: BoxSolution, here: float
) -> float:
    """Return how far λ may rise before a weight, a multiplier or the budget changes its state."""
    box, weights, states = line.box, solution.weights, onward.states
    gradient = line.covariance @ weights - line.base - here * line.mean - solution.multiplier
    pull = line.covariance @ slope - line.mean - onward.multiplier
    steps = [math.inf]
    movable, free = box.lower < box.upper, states == FREE
    falling, rising = free & (slope < 0), free & (slope > 0)
    freed = ~free & movable & (states * pull > TIE * np.abs(line.mean).max())
    steps += list((box.lower - weights)[falling] / slope[falling])
    steps += list((box.upper - weights)[rising] / slope[rising])
    steps += list(np.maximum(-gradient[freed] * states[freed], 0.0) / (states * pull)[freed])
    if not box.is_fixed:
        total, pace = float(weights.sum()), float(slope.sum())
        if onward.side == FREE and abs(pace) > TIE * float(np.abs(slope).sum()):
            steps.append(((box.least if pace < 0 else box.most) - total) / pace)
        elif onward.side != FREE and onward.side * onward.multiplier > 0:
            steps.append(max(-solution.multiplier / onward.multiplier, 0.0))
    return max(min(steps), 0.0)
