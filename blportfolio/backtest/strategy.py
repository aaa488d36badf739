"""A strategy ready to run: models instead of their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blportfolio.config import StrategyConfig, check_schedule, load_strategy
from blportfolio.errors import ConfigError
from blportfolio.features import FeatureChoice
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
        features: Features that the prior sees.
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
        """Check the parameters and describe a strategy that was made without a file."""
        check_schedule(self.rebalance)
        if not self.name.strip() or not self.name.isprintable():
            raise ConfigError(f"`name` must be printable text, got {self.name!r}.")
        if not 0 <= self.cost_bps < 10_000:
            raise ConfigError(f"`cost_bps` must be in [0, 10000), got {self.cost_bps}.")
        if not self.settings:
            described = {
                "name": self.name,
                "prior": repr(self.prior),
                "objective": repr(self.objective),
                "features": [repr(choice.feature) for choice in self.features],
            }
            object.__setattr__(self, "settings", described)

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
            settings=config.model_dump(mode="json"),
        )


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
