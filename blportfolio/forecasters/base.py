"""What forecasters share: checks of windows and contexts, and the scale of the training data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blportfolio.errors import DataError
from blportfolio.forecasters.checks import as_numbers, check_finite
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray, IntArray
from blportfolio.validation import first_true


def check_windows(windows: object) -> Windows:
    """Return windows.

    Raises:
        DataError: If they are something else.
    """
    if not isinstance(windows, Windows):
        raise DataError(
            "`windows` must be Windows, such as `hankel_windows(series, 20, 1)` returns, got "
            f"{type(windows).__name__}."
        )
    return windows


def check_training(windows: object, *, least: int = 1) -> Windows:
    """Return windows that can be fitted to.

    Args:
        windows: What a forecaster was given.
        least: Smallest number of windows.

    Raises:
        DataError: If they are no `Windows`, too few, or a target is unknown.
    """
    windows = check_windows(windows)
    if len(windows) < least:
        raise DataError(
            f"`windows` must hold {least} windows or more, got {len(windows)}. Give a longer "
            "series, or shorten the context."
        )
    bad = ~np.isfinite(windows.target)
    if bad.any():
        row, column = first_true(bad)
        raise DataError(
            f"`windows` must have known targets; that of window {row} is "
            f"{windows.target[row, column]} at step {column + 1}. Use windows.known_at(row)."
        )
    return windows


def check_context(context: ArrayLike, context_length: int) -> FloatArray:
    """Return contexts to forecast from as an array.

    Args:
        context: (n_windows, context_length) values, oldest first; one window may be a vector.
        context_length: What the forecaster was fitted to.

    Raises:
        DataError: If the shape is another, or a value is not finite.
    """
    values = np.atleast_2d(as_numbers(context, name="context"))
    if values.ndim != 2 or values.shape[1] != context_length:
        raise DataError(
            f"`context` must have shape (n_windows, {context_length}), as the windows that were "
            f"fitted to, got {values.shape}."
        )
    check_finite(values, name="context")
    return values


def training_scale(windows: Windows) -> float:
    """Return the root mean square of the training contexts; 1 where all are zero.

    Models that are not linear work in this unit, so that percent and decimals give the same
    forecast.
    """
    largest = float(np.abs(windows.context).max(initial=0.0))
    if largest == 0.0:
        return 1.0
    # Squares of values below 1e-154 would vanish, and of those above 1e154 overflow.
    return largest * float(np.sqrt(np.mean((windows.context / largest) ** 2)))


def product_by_row(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """Return rows · weights, each row the same bits whatever other rows are with it.

    BLAS rounds a row by how many rows follow, so that the future would reach into the past.

    Args:
        rows: (n_windows, n_columns).
        weights: (n_columns, horizon).

    Returns:
        (n_windows, horizon).
    """
    product = np.empty((len(rows), weights.shape[1]))
    columns = np.ascontiguousarray(weights.T)
    size = max(1, 32_768 // max(1, rows.shape[1]))  # a quarter of a megabyte stays in the cache
    for begin in range(0, len(rows), size):
        some = np.ascontiguousarray(rows[begin : begin + size])
        for step, column in enumerate(columns):
            product[begin : begin + size, step] = np.einsum("ij,j->i", some, column)
    return product


def check_placed(windows: Windows) -> None:
    """Check that it is known which rows the targets are of.

    Raises:
        DataError: If they are several and not the next values.
    """
    if windows.horizon not in {1, windows.rows_ahead}:
        raise DataError(
            f"`windows` must forecast the next values, or one; {windows.horizon} targets over "
            f"{windows.rows_ahead} rows are neither. Cut them with hankel_windows."
        )


def models_of(channels: IntArray, *, shared: bool) -> dict[int, IntArray]:
    """Return the positions of each channel that has a model of its own; all where it is shared."""
    return {-1: np.arange(len(channels))} if shared else positions_by(channels)


def positions_by(labels: NDArray[Any]) -> dict[int, IntArray]:
    """Return at which positions each label stands, ascending."""
    names, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    return dict(zip(names.tolist(), np.split(order, ends[:-1]), strict=len(names) > 0))


def rows_by_model(
    channels: tuple[int, ...], count: int, channel: ArrayLike | None
) -> list[tuple[int, IntArray | slice]]:
    """Return the rows that each model forecasts, of those that have any.

    Args:
        channels: Channels that the models are of; empty where one model serves all.
        count: Number of rows.
        channel: (count,) channels of the rows.

    Raises:
        DataError: If each channel has a model of its own and `channel` is missing, or names one
            that was never fitted.
    """
    if not channels:
        return [(0, slice(None))]
    labels = np.asarray([] if channel is None else channel)
    if channel is None or labels.shape != (count,):
        raise DataError(
            f"`channel` must have shape ({count},), as each channel has weights of its own, got "
            f"{'none' if channel is None else labels.shape}."
        )
    rows = positions_by(labels)
    unknown = sorted(set(rows) - set(channels))
    if unknown:
        raise DataError(
            f"`channel` holds {unknown[0]}, which no training window was of; fit to windows of it, "
            "or set shared=True."
        )
    return [(model, rows[name]) for model, name in enumerate(channels) if name in rows]


def power_of_two(values: FloatArray) -> float:
    """Return a power of two of the size of the largest value; 1 where all are zero.

    Dividing by it loses nothing, so that no bit of a forecast depends on it.
    """
    largest = float(np.abs(values).max(initial=0.0))
    return float(2.0 ** np.clip(np.frexp(largest)[1], -1000, 1000)) if largest > 0 else 1.0
