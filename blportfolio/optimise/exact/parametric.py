"""Points on the critical line: of a wanted return, of a wanted volatility, of the largest ratio."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from blportfolio.errors import InfeasibleError
from blportfolio.optimise.exact.critical_line import Line, turn
from blportfolio.optimise.exact.face import ROUNDING, BoxSolution, States
from blportfolio.types import FloatArray


def for_return(line: Line, least: float, states: States | None = None) -> BoxSolution | None:
    """Return the portfolio of least variance with a return of `least` or more, or None."""
    start = line.at(0.0, states)
    if line.mean @ start.weights >= least:
        return start
    peak = line.peak()
    if peak is not None:
        largest = float(line.mean @ peak.weights)
        slack = 1e-12 * max(abs(least), float(np.abs(line.mean * peak.weights).sum()))
        if least > largest + slack:
            return None
        if least >= largest - slack / 1e3:
            return peak

    def gap(solution: BoxSolution, slope: FloatArray, _: float) -> tuple[float, float]:
        short = float(line.mean @ solution.weights) - least
        gain = float(line.mean @ slope)
        return short, -short / gain if gain > 0 else math.nan

    return _search(line, start, gap)


def for_volatility(line: Line, most: float, states: States | None = None) -> BoxSolution | None:
    """Return the portfolio of the largest return with a volatility of `most` or less.

    None where every portfolio has a larger one. The line must have no `base`.
    """
    start = line.at(0.0, states)
    volatility = _volatility(line, start)
    if volatility >= most * (1 - 1e-15):
        # Where terms of the variance cancel, it is known no better than their rounding.
        terms = float(np.sqrt(np.diagonal(line.covariance)) @ np.abs(start.weights))
        slack = 1e-12 + ROUNDING * (terms / volatility) ** 2 if volatility > 0 else 0.0
        return start if volatility <= most * (1 + slack) else None
    peak = line.peak()
    if peak is not None and _volatility(line, peak) <= most:
        return peak

    def gap(solution: BoxSolution, slope: FloatArray, _: float) -> tuple[float, float]:
        risk = line.covariance @ solution.weights
        over = float(solution.weights @ risk) - most * most
        square, cross = float(slope @ line.covariance @ slope), float(slope @ risk)
        inside = cross * cross - square * over
        below = cross + math.sqrt(inside) if inside >= 0 else 0.0
        return over, -over / below if below > 0 else math.nan

    return _search(line, start, gap)


def for_ratio(line: Line, states: States | None = None) -> BoxSolution | None:
    """Return the portfolio of the largest μᵀw / √(wᵀCw), the largest multiple that is allowed.

    It is the w(λ) with λ = wᵀCw / μᵀw. None where no portfolio has a return above 0. The line must
    have no `base`.

    Raises:
        InfeasibleError: If the ratio keeps rising as positions grow.
    """
    peak = line.peak()
    if peak is not None:
        gains = line.mean * peak.weights
        if gains.sum() <= 1e-15 * np.abs(gains).sum():
            return None
    start = line.at(0.0, states)
    if not start.weights.any():
        # Nothing held is allowed: what is bought first has the largest ratio in any amount.
        first = turn(line, start, 0.0)
        if not line.mean @ first.slope > 0:
            return None
        best = start._replace(weights=first.slope, residual=first.residual)
        return _largest_multiple(line, best, least=0.0)

    def gap(solution: BoxSolution, slope: FloatArray, tolerance: float) -> tuple[float, float]:
        risk = line.covariance @ solution.weights
        variance, gain = float(solution.weights @ risk), float(line.mean @ solution.weights)
        excess = tolerance * gain - variance
        pace = gain + tolerance * float(line.mean @ slope) - 2 * float(slope @ risk)
        return excess, -excess / pace if pace > 0 else math.nan

    found = _search(line, start, gap, is_limited=peak is not None)
    if found is None:
        raise InfeasibleError(
            "The ratio of return to volatility has no largest value: it keeps rising as long and "
            "short positions grow together. Give `bounds` or `gross_exposure`."
        )
    return _largest_multiple(line, found, least=1.0)


def _largest_multiple(line: Line, solution: BoxSolution, *, least: float) -> BoxSolution:
    weights, box = solution.weights, line.box
    total = float(weights.sum())
    rising, falling = weights > 0, weights < 0
    limits = [
        float((box.upper[rising] / weights[rising]).min(initial=np.inf)),
        float((box.lower[falling] / weights[falling]).min(initial=np.inf)),
        box.most / total if total > 0 else math.inf,
        box.least / total if total < 0 else math.inf,
    ]
    multiple = max(min(limits), least)
    if math.isinf(multiple):
        multiple = 1 / (total if total > 0 else float(np.abs(weights).sum()))
    if multiple == 1.0:
        return solution
    grown = np.minimum(np.maximum(multiple * weights, box.lower), box.upper)
    return solution._replace(weights=grown)


def _volatility(line: Line, solution: BoxSolution) -> float:
    return math.sqrt(float(solution.weights @ line.covariance @ solution.weights))


def _search(
    line: Line,
    solution: BoxSolution,
    gap: Callable[[BoxSolution, FloatArray, float], tuple[float, float]],
    *,
    is_limited: bool = True,
) -> BoxSolution | None:
    """Return the w(λ) at which a gap, which rises from below 0 with λ, closes.

    On the piece of the line where it stands, the next λ is exact but for rounding; when that leads
    out of what is known to hold the answer, it halves the interval instead. On the piece that
    holds the answer it ends by moving along it. Where returns have no limit it gives up, and
    returns None, when positions are 1e9 times what they began with.
    """
    low, high, here = 0.0, math.inf, 0.0
    spread = float(np.ptp(line.mean)) or float(np.abs(line.mean).max())
    size = float(np.abs(solution.weights).max()) or 1.0
    first = 1e-3 * float(np.diagonal(line.covariance).max()) * size / spread
    below = above = None
    slope, is_arrived = line.slope(solution), False
    for count in range(200):
        short, step = gap(solution, slope, here)
        if short < 0:
            low, below = here, solution
        else:
            high, above = here, solution
        is_arrived = is_arrived or (below is not None and _share_piece(below, above))
        if short == 0 or high - low <= 2e-16 * here or abs(step) <= 2e-16 * here:
            return solution
        if is_arrived and abs(step) <= 0.1 * here:
            weights = np.clip(solution.weights + step * slope, line.box.lower, line.box.upper)
            return solution._replace(weights=weights)
        there = here + step
        is_exact = low <= there <= high and count % 5 < 4
        if is_exact:
            pass
        elif math.isfinite(high):
            there = math.sqrt(low * high) if high > 4 * low > 0 else (low + high) / 2
        else:
            there = 8 * max(low, first)
            if not is_limited and there > 1e12 * first:
                return None
        after = line.at(there, solution.states)
        is_same = _share_piece(solution, after)
        is_arrived = is_exact and is_same
        slope = slope if is_same else line.slope(after)
        solution, here = after, there
    return solution


def _share_piece(one: BoxSolution, other: BoxSolution | None) -> bool:
    return (
        other is not None
        and one.side == other.side
        and bool(np.array_equal(one.states, other.states))
    )
