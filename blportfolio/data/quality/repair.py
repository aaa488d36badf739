"""Repairs what is certain, and says every change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from blportfolio.data.bars import QUOTED, Bars
from blportfolio.data.quality.evidence import day
from blportfolio.data.quality.findings import Finding, QualityReport

SAME = 0.5
"""Log distance from the unit, since the price before, within which a field is off by it too."""


def repair(bars: Bars, report: QualityReport) -> tuple[Bars, tuple[str, ...]]:
    """Repair the findings that are `fixable`; leave all else as it is, to the bit.

    Repeated rows that the reader already merged, and rows it sorted, need no change of the bars
    and are only logged.

    Args:
        bars: What was examined.
        report: What `examine` found in it.

    Returns:
        New bars, and a line for each change: ticker, date, old value and new value.
    """
    log: list[str] = []
    # Levels first: a column is dropped, or a history divided, with its single prints put right.
    for kind, mend in _REPAIRS.items():
        for finding in report.findings:
            if finding.fixable and finding.kind == kind:
                bars, lines = mend(bars, finding)
                log.extend(lines)
    log += [
        f"{finding.kind}: {finding.message}"
        for finding in report.findings
        if finding.fixable and finding.kind not in _REPAIRS
    ]
    return bars, tuple(log)


def _unit(bars: Bars, finding: Finding) -> tuple[Bars, list[str]]:
    """Divide one bar by the unit, in each field that is off by it."""
    ticker, date, unit = finding.ticker, finding.date, finding.size
    if ticker is None or date is None or unit is None or ticker not in bars.prices.columns:
        return bars, []
    changed: dict[str, pd.DataFrame] = {}
    log = []
    for name, frame in bars.frames().items():
        if name not in {"prices", "close", *QUOTED}:
            continue
        row, column = frame.index.get_loc(date), frame.columns.get_loc(ticker)
        values = frame.to_numpy(dtype=float, na_value=np.nan).copy()
        old, before = float(values[row, column]), values[:row, column]
        before = before[np.isfinite(before) & (before > 0)]
        if not (len(before) and old > 0) or abs(np.log(old / before[-1] / unit)) > SAME:
            continue
        values[row, column] = old / unit
        changed[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
        log.append(f"{ticker} {day(date)} {name}: {old!r} → {old / unit!r}")
    return bars.with_frames(changed), log


def _split(bars: Bars, finding: Finding) -> tuple[Bars, list[str]]:
    """Divide the prices before a split by its ratio; bars too where they share their basis."""
    ticker, date, ratio = finding.ticker, finding.date, finding.size
    if ticker is None or date is None or ratio is None or ticker not in bars.prices.columns:
        return bars, []
    names = ["prices"] + ([] if bars.close is not None else list(QUOTED))
    changed: dict[str, pd.DataFrame] = {}
    log = []
    for name, frame in bars.frames().items():
        if name not in names:
            continue
        values = frame.to_numpy(dtype=float, na_value=np.nan).copy()
        column = frame.columns.get_loc(ticker)
        earlier = np.flatnonzero((frame.index < date) & np.isfinite(values[:, column]))
        for row in earlier.tolist():
            old = float(values[row, column])
            values[row, column] = old / ratio
            log.append(f"{ticker} {day(frame.index[row])} {name}: {old!r} → {old / ratio!r}")
        changed[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return bars.with_frames(changed), log


def _drop(bars: Bars, finding: Finding) -> tuple[Bars, list[str]]:
    """Drop a column that stands twice."""
    if finding.ticker not in bars.prices.columns:
        return bars, []
    kept = {name: frame.drop(columns=finding.ticker) for name, frame in bars.frames().items()}
    return bars.with_frames(kept), [f"{finding.ticker}: dropped; {finding.message}"]


_REPAIRS: dict[str, Callable[[Bars, Finding], tuple[Bars, list[str]]]] = {
    "duplicate_columns": _drop,
    "unit_mixup": _unit,
    "splits_not_applied": _split,
    "unadjusted_split": _split,
}
