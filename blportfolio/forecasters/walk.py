"""Walk-forward forecasts: refit on a schedule, forecast until the next refit, never look ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from blportfolio.errors import DataError
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray, Forecaster

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

    Args:
        forecaster: What to fit.
        windows: All windows; a target may be NaN where it is not known yet.
        fit_rows: Rows of the refits, ascending.
        train_rows: How many rows back an origin may lie to be learned from; by default all do.
        min_windows: Fewest windows to fit to; before that there is no forecast.
        progress: Called after each refit with the number done and the number of all.

    Returns:
        (n_windows, horizon) forecasts, NaN before the first fit.

    Raises:
        DataError: If `fit_rows` do not ascend.
    """
    rows = np.asarray(fit_rows, dtype=np.intp)
    if rows.ndim != 1 or (np.diff(rows) <= 0).any():
        raise DataError(f"`fit_rows` must be ascending rows, got {list(fit_rows)[:8]}.")
    forecasts: FloatArray = np.full(windows.target.shape, np.nan)
    has_target = np.isfinite(windows.target).all(axis=1)
    stops = np.append(rows[1:], np.iinfo(np.intp).max)
    for number, (row, stop) in enumerate(zip(rows, stops, strict=True)):
        # Windows.known_at, but without copying what lies too far back.
        is_known = has_target & (windows.origins + windows.rows_ahead <= row)
        if train_rows is not None:
            is_known &= windows.origins > row - train_rows
        known = windows.take(is_known)
        due = np.flatnonzero((windows.origins >= row) & (windows.origins < stop))
        if len(known) >= min_windows and len(due):
            fitted = forecaster.fit(known)
            forecasts[due] = fitted.predict(windows.context[due], channel=windows.channels[due])
        if progress is not None:
            progress(number + 1, len(rows))
    return forecasts
