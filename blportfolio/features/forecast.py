"""Forecasts of each asset's mean return, by any forecaster, refitted as time goes on."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features.base import Progress, periods_in_months
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

CALMEST = 0.1
"""Least volatility that an asset counts as having, as a share of that of the median asset."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of the mean simple return per period over the next `horizon` periods.

    The forecaster sees windows of simple returns, in excess of the risk-free rate where the market
    has one, and their sum over the next `horizon` periods; a forecaster of levels sees what the
    returns sum to. The sum over `horizon` is the mean that a view is about, so that nothing has to
    be converted: from a forecast of log returns half their variance would be missing, some 5 % a
    year for a stock of 30 % volatility. It is refitted every `refit` periods, counted from the
    first date, to windows whose whole target is known by then, and forecasts until the next.

    Assets that share a forecaster are brought to one unit: each window is divided by the asset's
    root mean square return of the `train` periods to its end, and the forecast multiplied by it.
    Otherwise the wildest would decide what is learned, and its mean would be that of all; so they
    share the mean per unit of volatility.

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
    reports_progress: ClassVar[bool] = True

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
        """Name of the feature: "forecast_", the forecaster's name, and what is not by default."""
        names = {cls: name for name, cls in FORECASTERS.items()}
        model = self.forecaster
        name = names.get(type(model), type(model).__name__)
        return "_".join(["forecast", name, *_choices(model), *_choices(self)])

    def compute(
        self, market: MarketData, *, progress: Progress | None = None
    ) -> dict[str, pd.DataFrame]:
        """Return one (n_dates, n_assets) frame, decimal per period; NaN before the first fit.

        Args:
            market: The data.
            progress: Called after each refit with the number done and the number of all.

        Raises:
            ConfigError: If `train` is too short for the horizon.
        """
        returns = _excess_returns(market)
        everything = list(range(returns.shape[1]))
        groups = [everything] if self.pooled else [[column] for column in everything]
        forecasts = np.full(returns.shape, np.nan)
        for number, columns in enumerate(groups):

            def report(done: int, total: int, number: int = number) -> None:
                if progress is not None:
                    progress(number * total + done, len(groups) * total)

            forecasts[:, columns] = self._walk(market, returns[:, columns], report)
        prices = market.prices
        return {self.column: pd.DataFrame(forecasts, index=prices.index, columns=prices.columns)}

    def _walk(self, market: MarketData, returns: FloatArray, progress: Progress) -> FloatArray:
        """Return (n_dates, n_series) forecasts of one group of series."""
        month = periods_in_months(market, 1)
        context = self.context or max(month, 12)
        horizon = self.horizon or month
        least = max(LEAST, 3 * context)
        given = self.train or max(periods_in_months(market, 60), 10 * context)
        train = None if given == ALL else int(given)
        if train is not None and train <= horizon:
            raise ConfigError(
                f"`train` of {train} leaves nothing to learn from at horizon {horizon}: a target "
                "is known that many periods later. Lengthen it, or shorten the horizon."
            )
        forecasts = np.full(returns.shape, np.nan)
        first = context + horizon + least
        if first >= len(returns) or not _has_run(np.isfinite(returns), context):
            return forecasts
        refits = range(first, len(returns), self.refit or month)
        progress(0, len(refits))
        windows = hankel_windows(returns, context, horizon, total=True, unknown_targets=True)
        units = _volatility(returns, train) if self.pooled else np.ones_like(returns)
        unit = units[windows.origins, windows.channels][:, None]
        for values in (windows.context, windows.target):
            values /= unit  # in place: of hundreds of assets they take hundreds of megabytes
        made = walk_forward(
            on_returns(self.forecaster),
            windows,
            refits,
            train_rows=train,
            min_windows=least if train is None else min(least, train - horizon),
            progress=progress,
        )
        forecasts[windows.origins, windows.channels] = (made * unit)[:, 0] / horizon
        return forecasts


def _choices(plugin: Any) -> list[str]:  # noqa: ANN401, any dataclass
    """Return name and value of each setting that is not its default, for the name of a column."""
    parts = []
    for item in dataclasses.fields(plugin) if dataclasses.is_dataclass(plugin) else ():
        value = str(getattr(plugin, item.name))
        if item.name != "forecaster" and value != str(item.default):
            parts.append(f"{item.name}_{re.sub(r'[^a-z0-9.-]+', '_', value.lower()).strip('_')}")
    return parts


def _excess_returns(market: MarketData) -> FloatArray:
    """Return (n_dates, n_assets) simple returns less the risk-free rate, as windows hold them."""
    earned = market.returns(excess=market.risk_free is not None).to_numpy(dtype=float)
    return np.vstack([np.full((1, earned.shape[1]), np.nan), earned])


def _volatility(returns: FloatArray, length: int | None) -> FloatArray:
    """Return (n_dates, n_assets) root mean square returns of the `length` periods to each date.

    None is below a tenth of the median: what hardly moves, such as cash, would otherwise look in
    its own unit like a return that can be told beforehand, and teach that to all.
    """
    squares = pd.DataFrame(returns**2)
    spans = squares.expanding() if length is None else squares.rolling(length, min_periods=1)
    root = spans.mean() ** 0.5
    root = root.clip(lower=CALMEST * root.median(axis=1), axis=0)
    volatility: FloatArray = root.where(root > 0, 1.0).to_numpy()
    return volatility


def _has_run(known: BoolArray, length: int) -> bool:
    """Return whether any series has `length` known values in a row."""
    runs = np.lib.stride_tricks.sliding_window_view(known, length, axis=0)
    return bool(runs.all(axis=2).any())
