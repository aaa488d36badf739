"""Hyper-parameters that may be one value or several to average over."""

from __future__ import annotations

from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.priors.base import check_reference
from blportfolio.validation import check_positive, shown

Grid = float | tuple[float, ...]
References = str | tuple[str, ...]


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


def checked_references(value: Any) -> References:  # noqa: ANN401, checked here
    """Return the name of a reference portfolio, or several different ones as a tuple.

    Raises:
        ConfigError: If one is unknown, stands twice, or there is none.
    """
    if isinstance(value, str):
        check_reference(value)
        return value
    if not isinstance(value, list | tuple) or not value:
        raise ConfigError(
            f"`reference` must be the name of a portfolio or a list of names, got {shown(value)}."
        )
    for name in value:
        if not isinstance(name, str):
            raise ConfigError(f"`reference` must hold names of portfolios, got {shown(name)}.")
        check_reference(name)
    if len(set(value)) < len(value):
        raise ConfigError(f"`reference` must hold different portfolios, got {list(value)}.")
    return tuple(value) if len(value) > 1 else str(value[0])
