"""What is run on which universe: windows that fit, and the dates that all of them share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from blportfolio.backtest import first_decision
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import default_lookback

MIN_YEARS = 3.0
"""Years of returns below which a cell is left out, and a window too."""
MIN_RETURNS = 30
"""Returns below which both are left out: tests of fewer, such as annual ones, say nothing."""
DAILY_WINDOWS = (50, 100, 252, 504)
COARSE_WINDOWS = (60, 120, 240)
"""Windows of data with fewer than `COARSE` periods a year, in their periods."""
COARSE = 100.0
COSTS = (0.0, 10.0, 25.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """What every universe is run with.

    Attributes:
        windows: Returns in a training window of data with 100 periods a year or more.
        coarse_windows: The same of data with fewer, such as monthly ones, in their periods.
        costs: Basis points of each unit bought and each unit sold.
        claim_cost: The cost at which the claim is judged; one of `costs`.
        start: First date at which a decision may be made.
        end: Last date held.
        min_years: Years of returns that a cell must have; 30 returns in any case.
        n_draws: Draws of the bootstrap of the claim's tests.
        seed: Seed of these draws.

    Raises:
        ConfigError: If a window, a cost or a number is out of range, or one is named twice.
    """

    windows: tuple[int, ...] = DAILY_WINDOWS
    coarse_windows: tuple[int, ...] = COARSE_WINDOWS
    costs: tuple[float, ...] = COSTS
    claim_cost: float | None = None
    start: str | None = None
    end: str | None = None
    min_years: float = MIN_YEARS
    n_draws: int = 4999
    seed: int = 0

    def __post_init__(self) -> None:
        """Check everything and sort the lists."""
        for name, least in (("windows", 2), ("coarse_windows", 2), ("costs", 0)):
            values = tuple(getattr(self, name))
            if not values or not all(value >= least for value in values):
                raise ConfigError(f"`{name}` must be numbers from {least} on, got {values}.")
            if len(set(values)) < len(values):
                raise ConfigError(f"`{name}` names one twice: {values}.")
            object.__setattr__(self, name, tuple(sorted(values)))
        object.__setattr__(self, "costs", tuple(float(cost) for cost in self.costs))
        if self.costs[-1] >= 10_000:
            raise ConfigError(f"`costs` must be below 10,000 basis points, got {self.costs[-1]:g}.")
        if not self.min_years > 0:
            raise ConfigError(f"`min_years` must be above 0, got {self.min_years}.")
        usual = 10.0 if self.claim_cost is None else float(self.claim_cost)
        if self.claim_cost is None and usual not in self.costs:
            usual = min(self.costs, key=lambda cost: abs(cost - usual))
        if usual not in self.costs:
            raise ConfigError(f"`claim_cost` must be one of `costs` {self.costs}, got {usual:g}.")
        object.__setattr__(self, "claim_cost", usual)

    def windows_of(self, market: MarketData) -> tuple[int, ...]:
        """Return the windows that are meant for data of this frequency."""
        is_coarse = _periods_per_year(market) < COARSE
        return self.coarse_windows if is_coarse else self.windows

    def least_returns(self, periods_per_year: float) -> int:
        """Return how many returns a cell must have."""
        return max(math.ceil(self.min_years * periods_per_year), MIN_RETURNS)


@dataclass(frozen=True, slots=True)
class UniversePlan:
    """What is run on one universe.

    Attributes:
        name: Its name.
        windows: Windows that leave enough years of returns.
        claim_window: That of `windows` nearest to a year (at least 60 periods), what a strategy
            uses if nothing else is said.
        start: Date of the first decision, the same for all windows.
        periods_per_year: Periods of its data in a year.
        n_assets: Assets that can be held at some date; benchmarks cannot.
        notes: Sentences on what was left out, and why.
    """

    name: str
    windows: tuple[int, ...]
    claim_window: int
    start: pd.Timestamp
    periods_per_year: float
    n_assets: int
    notes: tuple[str, ...] = ()


def plan_universe(
    name: str, market: MarketData, strategies: Sequence[StrategyConfig], settings: Settings
) -> UniversePlan:
    """Return what can be run on a universe.

    All windows begin with the decision at which the longest can be made: figures of several
    windows then describe the same years.

    Args:
        name: Name for tables.
        market: The data.
        strategies: What will be run.
        settings: Windows and dates.

    Raises:
        DataError: If no window leaves `min_years` of returns.
    """
    asked = settings.windows_of(market)
    periods = _periods_per_year(market)
    needed = settings.least_returns(periods)
    kept: list[int] = []
    start, reasons = market.dates[0], []
    for window in asked:
        try:
            first = max(
                first_decision(
                    strategy.model_copy(update={"lookback": window}),
                    market,
                    start=settings.start,
                    end=settings.end,
                )
                for strategy in strategies
            )
        except DataError as error:
            reasons.append(f"window {window}: {error}")
            continue
        held = market.dates > first
        if settings.end is not None:
            held &= market.dates <= pd.Timestamp(settings.end)
        if held.sum() < needed:
            reasons.append(
                f"window {window}: it leaves {held.sum()} returns, fewer than the {needed} of a "
                f"cell ({settings.min_years:g} years, {MIN_RETURNS} at least)."
            )
            continue
        kept.append(window)
        start = max(start, first)
    if not kept:
        raise DataError(f"{name} is left out: {' '.join(reasons)}")
    usual = default_lookback(market)
    nearest = min(kept, key=lambda window: (abs(window - usual), -window))
    return UniversePlan(
        name=name,
        windows=tuple(kept),
        claim_window=nearest,
        start=start,
        periods_per_year=periods,
        n_assets=sum(
            market.membership is None or bool(market.membership.get(asset))
            for asset in market.assets
        ),
        notes=tuple(f"{name}, left out: {reason}" for reason in reasons),
    )


def _periods_per_year(market: MarketData) -> float:
    return float(market.periods_per_year or 252.0)
