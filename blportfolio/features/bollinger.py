"""Bollinger bands: their distance to the price, and where the price stands between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows
from blportfolio.types import FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class Bands:
    """What features of Bollinger bands share.

    Attributes:
        window: Periods of the average and the deviation.
        width: Standard deviations from the average to each band.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    window: int = 20
    width: float = 2.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_windows((self.window,), least=2, name="window")
        check_positive(self.width, name="width")


@dataclass(frozen=True, slots=True)
class BollingerB(Bands):
    """%b = (P − lower) / (upper − lower) with bands at ± `width` standard deviations (ddof 0).

    0.5 where the bands coincide because the price has not moved.

    Attributes:
        window: Periods of the average and the deviation.
        width: Standard deviations from the average to each band.

    References:
        Bollinger (2001), Bollinger on Bollinger Bands.
    """

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `bollinger_b_<window>`, (n_dates, n_assets), around 0.5."""
        mean, deviation = _moments(market.prices, self.window)
        score = np.zeros_like(deviation)
        np.divide(1 - mean, deviation, out=score, where=deviation > 1e-12)
        score[np.isnan(deviation)] = np.nan
        return {f"bollinger_b_{self.window}": _frame(0.5 + score / (2 * self.width), market)}


@dataclass(frozen=True, slots=True)
class BollingerBands(Bands):
    """Upper and lower band, each over the price less one: (M ± `width` S) / P − 1.

    M is the mean of the last `window` prices and S their standard deviation (ddof 0). The paper
    enters the bands themselves, which are price levels.

    Attributes:
        window: Periods of the average and the deviation.
        width: Standard deviations from the average to each band.

    References:
        Bollinger (2001), Bollinger on Bollinger Bands; Lin et al. (2025), table 3.
    """

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `bollinger_upper_<window>` and `bollinger_lower_<window>`, decimal."""
        mean, deviation = _moments(market.prices, self.window)
        return {
            f"bollinger_{band}_{self.window}": _frame(mean + side * deviation - 1, market)
            for band, side in (("upper", self.width), ("lower", -self.width))
        }


def _moments(prices: pd.DataFrame, window: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and deviation of the last `window` prices, over the last price."""
    # Each window is divided by its own last price first: a rolling sum of raw prices that
    # once were a thousand times larger would leave rounding noise behind.
    values = prices.to_numpy()
    mean, deviation = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    if len(values) >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
        relative = windows / windows[..., -1:]
        mean[window - 1 :] = relative.mean(axis=-1)
        deviation[window - 1 :] = relative.std(axis=-1)
    return mean, deviation


def _frame(values: FloatArray, market: MarketData) -> pd.DataFrame:
    return pd.DataFrame(values, index=market.prices.index, columns=market.prices.columns)
