"""Puts assets of exchanges with different holidays on one calendar."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from blportfolio.data.bars import QUOTED, Bars
from blportfolio.data.exchanges import LONGEST_HOLIDAY, any_of, column_groups, listed, runs
from blportfolio.data.tickers import shortened
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, IntArray, check_choice

MOST_NOTES = 10
"""Assets of which each is told what was filled; more are told together."""

Calendar = Literal["union", "common"]


def align_calendars(
    bars: Bars, *, calendar: Calendar = "union", max_gap: int = 0
) -> tuple[Bars, tuple[str, ...]]:
    """Put assets whose exchanges close on different days on one calendar.

    `union` keeps every date. Where an exchange was closed its assets keep their last price, with
    volume 0, so that they earn nothing that day. A date on which a single asset has no price while
    others of its exchange do is no holiday: only `max_gap` fills it. Both fill with the past
    alone, so that later dates never change earlier ones.

    `common` drops each date on which an asset that is listed has no price, or its whole exchange
    was closed; what happened on it belongs to the next date kept.

    Args:
        bars: Bars as they came.
        calendar: `union` or `common`.
        max_gap: Dates over which a price is carried forward where it is missing, holiday or not.

    Returns:
        Bars on one calendar, and sentences that say what was filled or dropped.

    Raises:
        ConfigError: If `calendar` is neither.
        DataError: If `max_gap` is no whole number of 0 or more.
    """
    check_alignment(calendar, max_gap)
    notes: list[str] = []
    if calendar == "common":
        bars, dropped = _common_dates(bars)
        notes += dropped
    else:
        bars, closed = _fill_holidays(bars)
        notes += closed
    if max_gap:
        known = bars.prices.notna().to_numpy()
        carried = _within(known, max_gap) & ~known
        bars = _carry(bars, carried)
        notes += _carried_notes(bars.prices.columns, carried.sum(axis=0))
    return bars, tuple(notes)


def check_alignment(calendar: str, max_gap: object) -> None:
    """Check what `align_calendars` is told.

    Raises:
        ConfigError: If `calendar` has no such choice.
        DataError: If `max_gap` is no whole number of 0 or more.
    """
    check_choice(calendar, ("union", "common"), name="calendar")
    if not isinstance(max_gap, int | np.integer) or isinstance(max_gap, bool) or max_gap < 0:
        raise DataError(f"`max_gap` must be a whole number of 0 or more, got {max_gap!r:.40}.")


def longest_holes(prices: pd.DataFrame) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Return, by asset that has any, the longest run of dates without a price inside its life.

    Args:
        prices: (n_dates, n_assets) prices; NaN where there is none.
    """
    known = prices.notna().to_numpy()
    missing = listed(known) & ~known
    holes = {}
    for column in np.flatnonzero(missing.any(axis=0)).tolist():
        first, last = max(runs(missing[:, column]), key=lambda run: run[1] - run[0])
        holes[str(prices.columns[column])] = (prices.index[first], prices.index[last])
    return holes


def _fill_holidays(bars: Bars) -> tuple[Bars, list[str]]:
    """Carry prices over the dates on which a whole exchange was closed."""
    groups = column_groups(bars.prices)
    if len(groups) == 1:
        return bars, []
    carried = _closures(bars.prices.notna().to_numpy(), groups)
    notes = []
    for group in groups:
        count = int(carried[:, group].any(axis=1).sum())
        if count:
            shown = shortened([str(name) for name in bars.prices.columns[group]])
            notes.append(
                f"The exchange of {shown} was closed on {count} dates on which others traded; "
                "carried the last prices forward (calendar='common' drops such dates)."
            )
    return _carry(bars, carried), notes


def _closures(known: BoolArray, groups: list[list[int]]) -> BoolArray:
    """Mark the dates on which the whole exchange of a listed asset was closed."""
    closures = np.zeros_like(known)
    for group in groups:
        is_open = any_of(known, group)
        closed = ~is_open & _within(is_open, LONGEST_HOLIDAY)
        # Those that traded when the exchange was last open, whether or not they ever will again.
        last_open: IntArray = np.maximum.accumulate(np.where(is_open, np.arange(len(is_open)), 0))
        closures[:, group] = closed[:, None] & known[last_open][:, group]
    return closures


def _carry(bars: Bars, where: BoolArray) -> Bars:
    """Put the last price at the marked places: a flat bar without volume, dividend or split."""
    if not where.any():
        return bars
    frames = bars.frames()
    marked = pd.DataFrame(where, index=bars.prices.index, columns=bars.prices.columns)
    changed: dict[str, pd.DataFrame] = {
        name: frames[name].where(~marked, frames[name].ffill())
        for name in ("prices", "close")
        if name in frames
    }
    basis = changed.get("close", changed["prices"])
    changed.update({k: frames[k].where(~marked, basis) for k in QUOTED if k in frames})
    changed.update(
        {k: frames[k].where(~marked, 0.0) for k in ("volume", "dividends", "splits") if k in frames}
    )
    return bars.with_frames(changed)


def _common_dates(bars: Bars) -> tuple[Bars, list[str]]:
    """Drop the dates on which a listed asset has no price."""
    known = bars.prices.notna().to_numpy()
    groups = column_groups(bars.prices)
    absent = listed(known) & ~known
    if len(groups) > 1:  # the last dates too, on which nobody knows whether an exchange will reopen
        absent |= _closures(known, groups)
    kept: BoolArray = np.logical_not(np.any(absent, axis=1))
    if kept.all():
        return bars, []
    frames = {name: frame[kept] for name, frame in bars.frames().items()}
    rows = np.flatnonzero(~kept)
    target = np.searchsorted(np.flatnonzero(kept), rows)
    rows, target = rows[target < kept.sum()], target[target < kept.sum()]
    if bars.dividends is not None:
        frames["dividends"] = _moved(bars.dividends, frames["dividends"], rows, target, np.add)
    if bars.splits is not None:
        ones = bars.splits.where(bars.splits > 0, 1.0)
        kept_ones = frames["splits"].where(frames["splits"] > 0, 1.0)
        moved = _moved(ones, kept_ones, rows, target, np.multiply)
        frames["splits"] = moved.where(moved != 1.0, 0.0)
    count = int((~kept).sum())
    return bars.with_frames(frames), [
        f"Dropped {count} of {len(kept)} dates on which not every listed asset traded."
    ]


def _moved(
    whole: pd.DataFrame, kept: pd.DataFrame, rows: IntArray, target: IntArray, join: np.ufunc
) -> pd.DataFrame:
    values = kept.to_numpy(copy=True)
    join.at(values, target, whole.to_numpy()[rows])
    return pd.DataFrame(values, index=kept.index, columns=kept.columns)


def _carried_notes(assets: pd.Index, counts: IntArray) -> list[str]:
    """Say over how many dates prices were carried: a sentence an asset, one where they are many."""
    carried = {str(assets[column]): counts[column] for column in np.flatnonzero(counts).tolist()}
    if len(carried) > MOST_NOTES:
        most = sorted(carried, key=lambda asset: -carried[asset])
        shown = shortened([f"{carried[asset]} of {asset}" for asset in most])
        return [f"Carried the last price of {len(carried)} assets over missing dates: {shown}."]
    return [
        f"Carried the last price of {asset} over {count} missing dates."
        for asset, count in carried.items()
    ]


def _within(known: BoolArray, most: int) -> BoolArray:
    """Mark rows at most `most` rows after the last known one of their column."""
    rows = np.arange(len(known)).reshape(-1, *([1] * (known.ndim - 1)))
    last = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    within: BoolArray = (last >= 0) & (rows - last <= most)
    return within
