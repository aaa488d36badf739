"""One decision of a strategy at a date, as the walk-forward engine would make it there."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.backtest.ledger import Recorder
from blportfolio.backtest.models import DecisionMaker, Progress, Question
from blportfolio.backtest.plan import add_features, scheduled_rows
from blportfolio.backtest.strategy import Strategy, as_strategy, check_cost
from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData, check_market
from blportfolio.errors import DataError, SingularCovarianceWarning
from blportfolio.features import WindowMaker
from blportfolio.manifest import describe_market
from blportfolio.optimise.draws import check_counts
from blportfolio.optimise.objectives.base import previous_array
from blportfolio.optimise.spread import spread_of
from blportfolio.priors.base import as_distribution
from blportfolio.types import FloatArray, ReturnDistribution, TrainingWindow
from blportfolio.validation import read_only

LARGEST = 10.0
"""Gross weight above which previous weights are taken for percentages."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Decision:
    """What a strategy holds from one date on, and what it knew.

    Attributes:
        strategy: The strategy.
        as_of: Date of the decision, the last one of the data at or before that asked for.
        weights: (n_assets,) target weights of every asset of the market; what they lack of 1 is
            cash.
        window: What the models saw, of the assets that may be held.
        distribution: Of next-period returns of those assets; None where the objective asks for
            none, as equal weight.
        previous_weights: (n_assets,) weights just before; None at a first purchase.
        cost_bps: Basis points of each unit bought and each unit sold.
        not_eligible: Assets that may not be held then, each with the reason.
        notes: One row a remark: date, kind, message, as in `BacktestResult.notes`.
        manifest: Strategy, lookback, costs, seed and data, as in `BacktestResult.manifest`.
    """

    strategy: Strategy
    as_of: pd.Timestamp
    weights: pd.Series
    window: TrainingWindow
    distribution: ReturnDistribution | None
    previous_weights: pd.Series | None
    cost_bps: float
    not_eligible: Mapping[str, str]
    notes: pd.DataFrame
    manifest: Mapping[str, Any]
    question: Question = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the strategy."""
        return self.strategy.name

    @property
    def cash(self) -> float:
        """Share of wealth that is not invested."""
        return 1.0 - float(self.weights.sum())

    @property
    def turnover(self) -> float:
        """½Σ|w_new − w_before|; half the purchase at a first one."""
        before = 0.0 if self.previous_weights is None else self.previous_weights
        return float((self.weights - before).abs().sum()) / 2

    @property
    def cost(self) -> float:
        """Cost of the trade as a share of wealth, rate × Σ|w_new − w_before|."""
        return 2 * self.turnover * self.cost_bps / 10_000

    def spread(self, *, n_draws: int = 500, seed: int = 0) -> pd.DataFrame:
        """Posterior spread of these weights, by asset that may be held.

        As `bl.weight_spread`, with everything else that the objective was told at the decision:
        costs, the time until the next one, benchmark and the assets sold by force.

        Args:
            n_draws: Number of draws of the expected returns.
            seed: Whole number from which they follow.

        Returns:
            (n_eligible, 5): `weight`, `mean`, `lower` (5 %), `upper` (95 %) and `held`; all equal
            to the weight where the expected returns are taken as known, or none are needed.

        Raises:
            ConfigError: If a setting is out of range.
            InfeasibleError: If no draw has an allowed portfolio.
        """
        check_counts(n_draws, seed)
        moments = self.question.moments
        assets = list(self.window.assets)
        weights = self.weights[assets].to_numpy(dtype=float)
        if self.distribution is None or not self.distribution.mean_covariance.any():
            same = dict.fromkeys(("weight", "mean", "lower", "upper"), weights)
            held = (np.abs(weights) > 0).astype(float)
            frame = pd.DataFrame({**same, "held": held}, index=pd.Index(assets, name="asset"))
            frame.attrs["spread"] = {
                "n_draws": 0, "seed": seed, "n_fallback": 0, "n_unsolved": 0,
            }  # fmt: skip
            return frame
        return spread_of(
            self.strategy.objective,
            weights,
            (moments.mean, moments.covariance, moments.mean_covariance),
            previous=self.question.previous,
            context=self.question.context,
            n_draws=n_draws,
            seed=seed,
        )

    def __repr__(self) -> str:
        """Say whose decision it is and how much is held."""
        held = int((self.weights != 0).sum())
        return f"Decision({self.name!r}, {self.as_of.date()}, {held} of {len(self.weights)} held)"


def decide(
    strategy: Strategy | StrategyConfig | str | Path,
    market: MarketData,
    *,
    as_of: str | pd.Timestamp | None = None,
    previous_weights: pd.Series | None = None,
    cost_bps: float | None = None,
    start: str | pd.Timestamp | None = None,
    progress: Progress | None = None,
    feature_progress: Progress | None = None,
    seed: int = 0,
) -> Decision:
    """Decide once, exactly as `run_backtest` would at that date.

    A prior that learns from decision to decision is first shown every decision that the strategy's
    own schedule puts before that date.

    Args:
        strategy: A strategy, its configuration, a packaged name, or the path of a TOML file.
        market: The data; nothing after `as_of` is used.
        as_of: Date of the decision; the last one of the data at or before it is used. By default
            the last.
        previous_weights: Weights just before, by asset, as shares of wealth; those not named are
            0. None where nothing is held yet.
        cost_bps: Basis points, instead of the strategy's own.
        start: First date at which a decision may have been made, as of `run_backtest`.
        progress: Called while a learning prior is shown its past decisions, with the number done
            and of all.
        feature_progress: Called before that, while features that take long are computed.
        seed: Seed recorded for models that draw random numbers.

    Returns:
        Weights, with the distribution and the window that they come from.

    Raises:
        DataError: If a date or a previous weight is wrong, no asset may be held then, or data that
            a model needs are missing.
        ConfigError: If the strategy or the cost is wrong.
        InfeasibleError: If no portfolio meets the constraints.
        SolverError: If every solver fails.

    Warns:
        SingularCovarianceWarning: If the covariance is singular, so that it got a ridge.
    """
    plan = as_strategy(strategy)
    check_market(market)
    bps = plan.cost_bps if cost_bps is None else check_cost(cost_bps)
    held = _previous(previous_weights, market.assets)
    maker = WindowMaker(market, lookback=plan.window_length(market))
    row = len(market.dates) - 1 if as_of is None else maker.position(as_of)
    date = market.dates[row]
    reasons = _reasons(maker, row)
    if len(reasons) == len(market.assets):
        raise DataError(
            f"{plan.name} may hold no asset of {market.name!r} on {date.date()}: "
            f"{_shortened(reasons)}. Choose another date or shorten the lookback."
        )
    skipped = add_features(maker, plan, feature_progress, until=row)
    recorder = Recorder()
    recorder.notes.extend((row, "features", note) for note in skipped)
    maker_of = DecisionMaker(plan, maker, recorder, cost_bps=bps)
    maker_of.replay(scheduled_rows(maker, plan.rebalance, start=start, last=row), progress)
    weights = read_only(maker_of(row, held))
    question = maker_of.question
    if question is None:
        raise DataError(f"{plan.name} has nothing to decide on {date.date()}.")
    _warn_of_ridge(recorder, plan.name, date)
    columns = maker.columns(row)
    previous = held if held is None or columns is None else held[columns]
    distribution = None
    if maker_of.needs_distribution:
        distribution = as_distribution(question.moments, maker.arrays(row, columns, previous))
    labels = pd.Index(market.assets, name="asset", dtype=str)
    return Decision(
        strategy=plan,
        as_of=date,
        weights=pd.Series(weights, index=labels, name="weight", copy=False),
        window=maker.window(row, previous),
        distribution=distribution,
        previous_weights=None if held is None else pd.Series(held, index=labels, name="weight"),
        cost_bps=bps,
        not_eligible=reasons,
        notes=recorder.notes_frame(market.dates).query("kind != 'universe'", engine="python"),
        manifest={
            "schema_version": 1,
            "strategy": plan.settings,
            "as_of": str(date.date()),
            "lookback": maker.lookback,
            "rebalance": plan.rebalance,
            "cost_bps": bps,
            "seed": seed,
            "returns": "excess" if maker.is_excess else "simple",
            "data": describe_market(market),
        },
        question=question,
    )


def _previous(weights: pd.Series | None, assets: tuple[str, ...]) -> FloatArray | None:
    """Return (n_assets,) weights just before the decision, or None.

    Raises:
        DataError: If they are no weights, or are in percent.
    """
    held = previous_array(weights, assets)
    if held is not None and (gross := float(np.abs(held).sum())) > LARGEST:
        raise DataError(
            f"`previous_weights` must be shares of wealth, such as 0.25, got {gross:g} in all. "
            "Divide percentages by 100, or values by their sum."
        )
    return held


def _warn_of_ridge(recorder: Recorder, name: str, date: pd.Timestamp) -> None:
    """Warn the caller's caller of a singular covariance."""
    if any(kind == "ridge" for _, kind, _ in recorder.notes):
        warnings.warn(
            f"{name}: the covariance was singular on {date.date()}; a ridge of 1e-8 × mean "
            "variance was added.",
            SingularCovarianceWarning,
            stacklevel=3,
        )


def _reasons(maker: WindowMaker, row: int) -> dict[str, str]:
    """Say why each asset that may not be held at `row` may not; nothing later is looked at."""
    market = maker.market
    date = market.dates[row].date()
    prices = market.prices.to_numpy()[: row + 1]
    reasons = {}
    inside = None if market.membership is None else market.members()[row]
    for column in np.flatnonzero(~maker.eligible[row]).tolist():
        known = np.flatnonzero(np.isfinite(prices[:, column]))
        run = int(np.isfinite(maker.returns[1 : row + 1, column])[::-1].cumprod().sum())
        if not len(known):
            reason = f"no price up to {date}"
        elif known[-1] < row:
            reason = f"no price since {market.dates[known[-1]].date()}"
        elif run < maker.lookback:
            reason = f"{run} returns up to {date}, and {maker.lookback} are needed"
        elif inside is not None and not inside[column]:
            reason = f"not in the index on {date}"
        else:
            reason = "its returns are all the same"
        reasons[maker.assets[column]] = reason
    return reasons


def _shortened(reasons: Mapping[str, str], most: int = 3) -> str:
    """Return the first reasons in words, and how many more there are."""
    told = [f"{asset}: {reason}" for asset, reason in list(reasons.items())[:most]]
    rest = len(reasons) - most
    return "; ".join(told) + (f"; and {rest} more" if rest > 0 else "")
