"""What a portfolio must obey, written by asset name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError
from blportfolio.optimise.benchmark import read_benchmark
from blportfolio.optimise.limits import (
    LinearConstraint,
    Range,
    check_known,
    limit,
    limits,
    number,
    number_or_table,
    number_table,
    ranges,
    table,
)
from blportfolio.optimise.settings import Settings
from blportfolio.optimise.units import check_unit
from blportfolio.types import FrozenState
from blportfolio.validation import check_choice, shown

OTHERS = "*"
"""Name that stands, in `bounds`, for every asset without an entry of its own."""
SELECTIONS = ("heuristic", "mip")


@dataclass(frozen=True, slots=True, repr=False)
class Constraints(Settings):
    """What a portfolio must obey; by default long-only and fully invested.

    Assets are found by name, never by position. A name must be one of the market's; one that may
    not be held at a decision is skipped there. All limits are in weight (decimal share of wealth)
    unless said otherwise. A file's `[optimise.constraints]` takes the same keys.

    Attributes:
        bounds: Lower and upper bound of every weight, (0, 0.3); or a table by asset,
            {"XLK": (0, 0.3), "*": (0, 0.1)}, where "*" is every other asset, (0, 1) unless given.
            None is no bound. A table of ranges may also be a DataFrame of the columns `lower` and
            `upper`.
        budget: What the weights sum to.
        cash: Instead of a budget, lower and upper bound of what stays in cash, (0, 1).
        gross_exposure: Upper limit of Σ|w|; with a budget of 1 it matters where lower bounds are
            below 0.
        groups: Members by group, {"Tech": ["AAPL", "MSFT"]}, or the group of each asset,
            {"AAPL": "Tech"} or a Series.
        group_bounds: Lower and upper limit of a group's total weight, {"Tech": (0, 0.4)}.
        linear: Limits on weighted sums of weights, as `LinearConstraint`s or tables of their keys.
        factors: Loadings by factor and asset, {"beta": {"AAPL": 1.2}}, or a DataFrame of assets
            by factors; an eligible asset without one is refused.
        factor_bounds: Lower and upper limit of a portfolio's loading, {"beta": (0.9, 1.1)}.
        turnover: Upper limit of ½Σ|w − w_previous|. Like `trade_bounds` it binds from the second
            decision on. What a backtest has to sell because it may be held no longer, and what is
            bought for it, does not count.
        trade_bounds: Upper limit of each |w − w_previous|, for all or by asset.
        relax: Where turnover and trade bounds contradict the rest, whether they give by as little
            as possible, with a remark, instead of an error.
        tracking_error: Upper limit of √((w − b)ᵀC(w − b)), decimal per `tracking_error_unit`.
        tracking_error_unit: `period` of the data, or `year`, over the square root of the periods
            in it.
        benchmark: Weights b by asset, `equal_weight`, or `market_cap` where the data have it. What
            of it may not be held at a decision is shared by the rest of it in proportion.
        max_assets: Upper limit of the number of weights other than 0.
        min_weight: Smallest |w| of an asset that is held.
        selection: How assets are chosen for the last two: `heuristic`, which may miss the best
            set, or `mip`, a mixed-integer programme, which needs a solver for them.

    Raises:
        ConfigError: If a part is wrong, or parts contradict each other whatever the assets are.
    """

    bounds: Any = (0.0, 1.0)
    budget: float = 1.0
    cash: Range | None = None
    gross_exposure: float | None = None
    groups: Mapping[str, Any] = field(default_factory=lambda: FrozenState({}))
    group_bounds: Mapping[str, Range] = field(default_factory=lambda: FrozenState({}))
    linear: tuple[LinearConstraint, ...] = ()
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: FrozenState({}))
    factor_bounds: Mapping[str, Range] = field(default_factory=lambda: FrozenState({}))
    turnover: float | None = None
    trade_bounds: float | Mapping[str, float] | None = None
    relax: bool = False
    tracking_error: float | None = None
    tracking_error_unit: str = "period"
    benchmark: str | Mapping[str, float] | None = None
    max_assets: int | None = None
    min_weight: float = 0.0
    selection: str = "heuristic"

    def __post_init__(self) -> None:
        """Check each part and bring it into one form."""
        put = object.__setattr__
        put(self, "bounds", _bounds(self.bounds))
        put(self, "budget", number(self.budget, name="budget"))
        if self.cash is not None:
            if self.budget != 1.0:
                raise ConfigError("Give a `budget` or bounds of `cash`, not both.")
            put(self, "cash", limits(self.cash, name="cash"))
        put(self, "groups", _groups(self.groups))
        put(self, "group_bounds", ranges(self.group_bounds, name="group_bounds"))
        check_known(self.group_bounds, self.groups, name="group_bounds")
        put(self, "linear", _linear(self.linear))
        factors = FrozenState(
            (key, number_table(loadings, name=f"factors {key}"))
            for key, loadings in table(self.factors, name="factors").items()
        )
        for key, loadings in factors.items():
            if not any(loadings.values()):
                raise ConfigError(f"`factors` {key} must give some asset a loading other than 0.")
        put(self, "factors", factors)
        put(self, "factor_bounds", ranges(self.factor_bounds, name="factor_bounds"))
        check_known(self.factor_bounds, factors, name="factor_bounds")
        for name in ("gross_exposure", "turnover", "tracking_error"):
            put(self, name, limit(getattr(self, name), name=name))
        put(self, "min_weight", number(self.min_weight, name="min_weight", least=0.0))
        if self.trade_bounds is not None:
            put(self, "trade_bounds", number_or_table(self.trade_bounds, name="trade_bounds"))
        if not isinstance(self.relax, bool):
            raise ConfigError(f"`relax` must be true or false, got {shown(self.relax)}.")
        put(self, "benchmark", read_benchmark(self.benchmark))
        if self.tracking_error is not None and self.benchmark is None:
            raise ConfigError("`tracking_error` needs a `benchmark`: weights by asset, or a name.")
        check_unit(self.tracking_error_unit, name="tracking_error_unit")
        check_choice(self.selection, SELECTIONS, name="selection")
        if self.max_assets is not None:
            count = number(self.max_assets, name="max_assets", least=1)
            if count != int(count):
                raise ConfigError(f"`max_assets` must be a whole number, got {count!r}.")
            put(self, "max_assets", int(count))

    @property
    def is_default(self) -> bool:
        """Whether they are long-only and fully invested, and nothing else."""
        return self == LONG_ONLY


def _bounds(value: Any) -> Range | FrozenState:  # noqa: ANN401, checked here
    if isinstance(value, Mapping | pd.Series | pd.DataFrame):
        return ranges(value, name="bounds")
    if isinstance(value, list | tuple | np.ndarray) and any(np.ndim(entry) for entry in value):
        raise ConfigError(
            f"`bounds` must be one pair for all assets, or by asset a table of pairs, "
            f'{{"AAPL": (0, 0.1)}}, or a DataFrame with the columns lower and upper; got '
            f"{shown(value)}."
        )
    return limits(value, name="bounds")


def _groups(value: Any) -> FrozenState:  # noqa: ANN401, checked here
    entries = table(value, name="groups")
    if isinstance(value, pd.Series) or any(isinstance(entry, str) for entry in entries.values()):
        by_group: dict[str, list[str]] = {}
        for asset, group in entries.items():
            if np.ndim(group) or pd.isna(group):
                raise ConfigError(
                    f"`groups` must give the group of {asset!r}, got {shown(group)}. Leave out the "
                    "assets of no group, or list the members of every group."
                )
            by_group.setdefault(str(group), []).append(asset)
        return FrozenState(by_group)
    groups = {}
    for group, members in entries.items():
        if not isinstance(members, Iterable):
            raise ConfigError(
                f"`groups` must list the members of {group!r} by name, or give the group of every "
                f"asset; got {shown(members)}."
            )
        names = tuple(str(member) for member in members)
        if len(set(names)) != len(names) or not names:
            raise ConfigError(f"`groups` must name each member of {group!r} once, got {names}.")
        groups[group] = names
    return FrozenState(groups)


def _linear(value: Any) -> tuple[LinearConstraint, ...]:  # noqa: ANN401, checked here
    if isinstance(value, Mapping | str) or not isinstance(value, Iterable):
        raise ConfigError(f"`linear` must be a list of linear constraints, got {shown(value)}.")
    rows = []
    for entry in value:
        if isinstance(entry, LinearConstraint):
            rows.append(entry)
            continue
        values = table(entry, name="linear")
        known = [part.name for part in fields(LinearConstraint)]
        check_known(values, known, name="linear")
        for key in ("name", "weights"):
            if key not in values:
                raise ConfigError(f"A linear constraint lacks its `{key}`, got {values!r}.")
        rows.append(LinearConstraint(**values))
    names = [row.name for row in rows]
    if len(set(names)) != len(names):
        raise ConfigError(f"`linear` must give each constraint a name of its own, got {names}.")
    return tuple(rows)


LONG_ONLY = Constraints()
"""Long-only, fully invested, and nothing else."""
