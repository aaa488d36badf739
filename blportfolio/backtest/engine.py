"""The walk-forward loop: decide with the past, hold, pay, repeat."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.backtest.ledger import Recorder, trades_frame
from blportfolio.backtest.models import DecisionMaker
from blportfolio.backtest.plan import add_features, plan_decisions
from blportfolio.backtest.result import BacktestResult
from blportfolio.backtest.schedule import periods_between
from blportfolio.backtest.strategy import Strategy, as_strategy, check_cost
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData, check_market
from blportfolio.errors import ConfigError, SingularCovarianceWarning
from blportfolio.features import WindowMaker
from blportfolio.manifest import describe_market
from blportfolio.types import FloatArray, IntArray

Progress = Callable[[int, int], None]


def run_backtest(
    strategy: Strategy | StrategyConfig | str | Path,
    market: MarketData,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    cost_bps: float | None = None,
    progress: Progress | None = None,
    feature_progress: Progress | None = None,
    seed: int = 0,
) -> BacktestResult:
    """Walk a strategy forward through a market.

    A decision uses data up to and including its date, trades at that close and earns from the
    next period on; weights drift until the next decision. A decision costs cost_bps / 10,000 ×
    Σ|w_new − w_drifted| of wealth, booked in the first period held. The first purchase pays;
    nothing is sold at the end. What is not invested earns the risk-free rate, 0 without one. An
    asset whose prices end stays at its last price, earns nothing, and is sold at the next
    decision; the trade's reason and a note say so.

    Args:
        strategy: A strategy, its configuration, a packaged name, or the path of a TOML file.
        market: The data.
        start: First date at which a decision may be made; by default as soon as the lookback
            allows.
        end: Last date held; by default the last of the data.
        cost_bps: Basis points, instead of the strategy's own.
        progress: Called after each decision with the number done and the number of all.
        feature_progress: Called before that, while features that take long are computed, such as
            forecasts, with the steps done and all.
        seed: Seed recorded for models that draw random numbers.

    Returns:
        Returns, weights, trades and notes, with a manifest of what ran.

    Raises:
        DataError: If the dates are wrong or leave nothing to decide, or data that a model needs
            are missing.
        ConfigError: If the strategy or the cost is wrong.
        InfeasibleError: If no portfolio meets the constraints at a decision; it says when.
        SolverError: If every solver fails at a decision.
    """
    plan = as_strategy(strategy)
    check_market(market)
    bps = plan.cost_bps if cost_bps is None else check_cost(cost_bps)
    for name, given in (("progress", progress), ("feature_progress", feature_progress)):
        if given is not None and not callable(given):
            raise ConfigError(f"`{name}` must be a function (done, total), got {given!r}.")
    maker = WindowMaker(market, lookback=plan.window_length(market))
    skipped = add_features(maker, plan, feature_progress)
    rows, last = plan_decisions(maker, plan.rebalance, name=plan.name, start=start, end=end)
    recorder = Recorder()
    recorder.notes.extend((int(rows[0]), "features", note) for note in skipped)
    decide = DecisionMaker(plan, maker, recorder, cost_bps=bps)
    growth = _simulate(decide, rows, last, bps / 10_000, progress)
    ridged = sum(kind == "ridge" for _, kind, _ in recorder.notes)
    if ridged:
        warnings.warn(
            f"{plan.name}: the covariance was singular at {ridged} of {len(rows)} decisions; a "
            "ridge of 1e-8 × mean variance was added.",
            SingularCovarianceWarning,
            stacklevel=2,
        )
    manifest = {
        "schema_version": 1,
        "strategy": plan.settings,
        "lookback": maker.lookback,
        "rebalance": plan.rebalance,
        "periods_between_decisions": periods_between(plan.rebalance, maker.periods_per_year),
        "cost_bps": bps,
        "seed": seed,
        "returns": "excess" if maker.is_excess else "simple",
        "first_decision": str(market.dates[rows[0]].date()),
        "last_held": str(market.dates[last].date()),
        "n_decisions": len(rows),
        "data": describe_market(market),
    }
    return _collect(recorder, growth, maker, last, bps / 10_000, manifest)


def first_decision(
    strategy: Strategy | StrategyConfig | str | Path,
    market: MarketData,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
) -> pd.Timestamp:
    """Return the date of the first decision that `run_backtest` would make.

    Raises:
        DataError: If the dates leave nothing to decide.
    """
    plan = as_strategy(strategy)
    check_market(market)
    maker = WindowMaker(market, lookback=plan.window_length(market))
    rows, _ = plan_decisions(maker, plan.rebalance, name=plan.name, start=start, end=end)
    first: pd.Timestamp = market.dates[rows[0]]
    return first


def _simulate(
    decide: DecisionMaker,
    rows: IntArray,
    last: int,
    rate: float,
    progress: Progress | None,
) -> FloatArray:
    """Return (n_periods, 2) gross and net returns, and let `decide` record the decisions."""
    maker, recorder = decide.maker, decide.recorder
    earned = 1 + np.nan_to_num(maker.returns)
    risk_free = 1 + maker.risk_free
    has_rate = maker.is_excess
    held = np.zeros(earned.shape[1])
    bounds = np.append(rows, last)
    gross = np.empty(last - int(rows[0]))
    net = np.empty_like(gross)
    for number, row in enumerate(rows):
        stop = int(bounds[number + 1])
        target = decide(int(row), None if number == 0 else held)
        traded = float(np.abs(target - held).sum())
        recorder.rows.append(int(row))
        recorder.targets.append(target)
        recorder.drifted.append(held)
        recorder.traded.append(traded)
        growth = np.cumprod(earned[row + 1 : stop + 1], axis=0)
        # Not `growth @ target`: a BLAS rounds a row by how many rows follow, which are the future.
        value = (growth * target).sum(axis=1)
        cash = 1 - float(target.sum())
        if abs(cash) > 1e-12:
            value += cash * (np.cumprod(risk_free[row + 1 : stop + 1]) if has_rate else 1.0)
        period = slice(row - int(rows[0]), stop - int(rows[0]))
        gross[period] = value
        gross[period][1:] /= value[:-1]
        gross[period] -= 1
        net[period] = gross[period]
        net[period.start] = (1 - rate * traded) * value[0] - 1
        held = target * growth[-1] / value[-1]
        if progress is not None:
            progress(number + 1, len(rows))
    return np.column_stack([gross, net])


def _collect(
    recorder: Recorder,
    growth: FloatArray,
    maker: WindowMaker,
    last: int,
    rate: float,
    manifest: dict[str, Any],
) -> BacktestResult:
    """Label everything once."""
    market = maker.market
    rows = np.array(recorder.rows)
    first = int(rows[0])
    held = market.dates[first + 1 : last + 1]
    decided = market.dates[rows]
    assets = market.prices.columns
    targets, drifted = np.vstack(recorder.targets), np.vstack(recorder.drifted)
    traded = np.array(recorder.traded)
    wealth = np.append(1.0, np.cumprod(1 + growth[:, 1]))
    before = wealth[rows - first]
    return BacktestResult(
        returns=pd.Series(growth[:, 1], index=held, name="returns"),
        gross_returns=pd.Series(growth[:, 0], index=held, name="gross_returns"),
        wealth=pd.Series(wealth, index=market.dates[first : last + 1], name="wealth"),
        weights=pd.DataFrame(targets, index=decided, columns=assets),
        drifted_weights=pd.DataFrame(drifted, index=decided, columns=assets),
        trades=trades_frame(
            decided,
            assets,
            targets,
            drifted,
            before,
            rate,
            priced=np.isfinite(market.prices.to_numpy()[rows]),
            eligible=maker.eligible[rows],
        ),
        turnover=pd.Series(traded / 2, index=decided, name="turnover"),
        costs=pd.Series(rate * traded, index=decided, name="costs"),
        views=recorder.views_frame(market.dates),
        notes=recorder.notes_frame(market.dates),
        manifest=manifest,
    )
