"""Figures of a replication as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from blportfolio.report.forecasts.figures import p_text

DASH = "–"


class Gap(Protocol):
    """A difference of two Sharpe ratios."""

    @property
    def value(self) -> float:
        """The difference."""
        ...

    @property
    def low(self) -> float:
        """Lower bound of its interval."""
        ...

    @property
    def high(self) -> float:
        """Upper bound."""
        ...

    @property
    def p_value(self) -> float:
        """Two-sided; NaN where it cannot be tested."""
        ...


def number(value: float | None, digits: int = 2) -> str:
    """Return a number, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:,.{digits}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """Return a number with its sign."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:+,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a decimal in percent, without the sign of percent."""
    return number(None if value is None else 100 * value, digits)


def signed_percent(value: float | None, digits: int = 1) -> str:
    """Return a decimal in percent with its sign."""
    return signed(None if value is None else 100 * value, digits)


def interval(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """Return a figure with its interval, as tables know how to read it again."""
    text = signed if sign else number
    if not (math.isfinite(low) and math.isfinite(high)):
        return text(value)
    return f"{text(value)} [{text(low)}, {text(high)}]"


def gap_cells(gap: Gap | None) -> tuple[str, str]:
    """Return a difference with its interval, and its p-value; dashes where there is none.

    An interval without a p-value is none: the error of the difference cannot be told from zero.
    """
    if gap is None:
        return DASH, DASH
    if not math.isfinite(gap.p_value):
        return signed(gap.value), DASH
    return interval(gap.value, gap.low, gap.high, sign=True), p_text(gap.p_value)


def less(first: float | None, second: float | None) -> float:
    """Return a difference, NaN where one is missing."""
    return math.nan if first is None or second is None else first - second


def over(first: float | None, second: float | None) -> float:
    """Return a ratio, NaN where one is missing or the second is not above 0."""
    if first is None or second is None or not second > 0:
        return math.nan
    return first / second


def mean(values: Sequence[float]) -> float:
    """Return the mean of values, NaN if there is none or one of them is."""
    return float(np.mean(values)) if len(values) else math.nan
