"""Helpers that several feature families share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError


def periods_in_months(market: MarketData, months: int) -> int:
    """Return how many periods of the data make `months` months, one at least."""
    return max(1, round(months * (market.periods_per_year or 252.0) / 12))


def check_windows(windows: tuple[int, ...] | None, *, least: int, name: str) -> None:
    """Check that every window is at least `least` periods.

    Raises:
        ConfigError: If one is shorter, or the list is empty.
    """
    if windows is None:
        return
    whole = isinstance(windows, tuple | list) and all(
        isinstance(window, int | np.integer) and window >= least for window in windows
    )
    if not windows or not whole:
        raise ConfigError(f"`{name}` must be whole numbers of {least} or more, got {windows}.")


def exponential_average(frame: pd.DataFrame, span: int) -> pd.DataFrame:
    """Exponential moving average of `span` periods; NaN until `span` values are known."""
    average = frame.ewm(span=span, adjust=False, min_periods=span).mean()
    return average.where(frame.notna())
