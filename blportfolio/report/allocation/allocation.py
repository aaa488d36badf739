"""A decision as an investor needs it: a table by asset, headline figures, and what to doubt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.backtest import Decision
from blportfolio.covariance import LedoitWolfCovariance
from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.report.allocation.doubts import RISK_ALONE, doubts_of
from blportfolio.report.allocation.holdings import last_prices
from blportfolio.report.allocation.risk import (
    Estimate,
    effective_number,
    expected_return,
    risk_contributions,
    volatility,
)
from blportfolio.report.comparison import finite
from blportfolio.types import FloatArray

N_DRAWS = 200
NUMBERS = ("weight", "lower", "upper", "share_held", "before", "risk_share", "price")


@dataclass(frozen=True, slots=True)
class Figures:
    """Headline figures of an allocation.

    Attributes:
        expected_return: Per year before the cost of the trade; None without a forecast, or where
            the weights depend on risk alone and nothing is learned of returns.
        net_return: Its value less the cost of this trade, once; None without a forecast.
        volatility: Per year.
        mean_is_known: Whether the strategy takes expected returns as known, so that it states no
            uncertainty of them.
        mean_worth: Number of returns whose plain average would be as uncertain as the expected
            return; None where its uncertainty is not stated.
        sampling_error: How far, per year, the mean return of a window of this length lies from the
            truth with 90 % (a plain average of past returns, whatever the model).
        effective_number: Number of equal positions that are as concentrated.
        turnover: ½Σ|w − before|.
        cost: Cost of the trade as a share of wealth.
        cash: Share of wealth that is not invested.
        n_held: Assets held.
    """

    expected_return: Estimate | None
    net_return: float | None
    volatility: Estimate
    mean_is_known: bool
    mean_worth: float | None
    sampling_error: float
    effective_number: float
    turnover: float
    cost: float
    cash: float
    n_held: int


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Target weights of one date with all that an investor asks about them.

    Attributes:
        table: By asset of the market: `weight`; `lower` and `upper`, its 5 and 95 % over draws of
            the expected returns; `share_held`, the share of draws in which it is held; `before`,
            the weight before; `risk_share` of the variance; `price`, the last one known at the
            decision, and `priced_on`, its date (NaN and NaT where there is none); `eligible`.
        figures: Headline figures.
        doubts: What to know, in sentences, the weightiest first.
        manifest: As of the decision, with the number of draws.
        is_priced: Whether prices are money; False where the data are returns, whose prices are
            growth of 1.
    """

    table: pd.DataFrame
    figures: Figures
    doubts: tuple[str, ...]
    manifest: Mapping[str, Any]
    is_priced: bool

    @property
    def name(self) -> str:
        """Name of the strategy."""
        return str(self.manifest["strategy"]["name"])

    @property
    def as_of(self) -> pd.Timestamp:
        """Date of the decision."""
        return pd.Timestamp(self.manifest["as_of"])

    def record(self) -> dict[str, Any]:
        """Return it ready for JSON: numbers unrounded, None where there is none."""
        figures = asdict(self.figures)
        rows = []
        for asset, row in zip(self.table.index, self.table.to_dict("records"), strict=True):
            numbers = {name: finite(row[name]) for name in NUMBERS}
            date = None if pd.isna(row["priced_on"]) else str(row["priced_on"].date())
            rows.append(
                {"asset": asset, **numbers, "priced_on": date, "eligible": bool(row["eligible"])}
            )
        return {
            "schema_version": 1,
            "decision": dict(self.manifest),
            "figures": figures,
            "assets": rows,
            "doubts": list(self.doubts),
            "is_priced": self.is_priced,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Allocation:
        """Make one of what `record` returned.

        Raises:
            DataError: If it is something else.
        """
        try:
            table = pd.DataFrame(record["assets"]).set_index("asset")
            table[list(NUMBERS)] = table[list(NUMBERS)].astype(float)
            table["priced_on"] = pd.to_datetime(table["priced_on"])
            table["eligible"] = table["eligible"].astype(bool)
            figures = dict(record["figures"])
            for name in ("expected_return", "volatility"):
                if figures[name] is not None:
                    figures[name] = Estimate(**figures[name])
            return cls(
                table,
                Figures(**figures),
                tuple(record["doubts"]),
                dict(record["decision"]),
                bool(record["is_priced"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"This is no record of an allocation: {error!r}.") from error


def allocate(
    decision: Decision, market: MarketData, *, n_draws: int = N_DRAWS, seed: int = 0
) -> Allocation:
    """Add to a decision the spread of its weights, its risk and the prices to trade at.

    Args:
        decision: What `decide` returned.
        market: The data it was made with.
        n_draws: Draws of the expected returns for the spread.
        seed: Whole number from which they follow.

    Raises:
        DataError: If the market is another one.
        ConfigError: If a setting is out of range.
    """
    if tuple(decision.weights.index) != market.assets:
        raise DataError(
            "`market` has other assets than the decision; give the one it was made with."
        )
    spread = decision.spread(n_draws=n_draws, seed=seed)
    table = pd.DataFrame({"weight": decision.weights})
    for column, name in (("lower", "lower"), ("upper", "upper"), ("share_held", "held")):
        table[column] = spread[name].reindex(table.index).fillna(0.0)
    before = decision.previous_weights
    table["before"] = 0.0 if before is None else before
    held = list(decision.window.assets)
    sigma = _covariance(decision)
    weights = decision.weights[held].to_numpy(dtype=float)
    shares = pd.Series(risk_contributions(weights, sigma), index=held)
    table["risk_share"] = shares.reindex(table.index).fillna(0.0)
    table["price"], table["priced_on"] = last_prices(market, decision.as_of)
    table["eligible"] = table.index.isin(held)
    figures = _figures(decision, weights, sigma)
    drawn = dict(spread.attrs["spread"])
    manifest = {**decision.manifest, "not_eligible": dict(decision.not_eligible), "spread": drawn}
    return Allocation(
        table=table,
        figures=figures,
        doubts=doubts_of(decision, table, figures.mean_is_known, drawn),
        manifest=json.loads(json.dumps(manifest, default=str)),
        is_priced=not is_growth(market),
    )


def is_growth(market: MarketData) -> bool:
    """Whether the prices are growth of 1, made from returns, and no money.

    Every asset then begins at exactly 1, which no list of prices does.
    """
    first = market.prices.bfill().iloc[0]
    return bool((first == 1.0).all())


def _covariance(decision: Decision) -> FloatArray:
    """Return the covariance by which the decision's risk is told.

    Where the objective asks for no forecast, Ledoit and Wolf's estimate from its window.
    """
    if decision.distribution is not None:
        return decision.distribution.covariance
    return LedoitWolfCovariance().fit_arrays(decision.window.returns.to_numpy(dtype=float))


def _figures(decision: Decision, weights: FloatArray, sigma: FloatArray) -> Figures:
    found = decision.distribution
    window = decision.window
    periods, n_returns = window.periods_per_year, len(window.returns)
    swing = volatility(weights, sigma, n_returns, periods)
    earned, is_known, worth = None, False, None
    if found is not None:
        is_known = not found.mean_covariance.any()
    if found is not None and not (is_known and isinstance(decision.strategy.objective, RISK_ALONE)):
        earned = expected_return(weights, found.mean, found.mean_covariance, periods)
        unsure = float(weights @ found.mean_covariance @ weights)
        if unsure > 0:
            worth = float(weights @ found.covariance @ weights) / unsure - 1
    return Figures(
        expected_return=earned,
        net_return=None if earned is None else earned.value - decision.cost,
        volatility=swing,
        mean_is_known=is_known,
        mean_worth=worth,
        sampling_error=1.645 * swing.value / float(np.sqrt(n_returns / periods)),
        effective_number=effective_number(weights),
        turnover=decision.turnover,
        cost=decision.cost,
        cash=decision.cash,
        n_held=int((np.abs(weights) > 1e-8).sum()),
    )
