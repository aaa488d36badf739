"""The forecast that the past goes on: the mean of what came next in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import (
    check_context,
    check_training,
    models_of,
    rows_by_model,
)
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_flag
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray
from blportfolio.validation import read_only


@dataclass(frozen=True, slots=True)
class MeanForecaster:
    """Forecasts the mean of the training targets, step by step.

    It is the prevailing mean of Goyal and Welch (2008), against which an out-of-sample R² is
    measured.

    Attributes:
        shared: Whether there is one mean for all channels; otherwise each has its own, and
            `predict` needs `channel`.

    Raises:
        ConfigError: If the setting is not true or false.
    """

    shared: bool = True

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the setting."""
        check_flag(self.shared, name="shared")

    def fit(self, windows: Windows) -> FittedMean:
        """Take the means.

        Raises:
            DataError: If `windows` are none or hold no window, or a target is unknown.
        """
        check_training(windows)
        models = models_of(windows.channels, shared=self.shared)
        means = [_mean(windows.target[rows]) for rows in models.values()]
        channels = () if self.shared else tuple(models)
        return FittedMean(read_only(np.vstack(means)), channels, windows.context_length)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedMean(Brief):
    """Forecasts means, whatever the context.

    Attributes:
        means: (n_models, horizon), one model or one for each channel.
        channels: Channels that the models are of; empty where one serves all.
        context_length: Values that it is given.
    """

    means: FloatArray
    channels: tuple[int, ...]
    context_length: int

    @property
    def horizon(self) -> int:
        """Values that it forecasts."""
        return int(self.means.shape[1])

    def predict(self, context: ArrayLike, *, channel: ArrayLike | None = None) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value, or the means
                are a channel's own and `channel` is missing or was never fitted.
        """
        count = len(check_context(context, self.context_length))
        forecast = np.empty((count, self.horizon))
        for model, rows in rows_by_model(self.channels, count, channel):
            forecast[rows] = self.means[model]
        return forecast


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean of each column; that of a constant is the constant, to the bit."""
    mean: FloatArray = values[0] + (values - values[0]).mean(axis=0)
    return mean
