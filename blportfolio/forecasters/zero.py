"""The forecast zero: what a return forecast has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import check_context, check_training
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class ZeroForecaster:
    """Always forecasts zero."""

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def fit(self, windows: Windows) -> FittedZero:
        """Note the lengths; there is nothing to learn.

        Raises:
            DataError: If `windows` are none, or hold no window.
        """
        check_training(windows)
        return FittedZero(windows.context_length, windows.horizon)


@dataclass(frozen=True, slots=True)
class FittedZero:
    """Forecasts zero for every step."""

    context_length: int
    horizon: int

    def predict(
        self,
        context: ArrayLike,
        *,
        channel: ArrayLike | None = None,  # noqa: ARG002, protocol
    ) -> FloatArray:
        """Return (n_windows, horizon) zeros.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        return np.zeros((len(check_context(context, self.context_length)), self.horizon))
