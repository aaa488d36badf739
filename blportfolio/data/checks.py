"""The rules that market data must keep, each with its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.data.macro import LazyMacro, MacroSeries
from blportfolio.errors import DataError
from blportfolio.validation import check_date, check_dates, check_labels, first_true

Interval = tuple[pd.Timestamp, pd.Timestamp | None]
MOST_GROWTH = 1e6
"""Largest factor between two prices in a row; squares of larger returns overflow in the end."""


def checked_prices(frame: pd.DataFrame) -> pd.DataFrame:
    """Return prices that are positive, dated, labelled and without gaps inside an asset's life.

    Raises:
        DataError: Naming the asset and the date that break a rule.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"`prices` must be a DataFrame (dates × assets), got {type(frame).__name__}."
        )
    if len(frame) < 2 or frame.shape[1] < 1:
        raise DataError(
            f"`prices` must have two dates and one asset at least, got {frame.shape[0]} dates and "
            f"{frame.shape[1]} assets."
        )
    dates = check_dates(frame.index, name="prices")
    labels = check_labels(frame.columns, name="prices")
    try:
        values = frame.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"`prices` must hold numbers only: {error}.") from error
    bad = np.isinf(values) | (values <= 0)
    if bad.any():
        row, column = first_true(bad)
        share = float(np.mean(values[~np.isnan(values)] <= 0))
        hint = (
            "These look like returns: read them with load_prices(path, returns=True) or --returns."
            if share > 0.2 and np.nanmax(np.abs(values)) < 5
            else "Correct or drop that value."
        )
        raise DataError(
            f"`prices` must be positive; {labels[column]!r} has {values[row, column]:g} on "
            f"{dates[row].date()}. {hint}"
        )
    with np.errstate(over="ignore", under="ignore"):
        jumps = values[1:] / values[:-1]
    wild = (jumps > MOST_GROWTH) | (jumps < 1 / MOST_GROWTH)
    if wild.any():
        row, column = first_true(wild)
        raise DataError(
            f"`prices` of {labels[column]!r} go from {values[row, column]:g} to "
            f"{values[row + 1, column]:g} on {dates[row + 1].date()}; no price does. Correct or "
            "drop that value."
        )
    missing = np.isnan(values)
    for column in np.flatnonzero(missing.any(axis=0)).tolist():
        present = np.flatnonzero(~missing[:, column])
        if not len(present):
            raise DataError(f"`prices` of {labels[column]!r} are all missing; drop that asset.")
        inside = missing[present[0] : present[-1], column]
        if inside.any():
            start = int(present[0]) + int(np.argmax(inside))
            raise DataError(
                f"`prices` of {labels[column]!r} have {int(inside.sum())} missing between its "
                f"first and last date, the first on {dates[start].date()}. Fill the gap (for "
                "example max_gap=5 carries the last price forward) or drop the asset."
            )
    constant = np.nanmax(values, axis=0) == np.nanmin(values, axis=0)
    if constant.any():
        name = labels[int(np.argmax(constant))]
        raise DataError(f"`prices` of {name!r} never change; drop that asset.")
    return pd.DataFrame(values, index=dates.rename("date"), columns=pd.Index(labels, name="asset"))


def checked_companion(frame: pd.DataFrame, prices: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return bars or volumes on the dates and assets of `prices`.

    Raises:
        DataError: If they have others, or a number is negative or infinite.
    """
    frame = frame.set_axis(check_dates(frame.index, name=name)).rename(columns=str)
    if not (prices.index.isin(frame.index).all() and prices.columns.isin(frame.columns).all()):
        raise DataError(f"`{name}` must have the dates and assets of `prices`; reindex it first.")
    frame = frame.reindex(index=prices.index, columns=prices.columns)
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any() or (values < 0).any():
        raise DataError(f"`{name}` must hold finite numbers ≥ 0.")
    return pd.DataFrame(values, index=prices.index, columns=prices.columns)


def checked_risk_free(rates: pd.Series, dates: pd.Index) -> pd.Series:
    """Return rates per period on the dates of the prices.

    Raises:
        DataError: If they have other dates, a gap, or are no decimals.
    """
    if not isinstance(rates, pd.Series):
        raise DataError(
            f"`risk_free` must be a Series on the dates of `prices`, got {type(rates).__name__}."
        )
    rates = rates.set_axis(check_dates(rates.index, name="risk_free"))
    if not dates.isin(rates.index).all():
        raise DataError("`risk_free` must have the dates of `prices`; reindex it first.")
    rates = rates.reindex(dates)
    values = rates.to_numpy(dtype=float)
    if not np.isfinite(values).all() or (np.abs(values) > 0.5).any():
        raise DataError("`risk_free` must hold decimal rates per period, without gaps.")
    return pd.Series(values, index=dates, name="risk_free")


def checked_caps(frame: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Return capitalisations by date, in the order of the assets of `prices`.

    Raises:
        DataError: If they are one fixed vector, or a label or a number is wrong.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            "`market_weights` must be a DataFrame (dates × assets): one fixed vector would know "
            "the future."
        )
    if not set(map(str, frame.columns)) >= set(prices.columns):
        raise DataError("`market_weights` must have the assets of `prices` as columns.")
    dates = check_dates(frame.index, name="market_weights")
    values = frame.to_numpy(dtype=float)
    if np.isinf(values).any() or (values < 0).any():
        raise DataError("`market_weights` must hold finite numbers ≥ 0.")
    checked = pd.DataFrame(values, index=dates, columns=[str(c) for c in frame.columns])
    return checked.reindex(columns=prices.columns)


def checked_membership(
    membership: Mapping[str, Any], assets: pd.Index
) -> dict[str, tuple[Interval, ...]]:
    """Return intervals of dates by asset.

    Raises:
        DataError: If an asset is unknown, or what belongs to it is no list of intervals.
    """
    checked: dict[str, tuple[Interval, ...]] = {}
    for asset, intervals in membership.items():
        if asset not in assets:
            raise DataError(f"`membership` names the unknown asset {asset!r}.")
        try:
            pairs = [(first, last) for first, last in intervals]
        except (TypeError, ValueError) as error:
            raise DataError(
                f"`membership` of {asset!r} must be a list of (first day, last day or None), got "
                f"{intervals!r}."
            ) from error
        checked[asset] = tuple(
            (
                check_date(first, name="membership"),
                None if last is None else check_date(last, name="membership"),
            )
            for first, last in pairs
        )
    return checked


def checked_macro(macro: Mapping[str, Any]) -> Mapping[str, MacroSeries]:
    """Return macro-economic series by name.

    Raises:
        DataError: If they are no mapping, a name is empty, or a series lacks its publication lag.
    """
    if isinstance(macro, LazyMacro):
        return macro
    if not isinstance(macro, Mapping):
        raise DataError(
            f"`macro` must map names to MacroSeries, got {type(macro).__name__}. For example "
            "macro=load_macro('us_treasury')."
        )
    for name, series in zip(check_labels(macro, name="macro"), macro.values(), strict=True):
        if not isinstance(series, MacroSeries):
            raise DataError(
                f"`macro` must hold MacroSeries, got {type(series).__name__} for {name!r}. "
                "MacroSeries(values, publication_lag) makes one."
            )
    return {str(name): series for name, series in macro.items()}
