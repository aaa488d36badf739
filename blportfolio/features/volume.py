"""Traded volume: against its own average, and with which side of the market it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows, needed_frame
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class VolumeRatio:
    """Log of the volume over its moving average; needs `volume`. NaN where nothing traded.

    Attributes:
        window: Periods of the average.
    """

    requires: ClassVar[tuple[str, ...]] = ("volume",)
    window: int = 20

    def __post_init__(self) -> None:
        """Check the window."""
        check_windows((self.window,), least=2, name="window")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `volume_ratio_<window>`, (n_dates, n_assets), log units."""
        volume = market.volume
        if volume is None:
            return {}
        average = volume.rolling(self.window).mean()
        ratio = (volume / average).where((volume > 0) & (average > 0))
        return {f"volume_ratio_{self.window}": ratio.apply(np.log)}


@dataclass(frozen=True, slots=True)
class OBV:
    """Change of on-balance volume over `window` periods over the volume traded in them.

    Σ sign(P_t − P_{t−1}) V_t / Σ V_t over the window, in [−1, 1]: 1 if all volume came with rising
    prices; a period in which the price stood still counts for nothing above the line. NaN where
    nothing traded in the whole window. On-balance volume itself is a sum that depends on where it
    starts; the paper scales it by its range over the full sample, which looks ahead.

    Attributes:
        window: Periods.

    References:
        Granville (1963), New Key to Stock Market Profits; Lin et al. (2025), table 3.
    """

    requires: ClassVar[tuple[str, ...]] = ("volume",)
    window: int = 20

    def __post_init__(self) -> None:
        """Check the window."""
        check_windows((self.window,), least=2, name="window")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `obv_<window>`, (n_dates, n_assets) in [−1, 1]."""
        prices = market.prices.to_numpy()
        traded = needed_frame(market, "volume", feature="obv").to_numpy()[1:]
        signed = np.sign(prices[1:] - prices[:-1]) * traded
        # Every window is added up by itself: a running sum would keep the rounding of large
        # volumes long past.
        net, gross = _window_sums(signed, self.window), _window_sums(traded, self.window)
        share = np.full(prices.shape, np.nan)
        if len(net):
            np.divide(net, gross, out=share[self.window :], where=gross > 0)
        frame = pd.DataFrame(share, index=market.prices.index, columns=market.prices.columns)
        return {f"obv_{self.window}": frame}


def _window_sums(values: FloatArray, window: int) -> FloatArray:
    """Return the sum of each `window` rows in a row, oldest added first."""
    count = max(len(values) - window + 1, 0)
    total = np.zeros((count, values.shape[1]))
    for start in range(window if count else 0):
        total += values[start : start + count]
    return total
