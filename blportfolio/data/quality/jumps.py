"""Jumps of one asset's price: bad prints, other units, splits, other companies, or none of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.quality.calendar import LONG
from blportfolio.data.quality.evidence import Evidence, Track, day, trimmed_scale
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.data.quality.split_odds import RARER_FALL, split_name, split_odds
from blportfolio.validation import FloatArray

LONGEST_REVERSAL = 5
"""Periods after which a jump that comes back is no bad print any more."""
SMALLEST_SPLIT = math.log(1.18)
UNITS = (10.0, 100.0, 1000.0, 10_000.0)
FEWEST_RETURNS = 20
"""Returns without which the usual size of a move is unknown."""
BAD_PRINT, DOUBTFUL_PRINT = 18.0, 15.0
"""Strength, in usual moves, from which a jump that comes back is no true one: in a heavy tail with
3 degrees of freedom two moves of 12 that cancel within 4 come once in a million returns."""
NEWS = 0.2
"""Log move that news of the same day may add to a bad print."""
NEIGHBOURS_AGREE = 0.02
"""Log distance of the prices around a print of another unit within which its repair is certain."""
UNIT_PRINT = 8.0
"""Usual moves from which a power of ten is told from a true move."""
SERIOUS_ODDS, PLAUSIBLE_ODDS = math.log(20.0), math.log(4.0)
THIN_ODDS = math.log(200.0)
"""Odds needed for 5:4 and less, and by closes alone for 3:2 or between weeks or months: true
moves of that size do happen."""
FEWEST_PERIODS = 10
"""Periods a year below which a split cannot be told from a true move by its size."""
EDGE, EDGE_MOVES = math.log(1.25), 16.0
"""Log move, and usual moves, from which a price that has no neighbour on one side is doubted."""
HUGE, HUGE_IN_A_MONTH = math.log(2.5), math.log(10.0)
IMPOSSIBLE = math.log(20.0)
WINDOW_OF_IDENTITY = 100
"""Returns on each side without which two companies cannot be told apart."""


def check_jumps(evidence: Evidence) -> Iterator[Finding]:
    """Find bad prints, units mixed up, splits not adjusted and jumps that nothing explains."""
    for track in evidence.tracks(fewest=8):
        explained: set[int] = set()
        for first, back in _reversals(track):
            if first not in explained and back not in explained:
                finding = _reversal(evidence, track, first, back)
                if finding is not None:
                    explained |= {first, back}
                    yield finding
        yield from _lasting(evidence, track, explained)


def _tolerance(scale: float) -> float:
    """Return how far the logarithm of a ratio may lie from that of a unit."""
    return min(max(0.02, 4 * scale), 0.4)


def unit_of(log_ratio: float, tolerance: float) -> float | None:
    """Return the power of ten that a log ratio is, up or down, within a tolerance."""
    for unit in UNITS:
        if abs(abs(log_ratio) - math.log(unit)) <= tolerance:
            return unit if log_ratio > 0 else 1 / unit
    return None


def _reversals(track: Track) -> list[tuple[int, int]]:
    """Return candidates: positions of a jump and of its way back, the largest jumps first."""
    level = np.cumsum(track.excess)
    usual = max(trimmed_scale(track.excess[1:]), 1e-6)
    size = np.abs(track.moves)
    found: list[tuple[float, int, int]] = []
    for length in range(1, LONGEST_REVERSAL + 1):
        start = np.arange(1, len(level) - length)
        if not len(start):
            break
        jump, back = track.moves[start], track.moves[start + length]
        rest = np.abs(level[start + length] - level[start - 1])
        is_pair = (size[start] > 5 * usual) & (jump * back < 0) & (rest < 0.25 * size[start])
        for inner in range(1, length):
            is_pair &= np.abs(level[start + inner] - level[start]) < 0.25 * size[start]
        found += [(-size[i], int(i), int(i) + length) for i in start[is_pair]]
    return [(first, back) for _, first, back in sorted(found)]


def _reversal(evidence: Evidence, track: Track, first: int, back: int) -> Finding | None:
    """Judge a jump that comes back: a bad print, a unit mixed up, or a move of its usual size."""
    away, home = float(track.moves[first]), float(track.moves[back])
    periods = back - first
    scale = track.scale(first, back)
    rest = abs(away + float(track.excess[first + 1 : back + 1].sum()))
    smaller = min(abs(away), abs(home))
    unit = unit_of((away - home) / 2, max(_tolerance(scale), NEWS))
    enough = len(track.rows) - 1 - (periods + 1) >= FEWEST_RETURNS
    if not enough and (smaller < math.log(1.5) or smaller < 10 * scale):
        return None
    # How rarely two moves so large cancel so nearly, as the size of two that cancel within four
    # usual moves: in the tail that falls with the seventh power of the size, and faster where no
    # news would explain it.
    cancel = 4 * scale / max(rest, scale / 2) * math.exp(max(0.0, smaller - NEWS) / RARER_FALL)
    strength = smaller / scale * cancel ** (1 / 7)
    # Units are told by their ratio, so that less of a move is enough.
    if strength < (UNIT_PRINT if unit else DOUBTFUL_PRINT):
        return None
    when = evidence.date(track, first)
    until = evidence.date(track, back - 1)
    ratio = float(track.prices[first] / track.prices[first - 1])
    for_days = f"for {periods} period" + ("s" if periods > 1 else "")
    if unit is not None:
        agree = rest < max(3 * scale, NEIGHBOURS_AGREE)
        return _unit_finding(
            track,
            unit,
            f"{track.asset} is {unit:g} times what its neighbours say {for_days} from "
            f"{day(when)}: {track.prices[first - 1]:g}, {track.prices[first]:g}, "
            f"{track.prices[back]:g}.",
            when=when,
            end=until,
            fixable=periods == 1 and unit in (100.0, 0.01) and agree,
        )
    certain = strength >= BAD_PRINT and smaller > 0.03 and enough and evidence.is_daily
    severity: Severity = "serious" if certain or smaller > math.log(4) else "warning"
    return Finding(
        kind="reverting_jump",
        severity=severity,
        message=f"{track.asset} goes from {track.prices[first - 1]:g} to {track.prices[first]:g} "
        f"on {day(when)} ({ratio - 1:+.1%}, {strength:.0f} usual moves) and back to "
        f"{track.prices[back]:g} on {day(evidence.date(track, back))}.",
        cause="A bad print, or a row of another asset.",
        remedy="Compare with another source; replace the price or leave it missing.",
        ticker=track.asset,
        date=when,
        end=until if periods > 1 else None,
        size=ratio,
    )


def _lasting(evidence: Evidence, track: Track, explained: set[int]) -> Iterator[Finding]:
    """Judge jumps that last: other units for a stretch or for good, splits, or neither."""
    usual = max(trimmed_scale(track.excess[1:]), 1e-6)
    sizes = np.abs(track.moves)
    # What happened across a hole is judged with the hole.
    without_hole = np.diff(track.rows, prepend=track.rows[:1] - 1) <= LONG
    candidates = [
        int(k)
        for k in np.flatnonzero((sizes > SMALLEST_SPLIT) & (sizes > 4 * usual) & without_hole)
        if k not in explained
    ]
    for number, position in enumerate(candidates):
        if position in explained:
            continue
        scale = track.scale(position)
        jump = float(track.excess[position])
        tolerance = _tolerance(scale)
        unit = unit_of(jump, tolerance) if len(track.rows) > FEWEST_RETURNS / 2 else None
        if unit is not None and abs(jump) > UNIT_PRINT * scale:
            later = [k for k in candidates[number + 1 :] if k not in explained]
            back = next((k for k in later if unit_of(track.excess[k], tolerance) == 1 / unit), None)
            if back is not None or unit not in (10.0, 0.1):
                explained |= {position} | (set() if back is None else {back})
                yield _lasting_unit(evidence, track, position, back, unit)
                continue
        finding = _jump(evidence, track, position, scale)
        if finding is not None:
            yield finding


def _lasting_unit(
    evidence: Evidence, track: Track, position: int, back: int | None, unit: float
) -> Finding:
    when = evidence.date(track, position)
    until = None if back is None else evidence.date(track, back - 1)
    span = f"from {day(when)} on" if until is None else f"from {day(when)} to {day(until)}"
    return _unit_finding(
        track,
        unit,
        f"{track.asset} is about {unit:g} times its earlier prices {span}: "
        f"{track.prices[position - 1]:g}, then {track.prices[position]:g}.",
        when=when,
        end=until,
        fixable=False,
    )


def _unit_finding(
    track: Track,
    unit: float,
    message: str,
    *,
    when: pd.Timestamp,
    end: pd.Timestamp | None,
    fixable: bool,
) -> Finding:
    hundred = unit in (100.0, 0.01)
    return Finding(
        kind="unit_mixup",
        severity="serious",
        message=message,
        cause="Pence for pounds, cents for dollars, or a split of that ratio."
        if hundred
        else "A decimal point in the wrong place, or thousands for units.",
        remedy=f"Divide the prices concerned by {unit:g}."
        if unit > 1
        else f"Multiply the prices concerned by {1 / unit:g}.",
        ticker=track.asset,
        date=when,
        end=None if end == when else end,
        size=unit,
        fixable=fixable,
    )


def _jump(evidence: Evidence, track: Track, position: int, scale: float) -> Finding | None:
    """Judge one lasting jump: a split, another company, unexplained, or a true move."""
    if len(track.rows) <= FEWEST_RETURNS and abs(track.excess[position]) < math.log(1.9):
        return None
    jump = float(track.excess[position])
    odds = split_odds(evidence, track, position)
    when = evidence.date(track, position)
    ratio = float(track.prices[position] / track.prices[position - 1])
    moves = f"{track.prices[position - 1]:g} to {track.prices[position]:g} on {day(when)}"
    exact = abs(jump + math.log(odds.ratio)) <= max(4 * scale, 0.01)
    plausible = odds.log_odds > PLAUSIBLE_ODDS and evidence.periods_per_year > FEWEST_PERIODS
    if plausible and exact and abs(jump) > 5 * scale:
        enough = len(track.rows) > FEWEST_RETURNS
        thin = not evidence.is_daily or 0.6 < odds.ratio < 1.6
        small = 0.7 < odds.ratio < 1.4
        needed = THIN_ODDS if small or (thin and not odds.seen_in_bars) else SERIOUS_ODDS
        certain = odds.log_odds > needed and enough
        return Finding(
            kind="unadjusted_split",
            severity="serious" if certain else "warning",
            message=f"{track.asset} goes from {moves} ({ratio - 1:+.1%}), as a "
            f"{split_name(odds.ratio)} split would make it.",
            cause="Prices before the split were not divided by its ratio."
            if certain
            else "A split that was not adjusted, or a true move of that size.",
            remedy=f"Divide the prices before {day(when)} by {odds.ratio:.6g}, or take adjusted "
            "closes.",
            ticker=track.asset,
            date=when,
            size=odds.ratio,
            fixable=certain and odds.confirmed,
        )
    strength = abs(jump) / scale
    huge = HUGE if evidence.is_daily else HUGE_IN_A_MONTH
    first = position == 1
    if (first or position == len(track.rows) - 1) and abs(jump) > EDGE and strength > EDGE_MOVES:
        return _at_the_edge(track, moves, ratio, evidence.date(track, 0 if first else position))
    if abs(jump) < huge or strength < 12:
        return None
    other = _is_other_company(track, position)
    return Finding(
        kind="identity_break" if other else "unexplained_jump",
        severity="serious"
        if abs(jump) > IMPOSSIBLE and evidence.periods_per_year > FEWEST_PERIODS
        else "warning",
        message=f"{track.asset} goes from {moves} ({ratio - 1:+.1%}, {strength:.0f} usual moves) "
        + ("and moves in another way from then on." if other else "and stays there."),
        cause="The name passed to another company."
        if other
        else "A takeover, a failure, a spin-off, a split of a rare ratio, or a splice of sources.",
        remedy="Look at the news of that day; cut the series there if it is not one company.",
        ticker=track.asset,
        date=when,
        size=ratio,
    )


def _at_the_edge(track: Track, moves: str, ratio: float, when: pd.Timestamp) -> Finding:
    return Finding(
        kind="unexplained_jump",
        severity="serious" if abs(math.log(ratio)) > IMPOSSIBLE else "warning",
        message=f"{track.asset} goes from {moves} ({ratio - 1:+.1%}), and {day(when)} is at an "
        "end of its prices, so that nothing tells whether the price is true.",
        cause="A bad print, an unfinished bar, or news of that day.",
        remedy="Compare with another source, or drop that date.",
        ticker=track.asset,
        date=when,
        size=ratio,
    )


def _is_other_company(track: Track, position: int) -> bool:
    """Whether moves before and after a jump differ for good in size, news aside."""
    before, after = track.excess[max(1, position - 250) : position], track.excess[position + 21 :]
    after = after[:250]
    if min(len(before), len(after)) < WINDOW_OF_IDENTITY:
        return False
    return not 0.5 < _ratio(before, after) < 2


def _ratio(before: FloatArray, after: FloatArray) -> float:
    return trimmed_scale(after) / max(trimmed_scale(before), 1e-9)
