"""Forecasts of each asset's mean return, by any forecaster, refitted as time goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features.base import periods_in_months
from blportfolio.forecasters import (
    FORECASTERS,
    LinearResidualForecaster,
    hankel_windows,
    walk_forward,
)
from blportfolio.forecasters.levels import on_returns
from blportfolio.types import BoolArray, FloatArray, Forecaster

ALL = "all"
"""What `train` says where everything known may be learned from."""

LEAST = 60
"""Fewest windows of an asset before the first fit; three contexts where those are more."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of the mean simple return per period over the next `horizon` periods.

    The forecaster sees windows of simple returns, in excess of the risk-free rate where the market
    has one, and their sum over the next `horizon` periods; a forecaster of levels sees what the
    returns sum to. The sum over `horizon` is the mean that a view is about, so that nothing has to
    be converted: from a forecast of log returns half their variance would be missing, some 5 % a
    year for a stock of 30 % volatility. It is refitted every `refit` periods, counted from the
    first date, to windows whose whole target is known by then, and forecasts until the next.

    Attributes:
        forecaster: What forecasts.
        context: Returns that it looks at; by default those of one month, at least 12.
        horizon: Periods whose mean return is forecast; by default those of one month.
        refit: Periods from one refit to the next; by default those of one month.
        train: Periods back that may be learned from, or "all"; by default those of five years, at
            least ten contexts.
        pooled: One forecaster for all assets, from the windows of all; otherwise each asset has
            its own, which learns from nobody else.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    is_forecast: ClassVar[bool] = True

    forecaster: Forecaster = field(default_factory=LinearResidualForecaster)
    context: int | None = None
    horizon: int | None = None
    refit: int | None = None
    train: int | str | None = None
    pooled: bool = True

    def __post_init__(self) -> None:
        """Check the parameters."""
        model = self.forecaster
        if isinstance(model, type) or not callable(getattr(model, "fit", None)):
            raise ConfigError(
                f"`forecaster` must be a forecaster such as MeanForecaster(), got {model!r}."
            )
        for name in ("context", "horizon", "refit", "train"):
            value = getattr(self, name)
            if value is None or (name == "train" and value == ALL):
                continue
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not whole or value < 1:
                other = ' or "all"' if name == "train" else ""
                raise ConfigError(
                    f"`{name}` must be a whole number of periods, 1 or more{other}, got {value!r}."
                )
        if not isinstance(self.pooled, bool):
            raise ConfigError(f"`pooled` must be true or false, got {self.pooled!r}.")

    @property
    def column(self) -> str:
        """Name of the feature: "forecast_" and the forecaster's name in the registry."""
        names = {cls: name for name, cls in FORECASTERS.items()}
        return f"forecast_{names.get(type(self.forecaster), type(self.forecaster).__name__)}"

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return one (n_dates, n_assets) frame, decimal per period; NaN before the first fit."""
        returns = _excess_returns(market)
        groups = [slice(None)] if self.pooled else [[i] for i in range(returns.shape[1])]
        forecasts = np.full(returns.shape, np.nan)
        for columns in groups:
            forecasts[:, columns] = self._walk(market, returns[:, columns])
        prices = market.prices
        return {self.column: pd.DataFrame(forecasts, index=prices.index, columns=prices.columns)}

    def _walk(self, market: MarketData, returns: FloatArray) -> FloatArray:
        """Return (n_dates, n_series) forecasts of one group of series."""
        month = periods_in_months(market, 1)
        context = self.context or max(month, 12)
        horizon = self.horizon or month
        least = max(LEAST, 3 * context)
        train = self.train or max(periods_in_months(market, 60), 10 * context)
        forecasts = np.full(returns.shape, np.nan)
        first = context + horizon + least
        if first >= len(returns) or not _has_run(np.isfinite(returns), context):
            return forecasts
        windows = hankel_windows(returns, context, horizon, total=True, unknown_targets=True)
        made = walk_forward(
            on_returns(self.forecaster),
            windows,
            range(first, len(returns), self.refit or month),
            train_rows=None if train == ALL else int(train),
            min_windows=least,
        )
        forecasts[windows.origins, windows.channels] = made[:, 0] / horizon
        return forecasts


def _excess_returns(market: MarketData) -> FloatArray:
    """Return (n_dates, n_assets) simple returns less the risk-free rate, as windows hold them."""
    prices = market.prices.to_numpy(dtype=float)
    returns = np.full(prices.shape, np.nan)
    returns[1:] = prices[1:] / prices[:-1] - 1
    if market.risk_free is not None:
        returns -= market.risk_free.to_numpy(dtype=float)[:, None]
    return returns


def _has_run(known: BoolArray, length: int) -> bool:
    """Return whether any series has `length` known values in a row."""
    runs = np.lib.stride_tricks.sliding_window_view(known, length, axis=0)
    return bool(runs.all(axis=2).any())
