"""Forecasters of series, from zero to attention, all on the same windows."""

from blportfolio.forecasters.decomposition_linear import DecompositionLinearForecaster
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.forecasters.linear_residual import LinearResidualForecaster
from blportfolio.forecasters.registry import FORECASTERS, make_forecaster
from blportfolio.forecasters.walk import walk_forward
from blportfolio.forecasters.windows import Windows, hankel_windows, hold_out, split_windows
from blportfolio.forecasters.zero import ZeroForecaster

__all__ = [
    "FORECASTERS",
    "DecompositionLinearForecaster",
    "LinearForecaster",
    "LinearResidualForecaster",
    "Windows",
    "ZeroForecaster",
    "hankel_windows",
    "hold_out",
    "make_forecaster",
    "split_windows",
    "walk_forward",
]
