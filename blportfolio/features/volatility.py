"""Realised volatility over several past windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows, periods_in_months


@dataclass(frozen=True, slots=True)
class Volatility:
    """Root mean square of returns over each window, decimal per period.

    Attributes:
        windows: Periods; by default those of 3 and 12 months.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    windows: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Check the windows."""
        check_windows(self.windows, least=2, name="windows")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return one (n_dates, n_assets) frame a window."""
        squares = market.prices.pct_change(fill_method=None) ** 2
        windows = self.windows or tuple(max(2, periods_in_months(market, m)) for m in (3, 12))
        return {
            f"volatility_{window}": squares.rolling(window).mean().clip(lower=0) ** 0.5
            for window in dict.fromkeys(windows)
        }
