"""Splits and dividends that the source lists, against what its prices do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from blportfolio.data.quality.evidence import Evidence, Track, day
from blportfolio.data.quality.findings import Finding
from blportfolio.data.quality.jumps import split_name
from blportfolio.data.quality.split_odds import log_t
from blportfolio.validation import FloatArray, IntArray

CLEAR = 6.0
"""Log odds from which one account of a listed event is taken for certain."""
SMALLEST_YIELD = 5e-4
"""Share of the price below which a dividend cannot be told from rounding."""
TRACES = 10.0
"""Log odds, over all dividends, from which prices without closes count as unadjusted."""


def check_splits(evidence: Evidence) -> Iterator[Finding]:
    """Find listed splits that prices still show, or that were taken out of them twice."""
    splits = evidence.frame("splits")
    if splits is None:
        return
    for track in evidence.tracks(fewest=8):
        listed = splits[track.rows, track.column]
        usable = np.isfinite(listed) & (listed > 0) & (np.abs(listed - 1) > 0.01)
        for position in np.flatnonzero(usable):
            if position == 0:
                continue
            ratio = float(listed[position])
            step = abs(np.log(ratio))
            scale = track.scale(int(position))
            if step < 4 * scale:
                continue
            move = float(track.excess[position])
            shown, hidden, twice = (
                float(log_t(move + shift, scale, 3)) for shift in (np.log(ratio), 0, -np.log(ratio))
            )
            if shown - max(hidden, twice) > CLEAR:
                yield _split(evidence, track, int(position), ratio, applied_twice=False)
            elif twice - max(hidden, shown) > CLEAR:
                yield _split(evidence, track, int(position), ratio, applied_twice=True)


def _split(
    evidence: Evidence, track: Track, position: int, ratio: float, *, applied_twice: bool
) -> Finding:
    when = evidence.date(track, position)
    before, after = track.prices[position - 1], track.prices[position]
    return Finding(
        kind="splits_applied_twice" if applied_twice else "splits_not_applied",
        severity="serious",
        message=f"{track.asset} has a {split_name(ratio)} split on {day(when)} that its prices "
        + ("had taken out twice" if applied_twice else "still show")
        + f": {before:g} before, {after:g} then.",
        cause="The prices before it were divided by the ratio twice, or the wrong way round."
        if applied_twice
        else "The prices before it were not divided by the ratio.",
        remedy=f"{'Multiply' if applied_twice else 'Divide'} the prices before {day(when)} by "
        f"{ratio:.6g}.",
        ticker=track.asset,
        date=when,
        size=ratio,
        fixable=not applied_twice,
    )


def check_dividends(evidence: Evidence) -> Iterator[Finding]:
    """Find dividends that the adjusted prices leave out or count twice."""
    dividends = evidence.frame("dividends")
    if dividends is None:
        return
    close = evidence.frame("close")
    for track in evidence.tracks(fewest=8):
        paid = np.nan_to_num(dividends[track.rows, track.column])
        events = np.flatnonzero(paid > 0)
        events = events[events > 0]
        quoted = track.prices if close is None else close[track.rows, track.column]
        with np.errstate(divide="ignore", invalid="ignore"):
            yields = paid[events] / quoted[events - 1]
        clear = (yields > SMALLEST_YIELD) & (yields < 0.9)
        events, yields = events[clear], yields[clear]
        if not len(events):
            continue
        if close is None:
            yield from _traces(evidence, track, events, yields)
        else:
            yield from _against_closes(evidence, track, quoted, events, yields)


def _traces(
    evidence: Evidence, track: Track, events: IntArray, yields: FloatArray
) -> Iterator[Finding]:
    """Judge prices without closes: unadjusted ones fall by the dividend on its date."""
    scales = np.array([track.scale(int(event)) for event in events])
    moves = track.excess[events] / scales
    falls = yields / scales
    odds = float(np.sum(moves**2 - (moves + falls) ** 2) / 2)
    if odds > TRACES:
        yield _all_missing(evidence, track, events, yields, "warning")


def _against_closes(
    evidence: Evidence, track: Track, quoted: FloatArray, events: IntArray, yields: FloatArray
) -> Iterator[Finding]:
    """Compare each dividend with the step of the adjustment, prices ÷ closes, on its date."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.log(track.prices / quoted)
    step = np.zeros_like(factor)
    step[1:] = factor[1:] - factor[:-1]
    splits = evidence.frame("splits")
    if splits is not None:  # closes that are not adjusted for splits step by them too
        ratio = splits[track.rows, track.column]
        ratio = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
        shown = np.abs(step - np.log(ratio)) < np.abs(step)
        step = np.where(shown, step - np.log(ratio), step)
    counted = step[events] / -np.log1p(-yields)
    rounding = 3 * track.tick / track.prices[events] / yields + 0.05
    clear = np.isfinite(counted) & (rounding < 0.3)
    skipped = clear & (np.abs(counted) < np.maximum(rounding, 0.2))
    twice = clear & (np.abs(counted - 2) < np.maximum(rounding, 0.2))
    if skipped.sum() >= max(1, 0.8 * clear.sum()):
        yield _all_missing(evidence, track, events[skipped], yields[skipped], "serious")
        skipped = np.zeros_like(skipped)
    for number in np.flatnonzero(skipped | twice):
        when = evidence.date(track, int(events[number]))
        verb = "is missing from" if skipped[number] else "was counted twice in"
        yield Finding(
            kind="unadjusted_dividend",
            severity="serious",
            message=f"The dividend of {track.asset} on {day(when)}, {yields[number]:.2%} of its "
            f"price, {verb} the adjusted prices.",
            cause="The adjustment left out one dividend, or applied it again.",
            remedy="Take adjusted closes again from the source.",
            ticker=track.asset,
            date=when,
            size=float(yields[number]),
        )


def _all_missing(
    evidence: Evidence, track: Track, events: IntArray, yields: FloatArray, severity: str
) -> Finding:
    total = float(yields.sum())
    return Finding(
        kind="unadjusted_dividend",
        severity="serious" if severity == "serious" else "warning",
        message=f"{len(events)} dividends of {track.asset}, {total:.1%} of its price in all, are "
        "missing from the adjusted prices.",
        cause="Closes were taken for adjusted closes.",
        remedy="Take adjusted closes, or add the dividends to the returns.",
        ticker=track.asset,
        date=evidence.date(track, int(events[0])),
        end=evidence.date(track, int(events[-1])),
        size=total,
    )
