"""Prices that stand still."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from blportfolio.data.exchanges import runs
from blportfolio.data.quality.evidence import Evidence, Track, day
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.validation import BoolArray

SHORTEST = 5
"""Unchanged returns in a row below which a price is not called stale."""
FEWEST_PRICES = 8
SERIOUS_LENGTH = 10
NEIGHBOURHOOD = 250
"""Returns on each side from which the usual share of unchanged prices is taken."""
RARE, VERY_RARE = 1e-4, 1e-8
"""Expected number of runs as long in the whole series, were unchanged prices independent."""
HOLIDAYS = 0.05
"""Share of the dates above which not only holidays were filled, but weekends too."""


def check_stale(evidence: Evidence) -> Iterator[Finding]:
    """Find prices that repeat for longer than the asset's own habit explains."""
    moves = evidence.log_returns
    known = np.isfinite(moves)
    with np.errstate(invalid="ignore"):
        still = known & (np.abs(moves) < 1e-12)
    held = _held(evidence, known, still)
    for track in evidence.tracks():
        unchanged = np.abs(track.returns) < 1e-12
        unchanged[0] = False
        if unchanged[1:].all():
            yield _constant(evidence, track)
            continue
        if len(track.rows) < FEWEST_PRICES:
            continue
        for first, last in runs(unchanged):
            length = last - first + 1
            if length >= SHORTEST and not held[track.rows[first : last + 1]].mean() > 0.5:
                finding = _run(evidence, track, unchanged, first, last)
                if finding is not None:
                    yield finding
    rows = np.flatnonzero(held)
    if len(rows) and len(rows) < 0.5 * len(moves):
        longest = max(b - a + 1 for a, b in runs(held))
        many = longest > SHORTEST or len(rows) > HOLIDAYS * len(moves)
        yield Finding(
            kind="stale_prices",
            severity="warning" if many else "note",
            message=f"No asset moves on {len(rows)} of {len(moves)} dates, the first "
            f"{day(evidence.dates[rows[0]])}.",
            cause=("Weekends and holidays" if len(rows) > HOLIDAYS * len(moves) else "Holidays")
            + " were filled with the prices of the day before.",
            remedy="Drop those rows: they make volatilities too low.",
            date=evidence.dates[rows[0]],
            end=evidence.dates[rows[-1]] if len(rows) > 1 else None,
            size=float(len(rows)),
        )


def _held(evidence: Evidence, known: BoolArray, still: BoolArray) -> BoolArray:
    """Whether no asset moves on a date, more often than they would stand still by chance."""
    count = known.sum(axis=1)
    held = (count > 0) & (still.sum(axis=1) == count)
    weekend = np.asarray(evidence.dates.day_of_week >= 5)
    if evidence.is_daily and weekend.any() and held[weekend & (count > 0)].mean() > 0.9:
        # Even one asset shows that weekends were filled, where it moves on weekdays.
        return held if held[~weekend].mean() < 0.5 else np.zeros_like(held)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_chance = float(np.nanprod(still.sum(axis=0) / known.sum(axis=0)))
    if known.shape[1] < 3 or held.mean() < 3 * by_chance:
        return np.zeros_like(held)
    return np.asarray(held & (count >= 3))


def _constant(evidence: Evidence, track: Track) -> Finding:
    return Finding(
        kind="stale_prices",
        severity="serious",
        message=f"{track.asset} never changes: {track.prices[0]:g} on all {len(track.rows)} dates.",
        cause="A placeholder, or a price that was filled in.",
        remedy="Drop the asset.",
        ticker=track.asset,
        date=evidence.date(track, 0),
        end=evidence.date(track, -1),
        size=float(len(track.rows) - 1),
    )


def _run(
    evidence: Evidence, track: Track, unchanged: np.ndarray, first: int, last: int
) -> Finding | None:
    """Judge one run of unchanged prices by the habit of its neighbourhood."""
    length = last - first + 1
    around = np.concatenate(
        [unchanged[max(1, first - NEIGHBOURHOOD) : first], unchanged[last + 1 :][:NEIGHBOURHOOD]]
    )
    if len(around) < 2 * SHORTEST:
        return None
    whole = (unchanged.sum() - length + 1) / (len(unchanged) - length + 1)
    usual = max((around.sum() + 1) / (len(around) + 2), float(whole))
    # Zeros come in clusters, so that the habit is taken for more frequent than it is.
    log_expected = math.log(len(unchanged)) + length * math.log(min(0.99, 1.5 * usual))
    if log_expected > math.log(RARE):
        return None
    volume = evidence.frame("volume")
    traded = None if volume is None else volume[track.rows[first : last + 1], track.column]
    ends = last == len(unchanged) - 1
    begins = first == 1
    certain = length >= SERIOUS_LENGTH and log_expected < math.log(VERY_RARE)
    severity: Severity = "serious" if certain else "warning"
    earns_interest = _earns_interest(track, unchanged)
    if earns_interest:
        severity = "note"
    when, until = evidence.date(track, first), evidence.date(track, last)
    cause = "The price was carried forward: no trading, or rows lost."
    if earns_interest:
        cause = "An account that earned nothing for a time, if these are no prices of a market."
    elif ends:
        cause = "The asset was delisted, or its source stopped, and the last price goes on."
    elif begins:
        cause = "The first price was filled in backwards, before the asset was listed."
    elif traded is not None and np.nansum(traded) == 0:
        cause = "Trading was suspended: there is no volume either."
    return Finding(
        kind="stale_prices",
        severity=severity,
        message=f"{track.asset} repeats {track.prices[first]:g} for {length} periods, from "
        f"{day(when)} to {day(until)}.",
        cause=cause,
        remedy="Leave the repeated prices missing"
        + (", so that the asset ends where it did." if ends else ", or drop the asset."),
        ticker=track.asset,
        date=when,
        end=until,
        size=float(length),
    )


def _earns_interest(track: Track, unchanged: np.ndarray) -> bool:
    """Whether a price goes one way whenever it moves, as deposits and bills do."""
    moved = track.returns[1:][~unchanged[1:]]
    return len(moved) >= NEIGHBOURHOOD / 10 and float(np.abs(np.sign(moved).mean())) > 0.98
