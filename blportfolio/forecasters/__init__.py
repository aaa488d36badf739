"""Forecasters of series, from zero to attention, all on the same windows."""

from blportfolio.forecasters.registry import FORECASTERS, make_forecaster
from blportfolio.forecasters.walk import walk_forward
from blportfolio.forecasters.windows import Windows, hankel_windows, hold_out, split_windows
from blportfolio.forecasters.zero import ZeroForecaster

__all__ = [
    "FORECASTERS",
    "Windows",
    "ZeroForecaster",
    "hankel_windows",
    "hold_out",
    "make_forecaster",
    "split_windows",
    "walk_forward",
]
