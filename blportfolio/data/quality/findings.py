"""What the data doctor finds: one record a fault, and the report that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Severity = Literal["serious", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, or one thing worth knowing, in data.

    Attributes:
        kind: Stable name of the fault, a key of `KINDS`.
        severity: `serious` where results would be wrong, `warning` where they may be, `note`
            where nothing is wrong.
        message: One sentence: what was seen, with ticker, date and size in words.
        cause: The likeliest cause.
        remedy: What to do.
        ticker: Asset it concerns; None for the whole of the data.
        date: First date it concerns.
        end: Last date, where it is a stretch.
        size: How large it is, in the unit that `KINDS` gives.
        fixable: Whether `--fix` repairs it, because what is right is certain.
    """

    kind: str
    severity: Severity
    message: str
    cause: str
    remedy: str
    ticker: str | None = None
    date: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    size: float | None = None
    fixable: bool = False

    def record(self) -> dict[str, Any]:
        """Return the finding ready for JSON: dates as ISO text, what is unknown as None."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "ticker": self.ticker,
            "date": None if self.date is None else str(self.date.date()),
            "end": None if self.end is None else str(self.end.date()),
            "size": self.size,
            "message": self.message,
            "cause": self.cause,
            "remedy": self.remedy,
            "fixable": self.fixable,
        }


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Everything the doctor found in one set of data.

    Attributes:
        name: Name of the data.
        findings: Faults, the serious first, then by ticker and date.
        n_dates: Dates looked at.
        n_assets: Assets looked at.
    """

    name: str
    findings: tuple[Finding, ...]
    n_dates: int
    n_assets: int

    @property
    def is_serious(self) -> bool:
        """Whether any finding is serious."""
        return any(finding.severity == "serious" for finding in self.findings)
