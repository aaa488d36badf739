"""Makes an allocation in the background, where a strategy has much to learn first."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.backtest import Strategy, decide
from blportfolio.backtest.strategy import as_strategy
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData
from blportfolio.data.reload import reload_market
from blportfolio.errors import BLPortfolioWarning
from blportfolio.report.allocation import Allocation, allocate

MUCH = 60_000
"""Prices (dates × assets) from which on a strategy that learns takes some three seconds."""
MANY = 150
"""Assets from which on the draws of a spread take that long."""

Progress = Callable[..., None]


def make_allocation(
    strategy: Strategy | StrategyConfig | str | Path,
    market: MarketData,
    *,
    as_of: str | None,
    previous: Mapping[str, float] | None,
    cost_bps: float,
    progress: Progress | None = None,
) -> Allocation:
    """Decide, and add what an investor asks for.

    Args:
        strategy: As of `decide`.
        market: The data.
        as_of: Date, ISO; by default the last.
        previous: Weights before, by asset.
        cost_bps: Basis points of each unit bought and each unit sold.
        progress: Called with the name of a step, steps done and all.

    Raises:
        BLPortfolioError: As `decide`.
    """

    def told(step: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, total: progress(step, done, total)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BLPortfolioWarning)  # the allocation's doubts say so
        decision = decide(
            strategy,
            market,
            as_of=as_of,
            previous_weights=None if not previous else pd.Series(dict(previous), dtype=float),
            cost_bps=cost_bps,
            progress=told("Learning from past decisions"),
            feature_progress=told("Computing features"),
        )
        if progress is not None:
            progress("Drawing expected returns", 0, 0)
        return allocate(decision, market)


def allocation(settings: Mapping[str, Any], folder: Path, progress: Progress) -> dict[str, Any]:  # noqa: ARG001, all is in the result
    """Make an allocation from settings as JSON holds them.

    Args:
        settings: `strategy`, a packaged name or the path of a TOML file; `source`, arguments of
            `reload_market`; `as_of`, `previous` and `cost_bps`.
        folder: Not used.
        progress: Called with the name of a step, steps done and all.

    Returns:
        `record`, of the allocation.

    Raises:
        BLPortfolioError: Whatever is wrong.
    """
    progress("Loading the data", 0, 0)
    market = reload_market(**settings["source"])
    made = make_allocation(
        settings["strategy"],
        market,
        as_of=settings["as_of"],
        previous=settings["previous"],
        cost_bps=float(settings["cost_bps"]),
        progress=progress,
    )
    return {"record": made.record()}


def takes_long(strategy: Strategy | StrategyConfig | str | Path, market: MarketData) -> bool:
    """Whether an allocation takes more than some three seconds.

    Raises:
        ConfigError: If the strategy is wrong.
    """
    plan = as_strategy(strategy)
    learns = bool(getattr(plan.prior, "keeps_state", hasattr(plan.prior, "update")))
    forecasts = any(getattr(one.feature, "is_forecast", False) for one in plan.features)
    size = len(market.dates) * len(market.assets)
    return ((learns or forecasts) and size > MUCH) or len(market.assets) > MANY
