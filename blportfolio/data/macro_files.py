"""Macro-economic series from files: those of known layout, and a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from blportfolio.data.files import read_bars
from blportfolio.data.files.numerals import TURNED_PERCENT, TURNED_POINTS
from blportfolio.data.macro import MacroSeries, Revisions
from blportfolio.data.paths import packaged_folder
from blportfolio.errors import ConfigError, DataError
from blportfolio.toml import read_toml, validate
from blportfolio.validation import check_choice, nearest_name

Unit = Literal["percent", "decimal", "level"]
Dates = Literal["period_end", "month_start", "quarter_start"]
_NO_FAULTS = {"non_positive_price", "returns_not_prices", "prices_not_returns"}
"""Findings about prices that say nothing of a macro-economic series."""


class SeriesLayout(BaseModel):
    """What a layout says of one column.

    Attributes:
        name: Name of the series.
        unit: `percent`, which is divided by 100, `decimal` or `level`, which are not.
        publication_lag_days: Days from the end of a value's period to when it was surely known.
        revisions: As in `MacroSeries`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    unit: Unit
    publication_lag_days: float = Field(ge=0)
    revisions: Revisions = "unknown"


class MacroLayout(BaseModel):
    """A validated layout file: the columns of a public source, with lags and revisions.

    Attributes:
        schema_version: Version of this layout, 1.
        title: One line for lists.
        dates: `period_end`, or `month_start` or `quarter_start` for months or quarters labelled
            by their first day.
        source: Where such files come from.
        licence: Licence notice.
        caveats: What a reader of results must know.
        files: Patterns of file names.
        series: By column of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    title: str
    dates: Dates
    source: str
    licence: str
    caveats: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    series: Mapping[str, SeriesLayout]


def list_macro_layouts() -> list[str]:
    """Return the names of the known layouts, in alphabetical order."""
    return sorted(path.parent.name for path in packaged_folder("data").glob("*/layout.toml"))


def macro_layout(name: str) -> MacroLayout:
    """Return what is known of the files of a public source.

    Raises:
        ConfigError: If there is no layout of that name.
    """
    known = list_macro_layouts()
    if name not in known:
        raise ConfigError(f"There is no macro layout {name!r}. {nearest_name(name, known)}")
    path = packaged_folder("data") / name / "layout.toml"
    return validate(MacroLayout, read_toml(path), where=f"Layout {name!r}")


def read_macro(
    path: str | Path,
    *,
    layout: str | None = None,
    publication_lag: pd.Timedelta | Mapping[str, pd.Timedelta] | None = None,
    unit: Unit = "decimal",
    dates: Dates = "period_end",
    revisions: Revisions = "unknown",
    **reading: Any,  # noqa: ANN401, what read_bars takes
) -> dict[str, MacroSeries]:
    """Read macro-economic series from a file, each with its publication lag.

    The file has a date column and one column a series, in any format that `load_prices` reads.
    Nothing is read without a lag: it comes from a layout of a known source, or from you.

    Args:
        path: The file.
        layout: Name of a known layout ("fred_monthly", "fred_daily", "fama_french_daily"), which
            gives names, units, lags and revisions by column; other columns are left out.
        publication_lag: Time from the end of a value's period to when it was surely known; one
            for all columns, or by column, which then are the only ones read.
        unit: `percent`, which is divided by 100, `decimal` or `level`.
        dates: `period_end`, where the lag counts from the date in the file, or `month_start` or
            `quarter_start` where months or quarters are labelled by their first day: it counts
            from their last day then.
        revisions: Whether the source changes values later, as in `MacroSeries`.
        reading: `sheet`, `date_order`, `decimal` and `max_bytes`, as in `load_prices`.

    Returns:
        Series by name in decimals; `MarketData(prices, macro=...)` takes them.

    Raises:
        DataError: If the file cannot be read or has none of the columns, or an option contradicts
            it.
        ConfigError: If neither or both of `layout` and `publication_lag` are given, or an option
            has no such choice.
    """
    if (layout is None) == (publication_lag is None):
        raise ConfigError(
            "`read_macro` needs `layout`, the name of a known source, or `publication_lag`, such "
            "as pd.Timedelta(days=30): no value is used before it was known. "
            f"Known layouts: {', '.join(list_macro_layouts())}."
        )
    read = read_bars(path, **reading)
    read.check(but=_NO_FAULTS)
    table = read.bars.prices
    if layout is not None:
        known = macro_layout(layout)
        chosen, dates = dict(known.series), known.dates
    else:
        chosen = _own_columns(list(table.columns), publication_lag, unit, revisions)
    check_choice(dates, get_args(Dates), name="dates")
    file = Path(path).name
    here = [column for column in chosen if column in table.columns]
    if not here:
        raise DataError(
            f"The file {file!r} has none of the columns {', '.join(chosen)}; it has "
            f"{', '.join(table.columns[:8])}."
        )
    is_percent = any(chosen[column].unit == "percent" for column in here)
    if is_percent and not {TURNED_PERCENT, TURNED_POINTS}.isdisjoint(read.inferred):
        raise DataError(
            f"The file {file!r} has percent signs, or basis points, so that its numbers are read "
            "as decimals; `unit` 'percent' would divide them by 100 again. Leave it out."
        )
    table = table.set_axis(_period_ends(pd.DatetimeIndex(table.index), dates, file))
    series = {}
    for column in here:
        about = chosen[column]
        values = table[column].rename(about.name) / (100 if about.unit == "percent" else 1)
        lag = pd.Timedelta(days=about.publication_lag_days)
        series[about.name] = MacroSeries(values, lag, revisions=about.revisions)
    return series


def _period_ends(days: pd.DatetimeIndex, dates: Dates, file: str) -> pd.DatetimeIndex:
    """Return the ends of the periods that some days stand for.

    Raises:
        DataError: If they are further apart than months, and said to begin them: a quarter would
            seem to be known before it is over.
    """
    if dates == "month_start":
        if len(days) > 1 and np.median(np.diff(days.to_numpy()) / np.timedelta64(1, "D")) > 45:
            raise DataError(
                f"`dates` is 'month_start', and those of {file!r} are further apart; say "
                "'quarter_start' for quarters."
            )
        return days + pd.offsets.MonthEnd(0)
    return days + pd.offsets.QuarterEnd(0) if dates == "quarter_start" else days


def _own_columns(
    columns: list[str],
    lags: pd.Timedelta | Mapping[str, pd.Timedelta] | None,
    unit: Unit,
    revisions: Revisions,
) -> dict[str, SeriesLayout]:
    """Return the layout of a user's own columns.

    Raises:
        ConfigError: If a lag is no span of time, or an option has no such choice.
    """
    check_choice(unit, get_args(Unit), name="unit")
    check_choice(revisions, get_args(Revisions), name="revisions")
    by_column = dict(lags) if isinstance(lags, Mapping) else dict.fromkeys(columns, lags)
    chosen = {}
    for column, lag in by_column.items():
        if not isinstance(lag, pd.Timedelta) or pd.isna(lag) or lag < pd.Timedelta(0):
            raise ConfigError(
                f"`publication_lag` of {column!r} must be a span of time of 0 or more such as "
                f"pd.Timedelta(days=30), got {lag!r}."
            )
        chosen[column] = SeriesLayout(
            name=column,
            unit=unit,
            publication_lag_days=lag / pd.Timedelta(days=1),
            revisions=revisions,
        )
    return chosen
