"""The autoregression: the next value from the last few, iterated over the horizon."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.forecasters.base import (
    check_context,
    check_placed,
    check_training,
    models_of,
    power_of_two,
    rows_by_model,
)
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_flag, check_whole
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice

CRITERIA = ("aic", "bic")


@dataclass(frozen=True, slots=True)
class AutoregressiveForecaster:
    """AR(p) with a constant by conditional least squares, as statsmodels' AutoReg.

    Each window is one row of the regression, so that gaps between windows do no harm: its first
    target on its last p values or, where the target is not the next value but a total or a value
    further ahead, its last value on the p before.

    Attributes:
        order: Lags p, 0 or more, or the information criterion that chooses them: "aic", "bic".
            With fewer windows than coefficients it is as high as they allow.
        max_order: Most lags to choose from; the context may allow fewer.
        shared: Whether all channels share their coefficients; otherwise each has its own, and
            `predict` needs `channel`.

    Raises:
        ConfigError: If a setting is out of range.
    """

    order: int | str = 1
    max_order: int = 10
    shared: bool = True

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the settings."""
        if isinstance(self.order, str):
            check_choice(self.order, CRITERIA, name="order")
        else:
            check_whole(self.order, 0, name="order")
        check_whole(self.max_order, 0, name="max_order")
        check_flag(self.shared, name="shared")

    def fit(self, windows: Windows) -> FittedAutoregression:
        """Regress, after the order has been chosen on the same rows for all orders.

        Raises:
            DataError: If `windows` are none or hold no window, a target is unknown, or the
                context is shorter than the order.
        """
        check_placed(check_training(windows))
        spare = int(windows.rows_ahead > windows.horizon)
        most = windows.context_length - spare
        if not isinstance(self.order, str) and self.order > most:
            raise DataError(
                f"`windows` must have a context of {self.order + spare} or more for order "
                f"{self.order}, got {windows.context_length}."
            )
        most = min(most, self.max_order if isinstance(self.order, str) else int(self.order))
        lags = windows.context[:, windows.context_length - most - spare :]
        rows = lags if spare else np.hstack([lags, windows.target[:, :1]])
        models = models_of(windows.channels, shared=self.shared)
        fits = [self._fit_rows(rows[of_model]) for of_model in models.values()]
        return FittedAutoregression(
            tuple(fits),
            () if self.shared else tuple(models),
            windows.context_length,
            windows.horizon,
            windows.rows_ahead,
            windows.summands,
        )

    def _fit_rows(self, rows: FloatArray) -> tuple[float, ...]:
        """Return the constant and the coefficients, of the latest lag first."""
        # About the mean and in units of a power of two: a constant gives zeros, and the constant
        # term is of the size of the lags.
        centre = float(rows[0, -1] + (rows[:, -1] - rows[0, -1]).mean())
        scaled = rows - centre
        unit = power_of_two(scaled)
        scaled /= unit
        order = self._chosen_order(scaled)
        constant, *lags = _least_squares(scaled, order).params.tolist()
        return (constant * unit + centre * (1 - sum(lags)), *lags)

    def _chosen_order(self, rows: FloatArray) -> int:
        most: int = min(rows.shape[1] - 1, max(len(rows) - 2, 0))
        if not isinstance(self.order, str):
            return most
        if not (rows[:, -1] != rows[0, -1]).any():
            return 0
        with np.errstate(divide="ignore"):  # a perfect fit has a likelihood without bound
            values = [getattr(_least_squares(rows, order), self.order) for order in range(most + 1)]
        return int(np.argmin(values))


@dataclass(frozen=True, slots=True, repr=False)
class FittedAutoregression(Brief):
    """Coefficients of autoregressions.

    Attributes:
        coefficients: For each model its constant and its lags, the latest first.
        channels: Channels that the models are of; empty where one serves all.
        context_length: Values that it is given.
        horizon: Values that it forecasts.
        rows_ahead: Rows to the last of them.
        summed: Values that each of them is the sum of.
    """

    coefficients: tuple[tuple[float, ...], ...]
    channels: tuple[int, ...]
    context_length: int
    horizon: int
    rows_ahead: int
    summed: int

    def predict(self, context: ArrayLike, *, channel: ArrayLike | None = None) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value, or the
                coefficients are a channel's own and `channel` is missing or was never fitted.
        """
        values = check_context(context, self.context_length)
        path = np.hstack([values, np.empty((len(values), self.rows_ahead))])
        for model, rows in rows_by_model(self.channels, len(values), channel):
            path[rows] = _iterated(path[rows], self.context_length, self.coefficients[model])
        ahead = path[:, self.context_length :]
        reached = ahead if self.summed == 1 else np.cumsum(ahead, axis=1)
        return reached[:, -self.horizon :]


def _iterated(path: FloatArray, start: int, coefficients: tuple[float, ...]) -> FloatArray:
    constant, *lags = coefficients
    for step in range(start, path.shape[1]):
        path[:, step] = constant
        # Lag by lag, so that no bit depends on how many windows there are.
        for lag, weight in enumerate(lags, start=1):
            path[:, step] += weight * path[:, step - lag]
    return path


def _least_squares(rows: FloatArray, order: int) -> Any:  # noqa: ANN401, statsmodels has no types
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools.sm_exceptions import SingularMatrixWarning

    design = np.ones((order + 1, len(rows))).T  # by columns, along which statsmodels reduces
    design[:, 1:] = rows[:, -2 : -2 - order : -1] if order else rows[:, :0]
    with warnings.catch_warnings():
        # Series that repeat themselves, such as a constant, have the weights of least norm.
        warnings.simplefilter("ignore", SingularMatrixWarning)
        return OLS(rows[:, -1], design, hasconst=True).fit()
