"""Cuts training windows out of market data: what may be seen at a decision, and by whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.data import MarketData, check_market
from blportfolio.errors import DataError
from blportfolio.features.panel import build_panel
from blportfolio.features.registry import choose_features
from blportfolio.types import (
    BoolArray,
    Feature,
    FeaturePanel,
    FloatArray,
    IntArray,
    TrainingWindow,
    WindowArrays,
)
from blportfolio.validation import check_date


def default_lookback(market: MarketData) -> int:
    """Return one year of periods, at least 60."""
    return max(60, round(market.periods_per_year or 252.0))


class WindowMaker:
    """Prepares a market once and then cuts windows out of it by position.

    An asset is eligible at date t when it has a price at t and `lookback` returns up to t that
    are not all the same (in excess of the risk-free rate where there is one: cash is not a risky
    asset), and belongs to the index at t where membership is known.

    Attributes:
        returns: (n_dates, n_assets) simple returns; NaN in row 0 and where a price is missing.
        eligible: (n_dates, n_assets) booleans.
        is_excess: Whether windows hold returns in excess of the risk-free rate.
    """

    def __init__(
        self, market: MarketData, *, lookback: int, panel: FeaturePanel | None = None
    ) -> None:
        if not (isinstance(lookback, int | np.integer) and lookback >= 2):
            raise DataError(f"`lookback` must be 2 periods or more, got {lookback!r}.")
        self.market = market
        self.assets = market.assets
        self.lookback = lookback
        self.panel = panel
        self.periods_per_year = float(market.periods_per_year or 252.0)
        prices = market.prices.to_numpy()
        self.returns: FloatArray = np.full(prices.shape, np.nan)
        self.returns[1:] = prices[1:] / prices[:-1] - 1
        self.is_excess = market.risk_free is not None
        self.risk_free: FloatArray = (
            np.zeros(len(prices))
            if market.risk_free is None
            else market.risk_free.to_numpy(dtype=float)
        )
        self._excess = self.returns - self.risk_free[:, None] if self.is_excess else self.returns
        self.eligible = self._eligibility(prices)
        self._complete: BoolArray = np.all(self.eligible, axis=1)
        self._macro: tuple[pd.DataFrame, pd.DataFrame] | None = None

    def _eligibility(self, prices: FloatArray) -> BoolArray:
        known = np.isfinite(self.returns)
        eligible = _run_length(known) >= self.lookback
        same = np.zeros_like(known)
        # A constant growth rate leaves rounding noise of some 1e-16 in its returns.
        same[1:] = np.abs(self._excess[1:] - self._excess[:-1]) <= 1e-12
        eligible &= _run_length(same) < self.lookback - 1
        eligible &= np.isfinite(prices)
        if self.market.membership is not None:
            eligible &= self.market.members()
        return eligible

    def position(self, as_of: str | pd.Timestamp) -> int:
        """Return the row of the last date at or before `as_of`.

        Raises:
            DataError: If `as_of` is no date or lies before the data.
        """
        dates = self.market.dates
        wanted = check_date(as_of, name="as_of")
        row = int(dates.searchsorted(wanted, side="right")) - 1
        if row < 0:
            raise DataError(
                f"`as_of` {wanted.date()} lies before the data, which begin {dates[0].date()}."
            )
        return row

    def columns(self, row: int) -> IntArray | None:
        """Return the positions of the eligible assets, or None when all of them are."""
        return None if self._complete[row] else np.flatnonzero(self.eligible[row])

    def market_weights(self, row: int, columns: IntArray | None) -> FloatArray | None:
        """Return (n_eligible,) capitalisation weights known at `row`, or None without data."""
        table = self.market.market_weights
        if table is None:
            return None
        position = int(table.index.searchsorted(self.market.dates[row], side="right")) - 1
        if position < 0:
            return None
        caps = np.nan_to_num(table.to_numpy()[position])
        caps = caps if columns is None else caps[columns]
        return caps / caps.sum() if caps.sum() > 0 else None

    def arrays(
        self, row: int, columns: IntArray | None, previous: FloatArray | None = None
    ) -> WindowArrays:
        """Return the window that ends at `row`, for the assets in `columns`, unchecked."""
        rows = slice(row - self.lookback + 1, row + 1)
        returns = self._excess[rows]
        features = None if self.panel is None else self.panel.values[rows]
        assets = self.assets
        if columns is not None:
            returns = returns[:, columns]
            features = None if features is None else features[:, columns]
            assets = tuple(assets[i] for i in columns)
        return WindowArrays(
            returns=returns,
            assets=assets,
            features=features,
            feature_names=() if self.panel is None else self.panel.names,
            forecasts=() if self.panel is None else self.panel.forecasts,
            market_weights=self.market_weights(row, columns),
            periods_per_year=self.periods_per_year,
            previous_weights=previous,
            universe=self.assets,
        )

    def _macro_at(self, as_of: pd.Timestamp) -> pd.DataFrame | None:
        """Return the macro series as known at `as_of`, by reference date."""
        macro = self.market.macro
        if not macro:
            return None
        if self._macro is None:
            # Aligned once: windows are cut at every decision.
            known_from = {k: pd.Series(v.known_from, v.values.index) for k, v in macro.items()}
            values = pd.DataFrame({name: series.values for name, series in macro.items()})
            self._macro = values, pd.DataFrame(known_from)
        values, known = self._macro
        published = known.to_numpy() <= as_of.to_datetime64()
        rows = np.flatnonzero(np.any(published, axis=1))
        shown = np.where(published[rows], values.to_numpy()[rows], np.nan)
        return pd.DataFrame(shown, index=values.index[rows], columns=values.columns)

    def window(
        self,
        row: int,
        previous: FloatArray | None = None,
        *,
        realised: pd.DataFrame | None = None,
    ) -> TrainingWindow:
        """Return the checked window that ends at `row`.

        Raises:
            DataError: If there is not enough history, or no asset is eligible.
        """
        if row < self.lookback:
            raise DataError(
                f"`lookback` of {self.lookback} returns needs {self.lookback + 1} prices; there "
                f"are {row + 1} up to {self.market.dates[row].date()}. Shorten the lookback or "
                "choose a later date."
            )
        columns = self.columns(row)
        if columns is not None and not len(columns):
            raise DataError(
                f"No asset has {self.lookback} returns up to {self.market.dates[row].date()}; "
                "shorten the lookback or choose another date."
            )
        arrays = self.arrays(row, columns, previous)
        dates = self.market.dates[row - self.lookback + 1 : row + 1]
        labels = pd.Index(arrays.assets, name="asset")

        def series(weights: FloatArray | None) -> pd.Series | None:
            return None if weights is None else pd.Series(weights, index=labels)

        return TrainingWindow(
            pd.DataFrame(arrays.returns, index=dates, columns=labels),
            features=None
            if arrays.features is None
            else FeaturePanel(
                arrays.features, dates, arrays.assets, arrays.feature_names, arrays.forecasts
            ),
            macro=self._macro_at(dates[-1]),
            market_weights=series(arrays.market_weights),
            as_of=dates[-1],
            periods_per_year=self.periods_per_year,
            previous_weights=series(previous),
            realised=realised,
        )


def make_window(
    market: MarketData,
    as_of: str | pd.Timestamp | None = None,
    lookback: int | None = None,
    features: str | Sequence[str | Feature] | None = None,
) -> TrainingWindow:
    """Cut the window that a decision at `as_of` may see.

    Args:
        market: The data.
        as_of: Date of the decision; the last period at or before it is used. By default the last.
        lookback: Number of returns; by default a year of periods, at least 60.
        features: Names from the registry, or features.

    Returns:
        Returns (in excess of the risk-free rate where the market has one) and features of the
        assets that are eligible then; `window.assets` names them.

    Raises:
        DataError: If the history is too short, or a feature needs data that are not there.
        ConfigError: If a feature is unknown.
    """
    check_market(market)
    panel = None if features is None else build_panel(market, choose_features(features))[0]
    length = default_lookback(market) if lookback is None else lookback
    maker = WindowMaker(market, lookback=length, panel=panel)
    return maker.window(maker.position(market.dates[-1] if as_of is None else as_of))


def _run_length(flags: BoolArray) -> IntArray:
    """Return for each entry how many True in a row end there, down the first axis."""
    rows = np.arange(1, len(flags) + 1)[:, None]
    last_false = np.maximum.accumulate(np.where(flags, 0, rows), axis=0)
    length: IntArray = rows - last_false
    return length
