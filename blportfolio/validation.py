"""Checks used at the public edges: each returns a read-only copy or raises a named error."""

from __future__ import annotations

import datetime as dt
import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from blportfolio.errors import ConfigError, DataError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


def read_only(array: ArrayLike) -> FloatArray:
    """Copy `array` as float64 and forbid writing to the copy."""
    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


def check_vector(values: ArrayLike, size: int | None = None, *, name: str) -> FloatArray:
    """Return a finite read-only (size,) copy of `values`.

    Raises:
        DataError: If `values` is not numeric, has another shape or is not finite.
    """
    vector = _as_float(values, name)
    if vector.ndim != 1 or (size is not None and len(vector) != size):
        wanted = "(n,)" if size is None else f"({size},)"
        raise DataError(f"`{name}` must have shape {wanted}, got {vector.shape}.")
    return _finite(vector, name)


def check_matrix(values: ArrayLike, shape: tuple[int, int], *, name: str) -> FloatArray:
    """Return a finite read-only copy of `values` of exactly `shape`.

    Raises:
        DataError: If `values` is not numeric, has another shape or is not finite.
    """
    matrix = _as_float(values, name)
    if matrix.shape != shape:
        raise DataError(f"`{name}` must have shape {shape}, got {matrix.shape}.")
    return _finite(matrix, name)


def check_covariance(
    values: ArrayLike, size: int | None = None, *, name: str = "covariance"
) -> FloatArray:
    """Return a symmetrised read-only copy of a covariance matrix.

    Definiteness is left to the solver's own Cholesky; a semi-definite matrix is allowed.

    Raises:
        DataError: If `values` is not square, finite and symmetric, or has a negative diagonal.
    """
    matrix = _as_float(values, name)
    if matrix.ndim != 2 or matrix.shape != (len(matrix) if size is None else size,) * 2:
        wanted = "(n, n)" if size is None else f"({size}, {size})"
        raise DataError(f"`{name}` must have shape {wanted}, got {matrix.shape}.")
    matrix = _finite(matrix, name)
    gap = float(np.abs(matrix - matrix.T).max(initial=0.0))
    if gap > 1e-8 * float(np.abs(matrix).max(initial=0.0)):
        raise DataError(f"`{name}` must be symmetric; the largest gap is {gap:.3g}.")
    if (np.diagonal(matrix) < 0).any():
        worst = int(np.argmin(np.diagonal(matrix)))
        raise DataError(
            f"`{name}` must have variances ≥ 0 on its diagonal, got {matrix[worst, worst]:.3g} "
            f"in row {worst}."
        )
    return read_only((matrix + matrix.T) / 2)


def check_labels(labels: Iterable[object], *, name: str) -> tuple[str, ...]:
    """Return `labels` as unique, non-empty, printable strings.

    Raises:
        DataError: If they are no list of labels, or one is empty, stands twice, or holds a control
            character, which would break charts and terminals.
    """
    if not isinstance(labels, Iterable):
        raise DataError(f"`{name}` must be a list of labels, got {shown(labels)}.")
    texts = tuple(str(label) for label in labels)
    if any(not text.strip() or text == "nan" for text in texts):
        raise DataError(f"`{name}` holds an empty label; name every column.")
    unprintable = [text for text in texts if not text.isprintable()]
    if unprintable:
        raise DataError(
            f"`{name}` holds the label {unprintable[0]!r} with a character that cannot be printed; "
            "rename it."
        )
    repeated = sorted(text for text, count in Counter(texts).items() if count > 1)
    if repeated:
        raise DataError(
            f"`{name}` names {_listed(repeated)} more than once; keep one column for each."
        )
    return texts


def check_weights(weights: pd.Series, *, name: str) -> pd.Series:
    """Return weights as finite floats labelled by unique strings.

    Raises:
        DataError: If `weights` is no Series, or a label or a weight is wrong.
    """
    if not isinstance(weights, pd.Series):
        raise DataError(f"`{name}` must be a pandas Series by asset, got {type(weights).__name__}.")
    labels = check_labels(weights.index, name=name)
    values = check_vector(weights.to_numpy(), name=name)
    return pd.Series(values, index=pd.Index(labels, name="asset", dtype=str))


def check_same_labels(got: Sequence[str], expected: Sequence[str], *, name: str) -> None:
    """Check that two label lists hold the same labels, in any order.

    Raises:
        DataError: Naming what is missing and what is unknown.
    """
    missing = [label for label in expected if label not in set(got)]
    unknown = [label for label in got if label not in set(expected)]
    if missing or unknown:
        parts = [f"it lacks {_listed(missing)}"] if missing else []
        parts += [f"it has the unknown {_listed(unknown)}"] if unknown else []
        raise DataError(f"`{name}` must be labelled by the assets; {' and '.join(parts)}.")


def labels_of(values: object, *, name: str) -> tuple[str, ...] | None:
    """Return the row labels of a Series or DataFrame; None for what has none.

    Integers counted from 0, and any RangeIndex, are pandas' way to say that there are no labels.

    Raises:
        DataError: If a label is empty or stands twice.
    """
    if not isinstance(values, pd.Series | pd.DataFrame) or _is_counted(values.index):
        return None
    return check_labels(values.index, name=name)


def aligned(
    values: ArrayLike, labels: Sequence[str] | None, *, name: str, axes: tuple[int, ...] = (0,)
) -> ArrayLike:
    """Return `values` as an array in the order of `labels`; what has no labels stays as it is.

    Args:
        values: A Series or DataFrame, found by label, or an array, taken by position.
        labels: (n,) unique labels, or None where there are none.
        name: Name of the argument, for messages.
        axes: Axes that are labelled: 0 for a vector, 0 and 1 for a covariance, 1 for scenarios.

    Raises:
        DataError: If an axis has other labels, or its rows are labelled otherwise than its columns.
    """
    if not isinstance(values, pd.Series | pd.DataFrame):
        return values
    array = values.to_numpy()
    if labels is None:
        return array
    wanted, moved = tuple(labels), []
    for axis in (axis for axis in axes if axis < values.ndim):
        index = values.axes[axis]
        found = tuple(str(label) for label in index)
        if found == wanted or (_is_counted(index) and set(found) != set(wanted)):
            continue
        check_same_labels(check_labels(found, name=name), wanted, name=name)
        place = {label: position for position, label in enumerate(found)}
        array = array.take([place[label] for label in wanted], axis=axis)
        moved.append(axis)
    if len(axes) == 2 and len(moved) == 1 and _is_counted(values.axes[1 - moved[0]]):
        raise DataError(f"`{name}` must have the labels of its assets on rows and columns alike.")
    return array


def _is_counted(index: pd.Index) -> bool:
    if isinstance(index, pd.RangeIndex):
        return True
    return pd.api.types.is_integer_dtype(index) and index.tolist() == list(range(len(index)))


def check_dates(index: pd.Index, *, name: str) -> pd.DatetimeIndex:
    """Return a tz-naive, strictly increasing DatetimeIndex, at midnight where days differ.

    Raises:
        DataError: If labels are no dates, a date stands twice, or dates are not in order.
    """
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"`{name}` must be indexed by dates (pandas DatetimeIndex), got {type(index).__name__}."
        )
    dates = index.tz_localize(None) if index.tz is not None else index
    # Daily bars stamped with the time of their close still belong to the whole day.
    days = dates.normalize()
    if not days.equals(dates) and not days.has_duplicates:
        dates = days
    if dates.hasnans:
        raise DataError(f"`{name}` has a row without a date; give it one or drop it.")
    if dates.has_duplicates:
        first = dates[dates.duplicated()][0]
        raise DataError(f"`{name}` has the date {first.date()} twice; keep one row for each date.")
    if not dates.is_monotonic_increasing:
        where = int(np.flatnonzero(np.diff(dates.asi8) < 0)[0]) + 1
        raise DataError(
            f"`{name}` must be sorted by date; {dates[where].date()} comes after "
            f"{dates[where - 1].date()}. Sort the rows, oldest first."
        )
    return dates


def check_date(value: object, *, name: str) -> pd.Timestamp:
    """Return a date without a time zone.

    Raises:
        DataError: If `value` is no date.
    """
    is_date = isinstance(value, str | dt.date | np.datetime64)
    try:
        date = pd.Timestamp(value) if is_date else pd.NaT  # type: ignore[arg-type]
    except (TypeError, ValueError):
        date = pd.NaT
    if pd.isna(date):
        raise DataError(f"`{name}` must be a date like 2020-06-30, got {shown(value)}.")
    return date.tz_localize(None)


def first_true(mask: BoolArray) -> tuple[int, ...]:
    """Return the position of the first True, row by row."""
    return tuple(int(i) for i in np.argwhere(mask)[0])


def nearest_name(wanted: str, known: Iterable[str]) -> str:
    """Say `Did you mean 'x'?` for a near miss, else list what is known."""
    by_lower = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(wanted.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {by_lower[close[0]]!r}?"
    names = list(by_lower.values())
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"Known: {', '.join(names[:12])}{more}."


def shown(value: object, most: int = 80) -> str:
    """Return what a message shows of a value: its repr on one line, cut where it is long."""
    if isinstance(value, pd.Series | pd.DataFrame | np.ndarray) and value.ndim:
        return f"{type(value).__name__} of shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= most else f"{text[:most].rstrip()} …"


def check_positive(value: float, *, name: str) -> None:
    """Check that a hyper-parameter is a finite number above zero.

    Raises:
        ConfigError: If it is not.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (is_number and 0 < value < np.inf):
        raise ConfigError(f"`{name}` must be a number above 0, got {shown(value)}.")


def check_choice(value: str, choices: Iterable[str], *, name: str) -> None:
    """Check that a setting is one of its choices.

    Raises:
        ConfigError: Naming the nearest choice.
    """
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        hint = nearest_name(str(value), known)
        raise ConfigError(f"`{name}` has no choice {shown(value)}. {hint}")


def _as_float(values: ArrayLike, name: str) -> FloatArray:
    if isinstance(values, np.ndarray) and np.iscomplexobj(values):
        raise DataError(f"`{name}` must hold real numbers, got complex ones.")
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` must hold real numbers: {error}.") from error


def _finite(array: FloatArray, name: str) -> FloatArray:
    if not np.isfinite(array).all():
        where = first_true(~np.isfinite(array))
        raise DataError(
            f"`{name}` must be finite, got {array[where]} at {where}. Fill or drop that entry."
        )
    array.setflags(write=False)
    return array


def _listed(labels: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(repr(label) for label in labels[:most])
    return shown + (f" and {len(labels) - most} more" if len(labels) > most else "")
