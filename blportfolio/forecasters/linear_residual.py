"""The linear residual forecaster: the last value, plus a linear map of what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from blportfolio.forecasters.linear import LinearForecaster


@dataclass(frozen=True, slots=True)
class LinearResidualForecaster(LinearForecaster):
    """ŷ = W (x − s 1) + b + s 1 with s the last value, in closed form.

    It is the linear map whose weights sum to one: NLinear of Zeng et al. (2023), and with horizon
    1 the linear residual network of arXiv 2412.06061, Def. 6.2. It is meant for levels; windows of
    returns reach it through log prices (`on_returns`).
    """

    normalise: str = "last"

    needs_levels: ClassVar[bool] = True
