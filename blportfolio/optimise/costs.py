"""What trading and holding cost, as part of an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.optimise.limits import check_known, number, number_or_table
from blportfolio.optimise.settings import Settings
from blportfolio.types import DecisionContext, FloatArray

CHARGED = "charged"
LOOKBACK = "lookback"
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
        trading_bps: Basis points of each unit bought and each unit sold; or "charged" for those
            that the backtest charges (its `cost_bps`; 10 outside a backtest).
        impact_bps: Basis points that trading the whole portfolio's worth of one asset costs;
            trading a share x of it costs x² times as much (market impact).
        holding_bps: Basis points per period of each unit held, long or short.
        borrow_bps: Basis points per period of each unit held short, on top.
        horizon: Periods over which a trade has to pay for itself; by default until the next
            decision in a backtest, else 1. "lookback" is as many as the training window holds:
            until nothing of the window that asks for the trade is left in the one that decides.

    Raises:
        ConfigError: If a figure is negative or no number.
    """

    trading_bps: float | str | Mapping[str, float] = 0.0
    impact_bps: float | Mapping[str, float] = 0.0
    holding_bps: float | Mapping[str, float] = 0.0
    borrow_bps: float | Mapping[str, float] = 0.0
    horizon: float | str | None = None

    def __post_init__(self) -> None:
        """Check the figures."""
        for name in PER_ASSET:
            value = getattr(self, name)
            if isinstance(value, str):
                if name != "trading_bps" or value != CHARGED:
                    other = f' or "{CHARGED}"' if name == "trading_bps" else ""
                    raise ConfigError(
                        f"`{name}` must be a number, a table by asset{other}, got {value!r}."
                    )
                continue
            object.__setattr__(self, name, number_or_table(value, name=name))
        if isinstance(self.horizon, str):
            if self.horizon != LOOKBACK:
                raise ConfigError(
                    f'`horizon` must be a number of periods or "{LOOKBACK}", got {self.horizon!r}.'
                )
        elif self.horizon is not None and not number(self.horizon, name="horizon") > 0:
            raise ConfigError(f"`horizon` must be above 0 periods, got {self.horizon!r}.")

    @property
    def is_free(self) -> bool:
        """Whether nothing costs anything, wherever the decision is made."""
        return all(getattr(self, name) == 0 for name in PER_ASSET)

    def arrays(self, previous: FloatArray | None, context: DecisionContext) -> CostArrays | None:
        """Return the costs of one decision, or None where there are none.

        Args:
            previous: (n_assets,) weights before the trade; None for none.
            context: Labels of the decision, its horizon, its window's length and what it is
                charged.

        Raises:
            ConfigError: If a table names an unknown asset, or `horizon` is the length of a window
                that is not known.
        """
        if self.is_free:
            return None
        size = len(context.assets)
        bps = {name: self._per_asset(name, context) for name in PER_ASSET}
        if not any(values.any() for values in bps.values()):
            return None
        horizon = self._horizon(context)
        return CostArrays(
            trading=bps["trading_bps"] / 1e4 / horizon,
            impact=bps["impact_bps"] / 1e4 / horizon,
            holding=bps["holding_bps"] / 1e4,
            borrow=bps["borrow_bps"] / 1e4,
            previous=np.zeros(size) if previous is None else previous,
        )

    def _horizon(self, context: DecisionContext) -> float:
        if self.horizon is None:
            return context.horizon
        if not isinstance(self.horizon, str):
            return self.horizon
        if context.lookback is None:
            raise ConfigError(
                f'`horizon` of costs is "{LOOKBACK}", and how many returns the moments come from '
                "is not known here. Give a number of periods, or a distribution with scenarios, "
                "as a prior's fit(window) returns."
            )
        return float(context.lookback)

    def _per_asset(self, name: str, context: DecisionContext) -> FloatArray:
        value = getattr(self, name)
        if value == CHARGED:
            value = context.cost_bps
        if not isinstance(value, Mapping):
            return np.full(len(context.assets), float(value))
        check_known(value, {*context.assets, *context.universe}, name=name)
        return np.array([value.get(asset, 0.0) for asset in context.assets])
