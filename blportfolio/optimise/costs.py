"""What trading and holding cost, as part of an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.optimise.limits import check_known, number, number_or_table
from blportfolio.optimise.settings import Settings
from blportfolio.types import DecisionContext, FloatArray

PER_ASSET = ("trading_bps", "impact_bps", "holding_bps", "borrow_bps")


@dataclass(frozen=True, slots=True, eq=False)
class CostArrays:
    """Costs of one decision per period, decimal: Σ a|Δw| + b Δw² + h|w| + s max(−w, 0).

    Attributes:
        trading: (n_assets,) a, already spread over the horizon.
        impact: (n_assets,) b, likewise.
        holding: (n_assets,) h.
        borrow: (n_assets,) s.
        previous: (n_assets,) weights before the trade.
    """

    trading: FloatArray
    impact: FloatArray
    holding: FloatArray
    borrow: FloatArray
    previous: FloatArray

    def value(self, weights: FloatArray) -> float:
        """Return the cost of moving to and holding `weights`, decimal per period."""
        trade = np.abs(weights - self.previous)
        return float(
            self.trading @ trade
            + self.impact @ trade**2
            + self.holding @ np.abs(weights)
            + self.borrow @ np.maximum(-weights, 0.0)
        )


@dataclass(frozen=True, slots=True, repr=False)
class Costs(Settings):
    """What trading and holding cost, taken off the expected return that an objective sees.

    They shape the decision; what a backtest charges is its own `cost_bps`. Each figure is a number
    for all assets or a table by asset, whose other assets cost nothing.

    Attributes:
        trading_bps: Basis points of each unit bought and each unit sold.
        impact_bps: Basis points that trading the whole portfolio's worth of one asset costs;
            trading a share x of it costs x² times as much (market impact).
        holding_bps: Basis points per period of each unit held, long or short.
        borrow_bps: Basis points per period of each unit held short, on top.
        horizon: Periods over which a trade has to pay for itself; by default until the next
            decision in a backtest, else 1.

    Raises:
        ConfigError: If a figure is negative or no number.
    """

    trading_bps: float | Mapping[str, float] = 0.0
    impact_bps: float | Mapping[str, float] = 0.0
    holding_bps: float | Mapping[str, float] = 0.0
    borrow_bps: float | Mapping[str, float] = 0.0
    horizon: float | None = None

    def __post_init__(self) -> None:
        """Check the figures."""
        for name in PER_ASSET:
            object.__setattr__(self, name, number_or_table(getattr(self, name), name=name))
        if self.horizon is not None and not number(self.horizon, name="horizon") > 0:
            raise ConfigError(f"`horizon` must be above 0 periods, got {self.horizon!r}.")

    @property
    def is_free(self) -> bool:
        """Whether nothing costs anything."""
        return self == NO_COSTS

    def arrays(self, previous: FloatArray | None, context: DecisionContext) -> CostArrays | None:
        """Return the costs of one decision, or None where there are none.

        Args:
            previous: (n_assets,) weights before the trade; None for none.
            context: Labels and horizon of the decision.

        Raises:
            ConfigError: If a table names an unknown asset.
        """
        if self.is_free:
            return None
        size = len(context.assets)
        bps = {name: self._per_asset(name, context) for name in PER_ASSET}
        horizon = context.horizon if self.horizon is None else self.horizon
        return CostArrays(
            trading=bps["trading_bps"] / 1e4 / horizon,
            impact=bps["impact_bps"] / 1e4 / horizon,
            holding=bps["holding_bps"] / 1e4,
            borrow=bps["borrow_bps"] / 1e4,
            previous=np.zeros(size) if previous is None else previous,
        )

    def _per_asset(self, name: str, context: DecisionContext) -> FloatArray:
        value = getattr(self, name)
        if not isinstance(value, Mapping):
            return np.full(len(context.assets), float(value))
        check_known(value, {*context.assets, *context.universe}, name=name)
        return np.array([value.get(asset, 0.0) for asset in context.assets])


NO_COSTS = Costs()
