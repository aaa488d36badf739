"""Checks of the ranges, tables and names that constraints are written in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError
from blportfolio.types import FrozenState
from blportfolio.validation import nearest_name, shown

Range = tuple[float | None, float | None]
"""Lower and upper limit; None where there is none."""


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """A limit on a weighted sum of weights, lower ≤ Σ aᵢwᵢ ≤ upper.

    Attributes:
        name: Name for messages.
        weights: Coefficients a by asset; assets not named have 0.
        lower: Lower limit, None for none.
        upper: Upper limit, None for none; equal to `lower` for an equality.

    Raises:
        ConfigError: If a part is wrong, or neither limit is given.
    """

    name: str
    weights: Mapping[str, float]
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        """Check the parts."""
        if not (isinstance(self.name, str) and self.name.strip() and self.name.isprintable()):
            raise ConfigError(
                f"A linear constraint's `name` must be printable text, got {self.name!r}."
            )
        where = f"linear constraint {self.name!r}"
        object.__setattr__(self, "weights", number_table(self.weights, name=where))
        if not any(self.weights.values()):
            raise ConfigError(f"The {where} must give some asset a coefficient other than 0.")
        lower, upper = limits((self.lower, self.upper), name=where)
        if lower is None and upper is None:
            raise ConfigError(f"The {where} needs a `lower` or an `upper` limit.")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)


def number(value: object, *, name: str, least: float = -math.inf) -> float:
    """Return a finite number.

    Raises:
        ConfigError: If it is none, or below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ConfigError(f"`{name}` must be a number, got {shown(value)}.")
    if not math.isfinite(value):
        raise ConfigError(f"`{name}` must be finite, got {value!r}.")
    if value < least:
        raise ConfigError(f"`{name}` must be {least:g} or more, got {value!r}.")
    return float(value)


def limits(value: Any, *, name: str) -> Range:  # noqa: ANN401, checked here
    """Return a lower and an upper limit; infinite ones become None.

    Raises:
        ConfigError: If `value` is no pair of numbers in order.
    """
    if isinstance(value, str) or not isinstance(value, list | tuple | np.ndarray):
        raise ConfigError(f"`{name}` must be a pair [lower, upper], got {shown(value)}.")
    if len(value) != 2:
        raise ConfigError(f"`{name}` must be a pair [lower, upper], got {len(value)} values.")
    lower = None if _is_open(value[0], -math.inf) else number(value[0], name=f"{name} lower")
    upper = None if _is_open(value[1], math.inf) else number(value[1], name=f"{name} upper")
    if lower is not None and upper is not None and lower > upper:
        raise ConfigError(
            f"`{name}` has a lower limit of {lower:g} above its upper limit of {upper:g}; "
            "exchange or widen them."
        )
    return lower, upper


def _is_open(value: object, infinite: float) -> bool:
    return value is None or (isinstance(value, float | np.floating) and value == infinite)


def limit(value: Any, *, name: str) -> float | None:  # noqa: ANN401, checked here
    """Return an upper limit from 0; None for none, and for an infinite one.

    Raises:
        ConfigError: If it is no number, or below 0.
    """
    return None if _is_open(value, math.inf) else number(value, name=name, least=0.0)


def ranges(value: Any, *, name: str) -> FrozenState:  # noqa: ANN401, checked here
    """Return a read-only table of lower and upper limits by name.

    Args:
        value: Pairs by name, or a DataFrame with the columns `lower` and `upper`.
        name: Name of the argument, for messages.

    Raises:
        ConfigError: If it is neither, or a pair is wrong.
    """
    if isinstance(value, pd.DataFrame):
        if sorted(map(str, value.columns)) != ["lower", "upper"]:
            raise ConfigError(
                f"`{name}` as a DataFrame must have the columns `lower` and `upper`, and what they "
                f"limit as rows; got the columns {shown(list(value.columns))}."
            )
        value = pd.Series(list(zip(value["lower"], value["upper"], strict=True)), value.index)
    return FrozenState(
        (key, limits(entry, name=f"{name} of {key}"))
        for key, entry in table(value, name=name).items()
    )


def table(value: Any, *, name: str) -> dict[str, Any]:  # noqa: ANN401, checked here
    """Return a mapping, a Series, or the columns of a DataFrame as a dict keyed by text.

    Raises:
        ConfigError: If it is none of them, or names something twice.
    """
    if not isinstance(value, Mapping | pd.Series | pd.DataFrame):
        raise ConfigError(f"`{name}` must be a table by name, got {shown(value)}.")
    entries: dict[str, Any] = {}
    for key, entry in value.items():
        if str(key) in entries:
            raise ConfigError(f"`{name}` names {str(key)!r} more than once.")
        entries[str(key)] = entry
    return entries


def number_table(value: Any, *, name: str, least: float = -math.inf) -> FrozenState:  # noqa: ANN401
    """Return a read-only table of finite numbers by name.

    Raises:
        ConfigError: If it is none.
    """
    return FrozenState(
        (key, number(entry, name=f"{name} of {key}", least=least))
        for key, entry in table(value, name=name).items()
    )


def number_or_table(value: Any, *, name: str) -> float | FrozenState:  # noqa: ANN401, checked here
    """Return one number from 0 for all, or a read-only table of them by name.

    Raises:
        ConfigError: If it is neither.
    """
    if isinstance(value, int | float | np.number):
        return number(value, name=name, least=0.0)
    return number_table(value, name=name, least=0.0)


def check_known(names: Iterable[str], known: Iterable[str], *, name: str) -> None:
    """Check that every name is known.

    Raises:
        ConfigError: Naming the first unknown one, with the nearest known.
    """
    everything = set(known)
    for label in names:
        if label not in everything:
            raise ConfigError(
                f"`{name}` names the unknown {label!r}. {nearest_name(label, everything)}"
            )
