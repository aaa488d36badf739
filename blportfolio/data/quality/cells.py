"""Single cells: prices that are not positive, missing, or outside of their own bar."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from blportfolio.data.exchanges import listed, runs
from blportfolio.data.quality.evidence import Evidence, day
from blportfolio.data.quality.findings import Finding
from blportfolio.validation import BoolArray, FloatArray, IntArray

ROUNDING = 5e-4
"""Share of the price by which rounded bars may contradict each other."""
WRONG_BAR = 0.01
"""Share of the price from which a bar that contradicts itself is seriously wrong."""
MANY_BARS = 0.2
"""Share of an asset's bars from which the bars as a whole are on another basis."""
MANY_STRETCHES, NO_PRICE = 3, 0.05
"""Stretches and share of values that are not positive above which a column holds no prices, and is
told once."""
LONGEST_MISSING = 4
"""Prices in a row that are missing; more are a gap in the calendar."""


def check_positive_prices(evidence: Evidence) -> Iterator[Finding]:
    """Find prices that are zero, negative or infinite."""
    wrong = np.isinf(evidence.values) | (evidence.values <= 0)
    for column in np.flatnonzero(wrong.any(axis=0)).tolist():
        asset = evidence.assets[column]
        if asset in evidence.excluded:
            continue
        stretches = runs(wrong[:, column])
        if len(stretches) > MANY_STRETCHES and wrong[:, column].mean() > NO_PRICE:
            yield _often_not_positive(evidence, column, wrong[:, column])
            continue
        for first, last in stretches:
            value = float(evidence.values[first, column])
            when, until = evidence.dates[first], evidence.dates[last]
            yield Finding(
                kind="non_positive_price",
                severity="serious",
                message=f"{asset} has the price {value:g} on {day(when)}"
                + ("." if first == last else f" and {last - first} more up to {day(until)}."),
                cause="A missing price written as a number."
                if value in (0.0, -1.0, -99.0, -999.0, -9999.0)
                else "A wrong sign, a failed division, or a future that traded below zero.",
                remedy="Leave it missing, or correct it from another source.",
                ticker=asset,
                date=when,
                end=None if first == last else until,
                size=value if np.isfinite(value) else None,
            )


def _often_not_positive(evidence: Evidence, column: int, wrong: BoolArray) -> Finding:
    asset, rows = evidence.assets[column], np.flatnonzero(wrong)
    values = evidence.values[:, column]
    lowest = float(np.nanmin(values))
    cumulated = bool(values[np.flatnonzero(~np.isnan(values))[0]] == 0)
    return Finding(
        kind="non_positive_price",
        severity="serious",
        message=f"{asset} is zero, negative or infinite on {len(rows)} of {len(wrong)} dates, the "
        f"first {day(evidence.dates[rows[0]])}; its lowest value is {lowest:g}.",
        cause="Returns cumulated from 0."
        if cumulated
        else "No price: a rate, a spread, a difference, or missing prices written as numbers.",
        remedy="Add what it began with, 1 (or 100 for percent), to all of its values."
        if cumulated
        else "Leave it out of the prices, or correct it from another source.",
        ticker=asset,
        date=evidence.dates[rows[0]],
        end=evidence.dates[rows[-1]],
        size=lowest if np.isfinite(lowest) else None,
    )


def check_missing(evidence: Evidence) -> Iterator[Finding]:
    """Find assets with no price at all, or with single prices missing inside their life."""
    known = ~np.isnan(evidence.values)
    holes = {
        column: _holes(known[:, column])
        for column in np.flatnonzero(~known.all(axis=0)).tolist()
        if known[:, column].any()
    }
    for column in np.flatnonzero(~known.any(axis=0)).tolist():
        asset = evidence.assets[column]
        yield Finding(
            kind="missing_price",
            severity="serious",
            message=f"{asset} has no price at all.",
            cause="A ticker the source does not know, or a column that could not be read.",
            remedy="Drop the asset, or correct its ticker.",
            ticker=asset,
            size=float(len(known)),
        )
    single = known.sum(axis=0) == 1
    for column in np.flatnonzero(single & (len(known) > 1)).tolist():
        yield Finding(
            kind="missing_price",
            severity="serious",
            message=f"{evidence.assets[column]} has one price only, on "
            f"{day(evidence.dates[int(np.argmax(known[:, column]))])}.",
            cause="It was listed on that date, or all others were lost.",
            remedy="Drop the asset: one price makes no return.",
            ticker=evidence.assets[column],
            date=evidence.dates[int(np.argmax(known[:, column]))],
            size=float(len(known) - 1),
        )
    for column, stretches in holes.items():
        short = [pair for pair in stretches if pair[1] - pair[0] < LONGEST_MISSING]
        for holiday in (False, True):
            rows = np.array(
                [
                    row
                    for first, last in short
                    for row in range(first, last + 1)
                    if bool(evidence.after_holidays[row, column]) == holiday
                ],
                dtype=int,
            )
            if len(rows):
                yield _missing(evidence, column, rows, holiday=holiday)


def _missing(evidence: Evidence, column: int, rows: IntArray, *, holiday: bool) -> Finding:
    """Tell prices that are missing on single dates, which only holidays of an exchange explain."""
    asset, when, count = evidence.assets[column], evidence.dates[rows[0]], len(rows)
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    longest = max(len(run) for run in np.split(rows, breaks))
    return Finding(
        kind="missing_price",
        severity="note" if holiday else "warning",
        message=f"{asset} lacks {count} price{'s' if count > 1 else ''} inside its life, the "
        f"first on {day(when)}"
        + ("." if holiday else ", so that the data are not loaded as they are."),
        cause="Holidays of its exchange, on which others trade."
        if holiday
        else "Days without trades, or rows that were lost.",
        remedy="None: the last price is carried over them."
        if holiday
        else f"Carry the last price forward with --max-gap {longest} (max_gap={longest}), or drop "
        "the asset.",
        ticker=asset,
        date=when,
        end=None if count == 1 else evidence.dates[rows[-1]],
        size=float(count),
    )


def _holes(known: BoolArray) -> list[tuple[int, int]]:
    """Return stretches without a price between the first price and the last."""
    return runs(listed(known) & ~known)


def check_bars(evidence: Evidence) -> Iterator[Finding]:
    """Find bars that contradict themselves, and bars on another basis than the closes."""
    close = evidence.quoted
    high, low, opens = (evidence.frame(name) for name in ("high", "low", "open"))
    volume = evidence.frame("volume")
    excess = np.zeros_like(close)
    with np.errstate(divide="ignore", invalid="ignore"):
        if high is not None:
            excess = np.fmax(excess, close / high - 1)
            excess = np.fmax(excess, 0.0 if opens is None else opens / high - 1)
        if low is not None:
            excess = np.fmax(excess, low / close - 1)
            excess = np.fmax(excess, 0.0 if opens is None else low / opens - 1)
        if high is not None and low is not None:
            excess = np.fmax(excess, low / high - 1)
        inside = [frame for frame in (high, low, opens) if frame is not None]
        middle = np.mean(inside, axis=0) if inside else close
        for frame in inside:
            excess = np.where(((frame <= 0) & (close > 0)) | np.isinf(frame), 1.0, excess)
        if volume is not None:
            excess = np.where(volume < 0, 1.0, excess)
    wrong = excess > ROUNDING
    for column in np.flatnonzero(wrong.any(axis=0)).tolist():
        ratio = close[:, column] / middle[:, column]
        if wrong[:, column].mean() > MANY_BARS and np.isfinite(ratio).any():
            yield _other_basis(evidence, column, wrong[:, column], float(np.nanmedian(ratio)))
        else:
            yield from _wrong_bars(evidence, column, wrong[:, column], excess[:, column])


def _other_basis(evidence: Evidence, column: int, wrong: BoolArray, ratio: float) -> Finding:
    asset, rows = evidence.assets[column], np.flatnonzero(wrong)
    when, share = evidence.dates[rows[0]], wrong.mean()
    return Finding(
        kind="mixed_scale",
        severity="serious",
        message=f"{asset} closes outside its own bar on {share:.0%} of the dates, first on "
        f"{day(when)}; in the middle at {ratio:.3g} times the bar.",
        cause="Open, high and low are quoted prices beside closes that are adjusted, or in another "
        "unit.",
        remedy="Take the closes as quoted beside the adjusted ones, or adjust the bars too.",
        ticker=asset,
        date=when,
        end=evidence.dates[rows[-1]],
        size=ratio,
    )


def _wrong_bars(
    evidence: Evidence, column: int, wrong: BoolArray, excess: FloatArray
) -> Iterator[Finding]:
    asset = evidence.assets[column]
    for first, last in runs(wrong):
        size = float(excess[first : last + 1].max())
        when, until = evidence.dates[first], evidence.dates[last]
        yield Finding(
            kind="impossible_bar",
            severity="serious" if size > WRONG_BAR else "warning",
            message=f"The bar of {asset} on {day(when)} contradicts itself by {size:.2%}: open, "
            "high, low, close are " + ", ".join(_bar(evidence, first, column)) + ".",
            cause="Fields swapped or shifted, a bad print in one of them, or closes of an auction "
            "outside the bar.",
            remedy="Correct the bar from another source.",
            ticker=asset,
            date=when,
            end=None if first == last else until,
            size=size,
        )


def _bar(evidence: Evidence, row: int, column: int) -> list[str]:
    frames = [evidence.frame("open"), evidence.frame("high"), evidence.frame("low")]
    values = [None if frame is None else frame[row, column] for frame in frames]
    return ["none" if v is None else f"{v:g}" for v in [*values, evidence.quoted[row, column]]]
