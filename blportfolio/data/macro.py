"""Macro-economic series: from when each value was known, and until when it may be used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.validation import FloatArray, check_choice, check_dates

Revisions = Literal["none", "first_print", "revised", "unknown"]
PERIODS_VALID = 3
"""How many of its own periods a value is valid for, unless `max_age` says otherwise."""
GAPS_REMEMBERED = 21
"""Over how many past distances of dates a series' own period is the median."""


@dataclass(frozen=True, slots=True, eq=False)
class MacroSeries:
    """A macro-economic series, and from when to when each of its values may be used.

    The value with reference date d is known from d + `publication_lag` on, and valid until
    d + `publication_lag` + `max_age`. A missing value (a holiday, a survey that was not held) was
    never published: it is dropped, so that the value before it goes on until its own age ends.

    Attributes:
        values: Values by reference date; decimals, so that a yield of 5 % is 0.05.
        publication_lag: Time from a reference date to the day its value was published, 0 or more.
            It is counted from the label: a month labelled by its first day needs more than a month.
        max_age: How long a value may be used once it is known. By default three of the series' own
            periods: the median distance of the dates up to that of the value, so that no later
            date has a say. The first value alone tells no period and is then not used.
        revisions: Whether the source changes values later: `none` where the first print stands,
            `first_print` where later ones are left out, `revised` where the values are those of a
            later day than `known_from`, so that using them looks ahead by as much as they were
            changed, `unknown` otherwise.
        known_from: When each of `values` became known.

    Raises:
        ConfigError: If `revisions` is none of these.
        DataError: If dates, values or spans break these rules.
    """

    values: pd.Series
    publication_lag: pd.Timedelta
    max_age: pd.Timedelta | None = None
    revisions: Revisions = "unknown"
    known_from: pd.DatetimeIndex = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check everything once and keep a private copy."""
        values = _checked_values(self.values)
        lag = _checked_span(self.publication_lag, name="publication_lag")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "publication_lag", lag)
        object.__setattr__(self, "known_from", pd.DatetimeIndex(values.index) + lag)
        if self.max_age is not None:
            object.__setattr__(self, "max_age", _checked_span(self.max_age, name="max_age"))
        check_choice(self.revisions, get_args(Revisions), name="revisions")

    def known_at(self, as_of: pd.Timestamp) -> pd.Series:
        """Return the values already published at `as_of`, valid still or not."""
        return self.values.iloc[: int(self.known_from.searchsorted(as_of, side="right"))]

    def valid_until(self, max_age: pd.Timedelta | None = None) -> pd.DatetimeIndex:
        """Return until when each value is valid, NaT where its period is not known yet.

        Args:
            max_age: Stands in for that of the series.
        """
        age = self.max_age if max_age is None else max_age
        if age is not None:
            return self.known_from + age
        dates = self.known_from.to_numpy()
        gaps = np.full(len(dates), np.nan)
        gaps[1:] = np.diff(dates) / np.timedelta64(1, "D")
        period = pd.Series(gaps).rolling(GAPS_REMEMBERED, min_periods=1).median()
        return self.known_from + pd.to_timedelta(PERIODS_VALID * period.to_numpy(), unit="D")

    def at(self, dates: pd.DatetimeIndex, max_age: pd.Timedelta | None = None) -> FloatArray:
        """Return at each date the last value known then, if it is valid still.

        Args:
            dates: (n_dates,) decisions.
            max_age: Stands in for that of the series.

        Returns:
            (n_dates,) values; NaN before the first, and once the last has grown too old.
        """
        last = self.known_from.searchsorted(dates, side="right") - 1
        row = np.maximum(last, 0)
        valid = (last >= 0) & (dates <= self.valid_until(max_age)[row])
        return np.where(valid, self.values.to_numpy()[row], np.nan)


class LazyMacro(Mapping[str, MacroSeries]):
    """Series that are made when one of them is first asked for; their names are known before.

    Args:
        names: Names of the series.
        load: Makes them all, by name.
    """

    def __init__(self, names: tuple[str, ...], load: Callable[[], dict[str, MacroSeries]]) -> None:
        self._names = names
        self._load = load
        self._series: dict[str, MacroSeries] | None = None

    def __getitem__(self, name: str) -> MacroSeries:
        """Return one series."""
        if name not in self._names:
            raise KeyError(name)
        if self._series is None:
            self._series = self._load()
        return self._series[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a series of that name, without making it."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the series."""
        return len(self._names)


def _checked_values(values: pd.Series) -> pd.Series:
    if not isinstance(values, pd.Series):
        raise DataError(
            f"`values` of a macro series must be a Series by date, got {type(values).__name__}."
        )
    dates = check_dates(values.index, name="values")
    try:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"`values` of a macro series must hold numbers only: {error}.") from error
    if np.isinf(numbers).any():
        first = dates[np.isinf(numbers)][0]
        raise DataError(
            f"`values` of a macro series must be finite, got {numbers[np.isinf(numbers)][0]:g} on "
            f"{first.date()}. Correct or drop that value."
        )
    known = ~np.isnan(numbers)
    if not known.any():
        raise DataError("`values` of a macro series must hold one value at least, got none.")
    return pd.Series(numbers[known], index=dates[known], name=values.name)


def _checked_span(span: object, *, name: str) -> pd.Timedelta:
    if not isinstance(span, dt.timedelta | np.timedelta64) or pd.isna(span):
        raise DataError(
            f"`{name}` must be a span of time such as pd.Timedelta(days=35), got {span!r}."
        )
    checked = pd.Timedelta(span)
    if checked < pd.Timedelta(0):
        raise DataError(
            f"`{name}` must be 0 or more, got {span}: no value is known before its date."
        )
    return checked
