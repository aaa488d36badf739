"""Hyper-parameters that may be one number or several to average over."""

from __future__ import annotations

from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.validation import check_positive

Grid = float | tuple[float, ...]


def checked_grid(value: Any, *, name: str) -> Grid:  # noqa: ANN401, checked here
    """Return a number above 0, or several different ones as a tuple.

    Raises:
        ConfigError: If one is not above 0, stands twice, or there is none.
    """
    try:
        depth = np.ndim(value)
    except ValueError:  # lists of different lengths
        depth = 2
    if depth == 0:
        number = value.item() if isinstance(value, np.ndarray) else value
        check_positive(number, name=name)
        return float(number)
    values = tuple(value)
    if depth != 1 or not values or any(isinstance(entry, bool) for entry in values):
        raise ConfigError(
            f"`{name}` must be a number above 0 or a list of such numbers, got {value!r}."
        )
    for entry in values:
        check_positive(entry, name=name)
    if len(set(values)) < len(values):
        raise ConfigError(f"`{name}` must hold different numbers, got {list(values)}.")
    return tuple(float(entry) for entry in values) if len(values) > 1 else float(values[0])
