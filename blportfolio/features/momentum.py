"""Momentum: the return over several past horizons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows, periods_in_months


@dataclass(frozen=True, slots=True)
class Momentum:
    """Simple return over each horizon, P_t / P_{t−h} − 1.

    Attributes:
        horizons: Periods; by default those of 1, 3, 6 and 12 months.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    horizons: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Check the horizons."""
        check_windows(self.horizons, least=1, name="horizons")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return one (n_dates, n_assets) frame a horizon, decimal."""
        prices = market.prices
        horizons = self.horizons or tuple(periods_in_months(market, m) for m in (1, 3, 6, 12))
        return {
            f"momentum_{horizon}": prices / prices.shift(horizon) - 1
            for horizon in dict.fromkeys(horizons)
        }
