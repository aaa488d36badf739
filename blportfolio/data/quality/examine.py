"""Examines bars: runs every check and puts what they find in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.checks import Interval
from blportfolio.data.growth import infer_periods_per_year
from blportfolio.data.quality.calendar import check_asset_gaps, check_dates_present
from blportfolio.data.quality.cells import check_bars, check_missing, check_positive_prices
from blportfolio.data.quality.copies import check_repeated_rows, check_same_series
from blportfolio.data.quality.corporate import check_adjustment, check_dividends, check_splits
from blportfolio.data.quality.currency import check_currencies
from blportfolio.data.quality.ends import check_future, check_last_row, check_survivors
from blportfolio.data.quality.evidence import Evidence
from blportfolio.data.quality.findings import Finding, QualityReport
from blportfolio.data.quality.form import check_form
from blportfolio.data.quality.joins import check_joins, check_swapped
from blportfolio.data.quality.jumps import check_jumps
from blportfolio.data.quality.segments import (
    check_pasted,
    check_shared_stretches,
    check_shifted_dates,
)
from blportfolio.data.quality.stale import check_stale
from blportfolio.data.quality.volume import check_volume
from blportfolio.errors import DataError

CHECKS: dict[str, Callable[[Evidence], Iterable[Finding]]] = {
    "positive_prices": check_positive_prices,
    "missing": check_missing,
    "bars": check_bars,
    "dates_present": check_dates_present,
    "asset_gaps": check_asset_gaps,
    "future": check_future,
    "last_row": check_last_row,
    "survivors": check_survivors,
    "repeated_rows": check_repeated_rows,
    "same_series": check_same_series,
    "shared_stretches": check_shared_stretches,
    "pasted": check_pasted,
    "shifted_dates": check_shifted_dates,
    "joins": check_joins,
    "swapped": check_swapped,
    "splits": check_splits,
    "dividends": check_dividends,
    "adjustment": check_adjustment,
    "jumps": check_jumps,
    "stale": check_stale,
    "volume": check_volume,
    "currencies": check_currencies,
}
"""Every check of prices by name; `check_form`, which tells what are prices, runs before them."""
_RANK = {"serious": 0, "warning": 1, "note": 2}
_NO_PRICES = {"log_prices", "prices_not_returns", "returns_not_prices"}
_JUMPS = {
    "unadjusted_split", "unexplained_jump", "unit_mixup", "identity_break", "reverting_jump",
}  # fmt: skip
_KNOWN_SPLITS = {"splits_not_applied", "splits_applied_twice"}


def examine(
    bars: Bars,
    *,
    name: str,
    found: Sequence[Finding] = (),
    periods_per_year: float | None = None,
    membership: Mapping[str, Sequence[Interval]] | None = None,
    today: dt.date | None = None,
) -> QualityReport:
    """Look for faults in bars before they reach the engine.

    Args:
        bars: Dates × assets of one source.
        name: Name of the data in the report.
        found: What the reader of the file found already.
        periods_per_year: Periods of the data in a year; inferred from the dates by default.
        membership: By asset, intervals (first day, last day or None) of index membership.
        today: Day on which the data are examined, from noon UTC; now by default.

    Returns:
        The findings, the serious first, then by ticker and date.

    Raises:
        DataError: If there is no date or no asset.
    """
    if bars.prices.empty:
        raise DataError(f"{name!r} has no prices to check: it needs a date and an asset at least.")
    now = dt.datetime.now(dt.UTC)
    if today is not None:
        now = dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC)
    dates = pd.DatetimeIndex(bars.prices.index)
    if periods_per_year is None:
        periods_per_year = infer_periods_per_year(dates) if len(dates) > 1 else 252.0
    evidence = Evidence(bars, periods_per_year, now, membership)
    findings = [*found, *check_form(evidence)]
    excluded = {f.ticker for f in findings if f.kind in _NO_PRICES}
    evidence = replace(
        evidence,
        excluded=frozenset(evidence.assets if None in excluded else filter(None, excluded)),
    )
    for check in CHECKS.values():
        findings.extend(check(evidence))
    return QualityReport(
        name, tuple(sorted(_without_doubles(findings), key=_order)), *bars.prices.shape
    )


def _without_doubles(findings: list[Finding]) -> list[Finding]:
    """Leave out jumps that a listed split, a swap or a join of sources explains already."""
    splits = {(f.ticker, f.date) for f in findings if f.kind in _KNOWN_SPLITS}
    bases = {(f.ticker, f.date) for f in findings if f.kind == "mixed_scale"}
    dates = {f.date for f in findings if f.kind == "joined_sources"}
    dates |= {date for f in findings if f.kind == "swapped_columns" for date in (f.date, f.end)}

    def is_explained(finding: Finding) -> bool:
        where = (finding.ticker, finding.date)
        # Another company may also have bars on another basis.
        by_basis = where in bases and finding.kind != "identity_break"
        return where in splits or by_basis or (finding.date is not None and finding.date in dates)

    kept = [f for f in findings if f.kind not in _JUMPS or not is_explained(f)]
    return list(dict.fromkeys(kept))


def _order(finding: Finding) -> tuple[int, str, pd.Timestamp, str]:
    date = pd.Timestamp.min if finding.date is None else finding.date
    return _RANK[finding.severity], finding.ticker or "", date, finding.kind
