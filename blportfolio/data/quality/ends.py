"""The ends of the data: dates in the future, an unfinished last row, survivors only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.quality.evidence import Evidence, day
from blportfolio.data.quality.findings import Finding
from blportfolio.data.sessions import is_complete

FEWEST_SURVIVORS = 5
YEARS_OF_SURVIVAL = 3
FEWEST_ROWS, MONTH, YEAR = 60, 20, 250
LITTLE, BETWEEN_HOLIDAYS, MARGIN = float(np.log(0.3)), float(np.log(0.12)), 0.2
"""Log volume, relative to that of the month before, of an unfinished day at most; beside holidays,
when days may be short; and how much less it is than on any other day of the year."""
SELDOM = 0.02
"""Share of bars without any range below which a whole row of them is strange."""
MANY_MISSING = 0.2
"""Share of the assets priced a row before that may be missing in the last row."""


def _period_end(evidence: Evidence, date: pd.Timestamp) -> pd.Timestamp:
    """Return the last day of the period that a date labels."""
    frequency = "D" if evidence.periods_per_year > 100 else "W"
    for most, letter in ((1.5, "Y"), (5, "Q"), (20, "M")):
        if evidence.periods_per_year < most:
            frequency = letter
            break
    return date.to_period(frequency).end_time.normalize()


def check_future(evidence: Evidence) -> Iterator[Finding]:
    """Find dates after today; the label of the current month is no such date."""
    # A day may have begun already in the far east.
    today = pd.Timestamp((evidence.now + pd.Timedelta(hours=14)).date())
    late = evidence.dates[evidence.dates > _period_end(evidence, today)]
    if len(late):
        yield Finding(
            kind="future_date",
            severity="serious",
            message=f"{len(late)} date{'s lie' if len(late) > 1 else ' lies'} in the future, the "
            f"first {day(late[0])}.",
            cause="Day and month are swapped, a year is mistyped, or the rows are forecasts.",
            remedy="Say the order of the date with --date-order, or drop those rows.",
            date=late[0],
            end=None if len(late) == 1 else late[-1],
            size=float(len(late)),
        )


def check_last_row(evidence: Evidence) -> Iterator[Finding]:
    """Find a last row that is not finished, by the clock or by the assets that it lacks."""
    if len(evidence.dates) < 3:
        return
    last = evidence.dates[-1]
    known = np.isfinite(evidence.prices)
    expected = known[-2]
    lost = int((expected & ~known[-1]).sum())
    today = pd.Timestamp(evidence.now.date())
    unfinished = [asset for asset, has in zip(evidence.assets, known[-1], strict=True) if has]
    if evidence.is_daily:
        unfinished = [a for a in unfinished if not is_complete(a, last, evidence.now)]
    elif _period_end(evidence, last) < today:
        unfinished = []
    if unfinished and last <= _period_end(evidence, today):
        yield _partial(
            evidence,
            f"The last row, {day(last)}, is not over yet for {len(unfinished)} of "
            f"{len(evidence.assets)} assets.",
            len(unfinished),
        )
    elif expected.sum() >= 3 and 0 < lost < expected.sum() and lost > MANY_MISSING * expected.sum():
        yield _partial(
            evidence,
            f"The last row, {day(last)}, lacks {lost} of the {int(expected.sum())} assets of the "
            "row before.",
            lost,
        )
    else:
        yield from _unusual_last_bar(evidence)


def _unusual_last_bar(evidence: Evidence) -> Iterator[Finding]:
    """Find a last row whose volumes or bars are those of a day that has only begun."""
    volume = evidence.frame("volume")
    if len(evidence.dates) < FEWEST_ROWS or not evidence.is_daily:
        return
    if volume is not None:
        with np.errstate(divide="ignore"):
            logs = pd.DataFrame(np.log(volume[-YEAR - MONTH :])).replace(-np.inf, np.nan)
        usual = logs.rolling(MONTH, min_periods=MONTH // 2).median().shift(1)
        relative = (logs - usual).median(axis=1).to_numpy()
        before = relative[:-1][np.isfinite(relative[:-1])]
        last, previous = evidence.dates[-1], evidence.dates[-2]
        is_festive = (last.month == 12 and last.day >= 23) or len(
            pd.bdate_range(previous, last)
        ) > 2
        least = BETWEEN_HOLIDAYS if is_festive else LITTLE
        if len(before) and relative[-1] < min(least, before.min() - MARGIN):
            yield _partial(
                evidence,
                f"The last row, {day(evidence.dates[-1])}, has {np.exp(relative[-1]):.0%} of the "
                "usual volume, less than on any other day of a year.",
                len(evidence.assets),
            )
            return
    opens, high, low = (evidence.frame(name) for name in ("open", "high", "low"))
    if opens is None or high is None or low is None:
        return
    known = np.isfinite(evidence.quoted) & np.isfinite(high)
    flat = known & (opens == high) & (high == low) & (low == evidence.quoted)
    now = int(flat[-1].sum())
    if now > 0.5 * known[-1].sum() and flat[:-1].sum() < SELDOM * known[:-1].sum():
        yield _partial(
            evidence,
            f"In the last row, {day(evidence.dates[-1])}, open, high, low and close are equal for "
            f"{now} of {int(known[-1].sum())} assets.",
            now,
        )


def _partial(evidence: Evidence, message: str, count: int) -> Finding:
    return Finding(
        kind="partial_last_day",
        severity="warning",
        message=message,
        cause="The data were taken before the end of the period.",
        remedy="Drop the last row, or take the data again later.",
        date=evidence.dates[-1],
        size=float(count),
    )


def check_survivors(evidence: Evidence) -> Iterator[Finding]:
    """Say that every asset lives to the last date, which real universes do not."""
    years = (evidence.dates[-1] - evidence.dates[0]).days / 365.25
    known = np.isfinite(evidence.prices)
    tail = known[-3:].any(axis=0)
    if (
        evidence.membership is None
        and len(evidence.assets) >= FEWEST_SURVIVORS
        and years >= YEARS_OF_SURVIVAL
        and tail.all()
    ):
        yield Finding(
            kind="survivorship",
            severity="note",
            message=f"All {len(evidence.assets)} assets live to the last date, after "
            f"{years:.0f} years.",
            cause="They were chosen with knowledge of who survived.",
            remedy="Give membership by date, or say so beside any result.",
            size=float(len(evidence.assets)),
        )
