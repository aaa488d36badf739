"""Runs every strategy on every universe with every window, and its net returns at every cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult, run_backtest
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData
from blportfolio.errors import BLPortfolioError, DataError
from blportfolio.optimise.costs import CHARGED
from blportfolio.report import metrics
from blportfolio.research.breadth.plan import Settings, UniversePlan, plan_universe
from blportfolio.research.parallel import map_jobs
from blportfolio.types import FloatArray

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One strategy on one universe with one window, at one cost.

    Attributes:
        universe: Name of the universe.
        strategy: Name of the strategy.
        window: Returns in a training window.
        cost_bps: Basis points of each unit bought and each unit sold.
        returns: (n_periods,) net returns per period, less the risk-free rate where the data have
            one; empty where it failed.
        turnover: Mean one-way turnover of the decisions after the first; NaN where it failed or
            there was one decision.
        periods_per_year: Periods of the data in a year.
        failure: Why it failed; empty where it did not.
    """

    universe: str
    strategy: str
    window: int
    cost_bps: float
    returns: pd.Series
    turnover: float
    periods_per_year: float
    failure: str = ""

    @property
    def sharpe_ratio(self) -> float:
        """Annualised; NaN where returns do not vary or the run failed."""
        if len(self.returns) < 2:
            return math.nan
        return metrics.sharpe_ratio(self.returns, self.periods_per_year)


@dataclass(frozen=True, slots=True, eq=False)
class Breadth:
    """All runs, in the order of universes, windows, strategies and costs.

    Attributes:
        settings: What they were made with.
        strategies: Names, in order.
        plans: By universe what was run on it.
        runs: By (universe, window, cost, strategy).
        left_out: Sentences on universes and windows that were left out.
    """

    settings: Settings
    strategies: tuple[str, ...]
    plans: Mapping[str, UniversePlan]
    runs: Mapping[tuple[str, int, float, str], Run]
    left_out: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """Say which strategies failed where, once for all costs."""
        said = (
            f"{run.strategy} failed on {run.universe} with a window of {run.window}: {run.failure}"
            for run in self.runs.values()
            if run.failure
        )
        return tuple(dict.fromkeys(said))

    def good(self, universe: str, window: int, cost: float, strategy: str) -> Run | None:
        """Return a run, or None where it failed or was not asked for."""
        run = self.runs.get((universe, window, cost, strategy))
        return None if run is None or run.failure else run


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What one process does at a time: a strategy with a window, at some costs.

    Attributes:
        strategy: With its window.
        universe: Name of the universe.
        market: Its data.
        costs: Basis points.
        start: First date of a decision.
        end: Last date held.
    """

    strategy: StrategyConfig
    universe: str
    market: MarketData = field(repr=False)
    costs: tuple[float, ...]
    start: pd.Timestamp
    end: str | None


def run_breadth(
    strategies: Sequence[StrategyConfig],
    markets: Mapping[str, MarketData],
    settings: Settings | None = None,
    *,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Breadth:
    """Run strategies over universes, windows and costs.

    A strategy that fails somewhere is noted and the others go on. Costs change no decision of a
    strategy that does not ask for them: it is run once, and its net returns at each cost follow
    from its gross ones and from what it traded.

    Args:
        strategies: Each under a name of its own; their windows and costs are replaced.
        markets: Data by name of the universe.
        settings: Windows, costs and dates.
        n_jobs: Processes; by default one for each processor. They change no bit of a result.
        progress: Called with the number of jobs done and of all.

    Returns:
        Every run.

    Raises:
        DataError: If two strategies have one name, or no universe is long enough.
    """
    chosen = settings or Settings()
    names = [strategy.name for strategy in strategies]
    if not names or len(set(names)) < len(names):
        raise DataError(f"`strategies` must be some, each with a name of its own, got {names}.")
    plans: dict[str, UniversePlan] = {}
    left_out: list[str] = []
    for name, market in markets.items():
        try:
            plans[name] = plan_universe(name, market, strategies, chosen)
        except DataError as error:
            left_out.append(str(error))
        else:
            left_out.extend(plans[name].notes)
    if not plans:
        raise DataError(f"No universe can be run. {' '.join(left_out)}".strip())
    jobs = [job for plan in plans.values() for job in _jobs(plan, strategies, markets, chosen)]
    found: dict[tuple[str, int, float, str], Run] = {}
    for runs in map_jobs(run_job, jobs, n_jobs=n_jobs, progress=progress):
        found.update({(run.universe, run.window, run.cost_bps, run.strategy): run for run in runs})
    ordered = {
        (plan.name, window, cost, name): found[plan.name, window, cost, name]
        for plan in plans.values()
        for window in plan.windows
        for cost in chosen.costs
        for name in names
    }
    return Breadth(chosen, tuple(names), plans, _same_dates(ordered), tuple(left_out))


def _jobs(
    plan: UniversePlan,
    strategies: Sequence[StrategyConfig],
    markets: Mapping[str, MarketData],
    settings: Settings,
) -> list[Job]:
    jobs = []
    for window in plan.windows:
        for strategy in strategies:
            windowed = strategy.model_copy(update={"lookback": window})
            apart = asks_for_costs(strategy)
            for costs in [(cost,) for cost in settings.costs] if apart else [settings.costs]:
                jobs.append(
                    Job(windowed, plan.name, markets[plan.name], costs, plan.start, settings.end)
                )
    return jobs


def asks_for_costs(strategy: StrategyConfig) -> bool:
    """Tell whether the decisions of a strategy depend on what a backtest charges."""
    return _holds(strategy.optimise, CHARGED)


def _holds(value: object, wanted: str) -> bool:
    """Tell whether a value, or anything in its tables and lists, is the wanted one."""
    if isinstance(value, Mapping):
        return any(_holds(one, wanted) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(one, wanted) for one in value)
    return value == wanted


def run_job(job: Job) -> list[Run]:
    """Return the run of a job at each of its costs."""
    name, window = job.strategy.name, job.strategy.lookback or 0
    periods = float(job.market.periods_per_year or 252.0)
    try:
        result = run_backtest(
            job.strategy, job.market, start=job.start, end=job.end, cost_bps=job.costs[0]
        )
    except (BLPortfolioError, np.linalg.LinAlgError) as error:
        nothing = pd.Series(dtype=float)
        reason = " ".join(str(error).split()) or type(error).__name__
        return [
            Run(job.universe, name, window, cost, nothing, math.nan, periods, reason)
            for cost in job.costs
        ]
    later = result.turnover.iloc[1:]
    turnover = float(later.mean()) if len(later) else math.nan
    rates = 0.0 if job.market.risk_free is None else job.market.risk_free[result.returns.index]
    return [
        Run(
            job.universe,
            name,
            window,
            cost,
            pd.Series(net_returns(result, cost) - rates, index=result.returns.index),
            turnover,
            periods,
        )
        for cost in job.costs
    ]


def net_returns(result: BacktestResult, cost_bps: float) -> FloatArray:
    """Return (n_periods,) returns net of a cost, from gross ones and what was traded.

    A decision multiplies wealth by 1 − rate × Σ|w_new − w_drifted|, booked in the first period
    held, and weights after it do not depend on that: the same decisions at another cost earn this.

    Args:
        result: A backtest at any cost.
        cost_bps: Basis points of each unit bought and each unit sold.
    """
    dates = pd.DatetimeIndex(result.gross_returns.index)
    first = dates.searchsorted(pd.DatetimeIndex(result.turnover.index), side="right")
    net = result.gross_returns.to_numpy().copy()
    paid = cost_bps / 10_000 * 2 * result.turnover.to_numpy()
    net[first] = (1 - paid) * (1 + net[first]) - 1
    return net


def _same_dates(
    runs: Mapping[tuple[str, int, float, str], Run],
) -> dict[tuple[str, int, float, str], Run]:
    """Cut the runs of a universe to the dates that all of them held."""
    shared: dict[str, pd.Index] = {}
    for run in runs.values():
        if not run.failure:
            dates = shared.get(run.universe)
            own = run.returns.index
            shared[run.universe] = own if dates is None else dates.intersection(own)
    return {
        key: run
        if run.failure or len(run.returns) == len(shared[run.universe])
        else Run(
            run.universe,
            run.strategy,
            run.window,
            run.cost_bps,
            run.returns.loc[shared[run.universe]],
            run.turnover,
            run.periods_per_year,
        )
        for key, run in runs.items()
    }
