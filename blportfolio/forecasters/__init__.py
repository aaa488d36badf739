"""Forecasters of series, from zero to attention, all on the same windows.

A series is cut into windows, each a context and the target that came next; a forecaster is a frozen
dataclass of settings whose `fit` learns from windows, and what it returns forecasts:

    windows = hankel_windows(log_returns, 20, 5)      # (n_obs,) or (n_obs, n_series), NaN for gaps
    train, test = split_windows(windows, 1500)        # no target crosses row 1500
    fitted = LinearForecaster().fit(train)            # or make_forecaster("linear")
    fitted.predict(test.context)                      # (n_windows, 5); a single context will do

`walk_forward` refits as time goes on and never looks ahead; its windows are those of
`hankel_windows(..., unknown_targets=True)`, which has one for the last row, too. Forecasters of
levels, such as `LinearResidualForecaster`, see returns through `on_returns(forecaster)`, which
cumulates them. `FORECASTERS` lists all by name, `hold_out` is how they choose their penalties.

Beside them are `blportfolio.forecasters.evaluation` (scores and tests of significance),
`.comparison` (all forecasters on one series or universe), `.asymmetric` (the experiment of
arXiv 2412.06061) and `.ltsf` (the public long-horizon benchmark).
"""

from blportfolio.forecasters.attention import AttentionForecaster
from blportfolio.forecasters.attention_kernel import AttentionKernelForecaster
from blportfolio.forecasters.autoregression import AutoregressiveForecaster
from blportfolio.forecasters.decomposition_linear import DecompositionLinearForecaster
from blportfolio.forecasters.hopfield import HopfieldForecaster
from blportfolio.forecasters.last_value import LastValueForecaster
from blportfolio.forecasters.levels import ThroughLevels, on_returns
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
    "ThroughLevels",
    "Windows",
    "ZeroForecaster",
    "hankel_windows",
    "hold_out",
    "make_forecaster",
    "on_returns",
    "split_windows",
    "walk_forward",
]
