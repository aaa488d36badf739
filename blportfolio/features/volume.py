"""Traded volume against its own average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows


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
