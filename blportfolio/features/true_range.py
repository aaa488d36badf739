"""Wilder's measures of the range and the direction of prices: ATR and ADX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features.base import check_windows, needed_frame, wilder_average

BARS = ("high", "low")


@dataclass(frozen=True, slots=True)
class WilderFeature:
    """What features of bars smoothed as Wilder does share.

    Attributes:
        window: Periods of the average.
        close_only: Take closes for highs and lows.
    """

    requires: ClassVar[tuple[str, ...]] = BARS
    window: int = 14
    close_only: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_windows((self.window,), least=2, name="window")
        if not isinstance(self.close_only, bool):
            raise ConfigError(f"`close_only` must be true or false, got {self.close_only!r}.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of the data that it reads with these parameters."""
        return ("prices",) if self.close_only else BARS


@dataclass(frozen=True, slots=True)
class ATR(WilderFeature):
    """Average true range over the close, with Wilder's smoothing; needs `high` and `low`.

    True range is max(H_t − L_t, |H_t − C_{t−1}|, |L_t − C_{t−1}|), from an asset's second bar on.

    Attributes:
        window: Periods of the average.
        close_only: Take closes for highs and lows. The data that the paper states are closes too.
            That is a proxy: the range becomes |C_t − C_{t−1}|, which misses all that happened
            within a period and is smaller, by half or so on daily stocks.

    References:
        Wilder (1978), New Concepts in Technical Trading Systems; Lin et al. (2025), table 3.
    """

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `atr_<window>`, (n_dates, n_assets) as a fraction of the close."""
        close = market.prices
        high, low = _bars(market, self.close_only, "atr")
        before = close.shift(1)
        reach = np.maximum((high - before).abs(), (low - before).abs())
        true_range = pd.DataFrame(np.maximum(high - low, reach), index=close.index)
        return {f"atr_{self.window}": wilder_average(true_range, self.window) / close}


@dataclass(frozen=True, slots=True)
class ADX(WilderFeature):
    """Average directional index as a fraction, in [0, 1]; needs `high` and `low`.

    A period's directional movement is +DM = H_t − H_{t−1} where that is positive and above
    L_{t−1} − L_t, and −DM = L_{t−1} − L_t where that is positive and above H_t − H_{t−1}, else 0.
    With both smoothed as Wilder does, DX = |+DM − −DM| / (+DM + −DM), in which the true range
    cancels out, and ADX is DX smoothed likewise. DX is 0 where there has been no directional
    movement at all.

    Attributes:
        window: Periods of both averages; the first value needs 2 `window` bars.
        close_only: Take closes for highs and lows. The data that the paper states are closes too.
            That is a proxy: DX becomes |2 RSI − 1|, the net over the gross movement of the close.

    References:
        Wilder (1978), New Concepts in Technical Trading Systems (there times 100); Lin et al.
        (2025), table 3.
    """

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `adx_<window>`, (n_dates, n_assets) in [0, 1]."""
        high, low = _bars(market, self.close_only, "adx")
        up, down = high.diff(), -low.diff()
        known = up.notna() & down.notna()
        rise = up.where((up > down) & (up > 0), 0.0).where(known)
        fall = down.where((down > up) & (down > 0), 0.0).where(known)
        plus, minus = wilder_average(rise, self.window), wilder_average(fall, self.window)
        moved = plus + minus
        index = ((plus - minus).abs() / moved.where(moved > 0)).where(moved != 0, 0.0)
        # A mean of fractions is one too, but for rounding.
        return {f"adx_{self.window}": wilder_average(index, self.window).clip(upper=1.0)}


def _bars(market: MarketData, close_only: bool, feature: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return highs and lows where there is a close, or closes for both."""
    if close_only:
        return market.prices, market.prices
    priced = market.prices.notna()
    high, low = (needed_frame(market, bar, feature=feature).where(priced) for bar in BARS)
    return high, low
