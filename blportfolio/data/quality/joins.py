"""Breaks of several assets on one date: two sources joined, or columns that changed places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
import pandas as pd

from blportfolio.data.quality.evidence import FEWEST_FOR_MARKET, Evidence, Track, day
from blportfolio.data.quality.findings import Finding
from blportfolio.validation import BoolArray, FloatArray

BEFORE, AFTER, FEWEST_BEFORE = 60, 10, 10
"""Returns before and after a date from which its usual size is taken."""
SMALLEST_STEP, SMALLEST_SPREAD = 0.05, 0.1
"""Log move of the median asset, and distance of the median asset from it, that a join leaves; in
crashes the second stays below 0.06."""
COMMON, OUT_OF_SIZE, OWN = 14.0, 10.0, 8.0
"""A common step is so many times the spread of the assets on that date, in no crash more than 9
among shares, and so many times the usual step; a spread is so many times the usual one."""
AFTERMATH = 2.5
"""Times by which moves stay larger after a crash, whose like is no join."""
SWAPPED_MOVES = 7.5
"""Median moves from which a jump may be a swap."""
NEAR = 2.5
"""Usual moves of both within which one asset goes on where the other was."""
BY_CHANCE = 0.01
"""Pairs of assets that may fit by chance, in the whole of the data, as well as one that counts."""


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
        apart = (spread > SMALLEST_SPREAD) & (spread > OWN * usual_spread) & _calm(spread)
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
    moves: list[FloatArray] = []
    by_row: dict[int, list[tuple[Track, int, float]]] = {}
    for track in evidence.all_tracks:
        size = np.abs(track.excess[1:])
        moves.append(size / max(float(np.median(size)), 1e-6))
        for position in (np.flatnonzero(moves[-1] > SWAPPED_MOVES) + 1).tolist():
            jump = (track, position, float(moves[-1][position - 1]))
            by_row.setdefault(int(track.rows[position]), []).append(jump)
    if len(moves) < 2:
        return
    ordered = np.sort(np.concatenate(moves))
    swaps: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row, jumps in sorted(by_row.items()):
        if len(jumps) > 1:
            for pair, chance in _swaps(jumps, ordered):
                swaps.setdefault(pair, []).append((row, chance * len(evidence.dates)))
    pairs = len(moves) ** 2 / 2
    for (name, other), fits in sorted(swaps.items()):
        for (row, chance), back in zip_longest(fits[::2], fits[1::2]):
            # A pair that also changes back fits twice.
            if pairs * chance * (1.0 if back is None else back[1]) < BY_CHANCE:
                yield _swapped(evidence, name, other, row, None if back is None else back[0])


def _swaps(
    jumps: list[tuple[Track, int, float]], ordered: FloatArray
) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield pairs of assets that jump on one date, each to where the other was.

    With each pair comes how probable it is by chance: jumps of both sizes, as often as the
    `ordered` sizes of all moves say, that end so near.
    """
    now = np.array([np.log(track.prices[k]) for track, k, _ in jumps])
    before = np.array([np.log(track.prices[k - 1]) for track, k, _ in jumps])
    scales = np.array([track.scale(k) for track, k, _ in jumps])
    drift = np.array([track.returns[k] - track.excess[k] for track, k, _ in jumps])
    into = np.abs((now - drift)[:, None] - before[None, :])  # i goes on where j was
    near = NEAR * np.sqrt(scales[:, None] ** 2 + scales[None, :] ** 2)
    jump = np.abs(now - drift - before)
    smaller = np.minimum(jump[:, None], jump[None, :])
    sizes = np.array([size for _, _, size in jumps])
    rarity = 1 - np.searchsorted(ordered, sizes) / len(ordered)
    chance = rarity[:, None] * rarity[None, :] * (near / np.maximum(smaller, near)) ** 2
    fits = np.triu((into < near) & (near > into.T) & (smaller > 1.5 * near), 1)
    for first, second in np.argwhere(fits).tolist():
        one, two = sorted((jumps[first][0].asset, jumps[second][0].asset))
        yield (one, two), float(chance[first, second])


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
