"""Relative strength index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows


@dataclass(frozen=True, slots=True)
class RSI:
    """Relative strength index as a fraction: average gain over average gain plus loss.

    Averages are exponential with α = 1/window. 0.5 where the price has not moved at all.

    Attributes:
        window: Periods.

    References:
        Wilder (1978), New Concepts in Technical Trading Systems (there times 100).
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    window: int = 14

    def __post_init__(self) -> None:
        """Check the window."""
        check_windows((self.window,), least=2, name="window")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `rsi_<window>`, (n_dates, n_assets) in [0, 1]."""
        change = market.prices.diff()

        def average(frame: pd.DataFrame) -> pd.DataFrame:
            smooth = frame.ewm(alpha=1 / self.window, adjust=False, min_periods=self.window)
            return smooth.mean()

        gain = average(change.clip(lower=0))
        moved = gain + average(-change.clip(upper=0))
        index = (gain / moved.where(moved > 0)).where(moved != 0, 0.5)
        return {f"rsi_{self.window}": index.where(change.notna() & moved.notna())}
