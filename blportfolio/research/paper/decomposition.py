"""Runs the decomposition: what each step does to the Sharpe ratio and the turnover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult, run_backtest
from blportfolio.backtest.plan import plan_decisions
from blportfolio.data import MarketData, check_market
from blportfolio.errors import DataError
from blportfolio.features import WindowMaker
from blportfolio.report import SharpeDifference, metrics, sharpe_difference
from blportfolio.research.paper.accounting import (
    PaperFigures,
    constant_weight_returns,
    figures_of,
)
from blportfolio.research.paper.indicators import price_indicators
from blportfolio.research.paper.levels import PriceLevels, RegressionTable, raw_closes
from blportfolio.research.paper.steps import LITERAL, Step, make_steps
from blportfolio.research.parallel import map_jobs

Progress = Callable[[int, int], None]

SHORTEST_LOOKBACK = 22
"""Returns in a window that nine features can be regressed on."""


@dataclass(frozen=True, slots=True, eq=False)
class StepResult:
    """One row of the decomposition, in the paper's accounting (gross) and in ours (net).

    Attributes:
        name: Name of the step.
        what_changed: What is other than in the row it is compared with.
        compared_with: Name of that row; None for the first.
        in_chain: Whether it is a link of the chain whose differences add up.
        lookback: Returns in a window.
        result: The backtest: drifting weights, net of costs.
        figures: The paper's columns: gross, weights held constant.
        gross_returns: (n_periods,) the returns they are made of.
        gross_difference: Sharpe ratio less that of `compared_with`, both gross.
        net_difference: The same, both net.
        gross_turnover_change: Mean turnover between targets less that of `compared_with`.
        net_turnover_change: Mean turnover from drifted weights less that of `compared_with`.
    """

    name: str
    what_changed: str
    compared_with: str | None
    in_chain: bool
    lookback: int
    result: BacktestResult
    figures: PaperFigures
    gross_returns: pd.Series
    gross_difference: SharpeDifference | None
    net_difference: SharpeDifference | None
    gross_turnover_change: float | None
    net_turnover_change: float | None

    @property
    def net_sharpe(self) -> float:
        """Annualised Sharpe ratio net of costs, over a rate of 0."""
        return metrics.sharpe_ratio(self.result.returns, self.result.periods_per_year)

    @property
    def net_turnover(self) -> float:
        """Mean one-way turnover ½Σ|w_new − w_drifted|, without the purchase."""
        return _net_turnover(self.result)


class _Job(NamedTuple):
    step: Step
    market: MarketData
    start: str | pd.Timestamp | None
    end: str | pd.Timestamp | None


class _Run(NamedTuple):
    result: BacktestResult
    gross: pd.Series
    figures: PaperFigures


def decompose(
    market: MarketData,
    lookback: int,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    raw_prices: pd.DataFrame | None = None,
    cost_bps: float = 10.0,
    obv_to_date: bool = False,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[StepResult, ...]:
    """Take the paper's result apart: from Markowitz to it, and on to an honest model.

    Each link of the chain changes one thing, so that its differences to the link before add up to
    the difference of the ends. Rows beside the chain name what they are compared with.

    Args:
        market: The data.
        lookback: Returns in a window, 22 or more, which nine features need.
        start: First date at which a decision may be made.
        end: Last date held.
        raw_prices: (n_dates, n_assets) prices as quoted at the time; by default those of the
            cached source. Where there are none the link of raw prices is left out.
        cost_bps: Cost in basis points of each unit bought and sold, for the net figures.
        obv_to_date: Adds a row with OBV scaled by what is known; it takes as long as all the rest,
            as every window is regressed once more.
        n_jobs: Processes; they change no bit of a result.
        progress: Called with the jobs done and all, windows regressed and backtests.

    Raises:
        DataError: If the lookback is too short, or the dates leave nothing to decide, or
            `raw_prices` lack one.
    """
    check_market(market)
    maker = WindowMaker(market, lookback=lookback)
    if lookback < SHORTEST_LOOKBACK:
        raise DataError(
            f"`lookback` must be {SHORTEST_LOOKBACK} returns or more for nine features, got "
            f"{lookback}."
        )
    rows, _ = plan_decisions(maker, "month_end", name=LITERAL, start=start, end=end)
    quoted = raw_closes(market) if raw_prices is None else raw_prices
    full_sample = PriceLevels.of(market, raw_prices=quoted)
    variants = [full_sample]
    if obv_to_date:
        known = price_indicators(market, obv="to_date").values
        variants.append(replace(full_sample, indicators=known))
    to_date = variants[1] if obv_to_date else None
    unready = make_steps(market, lookback, full_sample=full_sample, to_date=to_date)
    total = len(variants) * len(rows) + len(unready)

    def after(done: int) -> Progress | None:
        if progress is None:
            return None
        report = progress
        return lambda part, _: report(done + part, total)

    tables = [
        RegressionTable.make(
            levels, maker, rows.tolist(), n_jobs=n_jobs, progress=after(number * len(rows))
        )
        for number, levels in enumerate(variants)
    ]
    steps = make_steps(
        market,
        lookback,
        full_sample=full_sample,
        table=tables[0],
        to_date=to_date,
        to_date_table=tables[-1] if obv_to_date else None,
        cost_bps=cost_bps,
    )
    jobs = [_Job(step, market, start, end) for step in steps]
    runs = map_jobs(_run, jobs, n_jobs=n_jobs, progress=after(total - len(steps)))
    by_name = {step.name: run for step, run in zip(steps, runs, strict=True)}
    return tuple(_row(step, lookback, by_name) for step in steps)


def _run(job: _Job) -> _Run:
    result = run_backtest(job.step.strategy, job.market, start=job.start, end=job.end)
    held = job.market.returns().loc[result.returns.index]
    gross = constant_weight_returns(result.weights, held)
    figures = figures_of(gross, result.weights, periods_per_year=result.periods_per_year)
    return _Run(result, gross, figures)


def _row(step: Step, lookback: int, runs: dict[str, _Run]) -> StepResult:
    """Put the figures of a step beside those of the row it is compared with."""
    own = runs[step.name]
    base = None if step.compared_with is None else runs[step.compared_with]
    periods = own.result.periods_per_year

    def gap(first: pd.Series, second: pd.Series) -> SharpeDifference:
        return sharpe_difference(first, second, periods_per_year=periods)

    return StepResult(
        name=step.name,
        what_changed=step.what_changed,
        compared_with=step.compared_with,
        in_chain=step.in_chain,
        lookback=lookback,
        result=own.result,
        figures=own.figures,
        gross_returns=own.gross,
        gross_difference=None if base is None else gap(own.gross, base.gross),
        net_difference=None if base is None else gap(own.result.returns, base.result.returns),
        gross_turnover_change=(
            None if base is None else own.figures.turnover - base.figures.turnover
        ),
        net_turnover_change=(
            None if base is None else _net_turnover(own.result) - _net_turnover(base.result)
        ),
    )


def _net_turnover(result: BacktestResult) -> float:
    later = result.turnover.iloc[1:]
    return float(later.mean()) if len(later) else float(np.nan)
