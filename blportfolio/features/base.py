"""Helpers that several feature families share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.types import Feature
from blportfolio.validation import nearest_name

MACRO = "macro."
"""How the need of a macro series begins: "macro.treasury_10y"."""

Progress = Callable[[int, int], None]
"""What is called as work goes on, with the steps done and all."""


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


def wilder_average(frame: pd.DataFrame, window: int) -> pd.DataFrame:
    """Wilder's smoothing, A_t = A_{t−1} + (x_t − A_{t−1}) / window.

    It begins with the simple mean of the first `window` values known, as Wilder has it.

    Returns:
        (n_dates, n_assets), NaN until then and where a value is missing.
    """
    start = frame.rolling(window).mean()
    begun = start.notna().cummax()
    first = begun & ~begun.shift(fill_value=False)
    seeded = start.where(first, frame.where(begun))
    return seeded.ewm(alpha=1 / window, adjust=False).mean().where(seeded.notna())


def data_needs(feature: Feature) -> tuple[str, ...]:
    """Return what a feature needs of `MarketData` with its parameters.

    That is its `needs` where it has that property, else its class's `requires`: fields, or a macro
    series as "macro.<name>".
    """
    needs: tuple[str, ...] = getattr(feature, "needs", feature.requires)
    return needs


def is_forecast(feature: Feature) -> bool:
    """Say whether a feature forecasts the mean return per period, in its unit."""
    return bool(getattr(feature, "is_forecast", False))


def compute_frames(
    feature: Feature, market: MarketData, progress: Progress | None
) -> Mapping[str, pd.DataFrame]:
    """Compute a feature; one that says `reports_progress` tells how far it is.

    Args:
        feature: The feature.
        market: The data.
        progress: Called with the steps done and all, or None.
    """
    compute: Any = feature.compute
    if progress is None or not getattr(feature, "reports_progress", False):
        return feature.compute(market)
    frames: Mapping[str, pd.DataFrame] = compute(market, progress=progress)
    return frames


def lacking(market: MarketData, needs: tuple[str, ...]) -> tuple[str, str] | None:
    """Say which of `needs` the data lack first, and the nearest that they have; None if nothing."""
    for need in needs:
        if not need.startswith(MACRO):
            if getattr(market, need) is None:
                return repr(need), ""
            continue
        series = need.removeprefix(MACRO)
        if market.macro is None:
            return f"the macro series {series!r}", "It has no macro series. "
        if series not in market.macro:
            return f"the macro series {series!r}", f"{nearest_name(series, market.macro)} "
    return None


def check_has(market: MarketData, needs: tuple[str, ...], *, feature: str) -> None:
    """Check that the data have what a feature needs.

    Raises:
        DataError: Naming what they lack.
    """
    lack = lacking(market, needs)
    if lack is not None:
        what, hint = lack
        raise DataError(
            f"Feature {feature!r} needs {what}, which {market.name!r} lacks. {hint}Give data with "
            "it, remove it or mark it optional."
        )


def needed_frame(market: MarketData, field: str, *, feature: str) -> pd.DataFrame:
    """Return bars or volumes, (n_dates, n_assets).

    Raises:
        DataError: If the data lack them.
    """
    check_has(market, (field,), feature=feature)
    frame: pd.DataFrame = getattr(market, field)
    return frame
