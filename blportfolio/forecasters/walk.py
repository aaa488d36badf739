"""Walk-forward forecasts: refit on a schedule, forecast until the next refit, never look ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.base import check_windows
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.levels import ThroughLevels, cumulated, level_windows
from blportfolio.forecasters.ridge import RidgeForecaster, RidgeHistory
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray, Forecaster, IntArray
from blportfolio.validation import shown

Progress = Callable[[int, int], None]


def walk_forward(
    forecaster: Forecaster,
    windows: Windows,
    fit_rows: Sequence[int],
    *,
    train_rows: int | None = None,
    min_windows: int = 60,
    progress: Progress | None = None,
) -> FloatArray:
    """Forecast every window with what a forecaster could have learned at the last refit.

    At each of `fit_rows` the forecaster is fitted to the windows whose whole target is known at
    the close of that row, and forecasts the windows that end there or later, up to the next refit.
    Ridge forecasters map all windows once and merge the moments of blocks of rows, which gives the
    same bits as fitting anew; what they take from the data before they learn (`settled`) they take
    at the first refit.

    Args:
        forecaster: What to fit.
        windows: All windows; a target may be NaN where it is not known yet.
        fit_rows: Rows of the refits, ascending.
        train_rows: How many rows back an origin may lie to be learned from; by default all do.
        min_windows: Fewest windows to fit to; before that there is no forecast. Where each channel
            has weights of its own (`shared` false) it holds for each.
        progress: Called after each refit with the number done and the number of all.

    Returns:
        (n_windows, horizon) forecasts, NaN before the first fit.

    Raises:
        ConfigError: If `forecaster` is none, or `train_rows` or `min_windows` is no whole number of
            1 or more.
        DataError: If `windows` are none, or `fit_rows` are no ascending rows.
    """
    if isinstance(forecaster, type) or not callable(getattr(forecaster, "fit", None)):
        raise ConfigError(
            "`forecaster` must be a forecaster such as LinearForecaster(), got "
            f"{shown(forecaster)}."
        )
    check_windows(windows)
    rows = _checked(fit_rows, train_rows, min_windows)
    if isinstance(forecaster, ThroughLevels):
        ahead = walk_forward(
            forecaster.forecaster,
            level_windows(windows),
            fit_rows,
            train_rows=train_rows,
            min_windows=min_windows,
            progress=progress,
        )
        return np.diff(ahead, axis=1, prepend=cumulated(windows.context)[:, -1:])
    forecasts: FloatArray = np.full(windows.target.shape, np.nan)
    walk: RidgeWalk | None = None
    for number, refit in enumerate(_refits(forecaster, windows, rows, train_rows, min_windows)):
        due = refit.due
        if len(refit.known) and len(due):
            if isinstance(forecaster, RidgeForecaster):
                walk = walk or RidgeWalk.start(forecaster, windows, refit)
                forecasts[due] = walk.predict(refit)
            else:
                fitted = forecaster.fit(windows.take(refit.known))
                context, channel = windows.context[due], windows.channels[due]
                forecasts[due] = fitted.predict(context, channel=channel)
        if progress is not None:
            progress(number + 1, len(rows))
    return forecasts


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """One refit: what may be learned from, and what is to be forecast.

    Attributes:
        first: First row whose windows may be learned from.
        last: Last such row.
        known: Positions of the windows learned from, in order of time; empty where too few.
        due: Positions of the windows to forecast.
        channels: Channels with weights of their own that have windows enough, or None.
    """

    first: int
    last: int
    known: IntArray
    due: IntArray
    channels: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class RidgeWalk:
    """The windows of a walk, mapped once."""

    history: RidgeHistory

    @classmethod
    def start(cls, forecaster: RidgeForecaster, windows: Windows, refit: Refit) -> RidgeWalk:
        """Settle the forecaster on what the first refit knows, and map all windows."""
        sample = windows.take(refit.known)
        return cls(RidgeHistory(forecaster.settled(sample), windows, sample))

    def predict(self, refit: Refit) -> FloatArray:
        """Return the forecasts of the windows that are due."""
        history, due = self.history, refit.due
        fitted = history.fit(refit.first, refit.last, refit.channels)
        channel = history.windows.channels[due]
        return fitted.predict_design(
            history.design[due], history.offset[due], history.scale[due], channel
        )


def _refits(
    forecaster: Forecaster,
    windows: Windows,
    rows: IntArray,
    train_rows: int | None,
    min_windows: int,
) -> Iterator[Refit]:
    order = np.argsort(windows.origins, kind="stable")
    learnable = order[np.isfinite(windows.target[order]).all(axis=1)]
    known_origins, origins = windows.origins[learnable], windows.origins[order]
    oldest = int(origins[0]) if len(origins) else 0
    is_shared = getattr(forecaster, "shared", True)
    names, codes = np.unique(windows.channels, return_inverse=True)
    stops = np.append(rows[1:], np.iinfo(np.intp).max)
    for row, stop in zip(rows.tolist(), stops[: len(rows)].tolist(), strict=True):
        first = oldest if train_rows is None else row - train_rows + 1
        last = row - windows.rows_ahead
        known = learnable[slice(*np.searchsorted(known_origins, [first, last + 1]))]
        due = order[slice(*np.searchsorted(origins, [row, stop]))]
        channels = None
        if not is_shared:
            is_enough = np.bincount(codes[known], minlength=len(names)) >= min_windows
            channels = tuple(names[is_enough].tolist())
            known, due = known[is_enough[codes[known]]], due[is_enough[codes[due]]]
        elif len(known) < min_windows:
            known = known[:0]
        yield Refit(first, last, known, due, channels)


def _checked(fit_rows: Sequence[int], train_rows: int | None, min_windows: int) -> IntArray:
    if train_rows is not None:
        check_whole(train_rows, 1, name="train_rows")
    check_whole(min_windows, 1, name="min_windows")
    try:
        given = np.asarray(fit_rows)
    except ValueError:
        given = np.empty(())
    is_rows = given.ndim == 1 and (given.dtype.kind in "iu" or not len(given))
    if not is_rows or (np.diff(given) <= 0).any():
        raise DataError(f"`fit_rows` must be ascending rows, got {shown(fit_rows)}.")
    return given.astype(np.intp)
