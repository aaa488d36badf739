"""Takes forecasters of levels to returns: cumulate, forecast the level, take the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import check_context, check_training
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FittedForecaster, FloatArray, Forecaster


def on_returns(forecaster: Forecaster) -> Forecaster:
    """Return what to fit to windows of log returns.

    A linear residual forecaster says that its weights sum to one, which is true of levels and
    makes nonsense of returns: its forecasts would have at least 1/n of their variance. It is
    applied to the log prices that the returns sum to; with n + 1 prices it then spans every linear
    map of n returns. Others stay as they are.
    """
    return ThroughLevels(forecaster) if getattr(forecaster, "needs_levels", False) else forecaster


@dataclass(frozen=True, slots=True)
class ThroughLevels:
    """Fits a forecaster of levels to windows of increments, such as log returns.

    Each context of n increments becomes n + 1 levels that begin at zero; the target becomes the
    levels that follow, the forecast is turned back into increments. Where the target is a total
    over several rows (`Windows.summed` above one), it is the level at their end.

    Attributes:
        forecaster: The forecaster of levels.
    """

    forecaster: Forecaster

    needs_levels: ClassVar[bool] = False

    @property
    def is_seeded(self) -> bool:
        """Whether the forecast depends on a seed."""
        return bool(getattr(self.forecaster, "is_seeded", False))

    def fit(self, windows: Windows) -> FittedThroughLevels:
        """Fit to the levels of the windows.

        Raises:
            DataError: If `windows` are none, or too few.
        """
        check_training(windows)
        return FittedThroughLevels(
            self.forecaster.fit(level_windows(windows)), windows.context_length, windows.horizon
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedThroughLevels(Brief):
    """Forecasts increments by the levels that they sum to."""

    fitted: FittedForecaster
    context_length: int
    horizon: int

    def predict(self, context: ArrayLike, *, channel: ArrayLike | None = None) -> FloatArray:
        """Return (n_windows, horizon) increments, or the total where the target was one.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        levels = cumulated(check_context(context, self.context_length))
        ahead = self.fitted.predict(levels, channel=channel)
        return np.diff(ahead, axis=1, prepend=levels[:, -1:])


def cumulated(increments: FloatArray) -> FloatArray:
    """Return (n_windows, length + 1) levels that begin at zero."""
    start = np.zeros((len(increments), 1))
    return np.hstack([start, np.cumsum(increments, axis=1)])


def level_windows(windows: Windows) -> Windows:
    """Return the windows of levels that windows of increments sum to."""
    levels = cumulated(windows.context)
    target = levels[:, -1:] + np.cumsum(windows.target, axis=1)
    return replace(windows, context=levels, target=target, summed=1)
