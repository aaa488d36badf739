"""Bounds and a budget, and the best weights on one face of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from blportfolio.errors import DataError
from blportfolio.types import FloatArray, IntArray

States = NDArray[np.int8]
LOWER, FREE, UPPER = -1, 0, 1
EPSILON = float(np.finfo(float).eps)
ROUNDING = 64 * EPSILON
"""What counts as rounding, relative to the size of the terms of a sum."""
SLACK = 1e-12
"""By how much bounds may miss the budget, relative to their size, and count as meeting it."""


class Box(NamedTuple):
    """Bounds and a budget, l ≤ w ≤ u and least ≤ Σw ≤ most.

    Attributes:
        lower: (n_assets,) l; −inf for none.
        upper: (n_assets,) u; inf for none.
        least: Least sum of the weights; −inf for none.
        most: Largest sum of the weights; inf for none, equal to `least` for a fixed budget.
    """

    lower: FloatArray
    upper: FloatArray
    least: float
    most: float

    @property
    def is_fixed(self) -> bool:
        """Whether the budget is an equality."""
        return self.least == self.most

    def is_empty(self) -> bool:
        """Whether no portfolio is inside."""
        if (self.lower > self.upper).any() or self.least > self.most:
            return True
        low, high = float(self.lower.sum()), float(self.upper.sum())
        return low - self.most > self.slack(low) or self.least - high > self.slack(high)

    def slack(self, total: float) -> float:
        """Return the rounding that a sum of weights of this size is allowed."""
        sizes = [abs(part) for part in (total, self.least, self.most) if math.isfinite(part)]
        return SLACK * max(sizes, default=0.0)


class BoxSolution(NamedTuple):
    """Solution of min ½wᵀCw − mᵀw in a box.

    Attributes:
        weights: (n_assets,) w; a weight at a bound equals it exactly.
        states: (n_assets,) LOWER, FREE or UPPER.
        side: LOWER or UPPER where the budget holds with equality, FREE where it does not bind.
        multiplier: ν of the budget in Cw = m + ν + (multipliers of bounds).
        residual: Largest violation of the optimality conditions, each relative to the size of
            what it is the sum of.
        solver: Name of the method that found it.
    """

    weights: FloatArray
    states: States
    side: int
    multiplier: float
    residual: float
    solver: str


def states_of(weights: FloatArray, box: Box) -> States:
    """Return the states of (n_assets,) weights."""
    low, high = weights <= box.lower, weights >= box.upper
    states: States = high.astype(np.int8) - (low & ~high).astype(np.int8)
    return states


def solve_face(
    covariance: FloatArray, free: IntArray, right: FloatArray, total: float | None
) -> tuple[FloatArray, float]:
    """Solve C_FF x = r + ν, with Σx = `total` where that is given and ν = 0 elsewhere.

    Args:
        covariance: (n_assets, n_assets) C.
        free: (n_free,) positions F, at least one.
        right: (n_free,) r.
        total: Sum of x, or None.

    Returns:
        (n_free,) x and ν.

    Raises:
        DataError: If C is not numerically positive definite.
    """
    block = covariance if len(free) == len(covariance) else covariance[free[:, None], free]
    level = 0.0
    if total is not None:
        # What all entries share only moves ν; taken out, it cannot drown their differences.
        level = float(right.max() + right.min()) / 2
        both = np.ones((2, len(free)))
        np.subtract(right, level, out=both[0])
        right = both.T
    _, found, info = dposv(block.T, right, lower=1)
    if info != 0:
        raise DataError(
            "`covariance` is too ill-conditioned to optimise with; use a shrinkage covariance."
        )
    if total is None:
        return found, 0.0
    solution, unit = found.T
    shift, size = -level, float(unit.sum())
    # Where one variance is tiny beside the others, sums lose digits; so they are put right again.
    for _ in range(2):
        step = (total - float(solution.sum())) / size
        solution, shift = solution + step * unit, shift + step
    return solution, shift
