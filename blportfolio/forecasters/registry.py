"""The registry of forecasters by the name that files and commands use."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from blportfolio.errors import ConfigError
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
from blportfolio.forecasters.state_space import StateSpaceForecaster
from blportfolio.forecasters.zero import ZeroForecaster
from blportfolio.types import Forecaster
from blportfolio.validation import check_choice, nearest_name, shown

FORECASTERS: dict[str, type[Forecaster]] = {
    "zero": ZeroForecaster,
    "last_value": LastValueForecaster,
    "mean": MeanForecaster,
    "autoregression": AutoregressiveForecaster,
    "linear": LinearForecaster,
    "linear_residual": LinearResidualForecaster,
    "decomposition_linear": DecompositionLinearForecaster,
    "attention": AttentionForecaster,
    "attention_kernel": AttentionKernelForecaster,
    "state_space": StateSpaceForecaster,
    "multi_head_attention": MultiHeadAttentionForecaster,
    "hopfield": HopfieldForecaster,
}


def make_forecaster(name: str, **settings: Any) -> Forecaster:  # noqa: ANN401, each has its own
    """Return the forecaster of that registry name; what is not set is as by default.

    Raises:
        ConfigError: If the name or a setting is unknown, or a setting out of range.
    """
    if not isinstance(name, str) or name not in FORECASTERS:
        hint = nearest_name(str(name), FORECASTERS)
        raise ConfigError(f"There is no forecaster {shown(name)}. {hint}")
    cls = FORECASTERS[name]
    known = tuple(field.name for field in fields(cls))  # type: ignore[arg-type]
    for setting in settings:
        check_choice(setting, known, name=f"settings of {name}")
    return cls(**settings)
