"""Dates that are missing, or that stand where no trading is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.quality.evidence import Evidence, Track, day, trimmed_scale
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.validation import BoolArray, IntArray

CLOSURES = frozenset(
    pd.to_datetime(
        [
            "1963-11-25", "1968-04-09", "1969-03-31", "1969-07-21", "1972-12-28", "1973-01-25",
            "1977-07-14", "1985-09-27", "1994-04-27", "2001-09-11", "2001-09-12", "2001-09-13",
            "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-29", "2012-10-30", "2018-12-05",
            "2022-06-20", "2025-01-09",
        ]
    )
)  # fmt: skip
"""New York closures out of turn: attacks, storms, funerals, and the first of a new holiday."""
EASTER_HOLIDAYS = frozenset({-48, -47, -3, -2, 1, 39, 40, 50, 60})
"""Days after Easter Sunday on which exchanges close."""
SAME_DATE, SAME_WEEKDAY = 1, 6
"""Days by which holidays move over the years: those on a date, and those on a certain weekday."""
MOON = 20
"""The same for those of the moon's calendars, which close exchanges for longer."""
LONG, VERY_LONG = 5, 10
"""Weekdays missing in a row: more than any closure of New York, more than any holiday."""
SPARSE = 0.01
"""Share of the weekdays that may be missing for no reason before it is more than a note."""
FEW_WEEKENDS = 0.05
DEAD = 60
"""Dates without a price after which a name may have passed to another company."""


def check_dates_present(evidence: Evidence) -> Iterator[Finding]:
    """Find dates missing from all assets, and weekends among trading days."""
    dates = evidence.dates
    if len(dates) < 5:
        return
    if evidence.periods_per_year == 365:
        yield from _missing_periods(evidence, "D", "day", 1, 7)
    elif evidence.is_daily:
        weekend = dates[dates.day_of_week >= 5]
        if len(weekend) and len(weekend) < FEW_WEEKENDS * len(dates):
            yield Finding(
                kind="calendar_gap",
                severity="warning",
                message=f"{len(weekend)} row{'s fall' if len(weekend) > 1 else ' falls'} on a "
                f"weekend among trading days, the first on {day(weekend[0])}.",
                cause="A wrong date, rows that were filled in, or a rare weekend session.",
                remedy="Correct the date or drop the row.",
                date=weekend[0],
                end=None if len(weekend) == 1 else weekend[-1],
                size=float(len(weekend)),
            )
        yield from _missing_weekdays(evidence)
    else:
        rules = ((40, "W", "week"), (10, "M", "month"), (3, "Q", "quarter"), (0, "Y", "year"))
        letter, word = next((a, b) for least, a, b in rules if evidence.periods_per_year > least)
        yield from _missing_periods(evidence, letter, word, 1, 3)


def _missing_periods(
    evidence: Evidence, letter: str, word: str, least: int, many: int
) -> Iterator[Finding]:
    """Find whole periods without a row, where every period has one."""
    numbers = evidence.dates.to_period(letter).astype("int64").to_numpy()
    steps = np.diff(numbers)
    for row in np.flatnonzero(steps > least):
        missing = int(steps[row]) - 1
        yield _gap(evidence, int(row), missing, word, "serious" if missing >= many else "warning")


def _missing_weekdays(evidence: Evidence) -> Iterator[Finding]:
    """Find weekdays without a row that no holiday explains."""
    dates = evidence.dates.normalize()
    weekdays = pd.bdate_range(dates[0], dates[-1])
    missing = weekdays.difference(dates)
    years = (dates[-1] - dates[0]).days / 365.25
    after = dates.searchsorted(missing)
    explained = _explained(missing, years)
    loose = 0
    first: pd.Timestamp | None = None
    for row in np.unique(after):
        stretch, known = missing[after == row], explained[after == row]
        strange, length = int((~known).sum()), len(stretch)
        if length >= LONG and strange:
            severity: Severity = "serious" if length >= VERY_LONG else "warning"
            if not _recurs(stretch, missing, after, years):
                yield _gap(evidence, int(row) - 1, length, "weekday", severity)
        elif strange >= 2 and years >= 2:
            yield _gap(evidence, int(row) - 1, length, "weekday", "warning")
        elif strange:
            loose += strange
            first = stretch[~known][0] if first is None else first
    # In a short sample no holiday can recur, and a year has about ten of them.
    allowed = 12 * years + 2 if years < 2 else max(SPARSE * len(weekdays), 3)
    if first is not None and (years >= 2 or loose > allowed):
        yield Finding(
            kind="calendar_gap",
            severity="warning" if loose > allowed else "note",
            message=f"{loose} single weekday{'s have' if loose > 1 else ' has'} no row though no "
            f"yearly holiday explains it, the first {day(first)}.",
            cause="Rows were lost, or closures out of turn.",
            remedy="Compare the dates with another source.",
            date=first,
            size=float(loose),
        )


def _explained(missing: pd.DatetimeIndex, years: float) -> BoolArray:
    """Whether each missing weekday is a known closure, or a holiday that recurs over the years."""
    sundays = {
        year: pd.offsets.Easter().rollforward(pd.Timestamp(year, 1, 1))
        for year in set(missing.year.tolist())
    }
    from_easter = np.array([(date - sundays[date.year]).days for date in missing], dtype=int)
    known = missing.isin(list(CLOSURES)) | np.isin(from_easter, list(EASTER_HOLIDAYS))
    if years < 2 or not len(missing):
        return np.asarray(known)
    turn, year = _turn(missing), missing.year.to_numpy()
    weekday = missing.day_of_week.to_numpy()
    others = _other_years(turn, year, SAME_DATE)
    for number in range(5):
        same = weekday == number
        if same.any():
            again = _other_years(turn[same], year[same], SAME_WEEKDAY)
            others[same] = np.maximum(others[same], again)
    # Holidays come and go, so that a quarter of the years around is enough.
    return np.asarray(known | (others >= np.maximum(1, 0.25 * min(years, 12))))


def _turn(dates: pd.DatetimeIndex) -> IntArray:
    """Return days of the year, 1 to 365, that are the same in leap years."""
    late = np.asarray(dates.is_leap_year & (dates.month > 2), dtype=int)
    return np.asarray(dates.day_of_year.to_numpy() - late)


def _other_years(turn: IntArray, year: IntArray, window: int) -> IntArray:
    """Return, for days of the year, in how many other years one lies within a window."""
    table = np.zeros((np.ptp(year) + 1, 366 + 2 * window), dtype=bool)
    for shift in range(2 * window + 1):
        table[year - year.min(), turn - 1 + shift] = True
    table[:, 365 : 365 + window] |= table[:, :window]  # the turn of the year
    return np.asarray(table.sum(axis=0)[turn - 1 + window] - 1)


def _recurs(
    stretch: pd.DatetimeIndex, missing: pd.DatetimeIndex, after: IntArray, years: float
) -> bool:
    """Whether a long closure comes back in other years, as at Lunar New Year."""
    turn, count = _turn(stretch).mean(), len(stretch)
    hits = set()
    for row in np.unique(after):
        other = missing[after == row]
        distance = abs(_turn(other).mean() - turn)
        close = min(distance, 365 - distance) <= MOON
        if other[0].year != stretch[0].year and len(other) >= count / 2 and close:
            hits.add(other[0].year)
    return len(hits) >= max(1, 0.4 * (years - 1))


def _gap(evidence: Evidence, row: int, missing: int, word: str, severity: Severity) -> Finding:
    before, after = evidence.dates[row], evidence.dates[row + 1]
    return Finding(
        kind="calendar_gap",
        severity=severity,
        message=f"{missing} {word}{'s are' if missing > 1 else ' is'} missing from all assets "
        f"between {day(before)} and {day(after)}.",
        cause="Rows were lost, or two files were joined with a gap.",
        remedy="Take the missing dates from the source; the return across them counts as one "
        "period.",
        date=before,
        end=after,
        size=float(missing),
    )


def check_asset_gaps(evidence: Evidence) -> Iterator[Finding]:
    """Find stretches without a price inside an asset's life, and names that return as others."""
    for track in evidence.tracks():
        holes = np.diff(track.rows) - 1
        for position in np.flatnonzero(holes >= LONG):
            inside = slice(int(track.rows[position]) + 1, int(track.rows[position + 1]))
            if evidence.after_holidays[inside, track.column].all():
                continue  # its exchange was closed, as at Lunar New Year
            yield _hole(evidence, track, int(position), int(holes[position]))


def _hole(evidence: Evidence, track: Track, position: int, missing: int) -> Finding:
    before, after = evidence.date(track, position), evidence.date(track, position + 1)
    ratio = float(track.prices[position + 1] / track.prices[position])
    span = f"{missing} dates between {day(before)} and {day(after)}"
    if missing >= DEAD and _is_other(track, position, missing):
        return Finding(
            kind="identity_break",
            severity="serious",
            message=f"{track.asset} has no price on {span}, and comes back at {ratio:.3g} times "
            "its price or with moves of another size.",
            cause="The ticker was given to another company.",
            remedy="Cut the series at the gap, and keep the part you mean.",
            ticker=track.asset,
            date=after,
            size=ratio,
        )
    carried = f", or carry the last price forward with --max-gap {missing} (max_gap={missing})"
    return Finding(
        kind="calendar_gap",
        severity="serious" if missing >= 4 * LONG else "warning",
        message=f"{track.asset} has no price on {span}, though other assets have.",
        cause="Trading was suspended, rows were lost, or the ticker changed hands.",
        remedy="Take the missing prices from another source, or cut the series there"
        f"{carried if missing < DEAD else ''}.",
        ticker=track.asset,
        date=before,
        end=after,
        size=float(missing),
    )


def _is_other(track: Track, position: int, missing: int) -> bool:
    """Whether level or size of the moves after a gap cannot be those of before."""
    before = track.excess[max(1, position - 120) : position + 1]
    after = track.excess[position + 2 :][:120]
    if min(len(before), len(after)) < 20:
        return False
    usual = max(trimmed_scale(before), trimmed_scale(after), 1e-6)
    moved = abs(float(track.excess[position + 1])) / (usual * np.sqrt(missing))
    ratio = trimmed_scale(after) / max(trimmed_scale(before), 1e-9)
    return bool(moved > 5 or not 1 / 3 < ratio < 3)
