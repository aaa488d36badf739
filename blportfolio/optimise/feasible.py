"""The portfolios that constraints allow at one decision, as arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.benchmark import benchmark_weights
from blportfolio.optimise.constraints import OTHERS, Constraints
from blportfolio.optimise.limits import Range, check_known
from blportfolio.optimise.units import per_period
from blportfolio.types import DecisionContext, FloatArray

MANY_TIMES_WEALTH = 5.0
"""A limit of a weight from here on may have been meant in percent."""


@dataclass(frozen=True, slots=True, eq=False)
class FeasibleSet:
    """Constraints as arrays for the assets of one decision.

    Attributes:
        assets: (n_assets,) labels, for messages.
        lower: (n_assets,) lower bounds; −inf for none.
        upper: (n_assets,) upper bounds; inf for none.
        budget_lower: Least sum of the weights.
        budget_upper: Largest sum of the weights; equal to `budget_lower` without cash.
        rows: (n_rows, n_assets) groups, linear constraints and factor exposures.
        row_lower: (n_rows,) lower limits of rows @ w; −inf for none.
        row_upper: (n_rows,) upper limits of rows @ w; inf for none.
        row_names: (n_rows,) what each row limits, such as "group Tech".
        previous: (n_assets,) weights before the trade, or None at a first purchase; then neither
            turnover nor trades are limited.
        turnover: Upper limit of ½Σ|w − w_previous|; inf for none.
        trade: (n_assets,) upper limits of |w − w_previous|; inf for none.
        gross: Upper limit of Σ|w|; inf for none.
        tracking_error: Upper limit of √((w − b)ᵀC(w − b)); inf for none.
        benchmark: (n_assets,) b; 0 where there is none.
        max_assets: Upper limit of the number of weights other than 0; n_assets for none.
        min_weight: Smallest |w| of an asset that is held; 0 for none.
        relax: Whether turnover and trade limits give where they contradict the rest.
        selection: How assets are chosen where positions are limited, `heuristic` or `mip`.
        remarks: Constraints that name no asset of this decision.
    """

    assets: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    budget_lower: float
    budget_upper: float
    rows: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    row_names: tuple[str, ...]
    previous: FloatArray | None
    turnover: float
    trade: FloatArray
    gross: float
    tracking_error: float
    benchmark: FloatArray
    max_assets: int
    min_weight: float
    relax: bool = False
    selection: str = "heuristic"
    remarks: tuple[str, ...] = ()

    @property
    def is_box(self) -> bool:
        """Whether bounds, trade bounds and the budget are all there is."""
        return (
            not len(self.rows)
            and math.isinf(self.turnover)
            and math.isinf(self.tracking_error)
            and not self.is_selective
            and (math.isinf(self.gross) or bool((self.box()[0] >= 0).all()))
        )

    @property
    def is_selective(self) -> bool:
        """Whether the number or the least size of positions is limited."""
        return self.max_assets < len(self.assets) or self.min_weight > 0

    def box(self) -> tuple[FloatArray, FloatArray]:
        """Return (n_assets,) lower and upper bounds, trade bounds included."""
        if self.previous is None:
            return self.lower, self.upper
        return (
            np.maximum(self.lower, self.previous - self.trade),
            np.minimum(self.upper, self.previous + self.trade),
        )

    def budget(self) -> tuple[float, float]:
        """Return the least and the largest sum of weights, as a limit on Σ|w| cuts it too."""
        if math.isinf(self.gross) or not (self.box()[0] >= 0).all():
            return self.budget_lower, self.budget_upper
        return self.budget_lower, min(self.budget_upper, self.gross)

    def violation(self, weights: FloatArray, covariance: FloatArray) -> float:
        """Return by how much weights break the worst limit.

        In weight, or in the unit of a row; a tracking error in units of its limit.
        """
        worst = [
            float((self.lower - weights).max(initial=0.0)),
            float((weights - self.upper).max(initial=0.0)),
            self.budget_lower - float(weights.sum()),
            float(weights.sum()) - self.budget_upper,
            float(np.abs(weights).sum()) - self.gross,
        ]
        if len(self.rows):
            values = self.rows @ weights
            worst += [
                float((self.row_lower - values).max()),
                float((values - self.row_upper).max()),
            ]
        if self.previous is not None:
            trades = np.abs(weights - self.previous)
            worst += [float(trades.sum()) / 2 - self.turnover, float((trades - self.trade).max())]
        if math.isfinite(self.tracking_error):
            gap = weights - self.benchmark
            error = math.sqrt(max(float(gap @ covariance @ gap), 0.0))
            worst.append(
                error / self.tracking_error - 1 if self.tracking_error > 0 else float(error > 0)
            )
        held = np.abs(weights[weights != 0])
        if np.count_nonzero(weights) > self.max_assets:
            worst.append(float(np.sort(held)[: -self.max_assets].sum()))
        if len(held):
            worst.append(self.min_weight - float(held.min()))
        return max(worst)


def feasible_set(
    constraints: Constraints, previous: FloatArray | None, context: DecisionContext
) -> FeasibleSet:
    """Return what constraints allow at one decision.

    Args:
        constraints: Written by name.
        previous: (n_assets,) weights before the trade, or None at a first purchase.
        context: Labels of the decision.

    Raises:
        ConfigError: If a name is unknown.
        DataError: If an asset lacks a loading on a factor that is limited, or the data lack market
            weights for the benchmark.
    """
    assets = context.assets
    known = {*assets, *context.universe}
    lower, upper = _ends(_bounds(constraints, assets, known))
    names, rows, ranges, remarks = [], [], [], []
    for key, name, weights, limit in _weighted_sums(constraints):
        check_known(weights, known, name=key)
        missing = [asset for asset in assets if asset not in weights]
        if missing and key == "factors":
            raise DataError(
                f"`factors` {name.removeprefix('factor ')} has no loading for {missing[0]!r}, "
                "which may be held; add it."
            )
        row = [weights.get(asset, 0.0) for asset in assets]
        if any(row):
            names.append(name)
            rows.append(row)
            ranges.append(limit)
        else:
            remarks.append(f"The limit on {name} names no asset that may be held now.")
    row_lower, row_upper = _ends(ranges)
    trade = _trade(constraints, assets, known)
    groups = [end for ends in constraints.group_bounds.values() for end in ends if end is not None]
    totals = [_or(constraints.turnover, 0.0), _or(constraints.gross_exposure, 0.0), *groups]
    sizes = np.abs(np.concatenate([lower, upper, trade, totals]))
    largest = float(sizes[np.isfinite(sizes)].max(initial=0.0))
    if largest >= MANY_TIMES_WEALTH:
        remarks.append(
            f"A limit of {largest:g} is {largest:g} times wealth; weights are decimals, 0.3 for "
            "30 %."
        )
    least_cash, most_cash = constraints.cash or (None, None)
    limited = constraints.cash is not None
    return FeasibleSet(
        assets=assets,
        lower=lower,
        upper=upper,
        budget_lower=1 - _or(most_cash, math.inf) if limited else constraints.budget,
        budget_upper=1 - _or(least_cash, -math.inf) if limited else constraints.budget,
        rows=np.array(rows, dtype=float).reshape(-1, len(assets)),
        row_lower=row_lower,
        row_upper=row_upper,
        row_names=tuple(names),
        previous=previous,
        turnover=math.inf
        if previous is None
        else _or(constraints.turnover, math.inf) + context.forced_sales / 2,
        trade=trade,
        gross=_or(constraints.gross_exposure, math.inf),
        tracking_error=per_period(
            _or(constraints.tracking_error, math.inf),
            constraints.tracking_error_unit,
            context,
            is_volatility=True,
            key="tracking_error_unit",
        ),
        benchmark=benchmark_weights(constraints.benchmark, context),
        max_assets=min(_or(constraints.max_assets, len(assets)), len(assets)),
        min_weight=constraints.min_weight,
        relax=constraints.relax,
        selection=constraints.selection,
        remarks=tuple(remarks),
    )


def _weighted_sums(
    constraints: Constraints,
) -> Iterator[tuple[str, str, Mapping[str, float], Range]]:
    """Yield each limit on a weighted sum: the key that holds it, its name, weights and limits."""
    for group, limit in constraints.group_bounds.items():
        yield "groups", f"group {group}", dict.fromkeys(constraints.groups[group], 1.0), limit
    for entry in constraints.linear:
        yield "linear", entry.name, entry.weights, (entry.lower, entry.upper)
    for factor, limit in constraints.factor_bounds.items():
        yield "factors", f"factor {factor}", constraints.factors[factor], limit


def _ends(ranges: Sequence[Range]) -> tuple[FloatArray, FloatArray]:
    lower = np.array([_or(low, -math.inf) for low, _ in ranges], dtype=float)
    return lower, np.array([_or(high, math.inf) for _, high in ranges], dtype=float)


def _or(value: Any, default: Any) -> Any:  # noqa: ANN401
    return default if value is None else value


def _bounds(constraints: Constraints, assets: tuple[str, ...], known: set[str]) -> list[Range]:
    given = constraints.bounds
    if not isinstance(given, dict):
        return [given] * len(assets)
    check_known((name for name in given if name != OTHERS), known, name="bounds")
    others: Range = given.get(OTHERS, (0.0, 1.0))
    return [given.get(asset, others) for asset in assets]


def _trade(constraints: Constraints, assets: tuple[str, ...], known: set[str]) -> FloatArray:
    given = constraints.trade_bounds
    if isinstance(given, dict):
        check_known(given, known, name="trade_bounds")
        return np.array([given.get(asset, math.inf) for asset in assets])
    return np.full(len(assets), _or(given, math.inf))
