"""Bollinger's %b: where the price stands between its bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features.base import check_windows
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class BollingerB:
    """%b = (P − lower) / (upper − lower) with bands at ± `width` standard deviations (ddof 0).

    0.5 where the bands coincide because the price has not moved.

    Attributes:
        window: Periods of the average and the deviation.
        width: Standard deviations from the average to each band.

    References:
        Bollinger (2001), Bollinger on Bollinger Bands.
    """

    requires: ClassVar[tuple[str, ...]] = ("prices",)
    window: int = 20
    width: float = 2.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_windows((self.window,), least=2, name="window")
        check_positive(self.width, name="width")

    def compute(self, market: MarketData) -> dict[str, pd.DataFrame]:
        """Return `bollinger_b_<window>`, (n_dates, n_assets), around 0.5."""
        prices = market.prices
        # Each window is divided by its own last price first: a rolling sum of raw prices that
        # once were a thousand times larger would leave rounding noise behind.
        values = prices.to_numpy()
        result = np.full(values.shape, np.nan)
        if len(values) >= self.window:
            windows = np.lib.stride_tricks.sliding_window_view(values, self.window, axis=0)
            relative = windows / windows[..., -1:]
            deviation = relative.std(axis=-1)
            score = np.zeros_like(deviation)
            moved = deviation > 1e-12
            np.divide(1 - relative.mean(axis=-1), deviation, out=score, where=moved)
            score[np.isnan(deviation)] = np.nan
            result[self.window - 1 :] = 0.5 + score / (2 * self.width)
        frame = pd.DataFrame(result, index=prices.index, columns=prices.columns)
        return {f"bollinger_b_{self.window}": frame}
