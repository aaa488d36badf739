"""Copies: one series under two names, and blocks of rows that stand twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from blportfolio.data.exchanges import runs
from blportfolio.data.quality.evidence import Evidence, day, trimmed_scale
from blportfolio.data.quality.findings import Finding
from blportfolio.validation import FloatArray

FEWEST_MOVES = 20
"""Returns that two series must share before they can be called one."""
ALIKE = 0.95
"""Share of equal returns from which two names hold one series; share classes stay far below."""
CORRELATED = 0.97
NEAR = 20
"""Rows within which equal values are counted."""
CHANCE = 10.0
"""Bits beyond those that tell all pairs of rows apart: once in a thousand files by chance."""


def check_same_series(evidence: Evidence) -> Iterator[Finding]:
    """Find two names that hold one series: equal, scaled, upside down, or a date apart."""
    returns = evidence.log_returns
    n_dates, n_assets = returns.shape
    if n_assets < 2 or n_dates < FEWEST_MOVES:
        return
    seen: set[tuple[int, int]] = set()
    for lag in (0, 1):
        correlation = _correlations(returns[lag:], returns[: n_dates - lag])
        pairs = np.argwhere(np.abs(correlation) > CORRELATED)
        for later, earlier in pairs.tolist():
            pair = (min(later, earlier), max(later, earlier))
            if later == earlier or pair in seen:
                continue
            # In a permuted universe the same name must come first.
            if lag == 0 and evidence.assets[later] < evidence.assets[earlier]:
                later, earlier = earlier, later
            sign = 1 if correlation[later, earlier] > 0 else -1
            finding = _same(evidence, later, earlier, lag, sign)
            if finding is not None:
                seen.add(pair)
                yield finding


def _correlations(left: FloatArray, right: FloatArray) -> FloatArray:
    """Correlations about zero of every column of one with every column of another."""
    has_left, has_right = np.isfinite(left), np.isfinite(right)
    # One bad print must not hide that all other returns agree.
    x = np.clip(np.where(has_left, left, 0.0), -0.2, 0.2)
    y = np.clip(np.where(has_right, right, 0.0), -0.2, 0.2)
    own_left = (x**2).T @ has_right.astype(float)
    own_right = has_left.T.astype(float) @ (y**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (x.T @ y) / np.sqrt(own_left * own_right)
    return np.asarray(np.nan_to_num(ratio))


def _same(evidence: Evidence, later: int, earlier: int, lag: int, sign: int) -> Finding | None:
    """Judge a pair whose returns are nearly proportional."""
    n_dates = len(evidence.dates)
    x, y = evidence.log_returns[lag:, later], evidence.log_returns[: n_dates - lag, earlier]
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], sign * y[both]
    moved = (np.abs(x) > 1e-12) | (np.abs(y) > 1e-12)
    if moved.sum() < FEWEST_MOVES:
        return None
    levels = evidence.prices[:, [later, earlier]]
    equal = bool(np.array_equal(levels[:, 0], levels[:, 1], equal_nan=True)) and lag == 0
    tolerance = _rounding(evidence, later) + _rounding(evidence, earlier) + 1e-7
    # Prices too coarse for their moves are nearly equal by chance.
    if not equal and trimmed_scale(x[moved]) < 5 * tolerance:
        return None
    share = float(np.mean(np.abs(x - y)[moved] <= tolerance))
    if share < ALIKE:
        return None
    name, other = evidence.assets[later], evidence.assets[earlier]
    twins = lag == 0 and sign == 1 and _is_twice(name, other)
    if twins and equal:
        drop = max(name, other, key=lambda text: (len(text), text))
        keep = other if drop == name else name
        return Finding(
            kind="duplicate_columns",
            severity="serious",
            message=f"{drop} is {keep} once more, on all {int(both.sum())} dates.",
            cause="A column stands twice.",
            remedy=f"Drop {drop}.",
            ticker=drop,
            size=float(both.sum()),
            fixable=_frames_equal(evidence, drop, keep),
        )
    how = "" if equal else ", up to a factor"
    if sign < 0:
        how = ", upside down"
    if lag:
        how = f", one date later: {name} repeats what {other} did before"
    return Finding(
        kind="look_alike",
        severity="serious",
        message=f"{name} and {other} hold one series{how}: {share:.1%} of their returns are equal.",
        cause="The same asset in another unit or under another name; dates shifted by one."
        if lag
        else "A column was copied, or one asset has two names.",
        remedy="Drop one of them, or read it again from its source."
        if not lag
        else "Align the dates of one with those of its source.",
        ticker=name,
        date=evidence.dates[0],
        size=share,
    )


def _is_twice(name: str, other: str) -> bool:
    """Whether names differ by what readers add to a repeated one (AAPL.1, AAPL_2) or by case."""
    long, short = sorted((name.strip().casefold(), other.strip().casefold()), key=len, reverse=True)
    return long == short or re.sub(r"([._ -]\d{1,2}| ?\(\d{1,2}\))$", "", long) == short


def _frames_equal(evidence: Evidence, name: str, other: str) -> bool:
    frames = evidence.bars.frames().values()
    return all(frame[name].equals(frame[other].rename(name)) for frame in frames)


def _rounding(evidence: Evidence, column: int) -> float:
    """Return how far the rounding of prices may move a return."""
    track = next((t for t in evidence.all_tracks if t.column == column), None)
    return 0.0 if track is None else track.tick / float(np.median(track.prices))


def check_repeated_rows(evidence: Evidence) -> Iterator[Finding]:
    """Find blocks of rows that were pasted a second time under other dates."""
    frames = [evidence.values]
    frames += [f for n in ("open", "high", "low", "volume") if (f := evidence.frame(n)) is not None]
    table = np.column_stack(frames)
    bits = np.isfinite(table) @ _bits(table)
    hashed = pd.util.hash_pandas_object(pd.DataFrame(table), index=False).to_numpy()
    first = pd.Series(np.arange(len(hashed))).groupby(hashed).transform("first").to_numpy()
    shift = np.arange(len(hashed)) - first
    # A block repeats rows that lie one fixed distance back, and says too much to do so by chance;
    # rows that only stand still are stale.
    needed = 2 * np.log2(len(table)) + CHANCE
    same = np.concatenate([[False], shift[1:] == shift[:-1]])
    for start, end in runs(shift > 0):
        cuts = [start, *(k for k in range(start + 1, end + 1) if not same[k]), end + 1]
        for a, b in pairwise(cuts):
            if shift[a] > 1 and bits[a:b].sum() > needed:
                yield _block(evidence, a, b - 1, int(shift[a]))
    yield from _repeated_bars(evidence)


def _bits(table: FloatArray) -> FloatArray:
    """Return how much an equal value says in each column, from how often values near are equal."""
    equal = [np.mean(table[k:] == table[:-k], axis=0) for k in range(2, NEAR) if k < len(table)]
    by_chance = np.mean(equal, axis=0) if equal else np.ones(table.shape[1])
    return np.asarray(-np.log2(np.maximum(by_chance, 1 / len(table))))


def _block(evidence: Evidence, first: int, last: int, back: int) -> Finding:
    length = last - first + 1
    when, source = evidence.dates[first], evidence.dates[first - back]
    return Finding(
        kind="duplicate_rows",
        severity="serious",
        message=f"{length} row{'s' if length > 1 else ''} from {day(when)} repeat those from "
        f"{day(source)}, all assets alike.",
        cause="Rows were pasted twice under different dates.",
        remedy="Take those dates again from the source.",
        date=when,
        end=None if length == 1 else evidence.dates[last],
        size=float(length),
    )


def _repeated_bars(evidence: Evidence) -> Iterator[Finding]:
    """Find single bars, volume included, that repeat the bar of the date before."""
    opens, high, low, volume = (evidence.frame(n) for n in ("open", "high", "low", "volume"))
    if opens is None or high is None or low is None or volume is None:
        return
    close = evidence.quoted
    same = np.zeros(close.shape, dtype=bool)
    same[1:] = (volume[1:] == volume[:-1]) & (volume[1:] > 0) & (high[1:] > low[1:])
    for frame in (opens, high, low, close):
        same[1:] &= frame[1:] == frame[:-1]
    for column in np.flatnonzero(same.any(axis=0)).tolist():
        asset = evidence.assets[column]
        for first, last in runs(same[:, column]):
            when = evidence.dates[first]
            yield Finding(
                kind="duplicate_rows",
                severity="serious",
                message=f"The bar of {asset} on {day(when)} repeats the one before in all fields, "
                "volume included.",
                cause="A bar was copied to another date.",
                remedy="Take the bar again from its source.",
                ticker=asset,
                date=when,
                end=None if first == last else evidence.dates[last],
                size=float(last - first + 1),
            )
