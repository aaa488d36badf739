"""The forecast that nothing changes: the last value, repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import check_context, check_placed, check_training
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class LastValueForecaster:
    """Repeats the last value of the context for every step.

    Of levels it is the forecast of a random walk; of returns it says that the last return comes
    again.
    """

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def fit(self, windows: Windows) -> FittedLastValue:
        """Note the lengths; there is nothing to learn.

        Raises:
            DataError: If `windows` are none, or hold no window.
        """
        check_placed(check_training(windows))
        return FittedLastValue(windows.context_length, windows.horizon, windows.summands)


@dataclass(frozen=True, slots=True)
class FittedLastValue:
    """Repeats the last value; as often as it is summed where the target is a total.

    Attributes:
        context_length: Values that it looks at.
        horizon: Values that it forecasts.
        summed: Values that each of them is the sum of.
    """

    context_length: int
    horizon: int
    summed: int

    def predict(
        self,
        context: ArrayLike,
        *,
        channel: ArrayLike | None = None,  # noqa: ARG002, protocol
    ) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        values = check_context(context, self.context_length)
        return np.repeat(self.summed * values[:, -1:], self.horizon, axis=1)
