"""Forecasters of series, from zero to attention, all on the same windows."""

from blportfolio.forecasters.attention import AttentionForecaster
from blportfolio.forecasters.attention_kernel import AttentionKernelForecaster
from blportfolio.forecasters.autoregression import AutoregressiveForecaster
from blportfolio.forecasters.decomposition_linear import DecompositionLinearForecaster
from blportfolio.forecasters.hopfield import HopfieldForecaster
from blportfolio.forecasters.last_value import LastValueForecaster
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.forecasters.linear_residual import LinearResidualForecaster
from blportfolio.forecasters.mean import MeanForecaster
from blportfolio.forecasters.multi_head_attention import MultiHeadAttentionForecaster
from blportfolio.forecasters.registry import FORECASTERS, make_forecaster
from blportfolio.forecasters.state_space import StateSpaceForecaster
from blportfolio.forecasters.walk import walk_forward
from blportfolio.forecasters.windows import Windows, hankel_windows, hold_out, split_windows
from blportfolio.forecasters.zero import ZeroForecaster

__all__ = [
    "FORECASTERS",
    "AttentionForecaster",
    "AttentionKernelForecaster",
    "AutoregressiveForecaster",
    "DecompositionLinearForecaster",
    "HopfieldForecaster",
    "LastValueForecaster",
    "LinearForecaster",
    "LinearResidualForecaster",
    "MeanForecaster",
    "MultiHeadAttentionForecaster",
    "StateSpaceForecaster",
    "Windows",
    "ZeroForecaster",
    "hankel_windows",
    "hold_out",
    "make_forecaster",
    "split_windows",
    "walk_forward",
]
