"""Forecasters that are linear in a fixed map of each window, fitted in closed form by ridge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import (
    check_context,
    check_training,
    models_of,
    power_of_two,
    product_by_row,
    rows_by_model,
)
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_flag, check_share, checked_grid
from blportfolio.forecasters.ridge_moments import MomentHistory, choose_penalty, solve_ridge
from blportfolio.forecasters.windows import Windows, hold_out_row
from blportfolio.types import FloatArray
from blportfolio.validation import read_only

PENALTIES = tuple(10.0**power for power in range(-8, 5))
"""Penalties to choose from, relative to the mean square of the design."""

SMALLEST = 1e-150
"""Least share of the largest scale that a window counts with: its square can be written."""


@dataclass(frozen=True, slots=True)
class RidgeForecaster(ABC):
    """Forecasts offset + scale · (design · weights + intercept); only the weights are learned.

    Errors count in the unit of the series, so that windows of a small scale do not outweigh others.
    Of a target that is the sum of several values the offset is a part of each.

    To add a forecaster, derive a frozen slots dataclass, give it `design` and, where it differs,
    `offset` and `scale`; `fit` and the fast walk-forward follow. Each must treat a window by
    itself, so that a row never depends on other rows, not by one bit.

    Attributes:
        penalties: Relative penalties to choose from by hold-out, or one number that is fixed.
        holdout_share: Latest share of the training rows by which the penalty is chosen; then all
            windows are fitted again.
        intercept: Whether there is an intercept; it is not penalised.
        shared: Whether all channels share their weights; otherwise each has its own, and
            `predict` needs `channel`.

    Raises:
        ConfigError: If a setting is out of range.
    """

    penalties: float | tuple[float, ...] = PENALTIES
    holdout_share: float = 0.2
    intercept: bool = True
    shared: bool = True

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the settings; a subclass with its own calls `RidgeForecaster.__post_init__`."""
        penalties = checked_grid(self.penalties, name="penalties")
        object.__setattr__(self, "penalties", penalties)
        check_share(self.holdout_share, name="holdout_share")
        check_flag(self.intercept, name="intercept")
        check_flag(self.shared, name="shared")

    @abstractmethod
    def design(self, context: FloatArray) -> FloatArray:
        """Return the (n_windows, n_columns) map of (n_windows, context_length) values."""

    def offset(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) what is added to each value forecast: by default zero."""
        return np.zeros(len(context))

    def scale(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) what the forecast is multiplied by: by default one.

        A window whose scale is zero is not learned from; its forecast is its offset.
        """
        return np.ones(len(context))

    def settled(self, windows: Windows) -> Self:  # noqa: ARG002, for maps that need the data
        """Return the forecaster with what its map takes from training data filled in.

        By default nothing. A map that needs, say, the unit of the data returns a copy that has
        it; a copy that has it returns itself. `fit` settles first; `walk_forward` settles once,
        at its first refit, so that the map of all windows is computed once.
        """
        return self

    def fit(self, windows: Windows) -> FittedRidge:
        """Choose the penalty on the latest windows and fit to all.

        Raises:
            DataError: If `windows` are none or hold no window, or a target is unknown.
        """
        check_training(windows)
        forecaster = self.settled(windows)
        return RidgeHistory(forecaster, windows).fit(int(windows.origins.min()))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedRidge(Brief):
    """Weights of a ridge forecaster.

    Attributes:
        forecaster: The settings, whose map of the windows is used.
        weights: (n_models, n_columns, horizon), one model or one for each channel.
        intercept: (n_models, horizon), in the unit of the target over its scale.
        penalty: (n_models,) relative penalties chosen.
        channels: Channels that the models are of; empty where one serves all.
        context_length: Values that it looks at.
        horizon: Values that it forecasts.
        summed: Values of the series that each of them is the sum of.
    """

    forecaster: RidgeForecaster
    weights: FloatArray
    intercept: FloatArray
    penalty: tuple[float, ...]
    channels: tuple[int, ...]
    context_length: int
    horizon: int
    summed: int = 1

    def predict(self, context: ArrayLike, *, channel: ArrayLike | None = None) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value, or the weights
                are a channel's own and `channel` is missing or was never fitted.
        """
        values = check_context(context, self.context_length)
        return self.predict_design(
            self.forecaster.design(values),
            self.forecaster.offset(values),
            self.forecaster.scale(values),
            channel,
        )

    def predict_design(
        self, design: FloatArray, offset: FloatArray, scale: FloatArray, channel: ArrayLike | None
    ) -> FloatArray:
        """Return forecasts of windows whose design, offset and scale are known."""
        forecast = np.empty((len(design), self.horizon))
        for model, rows in rows_by_model(self.channels, len(design), channel):
            forecast[rows] = product_by_row(design[rows], self.weights[model])
            forecast[rows] += self.intercept[model]
        return self.summed * offset[:, None] + scale[:, None] * forecast


class RidgeHistory:
    """All windows of a walk, mapped once, from which a fit to any rows is solved.

    Args:
        forecaster: Settings, settled.
        windows: All windows; those with an unknown target are not learned from.
        sample: What tells the unit of the numbers; by default all windows.
    """

    def __init__(
        self, forecaster: RidgeForecaster, windows: Windows, sample: Windows | None = None
    ) -> None:
        self.forecaster, self.windows = forecaster, windows
        context = windows.context
        self.design, self.offset = forecaster.design(context), forecaster.offset(context)
        self.scale = forecaster.scale(context)
        learned = np.flatnonzero(np.isfinite(windows.target).all(axis=1) & (self.scale > 0))
        origins, scale = windows.origins[learned], self.scale[learned]
        target = windows.target[learned] - windows.summands * self.offset[learned, None]
        # Powers of two, so that no bit depends on them; squares of huge numbers would overflow.
        seen = slice(None) if sample is None else np.isin(origins, sample.origins)
        of_scale, of_target = power_of_two(scale[seen]), power_of_two(target[seen])
        of_design = power_of_two(self.design[learned[seen]])
        self._units = of_target / of_scale / of_design, of_target / of_scale
        scale, target = np.maximum(scale / of_scale, SMALLEST), target / of_target
        names = models_of(windows.channels, shared=forecaster.shared)
        models = models_of(windows.channels[learned], shared=forecaster.shared)
        self._histories: dict[int, MomentHistory] = {}
        for name in names:
            rows = models.get(name, learned[:0])
            design = self.design[learned[rows]]
            design *= (scale[rows] / of_design)[:, None]
            self._histories[name] = MomentHistory(design, target[rows], scale[rows], origins[rows])

    def fit(
        self, first: int, last: int | None = None, channels: Sequence[int] | None = None
    ) -> FittedRidge:
        """Fit to the windows with origins first, …, last.

        Args:
            first: First row.
            last: Last row; by default all that follow.
            channels: Which channels to fit where each has its own weights; by default all.
        """
        forecaster, windows = self.forecaster, self.windows
        last = int(windows.origins.max(initial=first)) if last is None else last
        wanted = self._histories if channels is None or forecaster.shared else set(channels)
        models = [model for model in self._histories if model in wanted]
        solved = [self._solve(self._histories[model], first, last) for model in models]
        return FittedRidge(
            forecaster,
            read_only(np.stack([weights * self._units[0] for weights, _, _ in solved])),
            read_only(np.stack([intercept * self._units[1] for _, intercept, _ in solved])),
            tuple(penalty for _, _, penalty in solved),
            () if forecaster.shared else tuple(models),
            windows.context_length,
            windows.horizon,
            windows.summands,
        )

    def _solve(
        self, history: MomentHistory, first: int, last: int
    ) -> tuple[FloatArray, FloatArray, float]:
        forecaster = self.forecaster
        inside = history.origins[slice(*np.searchsorted(history.origins, [first, last + 1]))]
        if len(inside):
            first, last = int(inside[0]), int(inside[-1])
        moments = history.between(first, last)
        penalties: tuple[float, ...] = forecaster.penalties  # type: ignore[assignment]
        penalty = max(penalties)
        if len(penalties) > 1:
            row = hold_out_row(first, last, forecaster.holdout_share)
            penalty = choose_penalty(
                history.between(first, row - self.windows.rows_ahead),
                history.between(row, last),
                penalties,
                intercept=forecaster.intercept,
            )
        kept = moments if forecaster.intercept else moments.about_zero()
        weights, intercept = solve_ridge(kept, (penalty,))
        return weights[0], intercept[0], penalty
