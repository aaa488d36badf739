"""Stretches of one series that belong elsewhere: of another asset, of other dates, a day apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from blportfolio.data.exchanges import runs
from blportfolio.data.quality.evidence import FEWEST_FOR_MARKET, Evidence, Track, day, trimmed_scale
from blportfolio.data.quality.findings import Finding, Severity
from blportfolio.data.sessions import suffix_of
from blportfolio.validation import BoolArray, FloatArray

BLOCK = 60
"""Returns a block; a stretch of twice as many fills one wherever it lies."""
CANDIDATE = 0.95
"""Correlation in a block from which a pair is looked at return by return."""
FEWEST_EQUAL = 40
"""Equal returns in a row from which two series are one there."""
WHOLE = 0.9
"""Share of the dates that two assets share above which they are one series, not one in part."""
WORD = 8
"""Prices in a row that are looked up among the earlier ones of an asset."""
FINE = 1e-3
"""Returns as near as this count as equal by chance, as prices may move by coarse ticks."""
CHANCE = 10.0
"""Bits beyond those that tell all pairs of dates apart: once in a thousand series by chance."""
YEAR, STEP = 250, 125
"""Returns in a window in which shifts are looked for, and from one window to the next."""
FEWEST_RETURNS = 120
LED, AS_OTHERS = 0.25, 0.6
"""Correlation with the market of another day that shows a shift: at least, and as a share of what
the other assets have with the market of their own day."""
ERRORS = 5.0
"""Standard errors by which it exceeds the correlation with the market of the same day."""


def check_shared_stretches(evidence: Evidence) -> Iterator[Finding]:
    """Find pairs of names that hold one series for a part of their history."""
    returns = evidence.log_returns
    n_dates, n_assets = returns.shape
    if n_assets < 2 or n_dates < BLOCK:
        return
    moves = np.clip(np.nan_to_num(returns), -0.2, 0.2).astype(np.float32)
    pairs: set[tuple[int, int]] = set()
    for start in range(0, n_dates - BLOCK + 1, BLOCK):
        block = moves[start : start + BLOCK]
        norms = np.sqrt((block**2).sum(axis=0))
        directions = block / np.where(norms > 0, norms, np.float32(1))
        alike = np.triu(directions.T @ directions > CANDIDATE, 1)
        pairs.update((first, second) for first, second in np.argwhere(alike).tolist())
    tracks = {track.column: track for track in evidence.all_tracks}
    for first, second in sorted(pairs):
        if first in tracks and second in tracks:
            yield from _stretches(evidence, tracks[first], tracks[second])


def _stretches(evidence: Evidence, one: Track, two: Track) -> Iterator[Finding]:
    """Yield stretches in which all returns of a pair are equal, but for the rounding of prices."""
    x, y = (evidence.log_returns[:, track.column] for track in (one, two))
    both = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore"):
        rounding = _rounding(evidence, one) + _rounding(evidence, two)
        equal = both & (np.abs(x - y) <= rounding + 1e-7)
        moved = both & ((np.abs(x) > 1e-12) | (np.abs(y) > 1e-12))
    for first, last in runs(equal):
        rows = slice(first, last + 1)
        counted = moved[rows]
        if counted.sum() < FEWEST_EQUAL or (counted.sum() > WHOLE * moved.sum()):
            continue
        # Prices too coarse for their moves are equal by chance.
        if trimmed_scale(x[rows][counted]) < 5 * float(np.max(rounding[rows])):
            continue
        yield _shared(evidence, one, two, first, last, begins=not moved[:first].any())


def _rounding(evidence: Evidence, track: Track) -> FloatArray:
    """(n_dates,) how far the rounding of prices may move a return."""
    prices = evidence.prices[:, track.column]
    return np.asarray(track.tick / np.fmin(prices, np.roll(prices, 1)))


def _shared(
    evidence: Evidence, one: Track, two: Track, first: int, last: int, *, begins: bool
) -> Finding:
    name, other = sorted((one.asset, two.asset))
    when, until = evidence.dates[max(first - 1, 0)], evidence.dates[last]
    length = last - first + 1
    severity: Severity = "warning" if begins else "serious"
    if begins and other.startswith(re.split(r"[.\-/ ]", name)[0]):
        severity = "note"  # classes of one company, of which the later has the past of the other
    return Finding(
        kind="look_alike",
        severity=severity,
        message=f"{name} and {other} hold one series, up to a factor, from {day(when)} to "
        f"{day(until)}: {length} returns in a row are equal, and then they are not.",
        cause="The history of one was filled in with the other, before it was listed."
        if begins
        else "Rows of one were copied into the other.",
        remedy="Take those dates of both from their source, or leave out the copied part.",
        ticker=name,
        date=when,
        end=until,
        size=length / max(1, min(len(one.rows), len(two.rows)) - 1),
    )


def check_pasted(evidence: Evidence) -> Iterator[Finding]:
    """Find stretches of one asset's prices that stand a second time under other dates."""
    others = len(evidence.assets) > 1
    for track in evidence.tracks(fewest=4 * WORD):
        for first, last, back in _repeats(track):
            rows = track.rows[first : last + 1]
            earlier = track.rows[first - back : last + 1 - back]
            if others and _all_repeat(evidence, rows, earlier):
                continue  # whole rows, which `check_repeated_rows` finds
            when, until = evidence.date(track, first), evidence.date(track, last)
            yield Finding(
                kind="duplicate_rows",
                severity="serious",
                message=f"{track.asset} repeats from {day(when)} to {day(until)} its "
                f"{last - first + 1} prices from {day(evidence.date(track, first - back))}.",
                cause="A stretch was pasted twice under different dates.",
                remedy="Take those dates again from the source.",
                ticker=track.asset,
                date=when,
                end=until,
                size=float(last - first + 1),
            )


def _repeats(track: Track) -> Iterator[tuple[int, int, int]]:
    """Yield first and last position of each repeated stretch, and how far back it stood."""
    prices = track.prices
    count = len(prices) - WORD + 1
    steps = np.diff(prices)
    moved = np.abs(steps) > 1e-12 * prices[1:]
    if moved.sum() < WORD:
        return
    # Odd multipliers make of each word of prices one number; equal words have equal numbers.
    odd = np.random.default_rng(WORD).integers(1, 2**62, WORD, dtype=np.uint64) * 2 + 1
    bits = pd.util.hash_array(prices)
    words = sum((bits[k : k + count] * odd[k] for k in range(WORD)), np.zeros(count, np.uint64))
    _, index, inverse = np.unique(words, return_index=True, return_inverse=True)
    shift = np.arange(count) - index[inverse]
    if not (shift > 0).any():
        return
    changes = np.convolve(moved, np.ones(WORD - 1), mode="valid") >= WORD / 2
    needed = 2 * np.log2(len(prices)) + CHANCE
    same = np.concatenate([[False], shift[1:] == shift[:-1]])
    for start, end in runs((shift > 0) & changes):
        cuts = [start, *(k for k in range(start + 1, end + 1) if not same[k]), end + 1]
        for a, b in pairwise(cuts):
            last = b - 1 + WORD - 1
            if shift[a] >= WORD and moved[a:last].sum() * _told(track, a) > needed:
                yield a, last, int(shift[a])


def _told(track: Track, position: int) -> float:
    """Return the bits that an equal return says, from how often those around are nearly equal."""
    around = track.returns[max(1, position - YEAR) : position + YEAR]
    _, often = np.unique(np.round(around / FINE), return_counts=True)
    return float(-np.log2(np.sum((often / often.sum()) ** 2)))


def _all_repeat(evidence: Evidence, rows: np.ndarray, earlier: np.ndarray) -> bool:
    now, then = evidence.values[rows], evidence.values[earlier]
    return bool(np.mean(np.all((now == then) | (np.isnan(now) & np.isnan(then)), axis=1)) > 0.5)


def check_shifted_dates(evidence: Evidence) -> Iterator[Finding]:
    """Find assets that move with the others of the day before, or of the day after."""
    if len(evidence.assets) < FEWEST_FOR_MARKET or not evidence.is_daily:
        return
    for lag in (1, -1):
        shifted = _shifted(evidence, lag)
        if shifted.any(axis=0).mean() > 0.5:
            continue  # the others are no yardstick where most of them differ
        for column in np.flatnonzero(shifted.any(axis=0)).tolist():
            known = np.flatnonzero(np.isfinite(evidence.prices[:, column]))
            for first, last in runs(shifted[:, column]):
                rows = (first * STEP, min(last * STEP + YEAR, len(evidence.dates)) - 1)
                rows = (max(rows[0], known[0]), min(rows[1], known[-1]))
                whole = rows[1] - rows[0] > WHOLE * (known[-1] - known[0])
                yield _shift(evidence, column, rows, lag, whole=whole)


def _shifted(evidence: Evidence, lag: int) -> BoolArray:
    """Return, by year of returns and asset, whether it moves with the market of another day."""
    returns = np.clip(evidence.log_returns, -0.2, 0.2)
    market = np.where(evidence.market == 0, np.nan, evidence.market)
    other = pd.Series(market).shift(lag).to_numpy()
    starts = range(0, max(len(returns) - FEWEST_RETURNS, 0) + 1, STEP)
    found = np.zeros((len(starts), returns.shape[1]), dtype=bool)
    for number, start in enumerate(starts):
        block = slice(start, start + YEAR)
        count = np.isfinite(returns[block]).sum(axis=0)
        led = _correlation(returns[block], other[block])
        own = _correlation(returns[block], market[block])
        clear = led - np.abs(own) > ERRORS / np.sqrt(np.maximum(count, 1))
        enough = count >= FEWEST_RETURNS
        if enough.any():
            least = max(LED, AS_OTHERS * float(np.median(own[enough])))
            found[number] = enough & clear & (led > least)
    return found


def _correlation(returns: FloatArray, market: FloatArray) -> FloatArray:
    both = np.isfinite(returns) & np.isfinite(market)[:, None]
    x, y = np.where(both, returns, 0.0), np.where(both, market[:, None], 0.0)
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    return np.asarray((x * y).sum(axis=0) / np.where(size > 0, size, 1.0))


def _shift(
    evidence: Evidence, column: int, rows: tuple[int, int], lag: int, *, whole: bool
) -> Finding:
    asset = evidence.assets[column]
    when, until = evidence.dates[rows[0]], evidence.dates[rows[1]]
    severity: Severity = "warning" if whole else "serious"
    if whole and lag > 0 and suffix_of(asset):
        severity = "note"  # an exchange that closes before the others open
    return Finding(
        kind="shifted_dates",
        severity=severity,
        message=f"{asset} moves with what the others did a date "
        f"{'before' if lag > 0 else 'later'}, about from {day(when)} to {day(until)}.",
        cause="Its dates are shifted by one"
        + (", or its exchange closes before the others open." if lag > 0 else "."),
        remedy="Compare a few of its dates with another source"
        + (", and shift it back." if lag > 0 else ": it knows the next day."),
        ticker=asset,
        date=when,
        end=until,
        size=float(lag),
    )
