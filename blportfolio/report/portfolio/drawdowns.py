"""The worst falls of wealth, with their dates."""

from __future__ import annotations

import pandas as pd

from blportfolio.errors import ConfigError, DataError
from blportfolio.report.metrics import drawdown

WORST = 5
"""Falls that a table shows."""


def worst_drawdowns(wealth: pd.Series, count: int = WORST) -> pd.DataFrame:
    """Return the deepest falls from a peak, the deepest first.

    A fall lasts from the date of the peak to the first date at which wealth is back at it; falls
    do not overlap.

    Args:
        wealth: (n_periods + 1,) growth indexed by dates, the first entry before the first return.
        count: Falls to return at most.

    Returns:
        One row a fall: `depth` (≤ 0), `peak` (the last date at the height), `trough` (the first
        date at the depth), `recovered` (NaT where wealth was not back by the last date),
        `days_down` and `days_up` (calendar days from peak to trough, and on to recovery; the
        latter NA without one), `days` (from peak to recovery, or to the last date).

    Raises:
        ConfigError: If `count` is below one.
        DataError: If wealth is not indexed by dates.
    """
    if count < 1:
        raise ConfigError(f"`count` must be 1 or more, got {count!r}.")
    if not isinstance(wealth.index, pd.DatetimeIndex):
        raise DataError("`wealth` must be growth by date.")
    fall = drawdown(wealth)
    dates, below = wealth.index, (fall < 0).to_numpy()
    begins = [i for i in range(1, len(below)) if below[i] and not below[i - 1]]
    rows = []
    for begin in begins:
        after = next((i for i in range(begin, len(below)) if not below[i]), len(below))
        trough = begin + int(fall.iloc[begin:after].to_numpy().argmin())
        peak = dates[begin - 1]
        is_back = after < len(below)
        end = dates[after] if is_back else dates[-1]
        rows.append(
            {
                "depth": float(fall.iloc[trough]),
                "peak": peak,
                "trough": dates[trough],
                "recovered": end if is_back else pd.NaT,
                "days_down": (dates[trough] - peak).days,
                "days_up": (end - dates[trough]).days if is_back else pd.NA,
                "days": (end - peak).days,
            }
        )
    columns = ["depth", "peak", "trough", "recovered", "days_down", "days_up", "days"]
    table = pd.DataFrame(rows, columns=columns).astype({"depth": float})
    for name in ("peak", "trough", "recovered"):
        table[name] = pd.DatetimeIndex(table[name]).as_unit(dates.unit)
    for name in ("days_down", "days_up", "days"):
        table[name] = table[name].astype("Int64")
    worst = table.sort_values("depth", kind="stable").head(count)
    return worst.reset_index(drop=True)
