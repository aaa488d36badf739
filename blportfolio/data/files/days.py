"""Takes time stamps of daily bars for their days, and notes rows that are not in order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.data.files.assemble import Notebook
from blportfolio.validation import IntArray

DAY = 86_400_000_000
MOST_TWICE = 0.1
"""Share of bars that share a day with another, above which they are no daily ones."""


def note_order(dates: pd.DatetimeIndex, notebook: Notebook) -> None:
    """Note rows that are not in order of their dates."""
    steps = np.diff(dates.asi8)
    if (steps < 0).any():
        how = "newest first" if (steps <= 0).all() else "not in order"
        notebook.inferred.append(f"Its rows are {how}; sorted them by date.")


def whole_days(
    dates: pd.DatetimeIndex, assets: IntArray, notebook: Notebook, *, is_utc: bool
) -> pd.DatetimeIndex:
    """Take bars that are stamped with a time for those of the day, if there is one a day."""
    clock = dates.as_unit("us").asi8 % DAY
    if not clock.any():
        return dates
    days = dates.normalize()
    if _are_eastern_midnights(days, clock, is_utc=is_utc):
        notebook.inferred.append(
            "Its times are midnights further east, as its Sundays without Fridays show; took each "
            "for the day that begins."
        )
        return days + pd.Timedelta(days=1)
    twice = pd.DataFrame({"day": days, "asset": assets}).duplicated().mean()
    return dates if twice > MOST_TWICE else days


def _are_eastern_midnights(days: pd.DatetimeIndex, clock: IntArray, *, is_utc: bool) -> bool:
    """Whether bars are stamped with the midnight before their day, in a zone further west.

    Exchanges of the Middle East trade on Sundays too, but have closed by six in the evening.
    """
    hour = DAY // 24
    if len(days) < 10 or (clock % (hour // 2)).any() or clock.min() < (13 if is_utc else 18) * hour:
        return False
    weekdays = np.bincount(days.day_of_week, minlength=7) / len(days)
    return bool(weekdays[[6, 0, 1, 2, 3]].min() > 0.1 and weekdays[[4, 5]].sum() < 0.02)
