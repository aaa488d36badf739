"""Moving average convergence divergence, over price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features.base import check_windows, exponential_average


@dataclass(frozen=True, slots=True)
class MACD:
    """(EMA_fast − EMA_slow) / price, and its distance to its own exponential average.

    Attributes:
        fast: Periods of the fast average.
        slow: Periods of the slow average.
        signal: Periods of the signal line.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    fast: int = 12
    slow: int = 26
    signal: int = 9

    def __post_init__(self) -> None:
        """Check the spans."""
        check_windows((self.fast, self.slow, self.signal), least=1, name="fast, slow, signal")
        if self.fast >= self.slow:
            raise ConfigError(f"`fast` must be below `slow`, got {self.fast} and {self.slow}.")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `macd` and `macd_gap`, each (n_dates, n_assets) as a fraction of the price."""
        prices = market.prices
        line = exponential_average(prices, self.fast) - exponential_average(prices, self.slow)
        gap = line - exponential_average(line, self.signal)
        return {"macd": line / prices, "macd_gap": gap / prices}
