"""Runs every strategy of an experiment over the same period."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from blportfolio.backtest.engine import first_decision, run_backtest
from blportfolio.backtest.result import BacktestResult
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData


def run_experiment(
    strategies: Sequence[StrategyConfig],
    market: MarketData,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
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

    Raises:
        DataError: If a strategy has no decision to make.
    """
    common = max(first_decision(s, market, start=start, end=end) for s in strategies)
    results = []
    for strategy in strategies:
        name = strategy.name

        def report(done: int, total: int, name: str = name) -> None:
            if progress is not None:
                progress(name, done, total)

        results.append(
            run_backtest(strategy, market, start=common, end=end, progress=report, seed=seed)
        )
    return results
