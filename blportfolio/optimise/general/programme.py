"""Writes a goal and what is allowed as one conic programme in units of order 1."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cholesky

from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.presolve import Limits, tightened
from blportfolio.optimise.general.rows import ConeRows, square_root
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray, IntArray

SMALLEST_MULTIPLE = 1e-9
"""Price of the multiple κ of a ratio where every smaller portfolio is allowed too: of portfolios
with the same ratio the largest is wanted."""


def write_programme(
    goal: Goal, allowed: FeasibleSet, *, units: tuple[float, float] | None = None
) -> Programme:
    """Return the programme of a goal, its covariance positive definite.

    A ratio is homogenised: y = κw with κ ≥ 0, and ½yᵀCy less the net return of y is minimised over
    the cone of the allowed set; along a ray the least value is −½ratio², so that its best ray is
    the best ratio's. Costs enter through their perspective κ·costs(y/κ).

    Args:
        goal: What is minimised or maximised.
        allowed: Limits on the number and size of positions are left aside.
        units: For a ratio, the return and the volatility that count as 1; None for a guess.

    References:
        Schaible (1974), Parameter-free convex equivalent and dual programs of fractional
        programming problems; Rockafellar and Uryasev (2000), Optimization of conditional
        value-at-risk, equation 17.
    """
    return _Writer(goal, tightened(goal, allowed), units).programme()


class _Writer:
    """Lays out variables, and adds rows and terms of the objective."""

    def __init__(self, goal: Goal, limits: Limits, units: tuple[float, float] | None) -> None:
        self.goal, self.limits = goal, limits
        self.size = size = len(limits.lower)
        self.mean = np.zeros(size) if goal.mean is None else goal.mean
        self.risk = math.sqrt(float(np.diagonal(goal.covariance).mean()))
        self.unit = _unit(goal, self.mean, self.risk)
        if units is not None:
            self.unit, self.risk = units
        self.count = size
        self.kappa = self._new(1)[0] if goal.is_ratio else -1
        costs = goal.costs
        in_trade = np.full(size, math.isfinite(limits.turnover))
        in_short = np.full(size, math.isfinite(limits.gross))
        if costs is not None:
            in_trade |= costs.trading > 0
            in_short |= costs.holding + costs.borrow > 0
        self.traded = np.flatnonzero(in_trade)
        self.sold = self._new(len(self.traded))
        self.shortable = np.flatnonzero(in_short & (limits.lower < 0))
        self.short = self._new(len(self.shortable))
        self.linear: list[tuple[IntArray, FloatArray]] = []
        self.rows: dict[str, ConeRows] = {
            kind: ConeRows(self.kappa) for kind in ("zero", "nonnegative", "cone")
        }
        self.cones: list[int] = []

    def programme(self) -> Programme:
        quadratic = np.zeros((self.size, self.size))
        constant = 0.0
        self._limit()
        goal = self.goal
        if goal.is_ratio:
            quadratic += goal.covariance / self.risk**2
            self._price(*self._net(), -1.0 / self.unit)
            price = SMALLEST_MULTIPLE if self.limits.holds_zero else 0.0
            self._price(np.array([self.kappa]), np.array([price]), 1.0)
        else:
            quadratic += goal.covariance * (goal.risk_aversion / self.unit)
            everything = np.arange(self.size)
            if goal.centre is not None:
                self._price(everything, -(quadratic @ goal.centre), 1.0)
                constant = self._constant(quadratic, goal.centre)
            if goal.uncertainty is not None and goal.radius > 0:
                self._uncertainty(goal.uncertainty)
            if goal.scenarios is not None:
                self._scenarios(goal.scenarios)
            if goal.min_return is None:
                self._price(*self._net(skip_impact=True), -1.0 / self.unit)
                if goal.costs is not None:
                    impact = goal.costs.impact / self.unit
                    quadratic[everything, everything] += 2 * impact
                    self._price(everything, -2 * impact * goal.costs.previous, 1.0)
        linear = np.zeros(self.count)
        for columns, values in self.linear:
            np.add.at(linear, columns, values)
        rows = [self.rows[kind] for kind in ("zero", "nonnegative", "cone")]
        matrix = sp.vstack([part.matrix(self.count) for part in rows], format="csr")
        offset = np.concatenate([part.offset() for part in rows])
        return Programme(
            quadratic,
            linear,
            sp.csr_array(matrix),
            offset,
            rows[0].height,
            rows[1].height,
            tuple(self.cones),
            constant,
            goal.is_ratio,
        )

    def _constant(self, quadratic: FloatArray, centre: FloatArray) -> float:
        """Return what ½(w − b)ᵀP(w − b) and costs are above their terms in x."""
        costs, constant = self.goal.costs, float(centre @ quadratic @ centre) / 2
        if self.goal.mean is not None or self.goal.min_return is not None:
            return 0.0
        if costs is not None:
            before = costs.previous
            constant += float((costs.impact * before - costs.trading) @ before) / self.unit
        return constant

    def _new(self, count: int) -> IntArray:
        columns = np.arange(self.count, self.count + count)
        self.count += count
        return columns

    def _price(self, columns: IntArray, values: FloatArray, factor: float) -> None:
        self.linear.append((columns, values * factor))

    def _limit(self) -> None:
        limits, size = self.limits, self.size
        everything = np.arange(size)
        pinned = limits.lower == limits.upper
        self.rows["zero"].diagonal(
            limits.lower[pinned], (everything[pinned], np.ones(pinned.sum()))
        )
        low = ~pinned & np.isfinite(limits.lower)
        self.rows["nonnegative"].diagonal(
            -limits.lower[low], (everything[low], -np.ones(low.sum()))
        )
        high = ~pinned & np.isfinite(limits.upper)
        self.rows["nonnegative"].diagonal(
            limits.upper[high], (everything[high], np.ones(high.sum()))
        )
        if not pinned.all() or limits.is_loose:
            self._range(np.ones(size), *limits.budget)
        for row, least, most in zip(limits.rows, limits.row_lower, limits.row_upper, strict=True):
            scale = float(np.abs(row).max())
            self._range(row / scale, least / scale, most / scale)
        if self.kappa >= 0:
            self.rows["nonnegative"].diagonal(
                np.zeros(1), (np.array([self.kappa]), -np.ones(1)), homogenise=False
            )
        for columns, held, positive in (
            (self.sold, self.traded, limits.previous),
            (self.short, self.shortable, np.zeros(size)),
        ):
            ones = np.ones(len(columns))
            self.rows["nonnegative"].diagonal(0 * ones, (columns, -ones))
            self.rows["nonnegative"].diagonal(-positive[held], (columns, -ones), (held, -ones))
        if math.isfinite(limits.turnover):
            most = limits.turnover + float(limits.previous.sum()) / 2
            parts = (np.full(size, 0.5), np.ones(len(self.sold)))
            self._most(most, (everything, parts[0]), (self.sold, parts[1]))
        if math.isfinite(limits.gross):
            self._most(
                limits.gross,
                (everything, np.ones(size)),
                (self.short, np.full(len(self.short), 2.0)),
            )
        for most, centre in limits.cones:
            factor = cholesky(self.goal.covariance / most**2)
            self._ball(factor, factor @ centre)
        if self.goal.min_return is not None:
            columns, values, constant = self._net_parts(skip_impact=False)
            # What cannot be held, however large its mean, must not make the others look small.
            reach = np.minimum(np.maximum(np.abs(limits.lower), np.abs(limits.upper)), 1.0)
            scale = max(float((np.abs(self.mean) * reach).max()), abs(self.goal.min_return)) or 1.0
            self._most((constant - self.goal.min_return) / scale, (columns, -values / scale))

    def _range(self, row: FloatArray, least: float, most: float) -> None:
        columns = np.arange(self.size)
        if least == most:
            self.rows["zero"].one(most, (columns, row))
            return
        if math.isfinite(most):
            self._most(most, (columns, row))
        if math.isfinite(least):
            self._most(-least, (columns, -row))

    def _most(self, most: float, *parts: tuple[IntArray, FloatArray]) -> None:
        self.rows["nonnegative"].one(most, *parts)

    def _net(self, *, skip_impact: bool = False) -> tuple[IntArray, FloatArray]:
        columns, values, constant = self._net_parts(skip_impact=skip_impact)
        if self.kappa >= 0:
            return np.append(columns, self.kappa), np.append(values, constant)
        return columns, values

    def _net_parts(self, *, skip_impact: bool) -> tuple[IntArray, FloatArray, float]:
        """Return columns, coefficients and constant of the net return."""
        costs, size = self.goal.costs, self.size
        columns, values = [np.arange(size)], [self.mean]
        if costs is None:
            return columns[0], values[0], 0.0
        # |Δ| = Δ + 2 sold, and |w| = w + 2 short.
        values[0] = values[0] - costs.trading - costs.holding
        columns += [self.sold, self.short]
        values.append(-2 * costs.trading[self.traded])
        values.append(-(2 * costs.holding + costs.borrow)[self.shortable])
        top = float(costs.impact.max(initial=0.0))
        if top > 0 and not skip_impact:
            columns.append(self._impact(costs.impact / top, costs.previous))
            values.append(np.array([-top]))
        return (
            np.concatenate(columns),
            np.concatenate(values),
            float(costs.trading @ costs.previous),
        )

    def _impact(self, shares: FloatArray, previous: FloatArray) -> IntArray:
        """Return the column of t ≥ Σ bΔ²/κ, as ‖(t − κ, 2√bΔ)‖ ≤ t + κ."""
        column = self._new(1)
        members = np.flatnonzero(shares)
        roots = 2 * np.sqrt(shares[members])
        cone = self.rows["cone"]
        cone.one(1.0, (column, -np.ones(1)))
        cone.one(-1.0, (column, -np.ones(1)))
        cone.diagonal(-roots * previous[members], (members, -roots))
        self.cones.append(2 + len(members))
        return column

    def _ball(self, factor: FloatArray, centre: FloatArray) -> None:
        """Limit ‖Fw − c‖ to 1."""
        self.rows["cone"].one(1.0)
        self.rows["cone"].block(-centre, (np.arange(self.size), -factor))
        self.cones.append(1 + len(factor))

    def _uncertainty(self, matrix: FloatArray) -> None:
        scale = math.sqrt(float(np.diagonal(matrix).mean()))
        if scale == 0:
            return
        column = self._new(1)
        self._price(column, np.ones(1), self.goal.radius * scale / self.unit)
        factor = square_root(matrix / scale**2)
        self.rows["cone"].one(0.0, (column, -np.ones(1)))
        self.rows["cone"].block(np.zeros(len(factor)), (np.arange(self.size), -factor))
        self.cones.append(1 + len(factor))

    def _scenarios(self, scenarios: FloatArray) -> None:
        count = len(scenarios)
        scale = float(np.sqrt(np.mean(scenarios**2))) or 1.0
        edge, excess = self._new(1), self._new(count)
        self._price(edge, np.ones(1), scale / self.unit)
        share = (1 - self.goal.level) * count
        self._price(excess, np.full(count, 1 / share), scale / self.unit)
        rows = self.rows["nonnegative"]
        rows.diagonal(np.zeros(count), (excess, -np.ones(count)))
        rows.block(
            np.zeros(count),
            (np.arange(self.size), -scenarios / scale),
            (np.repeat(edge, 1), -np.ones((count, 1))),
            (excess, -np.ones(count)),
        )


def _unit(goal: Goal, mean: FloatArray, risk: float) -> float:
    """Return what the objective is divided by, or for a ratio the return that counts as 1."""
    if goal.is_ratio:
        best = float((mean / np.sqrt(np.diagonal(goal.covariance))).max()) * risk
        return best if best > 0 else float(np.abs(mean).max()) or 1.0
    sizes = [goal.risk_aversion * risk**2]
    if goal.min_return is None:
        sizes.append(float(np.abs(mean).max()))
    if goal.uncertainty is not None:
        sizes.append(goal.radius * math.sqrt(float(np.diagonal(goal.uncertainty).mean())))
    if goal.scenarios is not None:
        sizes.append(float(np.sqrt(np.mean(goal.scenarios**2))))
    if not max(sizes) and goal.costs is not None and goal.min_return is None:
        costs = goal.costs
        sizes.append(float((costs.trading + costs.impact + costs.holding + costs.borrow).max()))
    return max(sizes) or 1.0
