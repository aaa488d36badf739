"""Breaks of several assets on one date: two sources joined, or columns that changed places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.quality.evidence import FEWEST_FOR_MARKET, Evidence, Track, day
from blportfolio.data.quality.findings import Finding
from blportfolio.validation import BoolArray, FloatArray

BEFORE, AFTER, FEWEST_BEFORE = 60, 10, 10
"""Returns before and after a date from which its usual size is taken."""
SMALLEST_STEP = 0.05
"""Log move of the median asset, or distance of the median asset from it, that a join leaves."""
COMMON, OWN, OUT_OF_SIZE = 14.0, 14.0, 10.0
"""A common step is so many times the spread of the assets on that date, in no crash so far more
than 9 among shares; a spread is so many times its usual size, in no crash more than 8; and a step
so many times the usual move of the median asset."""
AFTERMATH = 2.5
"""Times by which moves stay larger after a crash, whose like is no join."""
SWAPPED_MOVES = 5.0
"""Usual moves from which a jump may be a swap."""
NEAR = 2.5
"""Usual moves of both within which one asset goes on where the other was."""
ONCE, AND_BACK = 4.0, 1.5
"""Times by which jumps exceed what is near: in a swap for good, and in one that ends; among
hundreds of assets some fit once by chance."""


def check_joins(evidence: Evidence) -> Iterator[Finding]:
    """Find dates on which the level of most assets changes, alike or each by its own factor.

    In a crash assets fall by different amounts, and move more than usual afterwards; where two
    sources were joined the step is exactly one, or comes with no other sign of news.
    """
    returns = evidence.log_returns
    count = np.isfinite(returns).sum(axis=1)
    usable = count >= FEWEST_FOR_MARKET
    if usable.sum() < FEWEST_BEFORE:
        return
    median = np.full(len(returns), np.nan)
    median[usable] = np.nanmedian(returns[usable], axis=1)
    spread = np.full(len(returns), np.nan)
    spread[usable] = np.nanmedian(np.abs(returns[usable] - median[usable, None]), axis=1)
    step = np.abs(median)
    with np.errstate(divide="ignore", invalid="ignore"):
        usual_spread, usual_step = _around(spread), _around(step)
        # The spread on the date itself may be small by chance.
        alike = (step > SMALLEST_STEP) & (step > COMMON * np.fmax(spread, usual_spread / 2))
        alike &= (step > OUT_OF_SIZE * usual_step) & _calm(step)
        apart = (spread > SMALLEST_STEP) & (spread > OWN * usual_spread) & _calm(spread)
    for row in np.flatnonzero(alike | apart).tolist():
        factor = float(np.exp(median[row]))
        yield _join(evidence, row, factor, int(count[row]), alike=bool(alike[row]))


def _around(sizes: FloatArray) -> FloatArray:
    """Return the larger of the medians before and after each row, itself left out."""
    series = pd.Series(sizes)
    window = series.rolling(BEFORE, min_periods=FEWEST_BEFORE)
    before = window.median().shift(1)
    after = series[::-1].rolling(BEFORE, min_periods=FEWEST_BEFORE).median().shift(1)[::-1]
    return np.asarray(np.fmax(before.to_numpy(), after.to_numpy()))


def _calm(sizes: FloatArray) -> BoolArray:
    """Whether sizes soon after each row are no larger than they were before."""
    series = pd.Series(sizes)
    before = series.rolling(BEFORE, min_periods=FEWEST_BEFORE).mean().shift(1)
    after = series[::-1].rolling(AFTER, min_periods=1).mean().shift(1)[::-1]
    return np.asarray(~(after > AFTERMATH * before))


def _join(evidence: Evidence, row: int, factor: float, count: int, *, alike: bool) -> Finding:
    when = evidence.dates[row]
    return Finding(
        kind="joined_sources",
        severity="serious",
        message=f"On {day(when)} the level of most of {count} assets changes at once, "
        + (
            f"alike, by the factor {factor:.4g}."
            if alike
            else "each by another factor, and no news follows."
        ),
        cause="Another currency or unit from that date on."
        if alike
        else "Two sources were joined: adjusted closes beside raw ones, or of different days.",
        remedy="Take all dates from one source, or scale one part to the other where they overlap.",
        date=when,
        size=factor,
    )


def check_swapped(evidence: Evidence) -> Iterator[Finding]:
    """Find two assets each of which goes on where the other was."""
    tracks = evidence.all_tracks
    by_row: dict[int, list[tuple[Track, int]]] = {}
    for track in tracks:
        size = np.abs(track.excess)
        # A swap of neighbours in level cannot be told from two moves.
        usual = max(float(np.median(size[1:])), 1e-6)
        large = size > SWAPPED_MOVES * usual
        for position in np.flatnonzero(large).tolist():
            by_row.setdefault(int(track.rows[position]), []).append((track, position))
    swaps: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for row, moved in sorted(by_row.items()):
        if len(moved) > 1:
            for pair, is_clear in _swaps(moved):
                swaps.setdefault(pair, []).append((row, is_clear))
    for (name, other), rows in sorted(swaps.items()):
        for start in range(0, len(rows), 2):
            row, is_clear = rows[start]
            end = rows[start + 1][0] if start + 1 < len(rows) else None
            if is_clear or end is not None:
                yield _swapped(evidence, name, other, row, end)


def _swaps(moved: list[tuple[Track, int]]) -> Iterator[tuple[tuple[str, str], bool]]:
    """Yield pairs among assets that jump on one date, each of which goes on where the other was.

    With each pair comes whether its jumps are so large that it fits by no chance.
    """
    now = np.array([np.log(track.prices[k]) for track, k in moved])
    before = np.array([np.log(track.prices[k - 1]) for track, k in moved])
    scales = np.array([track.scale(k) for track, k in moved])
    drift = np.array([track.returns[k] - track.excess[k] for track, k in moved])
    into = np.abs((now - drift)[:, None] - before[None, :])  # i goes on where j was
    near = NEAR * np.sqrt(scales[:, None] ** 2 + scales[None, :] ** 2)
    jump = np.abs(now - drift - before)
    beyond = np.minimum(jump[:, None], jump[None, :]) / near
    fits = np.triu((into < near) & (near > into.T) & (beyond > AND_BACK), 1)
    for first, second in np.argwhere(fits).tolist():
        one, two = sorted((moved[first][0].asset, moved[second][0].asset))
        yield (one, two), bool(beyond[first, second] > ONCE)


def _swapped(evidence: Evidence, name: str, other: str, row: int, end: int | None) -> Finding:
    when = evidence.dates[row]
    until = None if end is None else evidence.dates[end - 1]
    span = f"from {day(when)} on" if until is None else f"from {day(when)} to {day(until)}"
    rows = (len(evidence.dates) if end is None else end) - row
    return Finding(
        kind="swapped_columns",
        severity="serious",
        message=f"{name} and {other} change places {span}: each goes on where the other was.",
        cause="Columns in another order, or rows under the wrong ticker.",
        remedy=f"Exchange the two {span}, or take those dates again from the source.",
        ticker=name,
        date=when,
        end=until,
        size=float(rows),
    )
