"""Price levels and indicators that the paper's pipeline looks up, and its regressions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import MAX_GAP
from blportfolio.errors import BLPortfolioError, DataError
from blportfolio.features import WindowMaker
from blportfolio.research.paper.indicators import IN_PRICE_UNITS, price_indicators
from blportfolio.research.paper.svr import fit_svr
from blportfolio.research.parallel import map_jobs
from blportfolio.types import FloatArray, IntArray

QUANTITIES = ("adjusted_price", "raw_price", "relative_price", "return")
REGRESSIONS = ("svr", "none")

Progress = Callable[[int, int], None]


class LevelView(NamedTuple):
    """What one asset's window says of its price.

    Attributes:
        mean: Predicted mean level, in units of the quantity.
        variance: Σ b_j² Var(f_j), or the variance of the quantity where nothing is regressed.
    """

    mean: float
    variance: float


@dataclass(frozen=True, slots=True, eq=False)
class PriceLevels:
    """Adjusted price levels of a market with the nine indicators: what must not be known at a date.

    A price that is adjusted by later dividends and splits is smaller the more of them are still to
    come. So its level looks ahead, though its returns do not.

    Attributes:
        dates: (n_dates,) dates.
        assets: (n_assets,) labels.
        prices: (n_dates, n_assets) adjusted closes.
        indicators: (n_dates, n_assets, 9) in price units.
        raw_factor: (n_dates, n_assets) price as quoted on the date over the adjusted one, or None.
        proxies: What stands in for bars and volumes that the data lack.
    """

    dates: pd.DatetimeIndex
    assets: tuple[str, ...]
    prices: FloatArray
    indicators: FloatArray
    raw_factor: FloatArray | None = None
    proxies: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, market: MarketData, *, raw_prices: pd.DataFrame | None = None, obv: str = "full_sample"
    ) -> PriceLevels:
        """Compute the indicators of a market.

        Args:
            market: The data.
            raw_prices: (n_dates, n_assets) prices as quoted at the time.
            obv: Scaling of OBV, as in `price_indicators`.

        Raises:
            DataError: If `raw_prices` lack a price that the market has, or one is not above 0.
        """
        panel = price_indicators(market, obv=obv)
        prices = market.prices.to_numpy()
        factor = None
        if raw_prices is not None:
            raw = raw_prices.reindex(index=market.dates, columns=list(market.assets)).to_numpy()
            factor = raw / prices
            if not (factor[np.isfinite(prices)] > 0).all():
                raise DataError(
                    "`raw_prices` must have a price above 0 wherever the market has one; leave "
                    "them out where they are not known."
                )
        return cls(
            market.dates, market.assets, prices, panel.values, raw_factor=factor,
            proxies=panel.proxies,
        )  # fmt: skip

    def row(self, date: pd.Timestamp) -> int:
        """Return the position of a date.

        Raises:
            DataError: If it is none of them.
        """
        position = int(self.dates.searchsorted(date))
        if position >= len(self.dates) or self.dates[position] != date:
            raise DataError(
                f"The price levels have no row for {date.date()}; build them from the market that "
                "the backtest runs on."
            )
        return position

    def columns(self, assets: Sequence[str]) -> IntArray:
        """Return the positions of assets.

        Raises:
            DataError: If one is not there.
        """
        found: IntArray = pd.Index(self.assets).get_indexer(pd.Index(assets))
        if (found < 0).any():
            missing = next(asset for asset, i in zip(assets, found, strict=True) if i < 0)
            raise DataError(
                f"The price levels lack {missing!r}; build them from the market that the backtest "
                "runs on."
            )
        return found

    def window(
        self, row: int, columns: IntArray, n_obs: int, quantity: str
    ) -> tuple[FloatArray, FloatArray]:
        """Return the last `n_obs` rows of the quantity (n, m) and of its indicators (n, m, 9).

        Raises:
            DataError: If raw prices are wanted and not known.
        """
        rows = slice(row - n_obs + 1, row + 1)
        prices, indicators = self.prices[rows][:, columns], self.indicators[rows][:, columns]
        if quantity == "adjusted_price":
            return prices, indicators
        if quantity == "raw_price":
            if self.raw_factor is None:
                raise DataError('`quantity` "raw_price" needs prices as quoted: give `raw_prices`.')
            factor = self.raw_factor[row, columns]
        else:
            factor = 1 / prices[-1]
        scale = np.where(IN_PRICE_UNITS, factor[:, None], 1.0)
        return prices * factor, indicators * scale


def level_views(
    prices: FloatArray, indicators: FloatArray, *, regression: str
) -> tuple[LevelView | None, ...]:
    """Regress each asset's price level on its own same-day indicators, as the paper's study does.

    Args:
        prices: (n_obs, n_assets) levels.
        indicators: (n_obs, n_assets, 9) on the same days.
        regression: `svr` for scikit-learn's `SVR(kernel="linear")` with its default C = 1 and
            ε = 0.1, or `none` for the mean and the variance of the price itself.

    Returns:
        (n_assets,) views; None where fewer than 11 rows have all the indicators, or where nothing
        varies or is explained.
    """
    views: list[LevelView | None] = []
    for column in range(prices.shape[1]):
        target, features = prices[:, column], indicators[:, column]
        if regression == "none":
            mean, variance = float(target.mean()), float(target.var(ddof=1))
        else:
            known = np.isfinite(features).all(axis=1)
            if known.sum() < features.shape[1] + 2:
                views.append(None)
                continue
            features = features[known]
            slopes, level = fit_svr(features, target[known])
            mean = level + float(features.mean(axis=0) @ slopes)
            variance = float(slopes**2 @ features.var(axis=0, ddof=1))
        views.append(LevelView(mean, variance) if variance > 0 else None)
    return tuple(views)


def _views_of(job: tuple[FloatArray, FloatArray]) -> tuple[LevelView | None, ...]:
    prices, indicators = job
    return level_views(prices, indicators, regression="svr")


@dataclass(frozen=True, slots=True, eq=False)
class RegressionTable:
    """SVRs of adjusted prices, made in advance in several processes: a memory of `level_views`.

    Attributes:
        n_obs: Rows of each window.
        views: By date decided at, by asset.
    """

    n_obs: int
    views: Mapping[pd.Timestamp, Mapping[str, LevelView | None]] = field(repr=False)

    @classmethod
    def make(
        cls,
        levels: PriceLevels,
        maker: WindowMaker,
        rows: Sequence[int],
        *,
        n_jobs: int | None = None,
        progress: Progress | None = None,
    ) -> RegressionTable:
        """Regress the windows that end at `rows`, for the assets eligible there.

        Args:
            levels: Price levels and indicators.
            maker: Says who is eligible when; its lookback is the length of the windows.
            rows: Positions of the decisions.
            n_jobs: Processes.
            progress: Called with the windows done and all.
        """
        eligible = [np.flatnonzero(maker.eligible[row]) for row in rows]
        jobs = [
            levels.window(row, columns, maker.lookback, "adjusted_price")
            for row, columns in zip(rows, eligible, strict=True)
        ]
        found = map_jobs(_views_of, jobs, n_jobs=n_jobs, progress=progress)
        return cls(
            maker.lookback,
            {
                levels.dates[row]: {
                    levels.assets[i]: view for i, view in zip(columns, views, strict=True)
                }
                for row, columns, views in zip(rows, eligible, found, strict=True)
            },
        )


def raw_closes(market: MarketData) -> pd.DataFrame | None:
    """Return the closes as the cached source quotes them, or None.

    None means that the cache lacks them, or that the market's prices come from somewhere else.

    Many sources adjust their closes for splits (the Dow file of the development data does): then
    later splits are still in them, and only dividends are taken out.

    Args:
        market: A universe that was loaded from the cache of prices.
    """
    try:
        bars = PriceCache().read(market.assets, ("prices", "close"))
    except BLPortfolioError:
        return None
    if bars.close is None:
        return None

    def carried(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.ffill(limit=MAX_GAP).reindex(market.dates, columns=list(market.assets))

    closes, known = carried(bars.close), market.prices.notna()
    same = np.isclose(carried(bars.prices), market.prices, rtol=1e-9, atol=0.0)
    usable = bool((closes.notna() | ~known).all(axis=None)) and bool(same[known].all())
    return closes if usable else None
