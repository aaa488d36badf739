"""The decomposition linear forecaster: trend and what is left of it have weights of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class DecompositionLinearForecaster(LinearForecaster):
    """ŷ = W_s (x − M x) + W_t M x + b with M a moving average, in closed form.

    DLinear of Zeng et al. (2023). It spans the same maps as the linear forecaster; only the
    penalty sees the parts apart.

    Attributes:
        kernel: Values in the moving average. The ends are padded with the end values, (kernel −
            1) // 2 before and kernel // 2 after, so that it may be even, or longer than the
            context.

    Raises:
        ConfigError: If a setting is out of range.
    """

    kernel: int = 25

    def __post_init__(self) -> None:
        """Check the settings."""
        LinearForecaster.__post_init__(self)
        check_whole(self.kernel, 1, most=100_000, name="kernel")

    def design(self, context: FloatArray) -> FloatArray:
        """Return (n_windows, 2 n_columns) seasonal parts, then trends."""
        values = LinearForecaster.design(self, context)
        trend = moving_average(values, self.kernel)
        return np.hstack([values - trend, trend])


def moving_average(values: FloatArray, kernel: int) -> FloatArray:
    """Return moving averages of (n_windows, length) values, ends padded with the end values."""
    if not values.shape[1]:
        return values
    before, after = (kernel - 1) // 2, kernel // 2
    first = values[:, :1]
    # About the first value, so that a constant window has no seasonal part at all.
    padded = np.pad(values - first, ((0, 0), (before, after)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    trend: FloatArray = first + (sums[:, kernel:] - sums[:, :-kernel]) / kernel
    return trend
