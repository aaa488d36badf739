"""Limits of a problem one by one, as they may be kept, widened or named in a conflict."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import BoolArray

CURVED = ("tracking", "volatility")
SMALL = 1e-3
"""A weight that may not reach this size sets the scale of a row in proportion only."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that may be named in a conflict.

    Attributes:
        kind: bound, budget, row, trade, turnover, gross, tracking, volatility or return.
        index: Position of its asset or row; 0 where there is one of the kind.
        side: "least", "most" or "exact".
        value: The limit, in its own unit.
        scale: Its own unit per unit of weight, by which its rows are divided; below 1 for the bound
            of an asset that can hardly be held and weighs far more in a row than those that can.
    """

    kind: str
    index: int
    side: str
    value: float
    scale: float = 1.0

    def widened(self, give: float) -> tuple[Limit, ...]:
        """Return what is left of the limit once it has given `give`, in weight."""
        if give == 0:
            return (self,)
        least, most = self.value - give * self.scale, self.value + give * self.scale
        if self.side == "exact":
            return replace(self, side="least", value=least), replace(self, side="most", value=most)
        return (replace(self, value=least if self.side == "least" else most),)


def restricted(
    goal: Goal, allowed: FeasibleSet, limits: Iterable[Limit]
) -> tuple[Goal, FeasibleSet]:
    """Return the problem with no limits but these, whose values may differ from the original's."""
    size, count = len(allowed.assets), len(allowed.rows)
    bounds = {-1: np.full(size, -np.inf), 1: np.full(size, np.inf)}
    rows = {-1: np.full(count, -np.inf), 1: np.full(count, np.inf)}
    budget = {-1: -math.inf, 1: math.inf}
    trade = np.full(size, np.inf)
    single = dict.fromkeys(("turnover", "gross", "tracking"), math.inf)
    own: dict[str, float] = {}
    for limit in limits:
        sides = {"least": (-1,), "most": (1,), "exact": (-1, 1)}[limit.side]
        for side in sides:
            if limit.kind == "bound":
                bounds[side][limit.index] = limit.value
            elif limit.kind == "row":
                rows[side][limit.index] = limit.value
            elif limit.kind == "budget":
                budget[side] = limit.value
        if limit.kind == "trade":
            trade[limit.index] = limit.value
        elif limit.kind in single:
            single[limit.kind] = limit.value
        elif limit.kind in ("return", "volatility"):
            own[limit.kind] = limit.value
    kept: BoolArray = np.isfinite(rows[-1]) | np.isfinite(rows[1])
    narrowed = replace(
        allowed,
        lower=bounds[-1],
        upper=bounds[1],
        budget_lower=budget[-1],
        budget_upper=budget[1],
        rows=allowed.rows[kept],
        row_lower=rows[-1][kept],
        row_upper=rows[1][kept],
        row_names=tuple(np.array(allowed.row_names, dtype=object)[kept]),
        turnover=single["turnover"],
        trade=trade,
        gross=single["gross"],
        tracking_error=single["tracking"],
        max_assets=size,
        min_weight=0.0,
        relax=False,
    )
    aim = replace(goal, min_return=own.get("return"), max_volatility=own.get("volatility"))
    return aim, narrowed


def single_limits(goal: Goal, allowed: FeasibleSet) -> Iterable[Limit]:
    """Yield the limits, those that are easiest to blame last."""
    mean = np.zeros(len(allowed.assets)) if goal.mean is None else goal.mean
    sums = np.abs(np.vstack([allowed.rows, mean]))
    reach = np.minimum(np.maximum(np.abs(allowed.lower), np.abs(allowed.upper)) / SMALL, 1.0)
    sizes = (sums * reach).max(axis=1, initial=0.0)
    sizes = np.where(sizes > 0, sizes, sums.max(axis=1, initial=0.0))
    sizes[sizes == 0] = 1.0
    if goal.min_return is not None:
        sizes[-1] = max(sizes[-1] if mean.any() else 0.0, abs(goal.min_return)) or 1.0
        yield Limit("return", 0, "least", goal.min_return, float(sizes[-1]))
    risk = math.sqrt(float(np.diagonal(goal.covariance).max()))
    if goal.max_volatility is not None:
        yield Limit("volatility", 0, "most", goal.max_volatility, risk)
    if math.isfinite(allowed.tracking_error):
        yield Limit("tracking", 0, "most", allowed.tracking_error, risk)
    if math.isfinite(allowed.turnover):
        yield Limit("turnover", 0, "most", allowed.turnover, 0.5)
    if math.isfinite(allowed.gross):
        yield Limit("gross", 0, "most", allowed.gross)
    for index, (least, most) in enumerate(zip(allowed.row_lower, allowed.row_upper, strict=True)):
        yield from _sides("row", index, least, most, float(sizes[index]))
    yield from _sides("budget", 0, allowed.budget_lower, allowed.budget_upper)
    if allowed.previous is not None:
        for index in np.flatnonzero(np.isfinite(allowed.trade)).tolist():
            yield Limit("trade", index, "most", float(allowed.trade[index]))
    weigh = np.maximum((sums / sizes[:, None]).max(axis=0), 1.0)
    for index, (least, most) in enumerate(zip(allowed.lower, allowed.upper, strict=True)):
        yield from _sides("bound", index, least, most, float(1 / weigh[index]))


def _sides(kind: str, index: int, least: float, most: float, scale: float = 1.0) -> Iterable[Limit]:
    if least == most:
        yield Limit(kind, index, "exact", float(least), scale)
        return
    if math.isfinite(least):
        yield Limit(kind, index, "least", float(least), scale)
    if math.isfinite(most):
        yield Limit(kind, index, "most", float(most), scale)
