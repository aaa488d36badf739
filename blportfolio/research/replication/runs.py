"""Runs everything that a replication needs, in several processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pandas as pd

from blportfolio.backtest import BacktestResult, Strategy, first_decision, run_backtest
from blportfolio.config import load_strategy
from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.research.paper import StepResult, decompose
from blportfolio.research.paper.steps import LITERAL
from blportfolio.research.paper.steps import MARKOWITZ as SAMPLE_MARKOWITZ
from blportfolio.research.parallel import map_jobs
from blportfolio.research.replication.plan import (
    MARKOWITZ,
    STRATEGIES,
    Paper,
    ReplicationSettings,
)
from blportfolio.validation import check_date

Advance = Callable[[str, int, int], None]
Returns = TypeVar("Returns", pd.Series, pd.DataFrame)


@dataclass(frozen=True, slots=True, eq=False)
class Replication:
    """What was run.

    Attributes:
        paper: What it is a replication of.
        settings: How it was made.
        market: The data.
        is_own_universe: Whether the data are the paper's universe, and not others.
        first_decision: Date of the first decision, the same for all.
        measured_from: First date whose return counts.
        backtests: Results net of costs by (strategy, lookback).
        steps: The decomposition by lookback.
    """

    paper: Paper
    settings: ReplicationSettings
    market: MarketData
    is_own_universe: bool
    first_decision: pd.Timestamp
    measured_from: pd.Timestamp
    backtests: dict[tuple[str, int], BacktestResult]
    steps: dict[int, tuple[StepResult, ...]]

    @property
    def last_held(self) -> pd.Timestamp:
        """Last date whose return counts."""
        last: pd.Timestamp = self.returns(STRATEGIES[0], self.settings.lookbacks[0]).index[-1]
        return last

    @property
    def measured_since(self) -> pd.Timestamp:
        """Date that growth is counted from, the last one before the first return that counts."""
        dates = self.market.dates
        since: pd.Timestamp = dates[int(dates.searchsorted(self.measured_from)) - 1]
        return since

    @property
    def periods_per_year(self) -> float:
        """Periods of the data in a year."""
        return float(self.market.periods_per_year or 252.0)

    def returns(self, strategy: str, lookback: int) -> pd.Series:
        """Return net returns that count, by date."""
        return self.counted(self.backtests[strategy, lookback].returns)

    def counted(self, returns: Returns) -> Returns:
        """Return the part of returns that counts."""
        return returns.loc[returns.index >= self.measured_from]

    def step(self, name: str, lookback: int) -> StepResult:
        """Return one step of the decomposition."""
        return next(step for step in self.steps[lookback] if step.name == name)

    def literal(self, lookback: int) -> StepResult:
        """Return the paper's pipeline as its scripts have it."""
        return self.step(LITERAL, lookback)

    def markowitz(self, lookback: int) -> StepResult:
        """Return Markowitz as the paper has it: its weights stay where no mean is positive."""
        return self.step(SAMPLE_MARKOWITZ, lookback)

    def label(self, strategy: str) -> str:
        """Return the strategy's own name."""
        return self.backtests[strategy, self.settings.lookbacks[0]].name


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A backtest."""

    market: MarketData
    strategy: Strategy
    start: pd.Timestamp
    end: str | None
    seed: int


def replicate(
    paper: Paper,
    market: MarketData,
    settings: ReplicationSettings,
    *,
    is_own_universe: bool = True,
    n_jobs: int | None = None,
    progress: Advance | None = None,
) -> Replication:
    """Run every strategy and the decomposition for every window, all over the same period.

    Args:
        paper: What to replicate.
        market: The data.
        settings: How.
        is_own_universe: Whether the data are the paper's universe.
        n_jobs: Processes; by default one for each processor.
        progress: Called with a name, jobs done and jobs in all.

    Raises:
        DataError: If the data are too short, or nothing is left to measure.
    """
    plans = {
        (name, lookback): _strategy(name, lookback, settings.cost_bps)
        for name in STRATEGIES
        for lookback in settings.lookbacks
    }
    begin = _decided_before(market, settings.start)
    common = max(
        first_decision(plan, market, start=begin, end=settings.end) for plan in plans.values()
    )
    # First what is quick, so that a fault of the data shows before minutes of regressions.
    found = map_jobs(
        _run,
        [_Job(market, plan, common, settings.end, settings.seed) for plan in plans.values()],
        n_jobs=n_jobs,
        progress=_named(progress, "backtests"),
    )
    steps = {
        lookback: decompose(
            market,
            lookback,
            start=common,
            end=settings.end,
            cost_bps=settings.cost_bps,
            obv_to_date=settings.obv_to_date,
            n_jobs=n_jobs,
            progress=_named(progress, f"decomposition, windows of {lookback}"),
        )
        for lookback in settings.lookbacks
    }
    backtests = dict(zip(plans, found, strict=True))
    measured = _measured_from(backtests[MARKOWITZ, settings.lookbacks[0]].returns, settings.start)
    return Replication(paper, settings, market, is_own_universe, common, measured, backtests, steps)


def _named(progress: Advance | None, name: str) -> Callable[[int, int], None] | None:
    return None if progress is None else partial(progress, name)


def _run(job: _Job) -> BacktestResult:
    return run_backtest(job.strategy, job.market, start=job.start, end=job.end, seed=job.seed)


def _strategy(name: str, lookback: int, cost_bps: float) -> Strategy:
    chosen = {"lookback": lookback, "rebalance": "month_end", "cost_bps": cost_bps}
    return Strategy.from_config(load_strategy(name).model_copy(update=chosen))


def _decided_before(market: MarketData, start: str | None) -> pd.Timestamp | None:
    """Return the last month end before the first date whose return counts, None without one."""
    if start is None:
        return None
    first = check_date(start, name="start")
    if first > market.dates[-1]:
        raise DataError(
            f"`start` {first.date()} is after the last date of {market.name}, "
            f"{market.dates[-1].date()}. Choose an earlier one."
        )
    earlier = market.dates[market.dates.to_period("M") < first.to_period("M")]
    return earlier[-1] if len(earlier) else None


def _measured_from(returns: pd.Series, start: str | None) -> pd.Timestamp:
    counted = returns.index if start is None else returns.index[returns.index >= start]
    if len(counted) < 2:
        raise DataError(
            f"`start` {start} leaves fewer than two returns to measure; the last date held is "
            f"{returns.index[-1].date()}. Choose an earlier one."
        )
    first: pd.Timestamp = counted[0]
    return first
