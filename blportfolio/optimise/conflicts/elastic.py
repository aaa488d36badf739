"""The linear programme that widens some limits of a problem by as little as possible."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse

from blportfolio.errors import SolverError
from blportfolio.optimise.conflicts.single_limits import CURVED, single_limits
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray, IntArray

TOLERANCE = 1e-9
"""A contradiction up to this, in weight, counts as met."""
ATTEMPTS: tuple[tuple[Literal["highs-ds", "highs-ipm"], float], ...] = (
    ("highs-ds", math.inf),
    ("highs-ipm", math.inf),
    ("highs-ds", 1e6),
    ("highs-ipm", 1e6),
)
"""Methods of HiGHS, and bounds of its variables, without which it may lose its way."""


class Slack(NamedTuple):
    """Answer of `Elastic.least_slack`.

    Attributes:
        value: Least common excess, in weight.
        weights: (n_assets,) weights that need no more.
        support: Limits that force it: a certificate, minimal but for auxiliary rows.
    """

    value: float
    weights: FloatArray
    support: tuple[int, ...]


class Elastic:
    """Limits as rows A x ≤ b in x, the weights and the absolute values that some limits need.

    Curved limits start without rows, a return after market impact without that cost; `add_cut`
    gives them tangent planes, so that what contradicts the rows contradicts the limits.
    """

    def __init__(self, goal: Goal, allowed: FeasibleSet) -> None:
        self.goal, self.allowed = goal, allowed
        self.limits = tuple(single_limits(goal, allowed))
        self.size = len(allowed.assets)
        costs = goal.costs if goal.min_return is not None else None
        blocks = {
            "trade": math.isfinite(allowed.turnover) or (costs is not None and costs.trading.any()),
            "held": math.isfinite(allowed.gross) or (costs is not None and costs.holding.any()),
            "short": costs is not None and costs.borrow.any(),
        }
        self.width = self.size
        self.start: dict[str, int] = {}
        for name, is_needed in blocks.items():
            if is_needed:
                self.start[name] = self.width
                self.width += self.size
        self.has_impact = costs is not None and bool(costs.impact.any())
        before = costs.previous if costs is not None else allowed.previous
        self.before = np.zeros(self.size) if before is None else before
        self._parts: list[sparse.csr_array] = []
        self._bounds: list[FloatArray] = []
        self._owners: list[IntArray] = []
        self._define()
        for number in range(len(self.limits)):
            self._add_limit(number)

    def least_slack(
        self,
        soft: Collection[int],
        hard: Collection[int] = (),
        gives: Mapping[int, float] | None = None,
    ) -> Slack | None:
        """Return by how much all `soft` limits must give alike for the `hard` ones to be met.

        Args:
            soft: Positions in `limits`.
            hard: Positions in `limits`.
            gives: What limits give beforehand, in weight.

        Returns:
            The least slack, or None where no slack is enough.

        Raises:
            SolverError: If the linear programme fails.
        """
        from scipy.optimize import linprog

        matrix, bounds, owners = self.stacked()
        for number, give in (gives or {}).items():
            bounds = np.where(owners == number, bounds + give, bounds)
        is_soft = np.isin(owners, list(soft))
        kept = is_soft | np.isin(owners, list(hard)) | (owners < 0)
        slack = sparse.csr_array(-is_soft[kept, None].astype(float))
        rows: Any = sparse.hstack([matrix[kept], slack], format="csr")
        cost = np.zeros(self.width + 1)
        cost[-1] = 1.0
        for method, most in ATTEMPTS:
            found = linprog(
                cost,
                A_ub=rows,
                b_ub=bounds[kept],
                bounds=[*((-most, most) for _ in range(self.width)), (0, None)],
                method=method,
                options={
                    "primal_feasibility_tolerance": 1e-10,
                    "dual_feasibility_tolerance": 1e-10,
                },
            )
            if found.status == 2:
                return None
            if found.status == 0:
                prices = -np.asarray(found.ineqlin.marginals)
                forced = owners[kept][prices > 1e-9 * prices.max(initial=1e-300)]
                support = tuple(int(number) for number in np.unique(forced) if number >= 0)
                solution = np.asarray(found.x)
                return Slack(float(solution[-1]), solution[: self.size], support)
        raise SolverError(
            f"The linear programme that looks for conflicting constraints failed: {found.message}"
        )

    def fair_slack(self, soft: Collection[int], hard: Collection[int]) -> dict[int, float] | None:
        """Return by how much each `soft` limit must give, the largest and then the next made least.

        Args:
            soft: Positions in `limits`.
            hard: Positions in `limits`.

        Returns:
            What each limit that must give gives, in weight, or None where no slack is enough.
        """
        gives: dict[int, float] = {}
        pending = set(soft)
        while pending:
            found = self.least_slack(pending, {*hard, *gives}, gives)
            if found is None:
                return gives | dict.fromkeys(pending, max(gives.values())) if gives else None
            forced = pending.intersection(found.support)
            if found.value <= TOLERANCE or not forced:
                break
            gives |= dict.fromkeys(sorted(forced), found.value + TOLERANCE)
            pending -= forced
        return gives

    def is_curved(self, number: int) -> bool:
        """Whether a limit needs tangent planes."""
        kind = self.limits[number].kind
        return kind in CURVED or (kind == "return" and self.has_impact)

    def add_cut(self, number: int, weights: FloatArray) -> None:
        """Add the tangent plane of a curved limit at `weights`, which every w within it obeys."""
        limit = self.limits[number]
        if limit.kind == "return":
            self._add_return(number, weights)
            return
        centre = self.centre(number)
        gradient = self.goal.covariance @ (weights - centre)
        size = math.sqrt(max(float(gradient @ (weights - centre)), 0.0))
        if size == 0:
            return
        gradient = gradient / size
        scale = float(np.abs(gradient).max())
        row = self._row(w=_single(gradient / scale))
        self._add(number, row, (limit.value + gradient @ centre) / scale)

    def centre(self, number: int) -> FloatArray:
        """Return (n_assets,) weights from which a curved limit measures."""
        is_tracking = self.limits[number].kind == "tracking"
        return self.allowed.benchmark if is_tracking else np.zeros(self.size)

    def excess(self, number: int, weights: FloatArray) -> float:
        """Return by how much weights break a curved limit, in its unit; below 0 where they do not.

        A limit on risk limits √((w − b)ᵀC(w − b)).
        """
        limit = self.limits[number]
        if limit.kind == "return":
            return limit.value - float(self.goal.net_return(weights))
        return self.goal.volatility(weights - self.centre(number)) - limit.value

    def stacked(self) -> tuple[sparse.csr_array, FloatArray, IntArray]:
        """Return A, b and the limit of each row, −1 for rows that define auxiliary variables."""
        if len(self._parts) > 1:
            self._parts = [sparse.vstack(self._parts, format="csr")]
            self._bounds = [np.concatenate(self._bounds)]
            self._owners = [np.concatenate(self._owners)]
        return self._parts[0], self._bounds[0], self._owners[0]

    def _add(self, number: int, rows: sparse.csr_array, bounds: FloatArray | float) -> None:
        count = rows.shape[0]
        self._parts.append(rows)
        self._bounds.append(np.broadcast_to(np.asarray(bounds, dtype=float), (count,)))
        self._owners.append(np.full(count, number, dtype=np.intp))

    def _row(self, **blocks: sparse.csr_array) -> sparse.csr_array:
        """Return rows made of blocks for the weights (w) and the auxiliary variables."""
        count = next(iter(blocks.values())).shape[0]
        parts = [
            blocks.get(name, sparse.csr_array((count, self.size))) for name in ("w", *self.start)
        ]
        return sparse.csr_array(sparse.hstack(parts, format="csr"))

    def _define(self) -> None:
        one = _eye(self.size)
        self._add(-1, sparse.csr_array((1, self.width)), 0.0)
        if "trade" in self.start:
            self._add(-1, self._row(w=one, trade=-one), self.before)
            self._add(-1, self._row(w=-one, trade=-one), -self.before)
        if "held" in self.start:
            self._add(-1, self._row(w=one, held=-one), 0.0)
            self._add(-1, self._row(w=-one, held=-one), 0.0)
        if "short" in self.start:
            self._add(-1, self._row(short=-one), 0.0)
            self._add(-1, self._row(w=-one, short=-one), 0.0)

    def _add_limit(self, number: int) -> None:
        limit, allowed = self.limits[number], self.allowed
        ones = np.ones(self.size)
        if limit.kind in CURVED:
            return
        if limit.kind == "turnover":
            self._add(number, self._row(trade=_single(ones)), 2 * limit.value)
        elif limit.kind == "gross":
            self._add(number, self._row(held=_single(ones)), limit.value)
        elif limit.kind == "return":
            self._add_return(number, self.before)
        elif limit.kind == "trade":
            unit = _unit(limit.index, self.width)
            held = float(self.before[limit.index])
            self._add(number, unit, held + limit.value)
            self._add(number, -unit, limit.value - held)
        else:
            if limit.kind == "bound":
                row = _unit(limit.index, self.width, 1 / limit.scale)
            else:
                full = ones if limit.kind == "budget" else allowed.rows[limit.index]
                row = self._row(w=_single(full / limit.scale))
            value = limit.value / limit.scale
            if limit.side != "least":
                self._add(number, row.copy(), value)
            if limit.side != "most":
                self._add(number, -row, -value)

    def _add_return(self, number: int, weights: FloatArray) -> None:
        """Limit the return, its market impact replaced by the tangent at `weights`.

        The square of a trade z is at least 2dz − d² for every d.
        """
        limit, costs = self.limits[number], self.goal.costs
        pull = np.zeros(self.size) if self.goal.mean is None else self.goal.mean
        blocks: dict[str, FloatArray] = {}
        constant = 0.0
        if costs is not None:
            trade = weights - self.before
            pull = pull - 2 * costs.impact * trade
            constant = float(costs.impact @ (trade * (weights + self.before)))
            blocks = {"trade": costs.trading, "held": costs.holding, "short": costs.borrow}
        parts = {name: _single(v / limit.scale) for name, v in blocks.items() if name in self.start}
        row = self._row(w=_single(-pull / limit.scale), **parts)
        self._add(number, row, (constant - limit.value) / limit.scale)


def _eye(size: int) -> sparse.csr_array:
    return sparse.csr_array(sparse.eye_array(size, format="csr"))


def _unit(index: int, size: int, value: float = 1.0) -> sparse.csr_array:
    return sparse.csr_array(([value], ([0], [index])), shape=(1, size))


def _single(values: FloatArray) -> sparse.csr_array:
    return sparse.csr_array(values[None, :])
