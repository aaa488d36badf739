"""Hankel windows of series, and chronological splits that no target crosses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import (
    LARGEST_VALUE,
    as_numbers,
    check_finite,
    check_flag,
    check_share,
)
from blportfolio.types import BoolArray, FloatArray, IntArray
from blportfolio.validation import first_true, shown


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Windows(Brief):
    """Stretches of series, each with what came next.

    Attributes:
        context: (n_windows, context_length) values up to and including the origin, oldest first.
        target: (n_windows, horizon) what is to be forecast; NaN where it is not known yet.
        time: (n_windows,) row of the series at which each window ends, its origin; by default the
            windows follow one another.
        channel: (n_windows,) which series it is of; by default all are of one.
        span: Rows after the origin until the whole target is known; by default the horizon.
        summed: Values of the series that each target is the sum of; by default one, or the whole
            span where a single target spans several rows.

    Raises:
        DataError: If shapes disagree, or a context is not finite.
    """

    context: FloatArray
    target: FloatArray
    time: IntArray | None = None
    channel: IntArray | None = None
    span: int | None = None
    summed: int | None = None

    def __post_init__(self) -> None:
        """Check the shapes and fill in the defaults."""
        context = _matrix(self.context, "context")
        target = _matrix(self.target, "target")
        if len(context) != len(target):
            raise DataError(
                f"`target` must have a row for each of {len(context)} contexts, got {len(target)}."
            )
        check_finite(context, name="context")
        check_finite(np.where(np.isnan(target), 0.0, target), name="target")
        object.__setattr__(self, "context", context)
        object.__setattr__(self, "target", target)
        for name, default in (("time", np.arange), ("channel", np.zeros)):
            given = getattr(self, name)
            labels = np.asarray(default(len(context), dtype=np.intp) if given is None else given)
            if labels.shape != (len(context),):
                raise DataError(f"`{name}` must have shape ({len(context)},), got {labels.shape}.")
            is_whole = labels.dtype.kind in "iu" and labels.dtype != np.uint64
            if not is_whole and len(labels):
                raise DataError(f"`{name}` must hold whole numbers, got {labels.dtype}.")
            object.__setattr__(self, name, labels.astype(np.intp))
        horizon = target.shape[1]
        span = horizon if self.span is None else self.span
        if not _is_whole(span) or span < horizon:
            raise DataError(
                f"`span` must be a whole number of rows, {horizon} or more as the horizon is, got "
                f"{shown(span)}."
            )
        longest = span if horizon == 1 else 1
        summed = longest if self.summed is None else self.summed
        if not _is_whole(summed) or summed not in {1, longest}:
            raise DataError(
                "`summed` must be 1, or the span where one target is the sum of all its values "
                f"({longest}), got {shown(summed)}."
            )
        object.__setattr__(self, "span", int(span))
        object.__setattr__(self, "summed", int(summed))

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.context)

    @property
    def context_length(self) -> int:
        """Values that a forecaster may look at."""
        return int(self.context.shape[1])

    @property
    def horizon(self) -> int:
        """Values to be forecast from each window."""
        return int(self.target.shape[1])

    @property
    def last(self) -> FloatArray:
        """(n_windows,) last value of each context."""
        values: FloatArray = self.context[:, -1]
        return values

    def take(self, chosen: BoolArray | IntArray | slice) -> Windows:
        """Return some of the windows, in the order chosen."""
        return replace(
            self,
            context=self.context[chosen],
            target=self.target[chosen],
            time=self.origins[chosen],
            channel=self.channels[chosen],
        )

    def known_at(self, row: int) -> Windows:
        """Return the windows whose whole target is known at the close of `row`.

        These are all that a forecaster fitted then may learn from.
        """
        is_known = np.isfinite(self.target).all(axis=1)
        return self.take(is_known & (self.origins + self.rows_ahead <= row))

    @property
    def origins(self) -> IntArray:
        """(n_windows,) rows at which the windows end."""
        return np.asarray(self.time, dtype=np.intp)

    @property
    def rows_ahead(self) -> int:
        """Rows after the origin until the whole target is known."""
        return self.horizon if self.span is None else int(self.span)

    @property
    def summands(self) -> int:
        """Values of the series that each target is the sum of."""
        return 1 if self.summed is None else int(self.summed)

    @property
    def channels(self) -> IntArray:
        """(n_windows,) positions of the series that the windows are of."""
        return np.asarray(self.channel, dtype=np.intp)


def hankel_windows(
    values: ArrayLike,
    context_length: int,
    horizon: int,
    *,
    stride: int = 1,
    total: bool = False,
    unknown_targets: bool = False,
) -> Windows:
    """Cut every window out of one or more series.

    A window that holds a missing value is left out, as is one whose target does.

    Args:
        values: (n_obs,) or (n_obs, n_channels), oldest first, NaN where missing.
        context_length: Values in a context.
        horizon: Values after it that make the target.
        stride: Rows from one origin to the next.
        total: Whether the target is the sum of the next `horizon` values, not each of them:
            of log returns, the return over the horizon.
        unknown_targets: Whether to keep windows whose target is missing or lies in the future;
            it is NaN there.

    Returns:
        Windows by origin, then by channel; `target` is (n_windows, horizon), or (n_windows, 1).

    Raises:
        DataError: If the lengths are not 1 or more, or no series is long enough.
    """
    for name, number in (
        ("context_length", context_length),
        ("horizon", horizon),
        ("stride", stride),
    ):
        if not _is_whole(number) or number < 1:
            raise DataError(f"`{name}` must be a whole number of 1 or more, got {shown(number)}.")
    check_flag(total, name="total")
    check_flag(unknown_targets, name="unknown_targets")
    series = as_numbers(values, name="values")
    series = series[:, None] if series.ndim == 1 else series
    if series.ndim != 2:
        raise DataError(
            f"`values` must have shape (n_obs,) or (n_obs, n_channels), got {series.shape}."
        )
    is_beyond = np.abs(series) > LARGEST_VALUE
    if is_beyond.any():
        row, column = first_true(is_beyond)
        raise DataError(f"`values` must be finite or NaN, got {series[row, column]} in row {row}.")
    need = context_length + (0 if unknown_targets else horizon)
    if len(series) < need:
        raise DataError(
            f"`values` has {len(series)} rows; a context of {context_length} and a horizon of "
            f"{horizon} need {need}. Give a longer series or shorten them."
        )
    ahead = np.full((horizon, series.shape[1]), np.nan)
    padded = np.vstack([series, ahead])
    pieces = np.lib.stride_tricks.sliding_window_view(padded, context_length + horizon, axis=0)
    origins = np.arange(context_length - 1, len(series), stride)
    pieces = pieces[: len(series) - context_length + 1 : stride]  # (n_origins, n_channels, length)
    context, target = pieces[..., :context_length], pieces[..., context_length:]
    kept = np.isfinite(context).all(axis=2)
    if not unknown_targets:
        kept &= np.isfinite(target).all(axis=2)
    if not kept.any():
        raise DataError(
            f"`values` has no {need} values in a row without a missing one; shorten the context "
            "or the horizon, or fill the gaps."
        )
    at, channel = np.nonzero(kept)
    wanted = target[kept]
    return Windows(
        context[kept],
        wanted.sum(axis=1, keepdims=True) if total else wanted,
        origins[at],
        channel,
        horizon,
    )


def split_windows(windows: Windows, *boundaries: int) -> tuple[Windows, ...]:
    """Split windows in time so that no target reaches into the next part.

    A window belongs to the part in which its whole target lies; those whose target crosses a
    boundary belong to none (the purge). Contexts may reach back into the part before, as whoever
    forecasts there has seen it.

    Args:
        windows: What to split.
        boundaries: Rows at which a new part begins, ascending: two make three parts.

    Raises:
        DataError: If they are no rows, or do not ascend.
    """
    if not all(_is_whole(row) for row in boundaries):
        raise DataError(f"`boundaries` must be whole numbers of rows, got {shown(boundaries)}.")
    if any(late <= early for early, late in pairwise(boundaries)):
        raise DataError(f"`boundaries` must ascend, got {shown(boundaries)}.")
    edges = [np.iinfo(np.intp).min // 2, *boundaries, np.iinfo(np.intp).max // 2]
    first, last = windows.origins + 1, windows.origins + windows.rows_ahead
    return tuple(windows.take((first >= begin) & (last < end)) for begin, end in pairwise(edges))


def hold_out(windows: Windows, share: float) -> tuple[Windows, Windows]:
    """Split off the latest windows, so that penalties and stopping are chosen by later data.

    Args:
        windows: What may be learned from.
        share: Of the rows of time, what is held out, between 0 and 1.

    Returns:
        What to fit to, and what to choose by; no target of the first reaches into the targets of
        the second. Either may be empty where there is too little.

    Raises:
        ConfigError: If the share is not between 0 and 1.
    """
    check_share(share, name="share")
    if not len(windows):
        return windows, windows
    begin = hold_out_row(int(windows.origins.min()), int(windows.origins.max()), share)
    early, late = split_windows(windows, begin + 1)
    return early, late


def hold_out_row(first: int, last: int, share: float) -> int:
    """Return the first origin of `hold_out` for windows with origins first, …, last."""
    return last + 1 - max(1, round(share * (last + 1 - first)))


def _matrix(values: ArrayLike, name: str) -> FloatArray:
    matrix = as_numbers(values, name=name)
    if matrix.ndim != 2 or matrix.shape[1] < 1:
        raise DataError(f"`{name}` must have shape (n_windows, length), got {matrix.shape}.")
    return matrix


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
