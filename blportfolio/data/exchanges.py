"""Tells from prices alone which assets trade on the same exchange."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.data.sessions import suffix_of
from blportfolio.validation import BoolArray

LONGEST_HOLIDAY = 10
"""Dates in a row that an exchange may be closed while others trade, as at Lunar New Year."""
FEWEST_CLOSURES = 2
"""Dates a year, on average, and at least, on which two exchanges must be open one at a time."""
WEEKEND_SHARE = 0.9
"""Share of an exchange's closures that fall on weekends beside one that trades every day."""


def column_groups(prices: pd.DataFrame) -> list[list[int]]:
    """Return the columns of the assets that trade on the same calendar, one list an exchange.

    Tickers of the same exchange by their suffix belong together. Among the others, those belong
    together that lack prices on the same dates, but for a few, while both are listed; such a group
    is an exchange only if it and the rest were open without the other at least twice, and twice a
    year, or if it closes at weekends where the rest does not. Everything else is one group: its
    missing prices are gaps.

    Args:
        prices: (n_dates, n_assets) prices; NaN where there is none.

    Returns:
        Positions, in the order of each group's first asset.
    """
    known = prices.notna().to_numpy()
    alive = listed(known)
    suffixes = [suffix_of(str(name)) for name in prices.columns]
    if len(set(suffixes)) > 1:
        named: dict[str, list[int]] = {}
        for column, suffix in enumerate(suffixes):
            named.setdefault(suffix, []).append(column)
        return list(named.values())
    if not (alive & ~known).any():
        return [list(range(known.shape[1]))]
    candidates = _same_holes(known, alive)
    main = max(candidates, key=len)
    rest: list[int] = []
    exchanges = []
    for group in candidates:
        if group is not main and _is_exchange(known, alive, prices.index, group, main):
            exchanges.append(group)
        else:
            rest += group
    return sorted([sorted(rest), *exchanges]) if rest else sorted(exchanges)


def _same_holes(known: BoolArray, alive: BoolArray) -> list[list[int]]:
    """Group columns that lack prices on the same dates, but for a few, while both are listed."""
    groups: list[list[int]] = []
    calendars: list[tuple[BoolArray, BoolArray]] = []
    for column in range(known.shape[1]):
        mine, alive_here = known[:, column], alive[:, column]
        for number, (theirs, alive_there) in enumerate(calendars):
            both = alive_here & alive_there
            differ = int(((mine != theirs) & both).sum())
            alike = int((~mine & ~theirs & both).sum())
            if both.any() and (differ == 0 or differ < alike):
                groups[number].append(column)
                calendars[number] = (mine | theirs, alive_here | alive_there)
                break
        else:
            groups.append([column])
            calendars.append((mine.copy(), alive_here.copy()))
    return groups


def _is_exchange(
    known: BoolArray, alive: BoolArray, dates: pd.Index, group: Sequence[int], main: Sequence[int]
) -> bool:
    """Tell whether two groups close like two exchanges and not like one with gaps."""
    span = any_of(alive, group) & any_of(alive, main)
    here, there = any_of(known, group)[span], any_of(known, main)[span]
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


def listed(known: BoolArray) -> BoolArray:
    """Mark from each column's first price to its last."""
    begun = np.maximum.accumulate(known, axis=0)
    goes_on = np.maximum.accumulate(known[::-1], axis=0)[::-1]
    alive: BoolArray = begun & goes_on
    return alive


def any_of(flags: BoolArray, columns: Sequence[int]) -> BoolArray:
    """Mark the rows in which one of some columns is marked."""
    marked: BoolArray = flags[:, list(columns)].max(axis=1)
    return marked


def _longest_run(flags: BoolArray) -> int:
    return max((last - first + 1 for first, last in runs(flags)), default=0)


def runs(flags: Sequence[bool] | BoolArray) -> list[tuple[int, int]]:
    """Return the first and the last row of each run of marked ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags, dtype=np.int8), [0]])))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))
