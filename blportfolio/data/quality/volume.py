"""Volumes that are missing, stand still, or change their unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.exchanges import runs
from blportfolio.data.quality.evidence import Evidence, Track, day
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.validation import FloatArray

SHORTEST = 5
"""Dates in a row without volume, or with the same, from which they are told."""
USUAL_ZEROS = 0.1
"""Share of volumes of zero above which they say nothing."""
STEP, WINDOWS = 25.0, (5, 60)
"""Times by which volume changes with its unit, both within days and for months; among shares in
crises, and funds soon after they begin, it changes by 13 at most."""
FEWEST_VALUES = 20
"""Different volumes without which their unit is too coarse to say that one repeats."""


def check_volume(evidence: Evidence) -> Iterator[Finding]:
    """Find volumes that are zero or missing in an asset that trades."""
    volume = evidence.frame("volume")
    if volume is None:
        return
    for track in evidence.tracks(fewest=8):
        traded = volume[track.rows, track.column]
        empty = ~(traded > 0)
        if not (~empty).any() or (~empty).sum() < max(SHORTEST, USUAL_ZEROS * len(empty)):
            continue  # an index or a currency, which has no volume
        yield from _unit(evidence, track, traded)
        yield from _constant(evidence, track, traded)
        begun = int(np.argmax(~empty))
        stretches = runs(empty)
        single = sum(b - a + 1 for a, b in stretches if b - a + 1 < SHORTEST)
        usual = single > USUAL_ZEROS * len(empty)
        short = [] if usual else [(a, b) for a, b in stretches if b - a + 1 < SHORTEST]
        for first, last in stretches:
            length = last - first + 1
            if length < SHORTEST or (usual and length < 50):
                continue
            moved = float(np.mean(np.abs(track.returns[first : last + 1]) > 0))
            severity: Severity = "warning" if moved > 0.2 and first >= begun else "note"
            yield _volume_finding(evidence, track, first, last, length, severity)
        if short:
            count = sum(b - a + 1 for a, b in short)
            first, last = short[0][0], short[-1][1]
            yield _volume_finding(evidence, track, first, last, count, "note")


def _volume_finding(
    evidence: Evidence, track: Track, first: int, last: int, count: int, severity: Severity
) -> Finding:
    when, until = evidence.date(track, first), evidence.date(track, last)
    span = f"on {day(when)}" if when == until else f"from {day(when)} to {day(until)}"
    return Finding(
        kind="zero_volume",
        severity=severity,
        message=f"{track.asset} has no volume on {count} date{'s' if count > 1 else ''} {span}.",
        cause="Volumes were not recorded, or prices were filled in without a trade.",
        remedy="Do not use features of volume there; check that the prices are real.",
        ticker=track.asset,
        date=when,
        end=None if when == until else until,
        size=float(count),
    )


def _unit(evidence: Evidence, track: Track, traded: FloatArray) -> Iterator[Finding]:
    """Find the dates from which volume is many times larger, or smaller, for good."""
    logs = pd.Series(np.log(np.where(traded > 0, traded, np.nan)))
    steps = []
    for window in WINDOWS:
        rolling = logs.rolling(window, min_periods=min(window, 20))
        steps.append((rolling.median().shift(-window) - rolling.median()).to_numpy())
    size = np.fmin(*np.abs(steps))
    for first, last in runs(size > np.log(STEP)):
        best = first + int(np.nanargmax(np.abs(np.diff(logs.to_numpy()))[first : last + 1])) + 1
        when = evidence.date(track, best)
        factor = float(np.exp(steps[-1][best - 1]))
        yield Finding(
            kind="strange_volume",
            severity="warning",
            message=f"The volume of {track.asset} is about {factor:.3g} times as large from "
            f"{day(when)} on.",
            cause="Lots, hundreds or thousands for shares; or another source.",
            remedy="Multiply one part by the factor of its unit before you use volumes.",
            ticker=track.asset,
            date=when,
            size=factor,
        )


def _constant(evidence: Evidence, track: Track, traded: FloatArray) -> Iterator[Finding]:
    """Find volumes that repeat day after day."""
    if len(np.unique(traded[traded > 0])) < FEWEST_VALUES:
        return
    same = np.concatenate([[False], (traded[1:] == traded[:-1]) & (traded[1:] > 0)])
    usual = float(same.mean())
    for first, last in runs(same):
        length = last - first + 1
        if length < SHORTEST or (usual > USUAL_ZEROS and length < 0.5 * len(same)):
            continue
        when, until = evidence.date(track, first - 1), evidence.date(track, last)
        yield Finding(
            kind="strange_volume",
            severity="warning",
            message=f"The volume of {track.asset} is {traded[first]:g} on each of {length + 1} "
            f"dates from {day(when)} to {day(until)}.",
            cause="Volumes were filled in, and prices perhaps too.",
            remedy="Take those dates again from the source.",
            ticker=track.asset,
            date=when,
            end=until,
            size=float(length + 1),
        )
