"""Splits and dividends that the source lists, against what its prices do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from blportfolio.data.quality.evidence import Evidence, Track, day
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.data.quality.split_odds import log_t, split_name
from blportfolio.validation import FloatArray, IntArray

CLEAR = 6.0
"""Log odds from which one account of a listed event is taken for certain."""
SMALLEST_YIELD = 5e-4
"""Share of the price below which a dividend cannot be told from rounding."""
TRACES = 10.0
"""Log odds, over the dividends of one asset, from which its prices count as unadjusted."""
BASIS, USUAL = 8.0, 4.0
"""Usual moves that adjusted prices span while the closes move by no more than the other."""
SMALLEST_BASIS = 0.05


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
    unclear: list[tuple[Track, IntArray, FloatArray, float]] = []
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
            odds = _traces(track, events, yields)
            if odds > TRACES:
                yield _all_missing(evidence, [(track, events, yields)], "warning")
            else:
                unclear.append((track, events, yields, odds))
        else:
            yield from _against_closes(evidence, track, quoted, events, yields)
    if len(unclear) > 1:
        # One source adjusts all of its prices or none, so that their traces add up.
        odds = sum(one[-1] for one in unclear)
        if odds > CLEAR:
            yield _all_missing(evidence, [one[:3] for one in unclear], "warning")
            return
    doubtful = [one[:3] for one in unclear if abs(one[-1]) < CLEAR]
    if doubtful and abs(sum(one[-1] for one in unclear)) < CLEAR:
        missing = _all_missing(evidence, doubtful, "note")
        yield replace(
            missing,
            message=missing.message.replace("missing from", "in, or missing from,"),
            cause="There is one column of prices, whose moves do not tell whether it is adjusted.",
        )


def _traces(track: Track, events: IntArray, yields: FloatArray) -> float:
    """Return the log odds that prices without closes fell by the dividends, so are unadjusted."""
    scales = np.array([track.scale(int(event)) for event in events])
    moves = track.excess[events] / scales
    falls = yields / scales
    # Heavy tails, so that news on one such day does not decide.
    return float(np.sum(log_t(moves + falls, 1.0, 4) - log_t(moves, 1.0, 4)))


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
        yield _all_missing(evidence, [(track, events[skipped], yields[skipped])], "serious")
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
    evidence: Evidence, parts: list[tuple[Track, IntArray, FloatArray]], severity: Severity
) -> Finding:
    count = sum(len(events) for _, events, _ in parts)
    total = float(np.mean([yields.sum() for _, _, yields in parts]))
    who = parts[0][0].asset if len(parts) == 1 else f"{len(parts)} assets"
    whose = "its price in all" if len(parts) == 1 else "a price in all, on average"
    days = [evidence.date(track, int(event)) for track, events, _ in parts for event in events]
    return Finding(
        kind="unadjusted_dividend",
        severity=severity,
        message=f"{count} dividend{'s' if count > 1 else ''} of {who}, {total:.1%} of {whose}, "
        f"{'are' if count > 1 else 'is'} missing from the adjusted prices.",
        cause="Closes were taken for adjusted closes.",
        remedy="Take adjusted closes, or let them be made (adjust=True, --adjust).",
        ticker=parts[0][0].asset if len(parts) == 1 else None,
        date=min(days),
        end=max(days) if count > 1 else None,
        size=total,
    )


def check_adjustment(evidence: Evidence) -> Iterator[Finding]:
    """Find dates on which adjusted prices jump though the closes do not: another basis."""
    close = evidence.frame("close")
    if close is None:
        return
    for track in evidence.tracks(fewest=8):
        quoted = close[track.rows, track.column]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.diff(np.log(quoted), prepend=np.nan)
        apart = np.abs(track.returns - steps) > SMALLEST_BASIS
        for position in np.flatnonzero(apart & (np.abs(track.returns) > SMALLEST_BASIS)).tolist():
            scale = track.scale(position)
            if (
                abs(track.excess[position]) < BASIS * scale
                or not abs(steps[position]) < USUAL * scale
            ):
                continue
            if position + 1 < len(steps) and abs(track.returns[position + 1]) > BASIS * scale / 2:
                continue  # one bad print, which comes back
            when, ratio = evidence.date(track, position), float(np.exp(track.returns[position]))
            yield Finding(
                kind="mixed_scale",
                severity="serious",
                message=f"The adjusted prices of {track.asset} go from "
                f"{track.prices[position - 1]:g} to {track.prices[position]:g} on {day(when)} "
                f"({ratio - 1:+.1%}), though its closes do not.",
                cause="Adjusted prices of two downloads, or raw ones, were joined there.",
                remedy="Take adjusted closes again for all dates from one source.",
                ticker=track.asset,
                date=when,
                size=ratio,
            )
