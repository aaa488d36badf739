"""Runs every strategy of an experiment over the same period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from blportfolio.backtest.engine import first_decision, run_backtest
from blportfolio.backtest.result import BacktestResult
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData

Progress = Callable[[str, int, int], None]


def run_experiment(
    strategies: Sequence[StrategyConfig],
    market: MarketData,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    feature_progress: Progress | None = None,
) -> list[BacktestResult]:
    """Run strategies from the first date at which all of them can decide.

    A strategy with a short lookback could begin earlier than one with a long one; their figures
    would then describe different years.

    Args:
        strategies: One a row of the table.
        market: The data.
        start: First date at which a decision may be made.
        end: Last date held.
        seed: Seed recorded for models that draw random numbers.
        progress: Called with the strategy's name, decisions done and decisions in all.
        feature_progress: Called with the strategy's name, steps done and steps in all, while its
            features that take long are computed, such as forecasts.

    Raises:
        DataError: If a strategy has no decision to make.
    """
    common = max(first_decision(s, market, start=start, end=end) for s in strategies)
    results = []
    for strategy in strategies:
        result = run_backtest(
            strategy,
            market,
            start=common,
            end=end,
            progress=None if progress is None else partial(progress, strategy.name),
            feature_progress=None
            if feature_progress is None
            else partial(feature_progress, strategy.name),
            seed=seed,
        )
        results.append(result)
    return results
