"""Distance of the price to its moving averages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows, exponential_average


@dataclass(frozen=True, slots=True)
class EMADistance:
    """Price over its exponential moving average, less one.

    Attributes:
        window: Span of the average in periods.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    window: int = 14

    def __post_init__(self) -> None:
        """Check the window."""
        check_windows((self.window,), least=2, name="window")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `ema_distance_<window>`, (n_dates, n_assets), decimal."""
        average = exponential_average(market.prices, self.window)
        return {f"ema_distance_{self.window}": market.prices / average - 1}


@dataclass(frozen=True, slots=True)
class SMADistance:
    """Price over its simple moving average, less one.

    Attributes:
        window: Periods of the average.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    window: int = 20

    def __post_init__(self) -> None:
        """Check the window."""
        check_windows((self.window,), least=2, name="window")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `sma_distance_<window>`, (n_dates, n_assets), decimal."""
        average = market.prices.rolling(self.window).mean()
        return {f"sma_distance_{self.window}": market.prices / average - 1}
