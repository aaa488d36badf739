"""Puts assets of exchanges with different holidays on one calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from blportfolio.data.bars import QUOTED, Bars
from blportfolio.data.sessions import suffix_of
from blportfolio.validation import BoolArray, IntArray, check_choice

LONGEST_HOLIDAY = 10
"""Dates in a row that an exchange may be closed while others trade, as at Lunar New Year."""
FEWEST_CLOSURES = 2
"""Dates a year, on average, and at least, on which two exchanges must be open one at a time."""
WEEKEND_SHARE = 0.9
"""Share of an exchange's closures that fall on weekends beside one that trades every day."""

Calendar = Literal["union", "common"]


def align_calendars(
    bars: Bars, *, calendar: Calendar = "union", max_gap: int = 0
) -> tuple[Bars, tuple[str, ...]]:
    """Put assets whose exchanges close on different days on one calendar.

    `union` keeps every date. Where an exchange was closed its assets keep their last price, with
    volume 0, so that they earn nothing that day. A date on which a single asset has no price while
    others of its exchange do is no holiday: only `max_gap` fills it. Both fill with the past
    alone, so that later dates never change earlier ones.

    `common` drops each date on which an asset that is listed has no price; what happened on it
    belongs to the next date kept.

    Args:
        bars: Bars as they came.
        calendar: `union` or `common`.
        max_gap: Dates over which a price is carried forward where it is missing, holiday or not.

    Returns:
        Bars on one calendar, and sentences that say what was filled or dropped.

    Raises:
        ConfigError: If `calendar` is neither.
    """
    check_choice(calendar, ("union", "common"), name="calendar")
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
        notes += [
            f"Carried the last price of {asset} over {int(count)} missing dates."
            for asset, count in zip(bars.prices.columns, carried.sum(axis=0), strict=True)
            if count
        ]
    return bars, tuple(notes)


def exchange_groups(prices: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the assets that trade on the same calendar, one tuple an exchange.

    Tickers of the same exchange by their suffix belong together. Among the others, those belong
    together that lack prices on the same dates, but for a few, while both are listed; such a group
    is an exchange only if it and the rest were open without the other at least twice, and twice a
    year, or if it closes at weekends where the rest does not. Everything else is one group: its
    missing prices are gaps.

    Args:
        prices: (n_dates, n_assets) prices; NaN where there is none.

    Returns:
        Groups in the order of their first asset.
    """
    return [tuple(prices.columns[list(group)]) for group in _groups(prices)]


def _groups(prices: pd.DataFrame) -> list[list[int]]:
    known = prices.notna().to_numpy()
    listed = _listed(known)
    suffixes = [suffix_of(str(name)) for name in prices.columns]
    if len(set(suffixes)) > 1:
        named: dict[str, list[int]] = {}
        for column, suffix in enumerate(suffixes):
            named.setdefault(suffix, []).append(column)
        return list(named.values())
    holes = listed & ~known
    if not holes.any():
        return [list(range(known.shape[1]))]
    candidates = _same_holes(known, listed)
    main = max(candidates, key=len)
    rest: list[int] = []
    exchanges = []
    for group in candidates:
        others = [column for column in range(known.shape[1]) if column not in set(group)]
        if group is not main and others and _is_exchange(known, listed, prices.index, group, main):
            exchanges.append(group)
        else:
            rest += group
    return sorted([sorted(rest), *exchanges]) if rest else sorted(exchanges)


def _same_holes(known: BoolArray, listed: BoolArray) -> list[list[int]]:
    """Group columns that lack prices on the same dates, but for a few, while both are listed."""
    groups: list[list[int]] = []
    calendars: list[tuple[BoolArray, BoolArray]] = []
    for column in range(known.shape[1]):
        mine, alive = known[:, column], listed[:, column]
        for number, (theirs, listed_there) in enumerate(calendars):
            both = alive & listed_there
            differ = int(((mine != theirs) & both).sum())
            alike = int((~mine & ~theirs & both).sum())
            if both.any() and (differ == 0 or differ < alike):
                groups[number].append(column)
                calendars[number] = (mine | theirs, alive | listed_there)
                break
        else:
            groups.append([column])
            calendars.append((mine.copy(), alive.copy()))
    return groups


def _is_exchange(
    known: BoolArray, listed: BoolArray, dates: pd.Index, group: Sequence[int], main: Sequence[int]
) -> bool:
    """Tell whether two groups close like two exchanges and not like one with gaps."""
    span = _any_of(listed, group) & _any_of(listed, main)
    here, there = _any_of(known, group)[span], _any_of(known, main)[span]
    closed_here, closed_there = there & ~here, here & ~there
    if max(_longest_run(closed_here), _longest_run(closed_there)) > LONGEST_HOLIDAY:
        return False
    days = pd.DatetimeIndex(dates[span])
    years = (days[-1] - days[0]).days / 365.25 if len(days) else 0.0
    least = FEWEST_CLOSURES * max(1.0, years)
    if min(closed_here.sum(), closed_there.sum()) >= least:
        return True
    closed = closed_here | closed_there
    at_weekends = (days.day_of_week >= 5) & closed
    return bool(
        closed.sum() >= 52 * years and at_weekends.sum() >= WEEKEND_SHARE * closed.sum() > 0
    )


def _fill_holidays(bars: Bars) -> tuple[Bars, list[str]]:
    """Carry prices over the dates on which a whole exchange was closed."""
    groups = _groups(bars.prices)
    if len(groups) == 1:
        return bars, []
    known = bars.prices.notna().to_numpy()
    carried = np.zeros_like(known)
    notes = []
    for group in groups:
        is_open = _any_of(known, group)
        closed = ~is_open & _within(is_open, LONGEST_HOLIDAY)
        # Those that traded when the exchange was last open, whether or not they ever will again.
        last_open: IntArray = np.maximum.accumulate(np.where(is_open, np.arange(len(is_open)), 0))
        carried[:, group] = closed[:, None] & known[last_open][:, group]
        count = int(carried[:, group].any(axis=1).sum())
        if count:
            names = [str(name) for name in bars.prices.columns[group]]
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            notes.append(
                f"The exchange of {shown} was closed on {count} dates on which others traded; "
                "carried the last prices forward (calendar='common' drops such dates)."
            )
    return _carry(bars, carried), notes


def _carry(bars: Bars, where: BoolArray) -> Bars:
    """Put the last price at the marked places: a flat bar without volume, dividend or split."""
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
    kept: BoolArray = np.logical_not(np.any(_listed(known) & ~known, axis=1))
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


def _listed(known: BoolArray) -> BoolArray:
    """Mark from each column's first price to its last."""
    begun = np.maximum.accumulate(known, axis=0)
    goes_on = np.maximum.accumulate(known[::-1], axis=0)[::-1]
    listed: BoolArray = begun & goes_on
    return listed


def _within(known: BoolArray, most: int) -> BoolArray:
    """Mark rows at most `most` rows after the last known one of their column."""
    rows = np.arange(len(known)).reshape(-1, *([1] * (known.ndim - 1)))
    last = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    within: BoolArray = (last >= 0) & (rows - last <= most)
    return within


def _any_of(flags: BoolArray, columns: Sequence[int]) -> BoolArray:
    """Mark the rows in which one of some columns is marked."""
    marked: BoolArray = flags[:, list(columns)].max(axis=1)
    return marked


def _longest_run(flags: BoolArray) -> int:
    if not flags.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max())
