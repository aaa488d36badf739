"""The last digits of a solver's weights: bounds and zeros exact, the budget met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray

EXACT = 1e-13
DUST = 1e-10
"""What counts as nothing: after a polish, and where the solver's own answer stands."""


def finished(
    weights: FloatArray, goal: Goal, allowed: FeasibleSet, *, is_exact: bool
) -> FloatArray:
    """Return (n_assets,) weights, those next to a bound, to 0 or to no trade exactly there.

    What that takes from the budget goes to the asset with the most room.
    """
    near = EXACT if is_exact else DUST
    lower, upper = allowed.box()
    previous = allowed.previous
    if previous is None and goal.costs is not None:
        previous = goal.costs.previous
    anchors = [np.zeros(len(weights)), lower, upper]
    if previous is not None:
        anchors.insert(0, previous)
    result = weights.copy()
    for anchor in anchors:
        close = np.abs(result - anchor) <= near * np.maximum(1.0, np.abs(result))
        result = np.where(close, anchor, result)
    result = np.minimum(np.maximum(result, lower), upper)
    least, most = allowed.budget()
    total = float(result.sum())
    gap = min(max(total, least), most) - total
    if gap:
        room = (upper - result) if gap > 0 else (result - lower)
        room = np.where(np.isin(result, (0.0,)), 0.0, room)
        room = np.where(np.isfinite(room), room, np.abs(result))
        best = int(np.argmax(np.minimum(room, np.abs(result))))
        if room[best] > abs(gap):
            result[best] += gap
    return result


def broken_by(weights: FloatArray, goal: Goal, allowed: FeasibleSet) -> float:
    """Return by how much the worst limit is broken, a row's relative to its size where above 1."""
    sizes = np.maximum(1.0, np.abs(allowed.rows).max(axis=1, initial=0.0))
    scaled = replace(
        allowed,
        rows=allowed.rows / sizes[:, None],
        row_lower=allowed.row_lower / sizes,
        row_upper=allowed.row_upper / sizes,
    )
    return max(scaled.violation(weights, goal.covariance), goal.violation(weights))
