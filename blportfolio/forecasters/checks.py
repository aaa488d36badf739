"""Checks of what forecasters are given: settings, from code and files alike, and numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import ConfigError, DataError
from blportfolio.types import FloatArray
from blportfolio.validation import first_true, shown

LARGEST = 2**63 - 1
"""What is still a whole number to NumPy."""

LARGEST_VALUE = 1e304
"""Largest size of a value, so that sums over a window can be written."""


def check_whole(value: object, least: int, *, name: str, most: int = LARGEST) -> None:
    """Check that a setting is a whole number from `least` to `most`.

    Raises:
        ConfigError: If it is not.
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (is_whole and least <= value <= most):  # type: ignore[operator]
        wanted = f"of {least} or more" if most == LARGEST else f"from {least} to {most}"
        raise ConfigError(f"`{name}` must be a whole number {wanted}, got {shown(value)}.")


def check_flag(value: object, *, name: str) -> None:
    """Check that a setting is true or false.

    Raises:
        ConfigError: If it is not.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"`{name}` must be true or false, got {shown(value)}.")


def check_share(value: object, *, name: str, or_none: bool = False) -> None:
    """Check that a setting is a share of the data between 0 and 1.

    Args:
        value: The setting.
        name: Its name.
        or_none: Whether it may be 0, for no data at all.

    Raises:
        ConfigError: If it is not.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if is_number and (0 < value < 1 or (or_none and value == 0)):  # type: ignore[operator]
        return
    wanted = "of 0 or more and below 1" if or_none else "between 0 and 1"
    raise ConfigError(f"`{name}` must be a number {wanted}, got {shown(value)}.")


def checked_grid(values: object, *, name: str) -> tuple[float, ...]:
    """Return one number, or several to choose from, as a tuple.

    Raises:
        ConfigError: If one is no number of 0 or more, or there is none.
    """
    given = values.tolist() if isinstance(values, np.ndarray) else values
    numbers = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not numbers or not all(_is_size(number) for number in numbers):
        raise ConfigError(
            f"`{name}` must be a number of 0 or more, or some of them, got {shown(values)}."
        )
    return tuple(float(number) for number in numbers)


def check_finite(values: FloatArray, *, name: str) -> None:
    """Check that windows hold numbers only.

    Raises:
        DataError: Naming the first window that does not.
    """
    bad = ~(np.abs(values) <= LARGEST_VALUE)
    if bad.any():
        row, column = first_true(bad)
        raise DataError(
            f"`{name}` must be finite; window {row} holds {values[row, column]} at position "
            f"{column}. Leave that window out or fill the gap."
        )


def as_numbers(values: ArrayLike, *, name: str) -> FloatArray:
    """Return real numbers as an array, NaN where one is missing or masked.

    Raises:
        DataError: If they are dates, complex, or no numbers.
    """
    try:
        given = np.asanyarray(values)
        if given.dtype.kind not in "cmM":
            floats = given.astype(float, copy=False)
            return np.asarray(np.ma.filled(floats, np.nan))
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` must hold numbers: {error}.") from error
    raise DataError(f"`{name}` must hold real numbers, got {given.dtype}.")


def _is_size(value: object) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating)
    try:
        return is_number and not isinstance(value, bool) and 0 <= float(value) < np.inf  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more than 308 digits
        return False
