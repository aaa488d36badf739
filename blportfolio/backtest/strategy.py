"""A strategy ready to run: models instead of their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from blportfolio.config import StrategyConfig, check_schedule, check_views, load_strategy
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features import FeatureChoice, choose_features, default_lookback
from blportfolio.optimise import MaxSharpe
from blportfolio.priors import HistoricalPrior
from blportfolio.types import Objective, Prior


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is decided at each rebalance, and how often.

    Attributes:
        name: Name for tables.
        prior: Model of returns.
        objective: Turns its distribution into weights.
        features: Features that the prior sees; names and features become choices.
        lookback: Returns in a training window; by default a year of periods, at least 60.
        rebalance: A schedule's name, or n for every n periods.
        cost_bps: Cost in basis points of each unit bought and each unit sold.
        settings: Resolved configuration, for the manifest.
    """

    name: str
    prior: Prior = field(default_factory=HistoricalPrior)
    objective: Objective = field(default_factory=MaxSharpe)
    features: tuple[FeatureChoice, ...] = ()
    lookback: int | None = None
    rebalance: int | str = "month_end"
    cost_bps: float = 10.0
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the parts, and describe a strategy that was made without a file."""
        if not self.name.strip() or not self.name.isprintable():
            raise ConfigError(f"`name` must be printable text, got {self.name!r}.")
        check_schedule(self.rebalance)
        check_cost(self.cost_bps)
        for name, method in (("prior", "fit"), ("objective", "solve")):
            part = getattr(self, name)
            if isinstance(part, type) or not callable(getattr(part, method, None)):
                raise ConfigError(f"`{name}` must be an object with {method}(), got {part!r}.")
        if self.lookback is not None and not (
            isinstance(self.lookback, int | np.integer) and self.lookback >= 2
        ):
            raise ConfigError(f"`lookback` must be 2 periods or more, got {self.lookback!r}.")
        object.__setattr__(self, "features", choose_features(self.features))
        check_views(self.prior, self.features)
        if not self.settings:
            described = {
                "name": self.name,
                "prior": repr(self.prior),
                "objective": repr(self.objective),
                "features": [repr(choice.feature) for choice in self.features],
            }
            object.__setattr__(self, "settings", described)

    def window_length(self, market: MarketData) -> int:
        """Return the returns in a training window of this market."""
        return default_lookback(market) if self.lookback is None else self.lookback

    @classmethod
    def from_config(cls, config: StrategyConfig) -> Strategy:
        """Build every model that a configuration names."""
        return cls(
            name=config.name,
            prior=config.prior_model(),
            objective=config.objective(),
            features=config.feature_choices(),
            lookback=config.lookback,
            rebalance=config.rebalance,
            cost_bps=config.cost_bps,
            settings=config.resolved(),
        )


def check_cost(cost_bps: float) -> float:
    """Return a cost in basis points.

    Raises:
        ConfigError: If it is no number from 0 to 10,000.
    """
    if not (isinstance(cost_bps, int | float | np.number) and 0 <= cost_bps < 10_000):
        raise ConfigError(f"`cost_bps` must be in [0, 10000), got {cost_bps!r}.")
    return float(cost_bps)


def as_strategy(strategy: Strategy | StrategyConfig | str | Path) -> Strategy:
    """Return a strategy for whatever `run_backtest` accepts.

    Raises:
        ConfigError: If it is none of them, or its file is wrong.
    """
    if isinstance(strategy, Strategy):
        return strategy
    if isinstance(strategy, str | Path):
        strategy = load_strategy(strategy)
    if not isinstance(strategy, StrategyConfig):
        raise ConfigError(
            "`strategy` must be a StrategyConfig, a packaged name or the path of a TOML file, got "
            f"{type(strategy).__name__}."
        )
    return Strategy.from_config(strategy)
